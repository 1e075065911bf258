"""What one run sees: its lists of images for training, for its best epoch, for evaluation.

Drops: a share of the annotations, images listed twice, or images beyond a number, as the run's
settings say; counted. Source: Lanfredi et al. 2023, Section 2.6; `spec/mil.md` 6.1 and section 8.
"""

import dataclasses
import hashlib
import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from gazescribe.models.core.images import open_images
from gazescribe.models.mil.items import (
    CHANNEL,
    SUPERVISIONS,
    Items,
    joined,
    mimic_items,
    reading_items,
)
from gazescribe.models.mil.settings import MilInputs, MilRun
from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.errors import AlignmentError, SchemaError
from gazescribe.pipeline.core.schemas import SPLITS
from gazescribe.pipeline.core.tables import read_table, table_path

PUBLISHED = {  # Section 2.6
    "train": {"mimic": 187_519, "reflacx": 1_724},
    "validate": {"mimic": 4_275, "reflacx": 277},
    "test": {"mimic": 2_701, "reflacx": 506},
}
PUBLISHED_EGD = {"images": 1_064, "gaze_begins_late": 2, "pneumothorax": 1}  # Section 4


def build_items(inputs: MilInputs, run: MilRun) -> dict[str, Items]:
    """List what a run trains on, and what chooses its best epoch.

    Parameters
    ----------
    inputs : MilInputs
        Folders.
    run : MilRun
        Supervision, share of annotations, and what is left out.

    Returns
    -------
    dict of str to Items
        train: images of MIMIC-CXR-JPG with their reports' labels, then the annotated readings;
        validate and test: images of MIMIC-CXR-JPG.

    Raises
    ------
    GazeError
        If a subject is in two splits, if maps do not lie on their images, or if a table or shard is
        not what it must be.
    """
    check_splits(inputs, run)
    images = open_images(inputs.images, (run.image_size, run.image_size)).index
    items = {split: mimic_items(inputs, images, split) for split in SPLITS}
    train = items["train"]
    annotated = None
    if run.supervision != "none":
        annotated = reading_items(inputs, run.supervision, images, "train")
        reason = f"{SUPERVISIONS[run.supervision].dataset}: outside the annotated share"
        annotated = annotated.take(annotated_share(annotated, run), reason)
    if run.drop_duplicates and annotated is not None:
        once = ~np.isin(train.dicom_id, annotated.dicom_id)
        train = train.take(once, "mimic: annotated as well")
    if run.max_unannotated is not None:
        order = np.argsort(_lots("unannotated", train.dicom_id))
        train = train.take(np.sort(order[: run.max_unannotated]), "mimic: beyond max_unannotated")
    return items | {"train": train if annotated is None else joined([train, annotated])}


def evaluation_items(inputs: MilInputs, run: MilRun) -> dict[str, Items]:
    """List the readings of REFLACX that localisation is scored on.

    Returns
    -------
    dict of str to Items
        validate and test: readings of phase 3 with gaze, none marked as annotated. `labels` are
        those drawn with enough certainty for a mask, `map_row` the rows of the masks in
        `inputs.ellipse_maps`.

    Raises
    ------
    GazeError
        As `build_items` does.
    """
    images = open_images(inputs.images, (run.image_size, run.image_size)).index
    listed = {}
    for split in SPLITS[1:]:
        items = reading_items(inputs, "ellipse", images, split)
        listed[split] = dataclasses.replace(items, annotated=np.zeros(len(items), bool))
    return listed


def annotated_share(items: Items, run: MilRun) -> NDArray[np.intp]:
    """Choose which annotations a run may use.

    Parameters
    ----------
    items : Items
        All annotated readings, by image path.
    run : MilRun
        `annotated_share` of them, by `share_rule`. published: the first ones. subjects: whole
        subjects in an order drawn by `seed`, until there are enough, so that a smaller share of the
        same seed lies inside a larger one.

    Returns
    -------
    ndarray of int, shape (m,)
        Positions, rising.
    """
    n = round(run.annotated_share * len(items))
    if run.share_rule == "published":
        return np.arange(n)
    subjects, subject_row, sizes = np.unique(
        items.subject_id, return_inverse=True, return_counts=True
    )
    order = np.argsort(_lots(f"annotated:{run.seed}", subjects))
    before = np.empty(len(subjects), int)
    before[order] = np.cumsum(sizes[order]) - sizes[order]
    return np.flatnonzero(before[subject_row] < n)


def _lots(purpose: str, ids: NDArray[Any]) -> NDArray[np.uint64]:
    """Draw a number for each id, whatever else is in the list."""
    digests = [hashlib.sha256(f"{purpose}:{name}".encode()).digest() for name in ids.tolist()]
    return np.array([int.from_bytes(digest[:8], "big") for digest in digests], np.uint64)


