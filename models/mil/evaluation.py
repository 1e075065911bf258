"""Score one run of the multiple-instance network.

Classification: validation and test images of MIMIC-CXR-JPG with the labels of their reports, and
readings of REFLACX with those that the reader drew. The published code has two names for the second
(`val_rad`, and `val_mimic_ann`, which promises the reports' labels); here it is data set `reflacx`.
Localisation: every kind of map the network has, against the ellipses of each label in each reading,
in the frame of the masks; maps are not enlarged to it.
Other data sets take the places of these two as `unannotated` and `scored_on` of the inputs say;
where none has ellipses, maps are scored against those of gaze.
Examples: pictures and maps of some test cases, for Figure 4.
Drops: what `models.mil.items` leaves out; counted in `left_out`.
Source: Lanfredi et al. 2023, Section 2.9; `spec/mil.md` section 7.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from gazescribe.models.core.checkpoint import load_checkpoint
from gazescribe.models.core.config import Config
from gazescribe.models.core.images import open_images
from gazescribe.models.evaluating.run import SCORED_SPLITS, Scored
from gazescribe.models.mil.headlines import chosen_thresholds, headline_metrics
from gazescribe.models.mil.items import MilItems, image_index
from gazescribe.models.mil.lists import check_splits, evaluation_items, unannotated_items
from gazescribe.models.mil.loading import evaluation_loader
from gazescribe.models.mil.localisation import (
    DrawnLabel,
    Masks,
    Probabilities,
    Row,
    SeenImage,
    cases_of,
    localisation,
    mask_of,
    open_masks,
    seen_images,
)
from gazescribe.models.mil.network import MilNetwork, rebuilt
from gazescribe.models.mil.readings import reading_items
from gazescribe.models.mil.settings import MilInputs, MilRun, scored_sources
from gazescribe.models.mil.supervision import list_name, sources_of
from gazescribe.pipeline.core.class_names import check_same_labels
from gazescribe.pipeline.core.console import progress
from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.geometry.iou import (
    ALL_THRESHOLDS,
    PUBLISHED_THRESHOLDS,
)

THRESHOLDS = {"published": PUBLISHED_THRESHOLDS, "all": ALL_THRESHOLDS}
MOST_EXAMPLES = 256
"""Cases that are kept: some 70 MB for frames of 512 pixels."""


def score(run: MilRun, path: Path, config: Config, device: torch.device) -> Scored:
    """Score a run on validation and test cases.

    `run` has the settings of the checkpoint at `path`, `config` inputs and how to evaluate. Raises
    GazeError if the checkpoint or the data are not what they must be, or if a subject is in two
    splits.
    """
    checkpoint = load_checkpoint(path, system="mil")
    check_same_labels(checkpoint.labels, config.inputs.labels, where=path)
    network, _ = rebuilt(checkpoint, path)
    trained: Any = checkpoint.training.get("training")
    if not _tells_counts(trained):
        message = "it does not say what it was trained on."
        raise SchemaError(message, where=path, remedy="Train it again.")
    network.to(device)
    check_splits(config.inputs, run)
    images = image_index(config.inputs, run)
    unannotated = {
        split: unannotated_items(config.inputs, images, split) for split in SCORED_SPLITS
    }
    readings = evaluation_items(config.inputs, run)
    masks = open_masks(config.inputs, run)
    limits = THRESHOLDS[config.evaluation.thresholds]
    classified, rows = [], []
    for split in SCORED_SPLITS:
        # Of these images nobody drew anything: the decoder can rest.
        seen = look(network, unannotated[split], run, config, maps=False)
        probabilities = [output.probability for output in seen]
        classified.append(classification(unannotated[split], probabilities, split))
        seen = look(network, readings[split], run, config, maps=True)
        probabilities, found_rows = localisation(readings[split], seen, masks, limits)
        classified.append(classification(readings[split], probabilities, split))
        rows += [{**row, "split": split} for row in found_rows]
    names: Row = {"run": run.name, "model": run.model, "seed": run.seed}
    images_table = pd.concat(classified, ignore_index=True).assign(**names)
    cases = pd.DataFrame(rows, columns=TABLES["mil_localisation"].columns).assign(**names)
    thresholds = chosen_thresholds(cases, limits, checkpoint.labels)
    drawn = None
    if run.seed == config.evaluation.example_seed:
        drawn = examples(network, readings["test"], masks, run, config)
    return Scored(
        tables={"mil_classification": dict(images_table), "mil_localisation": dict(cases)},
        about={
            "thresholds": list(limits),
            "labels": checkpoint.labels,
            "unannotated": [list_name(name) for name in config.inputs.unannotated],
            "scored_by": {source.dataset: source.kind for source in scored_sources(config.inputs)},
            "counts": counts(run, config.inputs, unannotated, readings, trained),
            "egd": trained.get("egd"),
            "left_out": {
                split: {**unannotated[split].left_out, **readings[split].left_out}
                for split in SCORED_SPLITS
            },
        },
        thresholds=thresholds or None,
        metrics=headline_metrics(images_table, cases, thresholds, limits),
        examples=drawn,
        warnings=[
            *warnings_of(readings, config.inputs),
            *warnings_of_masks(cases),
        ],
    )


def _tells_counts(trained: Any) -> bool:
    """Whether a checkpoint says what it was trained on, as `counts` needs it."""
    try:
        images, positive = trained["n"]["train"], trained["positive"]["train"]
        return set(images) <= set(positive) and all(type(n) is int for n in images.values())
    except (AttributeError, KeyError, TypeError):
        return False


def classification(
    items: MilItems, probabilities: Sequence[Probabilities], split: str
) -> pd.DataFrame:
    """Rows of `mil_classification`, run, model and seed apart: one a label of each item."""
    n_labels = len(items.label_names)
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
            "label": np.tile(items.label_names, len(items)),
            "probability": np.reshape(probabilities, -1),
            "target": items.labels.ravel() > 0,
        }
    )


def look(
    network: MilNetwork, items: MilItems, run: MilRun, config: Config, *, maps: bool
) -> Iterator[SeenImage]:
    """Show items to a network, batch by batch; give what it says of each, in their order."""
    size = config.evaluation.batch_size
    loader = evaluation_loader(items, config.inputs, run, batch_size=size)
    for batch in progress(loader, run.name, total=len(loader)):
        yield from seen_images(network, batch["image"], run, maps=maps)


def counts(
    run: MilRun,
    inputs: MilInputs,
    unannotated: Mapping[str, MilItems],
    readings: Mapping[str, MilItems],
    trained: Mapping[str, Any],
) -> dict[str, dict[str, Row]]:
    """Count images and positive ones of each label, by data set and split, for Table 3.

    Of scored data sets, labels are those that supervise the run, in all splits; else those that
    they are scored by. `trained` is what the checkpoint says of its training images.
    """
    images_of = [list_name(name) for name in inputs.unannotated]
    counted: dict[str, dict[str, Row]] = {name: {} for name in (*images_of, *inputs.scored_on)}
    for source, n in trained["n"]["train"].items():
        positive = trained["positive"]["train"][source]
        counted.setdefault(source, {})["train"] = {"images": n, "positive": positive}
    source_by_name = {
        source.dataset: source
        for source in sources_of(run.supervision)
        if source.dataset in inputs.scored_on and source.kind != "ellipse"
    }
    images = image_index(inputs, run)
    for split in SCORED_SPLITS:
        lists = [*_by_source(unannotated[split], images_of)]
        lists += _by_source(readings[split], inputs.scored_on)
        lists += [
            (name, reading_items(inputs, told_source, images, split))
            for name, told_source in source_by_name.items()
        ]
        for name, items in lists:
            positive = (items.labels > 0).sum(axis=0).tolist()
            by_label = dict(zip(items.label_names, positive, strict=True))
            counted[name][split] = {"images": len(items), "positive": by_label}
    return counted


def _by_source(items: MilItems, names: Sequence[str]) -> list[tuple[str, MilItems]]:
    return [(name, items.take(items.source == name, "of others")) for name in names]


def warnings_of(readings: Mapping[str, MilItems], inputs: MilInputs) -> list[str]:
    """Say what cannot be scored, and which labels have no case to choose a threshold on."""
    kinds = {source.dataset: source.kind for source in scored_sources(inputs)}
    by_gaze = [name for name, kind in kinds.items() if kind == "gaze"]
    texts = []
    if by_gaze:
        text = f"{', '.join(by_gaze)}: no ellipses, so "
        if len(by_gaze) == len(kinds):
            text += "IoU and pointing game are against maps of gaze, not what readers drew"
        else:
            text += "there is no IoU of these readings"
        texts.append(text)
    names = readings["validate"].label_names
    drawn = {case.channel for case in cases_of(readings["validate"])}
    lacking = [label for number, label in enumerate(names) if number not in drawn]
    if len(lacking) == len(names):
        message = "maps of gaze" if len(by_gaze) == len(kinds) else "ellipses"
        texts.append(f"no validation reading has {message}: there are no thresholds for maps")
    elif lacking:
        text = f"{len(lacking)} labels have no validation case and take the threshold of the others"
        texts.append(f"{text}: {', '.join(lacking)}")
    return texts


def warnings_of_masks(cases: pd.DataFrame) -> list[str]:
    """Count masks without a pixel among the rows of `mil_localisation`: no map can fit them."""
    texts = []
    for split, rows in cases.groupby("split"):
        masks = rows.drop_duplicates(["reading_id", "label"])
        empty = masks[masks["area_px"] == 0]
        if len(empty):
            text = f"{len(empty)} of {len(masks)} {split} masks have no pixel, so their IoU is 0"
            names = [f"{case.reading_id} {case.label}" for case in empty.head(10).itertuples()]
            texts.append(f"{text}: {', '.join(names)}")
    return texts


def examples(
    network: MilNetwork, items: MilItems, masks: Mapping[str, Masks], run: MilRun, config: Config
) -> dict[str, NDArray[Any]] | None:
    """Keep pictures and maps of some test cases, the same ones for every run.

    reading_id and label (n,); image uint8 and mask bool (n, height, width), in the frame of the
    masks; of each kind, maps float16 (n, h, w). None without a case.
    """
    cases = drawn_cases(items)
    if not cases:
        return None
    # Cases are sorted by item, so that `groupby` meets each item once, in this order.
    shown = sorted({case.item for case in cases})
    images = open_images(config.inputs.images, (run.image_size, run.image_size))
    few = items.take(np.array(shown, int), "no example")
    seen = look(network, few, run, config, maps=True)
    columns: defaultdict[str, list[NDArray[Any]]] = defaultdict(list)
    for output, (item, of_item) in zip(seen, groupby(cases, lambda case: case.item), strict=True):
        image = images[int(items.image_row[item])]
        for case in of_item:
            mask = mask_of(masks, items, case)
            columns["mask"].append(mask)
            columns["image"].append(enlarged(image, mask))
            for kind, values in output.maps.items():
                columns[kind].append(values[case.channel].astype(np.float16))
    return {
        "reading_id": items.reading_id[[case.item for case in cases]],
        "label": np.array([items.label_names[case.channel] for case in cases], str),
        **{name: np.stack(arrays) for name, arrays in columns.items()},
    }


def drawn_cases(items: MilItems) -> list[DrawnLabel]:
    """Draw `MOST_EXAMPLES` cases by their names, whatever the run and whatever else is in the list.

    Where there are no more, these are all; else the best and worst of Figure 4 are those of a
    random sample.
    """

    def lot(case: DrawnLabel) -> bytes:
        name = f"{items.reading_id[case.item]}:{items.label_names[case.channel]}"
        return hashlib.sha256(name.encode()).digest()

    return sorted(sorted(cases_of(items), key=lot)[:MOST_EXAMPLES])


def enlarged(image: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Bring an image to the frame of a mask by nearest neighbour."""
    y, x = (np.arange(n) * length // n for n, length in zip(mask.shape, image.shape, strict=True))
    return image[np.ix_(y, x)]
