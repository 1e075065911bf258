"""Counts of what one run sees, beside what the paper saw.

Source: Lanfredi et al. 2023, Section 2.6, Table 3 and Section 4.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.models.mil.items import CHANNEL, MilItems, image_index, joined, reading_items
from gazescribe.models.mil.settings import MilInputs, MilRun
from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.foreign import read_json
from gazescribe.pipeline.core.foreign_tables import parquet_schema
from gazescribe.pipeline.core.schemas import SPLITS
from gazescribe.pipeline.core.tables import table_path

PUBLISHED = {  # Section 2.6
    "train": {"mimic": 187_519, "reflacx": 1_724},
    "validate": {"mimic": 4_275, "reflacx": 277},
    "test": {"mimic": 2_701, "reflacx": 506},
}
PUBLISHED_EGD = {"images": 1_064, "gaze_begins_late": 2, "pneumothorax": 1}  # Section 4


def summarise_items(
    inputs: MilInputs, run: MilRun, items: dict[str, MilItems], evaluation: dict[str, MilItems]
) -> dict[str, Any]:
    """Count what a run sees, beside what the paper saw.

    `items` and `evaluation` are what `build_items` and `evaluation_items` gave.

    By split and source: images, the paper's images, positive ones for each label (Table 3), what
    was left out by reason; `labels_without_map`, positive labels of annotated images whose map is
    empty; where splits came from; of EGD what Section 4 says of it.
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

    That is: images that can be used, in all splits, and why others cannot; readings whose gaze
    begins after the first mention, which `gazescribe associate` must have counted; images with a
    mention of Pneumothorax.
    """
    path, key = Path(inputs.egd_associated) / "associate.json", "n_readings_gaze_begins_late"
    counts = read_json(path) if path.is_file() else {}
    if not isinstance(counts.get(key), int):
        remedy = "Run `gazescribe associate` again."
        raise SchemaError(f"this file with {key} is needed.", where=path, remedy=remedy)
    images = image_index(inputs, run)
    items = joined([reading_items(inputs, "egd", images, split) for split in SPLITS])
    return {
        "images": len(items),
        "gaze_begins_late": int(counts[key]),
        "pneumothorax": int(items.labels[:, CHANNEL["Pneumothorax"]].sum()),
        "left_out": dict(items.left_out),
    }


def _positive(items: MilItems) -> dict[str, dict[str, int]]:
    return {
        str(source): _by_label(items.labels[items.source == source] > 0)
        for source in np.unique(items.source)
    }


def _by_label(positive: NDArray[np.bool_]) -> dict[str, int]:
    return dict(zip(TEN_LABELS, positive.sum(axis=0).tolist(), strict=True))


def _split_source(folder: str, name: str) -> str:
    metadata = parquet_schema(table_path(Path(folder), name)).metadata or {}
    return str(metadata.get(b"split_source", b"unknown").decode("utf-8", "replace"))
