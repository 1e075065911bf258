"""Scan paths as JSON of COCO-Search18, which models of scan paths read.

One object a scan path. Names and units are those of the data set's files (Chen et al., Scientific
Reports 11, 8776 (2021)): positions in pixels, durations in whole milliseconds. What its readers do
not know stands behind: which reading it is, and the size of the image that the pixels count in.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Entry = dict[str, Any]

SUFFIX = ".jpg"  # loaders cut off four characters to get the image's name
FREE = "none"  # task of a whole reading, as HAT asks for
CONDITIONS = ("present", "freeview")  # of findings, and of whole readings
SPLITS = {"train": "train", "validate": "valid", "test": "test", None: ""}


def entry(
    path: Mapping[str, Any], bbox_px: NDArray[np.float64] | None, size: tuple[int, int] | None
) -> Entry:
    """Make the entry of one scan path.

    Parameters
    ----------
    path : mapping
        Columns of the table `scanpaths`; those that say the same in each row have one value.
    bbox_px : ndarray, shape (4,), optional
        xmin, ymin, xmax, ymax of what the reader drew of the finding, in image pixels; all zeros
        are written where nothing was drawn, as GazeSearch does.
    size : (height, width), optional
        The frame that the image is squeezed to; the image itself by default.
    """
    height, width = size or (path["height_px"], path["width_px"])
    scale = np.array([width / path["width_px"], height / path["height_px"]])
    # A centre is on a pixel of the image, but may be left of the middle of the first.
    places = np.stack([path["x_px"], path["y_px"]], axis=1).clip(min=0) * scale
    corners = np.zeros((2, 2)) if bbox_px is None else bbox_px.reshape(2, 2) * scale
    on_target = ((places > corners[0]) & (places < corners[1])).all(axis=1)
    is_finding = bool(path["label"])
    return {
        "name": f"{path['dicom_id']}{SUFFIX}",
        "subject": path["reader"],
        "task": path["label"].casefold() if is_finding else FREE,
        "condition": CONDITIONS[0] if is_finding else CONDITIONS[1],
        "bbox": [*_rounded(corners[0]), *_rounded(corners[1] - corners[0])],
        "X": _rounded(places[:, 0]),
        "Y": _rounded(places[:, 1]),
        "T": np.rint(1000 * path["duration_s"]).astype(int).tolist(),
        "length": len(places),
        "fixOnTarget": bool(on_target.any()),
        "correct": 1,
        "split": SPLITS[path["split"]],
        "reading_id": path["reading_id"],
        "width": width,
        "height": height,
    }


def _rounded(values: NDArray[np.float64]) -> list[float]:
    return [round(value, 2) for value in values.tolist()]


def as_json(entries: Iterable[Entry]) -> str:
    """Write entries as a JSON list, one a line."""
    lines = ",\n".join(json.dumps(scanpath, ensure_ascii=False) for scanpath in entries)
    return f"[\n{lines}\n]\n" if lines else "[]\n"
