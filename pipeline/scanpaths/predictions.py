"""Predicted scan paths as anybody writes them: JSON in the form of COCO-Search18."""

from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import AlignmentError, SchemaError, quote
from gazescribe.pipeline.core.foreign import read_json
from gazescribe.pipeline.geometry.alignment import Frame
from gazescribe.pipeline.scanpaths.search18 import CONDITIONS, FREE

SECONDS_BELOW = 20  # a file none of whose fixations lasts 20 ms is one of seconds
ENDINGS = (".jpg", ".jpeg", ".png", ".dcm")
LITTLE = 20  # fixations from which on a file tells its frame
ALL_IN_A_QUARTER = 0.5


@dataclass(frozen=True)
class Predicted:
    """One predicted scan path."""

    image: str
    task: str  # in lower case; empty for a whole reading
    path: NDArray[np.float64]  # (n, 3): x, y in pixels of the frame, seconds or NaN
    frame: Frame | None  # (height, width); None where the file does not say it


def read_predictions(
    path: Path, images: Container[str], size: Frame | None, left_out: Counter[str]
) -> list[Predicted]:
    """Read a file of predictions; `size` is the frame of those that do not say theirs.

    `images` are the ids of ours. What has no fixation is left out, counted in `left_out`. Durations
    are milliseconds, or seconds in a file where all are below 20.

    Raises
    ------
    SchemaError
        If the file holds no list of scan paths; all faults at once.
    """
    entries = read_json(path, SchemaError, top=list)
    faults = [
        f"number {number}: {fault}"
        for number, entry in enumerate(entries, 1)
        for fault in _faults(entry)
    ]
    if faults:
        remedy = (
            "Each needs `name`, and lists `X`, `Y` (and `T`) of one length (docs/scanpaths.md)."
        )
        message = f"{len(faults)} faults in scan paths, as COCO-Search18 has them."
        raise SchemaError(message, where=path, remedy=remedy, faults=faults)
    durations = [value for entry in entries for value in entry.get("T") or ()]
    unit_s = 1.0 if max(durations, default=0) < SECONDS_BELOW else 0.001
    predicted = [_predicted(entry, images, unit_s, size) for entry in entries if entry["X"]]
    left_out["without a fixation"] += len(entries) - len(predicted)
    return predicted


def _faults(entry: Any) -> Iterator[str]:
    if not isinstance(entry, Mapping):
        yield f"{quote(entry)} is no object"
        return
    if not isinstance(entry.get("name"), str) or not entry["name"]:
        yield "it has no `name`, the image"
    if not isinstance(entry.get("task", ""), str):
        yield f"its `task` {quote(entry['task'])} is no text"
    lists = {key: entry.get(key) for key in ("X", "Y", "T") if key != "T" or entry.get("T")}
    for key, values in lists.items():
        if not isinstance(values, list) or not all(map(_is_number, values)):
            yield f"its `{key}` is no list of numbers"
            return
    lengths = {key: len(values) for key, values in lists.items() if isinstance(values, list)}
    if len(set(lengths.values())) > 1:
        yield f"its lists differ in length: {lengths}"
    sides = [entry[key] for key in ("height", "width") if key in entry]
    if sides and not (len(sides) == 2 and all(_is_number(side) and side > 0 for side in sides)):
        yield "its `width` and `height` are not both above 0"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _predicted(
    entry: Mapping[str, Any], images: Container[str], unit_s: float, size: Frame | None
) -> Predicted:
    path = np.full((len(entry["X"]), 3), np.nan)
    path[:, 0], path[:, 1] = entry["X"], entry["Y"]
    if entry.get("T"):
        path[:, 2] = np.array(entry["T"], float) * unit_s
    task = entry.get("task", FREE).strip().casefold()
    is_whole = task in ("", FREE) or entry.get("condition") == CONDITIONS[1]
    frame = (entry["height"], entry["width"]) if "width" in entry else size
    return Predicted(image_of(entry["name"], images), "" if is_whole else task, path, frame)


def image_of(name: str, images: Container[str]) -> str:
    """Find which image of ours a file name means: its id may be with or without folder and ending.

    The name without both where it is none of ours.
    """
    names = [name, name.rpartition("/")[2]]
    names = [form for whole in names for form in (whole, _without_ending(whole))]
    return next((form for form in names if form in images), names[-1])


def _without_ending(name: str) -> str:
    ending = next((end for end in ENDINGS if name.lower().endswith(end)), "")
    return name[: len(name) - len(ending)]


def in_frame(predicted: Predicted, frame: Frame) -> NDArray[np.float64]:
    """Give a predicted scan path in the pixels of an image of this size."""
    height, width = predicted.frame or frame
    return predicted.path * [frame[1] / width, frame[0] / height, 1.0]


def check_frames(predicted: Sequence[Predicted], sizes: Sequence[Frame], where: Path) -> None:
    """Refuse pixels that cannot be of the frames that they are taken for; AlignmentError.

    `sizes` are those of the images, for predictions that say no frame.
    """
    shares = [
        prediction.path[:, :2] / np.array(prediction.frame or size)[::-1]
        for prediction, size in zip(predicted, sizes, strict=True)
    ]
    places = np.concatenate(shares)
    outside = float(((places < 0) | (places > 1)).any(axis=1).mean())
    remedy = "Say with --size (N, or HEIGHTxWIDTH) in which frame the pixels count, such as 224."
    if outside > 0.5:
        message = f"{outside:.0%} of the predicted fixations are off their image."
        raise AlignmentError(message, where=where, remedy=remedy)
    if len(places) >= LITTLE and places.max() < ALL_IN_A_QUARTER:
        message = "all predicted fixations are in the upper left quarter of their images."
        raise AlignmentError(message, where=where, remedy=remedy)
