"""Score one run of the multiple-instance network.

Classification: validation and test images of MIMIC-CXR-JPG with the labels of their reports, and
readings of REFLACX with those that the reader drew. The published code has two names for the second
(`val_rad`, and `val_mimic_ann`, which promises the reports' labels); here it is data set `reflacx`.
Localisation: every kind of map the network has, against the ellipses of each label in each reading,
in the frame of the masks; maps are not enlarged to it.
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

from gazescribe.models.core.config import Config
from gazescribe.models.core.images import open_images
from gazescribe.models.evaluating.run import SCORED_SPLITS, Scored
from gazescribe.models.mil.headlines import chosen_thresholds, headline_metrics
from gazescribe.models.mil.items import (
    MilItems,
    check_splits,
    evaluation_items,
    image_index,
    mimic_items,
    reading_items,
)
from gazescribe.models.mil.loading import evaluation_loader
from gazescribe.models.mil.localisation import (
    DrawnLabel,
    Probabilities,
    Row,
    SeenImage,
    cases_of,
    localisation,
    mask_of,
    seen_images,
)
from gazescribe.models.mil.network import (
    MilNetwork,
    check_labels,
    restored,
)
from gazescribe.models.mil.settings import SUPERVISIONS, MilInputs, MilRun
from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.console import progress
from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.shards import Shards, open_shards
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
    network, _, checkpoint = restored(path)
    check_labels(checkpoint, path)
    if not _tells_counts(checkpoint.training.get("training")):
        message = "it does not say what it was trained on."
        raise SchemaError(message, where=path, remedy="Train it again.")
    network.to(device)
    check_splits(config.inputs, run)
    images = image_index(config.inputs, run)
    mimic = {split: mimic_items(config.inputs, images, split) for split in SCORED_SPLITS}
    readings = evaluation_items(config.inputs, run)
    masks = open_shards(config.inputs.ellipse_maps)
    limits = THRESHOLDS[config.evaluation.thresholds]
    classified, rows = [], []
    for split in SCORED_SPLITS:
        # Of MIMIC's images nobody drew anything: the decoder can rest.
        seen = look(network, mimic[split], run, config, maps=False)
        probabilities = [output.probability for output in seen]
        classified.append(classification(mimic[split], probabilities, split))
        seen = look(network, readings[split], run, config, maps=True)
        probabilities, found_rows = localisation(readings[split], seen, masks, limits)
        classified.append(classification(readings[split], probabilities, split))
        rows += [{**row, "split": split} for row in found_rows]
    names: Row = {"run": run.name, "model": run.model, "seed": run.seed}
    images_table = pd.concat(classified, ignore_index=True).assign(**names)
    cases = pd.DataFrame(rows, columns=TABLES["mil_localisation"].columns).assign(**names)
    thresholds = chosen_thresholds(cases, limits)
    drawn = None
    if run.seed == config.evaluation.example_seed:
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
        warnings=[*warnings_of(readings), *warnings_of_masks(cases)],
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
    mimic: Mapping[str, MilItems],
    readings: Mapping[str, MilItems],
    trained: Mapping[str, Any],
) -> dict[str, dict[str, Row]]:
    """Count images and positive ones of each label, by data set and split, for Table 3.

    Of REFLACX, labels are those that supervise the run, in all splits; else the readers'. `trained`
    is what the checkpoint says of its training images.
    """
    counted: dict[str, dict[str, Row]] = {"mimic": {}, "reflacx": {}}
    for source, n in trained["n"]["train"].items():
        positive = trained["positive"]["train"][source]
        counted.setdefault(source, {})["train"] = {"images": n, "positive": positive}
    source = SUPERVISIONS.get(run.supervision)
    told = source is not None and source.dataset == "reflacx" and run.supervision != "ellipse"
    images = image_index(inputs, run)
    for split in SCORED_SPLITS:
        reflacx = reading_items(inputs, run.supervision, images, split) if told else readings[split]
        for name, items in (("mimic", mimic[split]), ("reflacx", reflacx)):
            positive = dict(zip(TEN_LABELS, (items.labels > 0).sum(axis=0).tolist(), strict=True))
            counted[name][split] = {"images": len(items), "positive": positive}
    return counted


def warnings_of(readings: Mapping[str, MilItems]) -> list[str]:
    """Say which labels have no validation case of their own to choose a threshold on."""
    drawn = {case.channel for case in cases_of(readings["validate"])}
    absent = [label for number, label in enumerate(TEN_LABELS) if number not in drawn]
    if len(absent) == len(TEN_LABELS):
        return ["no validation reading has ellipses: there are no thresholds for maps"]
    if not absent:
        return []
    message = f"{len(absent)} labels have no validation case and take the threshold of the others"
    return [f"{message}: {', '.join(absent)}"]


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
    network: MilNetwork, items: MilItems, masks: Shards, run: MilRun, config: Config
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
        "label": np.array([TEN_LABELS[case.channel] for case in cases], str),
        **{name: np.stack(arrays) for name, arrays in columns.items()},
    }


def drawn_cases(items: MilItems) -> list[DrawnLabel]:
    """Draw `MOST_EXAMPLES` cases by their names, whatever the run and whatever else is in the list.

    Where there are no more, these are all; else the best and worst of Figure 4 are those of a
    random sample.
    """

    def lot(case: DrawnLabel) -> bytes:
        name = f"{items.reading_id[case.item]}:{TEN_LABELS[case.channel]}"
        return hashlib.sha256(name.encode()).digest()

    return sorted(sorted(cases_of(items), key=lot)[:MOST_EXAMPLES])


def enlarged(image: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Bring an image to the frame of a mask by nearest neighbour."""
    y, x = (np.arange(n) * length // n for n, length in zip(mask.shape, image.shape, strict=True))
    return image[np.ix_(y, x)]