def check_splits(inputs: MilInputs, run: MilRun) -> None:
    """Check that nobody is in two splits of all that a run sees, its evaluation included.

    Raises
    ------
    AlignmentError
        Naming all subjects that are.
    """
    tables = {inputs.mimic: "images", inputs.reflacx: "readings"}
    if run.supervision == "egd":
        tables[inputs.egd] = "readings"
    seen: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for folder, name in tables.items():
        table = read_table(Path(folder), name, ["subject_id", "split"])
        for subject, split in zip(*(column.to_pylist() for column in table.columns), strict=True):
            if split is not None:
                seen[subject].setdefault(split, folder)
    faults = [
        f"subject {subject}: "
        + ", ".join(f"{split} in {folders[split]}" for split in sorted(folders))
        for subject, folders in sorted(seen.items())
        if len(folders) > 1
    ]
    if faults:
        message = f"{len(faults)} subjects are in two splits of what {run.name} sees."
        remedy = "Ingest all data sets with the same --val-subjects, or all without."
        raise AlignmentError(message, remedy=remedy, faults=faults)


def summarise_items(
    inputs: MilInputs, run: MilRun, items: dict[str, Items], evaluation: dict[str, Items]
) -> dict[str, Any]:
    """Count what a run sees, beside what the paper saw.

    Parameters
    ----------
    inputs, run
        As for the lists.
    items, evaluation : dict of str to Items
        What `build_items` and `evaluation_items` gave.

    Returns
    -------
    dict
        By split and source: images, the paper's images, positive ones for each label (Table 3),
        what was left out by reason; `labels_without_map`, positive labels of annotated images whose
        map is empty; where splits came from; of EGD what Section 4 says of it.
    """
    whole = {
        split: joined([items[split], *([evaluation[split]] if split in evaluation else [])])
        for split in SPLITS
    }
    train = items["train"]
    blank = train.annotated[:, None] & (train.labels > 0) & (train.map_row < 0)
    folders = {"mimic": (inputs.mimic, "images"), "reflacx": (inputs.reflacx, "readings")}
    if run.supervision == "egd":
        folders["egd"] = (inputs.egd, "readings")
    summary: dict[str, Any] = {
        "n": {split: dict(Counter(listed.source.tolist())) for split, listed in whole.items()},
        "n_published": PUBLISHED,
        "positive": {split: _positive(listed) for split, listed in whole.items()},
        "left_out": {split: dict(listed.left_out) for split, listed in whole.items()},
        "labels_without_map": _by_label(blank),
        "split_source": {name: _split_source(*place) for name, place in folders.items()},
    }
    if run.supervision == "egd":
        summary["egd"] = count_egd(inputs, run) | {"published": PUBLISHED_EGD}
    return summary


def count_egd(inputs: MilInputs, run: MilRun) -> dict[str, Any]:
    """Count in EGD what Lanfredi et al. 2023, Section 4, say of it.

    Returns
    -------
    dict
        Images that can be used, in all splits, and why others cannot; readings whose gaze begins
        after the first mention; images with a mention of Pneumothorax.

    Raises
    ------
    GazeError
        As `build_items` does, or if `gazescribe associate` did not say when gaze began.
    """
    images = open_images(inputs.images, (run.image_size, run.image_size)).index
    items = joined([reading_items(inputs, "egd", images, split) for split in SPLITS])
    return {
        "images": len(items),
        "gaze_begins_late": _gaze_begins_late(Path(inputs.egd_associated) / "associate.json"),
        "pneumothorax": int(items.labels[:, CHANNEL["Pneumothorax"]].sum()),
        "left_out": dict(items.left_out),
    }


def _gaze_begins_late(path: Path) -> int:
    key = "n_readings_gaze_begins_late"
    counts = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if key not in counts:
        remedy = "Run `gazescribe associate` again."
        raise SchemaError(f"this file with {key} is needed.", where=path, remedy=remedy)
    return int(counts[key])


def _positive(items: Items) -> dict[str, dict[str, int]]:
    return {
        str(source): _by_label(items.labels[items.source == source] > 0)
        for source in np.unique(items.source)
    }


def _by_label(positive: NDArray[np.bool_]) -> dict[str, int]:
    return dict(zip(TEN_LABELS, positive.sum(axis=0).tolist(), strict=True))


def _split_source(folder: str, name: str) -> str:
    metadata = pq.read_schema(table_path(Path(folder), name)).metadata or {}
    return str(metadata.get(b"split_source", b"unknown").decode())
