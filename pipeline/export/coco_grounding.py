"""Grounding pairs as COCO, one file a split: a sentence as `phrase`, and the box of its gaze.

The map of a sentence is that of its window, drawn from the Gaussians at the size of the image; the
box is the smallest round all of it that is above the threshold.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gazescribe.pipeline.export.coco_files import Row, write_coco
from gazescribe.pipeline.export.contents import SPLIT_NAMES, Contents
from gazescribe.pipeline.export.table_files import JSON, FileSet
from gazescribe.pipeline.geometry.canvas import render

if TYPE_CHECKING:
    import pandas as pd

UNITS = {
    "area": "px², of the box",
    "bbox": "px: xmin, ymin, width, height",
    "threshold": "1, of the maximum of the map",
}
MAPS = "The map of `window` of `reading_id` is drawn from its rows of gaussians.csv"

Size = tuple[int, int]


def write_grounding(
    contents: Contents,
    images: dict[str, Row],
    folder: Path,
    parallel: Callable[..., Any],
    threshold: float,
) -> FileSet:
    """Write the grounding pairs, a file for each split; give what was written.

    `images` has the entry of each reading's image, as COCO lists it, with `split`.
    """
    pairs = list(_pairs(contents, images))
    boxes = _boxes(contents, pairs, images, parallel, threshold)
    labels = sorted({pair["label"] for pair in pairs})
    target = folder / "annotations" / "grounding"
    target.mkdir(parents=True)
    for split, name in SPLIT_NAMES.items():
        listed = {row["id"]: row for row in images.values() if row["split"] == split}
        if not listed:
            continue
        of_split = [pair for pair in pairs if images[pair["reading_id"]]["id"] in listed]
        annotations: list[Row] = []
        left_out: Counter[str] = Counter()
        for pair in of_split:
            box = boxes.get((pair["reading_id"], pair["window"]))
            if box is None:
                left_out["pairs without gaze on the image"] += 1
                continue
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": images[pair["reading_id"]]["id"],
                    "category_id": labels.index(pair["label"]) + 1,
                    "bbox": box,
                    "area": box[2] * box[3],
                    "iscrowd": 0,
                    "threshold": threshold,
                    **pair,
                }
            )
        about = "Sentences, what they say, and the boxes of the gaze before them"
        info = {"description": about, "maps": MAPS, "units": UNITS, "left_out": left_out}
        shown = [row for _, row in sorted(listed.items())]
        write_coco(target / f"grounding_{name}.json", info, labels, shown, annotations)
    pattern = "annotations/grounding/grounding_*.json"
    about = f"Sentences with label, polarity and box of their gaze above {threshold:g}, by split"
    return FileSet("grounding", pattern, JSON, about)


def _pairs(contents: Contents, images: dict[str, Row]) -> Iterator[Row]:
    """Give each label that a sentence with a window mentions, once for each polarity."""
    read = {
        name: contents.tables[name].to_pylist() for name in ("windows", "mentions", "sentences")
    }
    columns = contents.tables["readings"].select(["reading_id", "text"]).to_pydict()
    texts = dict(zip(columns["reading_id"], columns["text"], strict=True))
    sentences = {(row["reading_id"], row["sentence"]): row for row in read["sentences"]}
    mentions: dict[str, list[Row]] = {}
    for row in read["mentions"]:
        mentions.setdefault(row["reading_id"], []).append(row)
    for window in read["windows"]:
        reading_id = window["reading_id"]
        sentence = sentences.get((reading_id, window["sentence"]))
        if sentence is None or reading_id not in images:
            continue
        # By characters: the labeler may cut sentences at other places than the dictated periods.
        polarities = {
            (row["label"], row["polarity"]): None
            for row in mentions.get(reading_id, ())
            if row["char_start"] < window["char_end"] and row["char_end"] > window["char_start"]
        }
        phrase = texts[reading_id][sentence["char_start"] : sentence["char_end"]].strip()
        place = {"reading_id": reading_id, "window": window["window"]}
        for label, polarity in polarities:
            about = {"phrase": phrase, "label": label, "polarity": polarity}
            yield {**place, "sentence": window["sentence"], **about}


def _boxes(
    contents: Contents,
    pairs: list[Row],
    images: dict[str, Row],
    parallel: Callable[..., Any],
    threshold: float,
) -> dict[tuple[str, int], list[int]]:
    """Find the box of each window that a pair names and that has gaze on the image."""
    wanted = {(pair["reading_id"], pair["window"]) for pair in pairs}
    by_window = contents.tables["gaussians"].to_pandas().groupby(["reading_id", "window"])
    keys, tasks = [], []
    for key, rows in by_window:
        if key in wanted:
            image = images[key[0]]
            keys.append(key)
            tasks.append(((image["height"], image["width"]), rows))
    boxes = parallel(partial(box_of, threshold=threshold), tasks, description="grounding")
    return {key: box for key, box in zip(keys, boxes, strict=True) if box}


def box_of(task: tuple[Size, "pd.DataFrame"], threshold: float) -> list[int] | None:
    """Give the box of a window's map above a threshold, as COCO has it; None where there is none.

    A task is the (height, width) of the image and the Gaussians of the window.
    """
    size, gaussians = task
    above = render(gaussians, size) > threshold
    if not above.any():
        return None
    y, x = (np.flatnonzero(above.any(axis=axis)) for axis in (1, 0))
    corner = [int(x[0]), int(y[0])]
    return [*corner, int(x[-1]) - corner[0] + 1, int(y[-1]) - corner[1] + 1]
