"""Score one run of the multiple-instance network.

Classification: validation and test images of MIMIC-CXR-JPG with the labels of their reports, and
readings of REFLACX with those that the reader drew. The published code has two names for the second
(`val_rad`, and `val_mimic_ann`, which promises the reports' labels); here it is data set `reflacx`.
Localisation: every kind of map the network has, against the ellipses of each label in each reading,
in the frame of the masks; maps are not enlarged to it.
Drops: what `models.mil.items` leaves out; counted in `left_out`.
Source: Lanfredi et al. 2023, Section 2.9; `spec/mil.md` section 7.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from gazescribe.models.core.checkpoint import Checkpoint
from gazescribe.models.core.config import Config
from gazescribe.models.core.images import open_images
from gazescribe.models.evaluating.run import Scored
from gazescribe.models.mil.data import check_splits, evaluation_items
from gazescribe.models.mil.examples import examples
from gazescribe.models.mil.headlines import chosen_thresholds, headline_metrics
from gazescribe.models.mil.items import SUPERVISIONS, Items, mimic_items, reading_items
from gazescribe.models.mil.looking import Case, Probabilities, Seen, cases_of, look, mask_of
from gazescribe.models.mil.settings import MilInputs, MilRun
from gazescribe.models.mil.trained import restored
from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.schemas import SPLITS, TABLES
from gazescribe.pipeline.core.shards import Shards, open_shards
from gazescribe.pipeline.geometry.iou import (
    ALL_THRESHOLDS,
    PUBLISHED_THRESHOLDS,
    iou_by_threshold,
    points_inside,
)

THRESHOLDS = {"published": PUBLISHED_THRESHOLDS, "all": ALL_THRESHOLDS}
SCORED_SPLITS = SPLITS[1:]
Row = dict[str, Any]


def score(run: MilRun, path: Path, config: Config, device: torch.device) -> Scored:
    """Score a run on validation and test cases.

    Parameters
    ----------
    run : MilRun
        Settings; those of the checkpoint.
    path : pathlib.Path
        The checkpoint.
    config : Config
        Inputs, how to evaluate, and the other runs: the first seed of a model gives examples.
    device : torch.device
        On what.

    Raises
    ------
    GazeError
        If the checkpoint or the data are not what they must be, or if a subject is in two splits.
    """
    network, _, checkpoint = restored(path)
    _check(checkpoint, path)
    network.to(device)
    check_splits(config.inputs, run)
    images = open_images(config.inputs.images, (run.image_size, run.image_size)).index
    mimic = {split: mimic_items(config.inputs, images, split) for split in SCORED_SPLITS}
    readings = evaluation_items(config.inputs, run)
    masks = open_shards(config.inputs.ellipse_maps)
    limits = THRESHOLDS[config.evaluation.thresholds]
    classified, rows = [], []
    for split in SCORED_SPLITS:
        seen = look(network, mimic[split], run, config, maps=False)
        probabilities = [output.probability for output in seen]
        classified.append(classification(mimic[split], probabilities, split))
        seen = look(network, readings[split], run, config, maps=True)
        probabilities, found_rows = localisation(readings[split], seen, masks, limits)
        classified.append(classification(readings[split], probabilities, split))
        rows += [{**row, "split": split} for row in found_rows]
    images_table = _named(pd.concat(classified, ignore_index=True), run)
    cases = _named(pd.DataFrame(rows, columns=TABLES["mil_localisation"].columns), run)
    thresholds = chosen_thresholds(cases, limits)
    drawn = None
    if is_first(run, config.runs):
        drawn = examples(network, readings["test"], masks, run, config)
    return Scored(
        tables={"mil_classification": dict(images_table), "mil_localisation": dict(cases)},
        about={
            "thresholds": list(limits),
            "counts": counts(run, config.inputs, mimic, readings, checkpoint.training["training"]),
            "egd": checkpoint.training["training"].get("egd"),
            "left_out": {
                split: {**mimic[split].left_out, **readings[split].left_out}
                for split in SCORED_SPLITS
            },
        },
        thresholds=thresholds or None,
        metrics=headline_metrics(images_table, cases, thresholds, limits),
        examples=drawn,
        warnings=warnings_of(readings),
    )


def _check(checkpoint: Checkpoint, path: Path) -> None:
    if tuple(checkpoint.labels) != TEN_LABELS:
        labels = ", ".join(checkpoint.labels)
        raise SchemaError(f"its labels are {labels}; {', '.join(TEN_LABELS)} expected.", where=path)
    if "training" not in checkpoint.training:
        message = "it does not say what it was trained on."
        raise SchemaError(message, where=path, remedy="Train it again.")


def _named(table: pd.DataFrame, run: MilRun) -> pd.DataFrame:
    return table.assign(run=run.name, model=run.model, seed=run.seed)


def classification(
    items: Items, probabilities: Sequence[Probabilities], split: str
) -> pd.DataFrame:
    """Rows of `mil_classification`, run, model and seed apart: ten for each item."""
    n_labels = len(TEN_LABELS)
    readings = np.where(items.reading_id == "", None, items.reading_id)  # type: ignore[call-overload]  # the stubs know no None
    of_item = {
        "dataset": items.source,
        "dicom_id": items.dicom_id,
        "subject_id": items.subject_id,
        "reading_id": readings,
    }
    return pd.DataFrame(
        {
            **{name: column.repeat(n_labels) for name, column in of_item.items()},
            "split": split,
            "label": np.tile(TEN_LABELS, len(items)),
            "probability": np.reshape(probabilities, -1),
            "target": items.labels.ravel() > 0,
        }
    )


def localisation(
    items: Items, seen: Iterable[Seen], masks: Shards, limits: Sequence[float]
) -> tuple[list[Probabilities], list[Row]]:
    """Compare maps with the ellipses of each label in each reading.

    Parameters
    ----------
    items : Items
        Readings, `map_row` of their masks.
    seen : iterable of Seen
        What a network says of each.
    masks : Shards
        The masks.
    limits : sequence of float
        Thresholds, rising.

    Returns
    -------
    list of ndarray
        Probabilities, handed on.
    list of dict
        Rows of `mil_localisation`, run, model, seed and split apart: one for each drawn label and
        kind of map.
    """
    probabilities, rows = [], []
    drawn = defaultdict(list)
    for case in cases_of(items):
        drawn[case.item].append(case)
    for item, output in enumerate(seen):
        probabilities.append(output.probability)
        for case in drawn[item]:
            mask = mask_of(masks, items, case)
            rows += [
                _of_case(items, case, mask)
                | {
                    "map": kind,
                    "iou": iou_by_threshold(values[case.channel], mask, limits).astype("f4"),
                    "hit": points_inside(values[case.channel], mask),
                }
                for kind, values in output.maps.items()
            ]
    return probabilities, rows


def _of_case(items: Items, case: Case, mask: NDArray[np.bool_]) -> Row:
    return {
        "reading_id": items.reading_id[case.item],
        "dicom_id": items.dicom_id[case.item],
        "subject_id": items.subject_id[case.item],
        "label": TEN_LABELS[case.channel],
        "area_px": int(mask.sum()),
    }


def is_first(run: MilRun, runs: Sequence[MilRun]) -> bool:
    """Whether a run has its model's lowest seed."""
    return run.seed == min(peer.seed for peer in runs if peer.model == run.model)


