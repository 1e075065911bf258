"""Counts of what one run sees, beside what the paper saw.

Source: Lanfredi et al. 2023, Section 2.6, Table 3 and Section 4.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.models.mil.items import MilItems, image_index, joined
from gazescribe.models.mil.readings import reading_items
from gazescribe.models.mil.settings import MilInputs, MilRun, input_of
from gazescribe.models.mil.supervision import WORDS, sources_of, tables_of
from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.foreign import read_json
from gazescribe.pipeline.core.foreign_tables import parquet_schema
from gazescribe.pipeline.core.tables import table_path
from gazescribe.pipeline.core.values import SPLITS

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
    sources = sources_of(run.supervision)
    named = [*inputs.unannotated, *inputs.scored_on, *(source.dataset for source in sources)]
    tables = {name: "images" if name == "mimic" else "readings" for name in named}
    summary: dict[str, Any] = {
        "n": {split: dict(Counter(listed.source.tolist())) for split, listed in whole.items()},
        "n_published": {
            split: {name: n for name, n in counted.items() if name in tables}
            for split, counted in PUBLISHED.items()
        },
        "positive": {split: _positive(listed) for split, listed in whole.items()},
        "left_out": {split: dict(listed.left_out) for split, listed in whole.items()},
        "labels_without_map": _by_label(blank, train),
        "split_source": {
            name: _split_source(input_of(inputs, tables_of(name)), table)
            for name, table in tables.items()
        },
    }
    if WORDS["egd"] in sources:
        summary["egd"] = count_egd(inputs, run) | {"published": PUBLISHED_EGD}
    return summary


def count_egd(inputs: MilInputs, run: MilRun) -> dict[str, Any]:
    """Count in EGD what Lanfredi et al. 2023, Section 4, say of it.

    That is: images that can be used, in all splits, and why others cannot; readings whose gaze
    begins after the first mention, which `gazescribe associate` must have counted; images with a
    mention of Pneumothorax, null where that is no label.
    """
    path, key = Path(inputs.egd_associated) / "associate.json", "n_readings_gaze_begins_late"
    counts = read_json(path) if path.is_file() else {}
    if not isinstance(counts.get(key), int):
        remedy = "Run `gazescribe associate` again."
        raise SchemaError(f"this file with {key} is needed.", where=path, remedy=remedy)
    images = image_index(inputs, run)
    items = joined([reading_items(inputs, WORDS["egd"], images, split) for split in SPLITS])
    positive = _by_label(items.labels > 0, items)
    return {
        "images": len(items),
        "gaze_begins_late": int(counts[key]),
        "pneumothorax": positive.get("Pneumothorax"),
        "left_out": dict(items.left_out),
    }


def _positive(items: MilItems) -> dict[str, dict[str, int]]:
    return {
        str(source): _by_label(items.labels[items.source == source] > 0, items)
        for source in np.unique(items.source)
    }


def _by_label(positive: NDArray[np.bool_], items: MilItems) -> dict[str, int]:
    return dict(zip(items.label_names, positive.sum(axis=0).tolist(), strict=True))


def _split_source(folder: str, name: str) -> str:
    metadata = parquet_schema(table_path(Path(folder), name)).metadata or {}
    return str(metadata.get(b"split_source", b"unknown").decode("utf-8", "replace"))