def counts(
    run: MilRun,
    inputs: MilInputs,
    mimic: Mapping[str, Items],
    readings: Mapping[str, Items],
    trained: Mapping[str, Any],
) -> dict[str, dict[str, Row]]:
    """Count images and positive ones of each label, by data set and split, for Table 3.

    Parameters
    ----------
    run, inputs
        Of REFLACX, labels are those that supervise the run, in all splits; else the readers'.
    mimic, readings : mapping of str to Items
        What is scored, by split.
    trained : mapping
        What the checkpoint says of its training images.
    """
    counted: dict[str, dict[str, Row]] = {"mimic": {}, "reflacx": {}}
    for source, n in trained["n"]["train"].items():
        positive = trained["positive"]["train"][source]
        counted.setdefault(source, {})["train"] = {"images": n, "positive": positive}
    source = SUPERVISIONS.get(run.supervision)
    told = source is not None and source.dataset == "reflacx" and run.supervision != "ellipse"
    images = open_images(inputs.images, (run.image_size, run.image_size)).index
    for split in SCORED_SPLITS:
        reflacx = reading_items(inputs, run.supervision, images, split) if told else readings[split]
        for name, items in (("mimic", mimic[split]), ("reflacx", reflacx)):
            positive = dict(zip(TEN_LABELS, (items.labels > 0).sum(axis=0).tolist(), strict=True))
            counted[name][split] = {"images": len(items), "positive": positive}
    return counted


def warnings_of(readings: Mapping[str, Items]) -> list[str]:
    """Say which labels have no validation case of their own to choose a threshold on."""
    drawn = {case.channel for case in cases_of(readings["validate"])}
    absent = [label for number, label in enumerate(TEN_LABELS) if number not in drawn]
    if len(absent) == len(TEN_LABELS):
        return ["no validation reading has ellipses: there are no thresholds for maps"]
    if not absent:
        return []
    message = f"{len(absent)} labels have no validation case and take the threshold of the others"
    return [f"{message}: {', '.join(absent)}"]
