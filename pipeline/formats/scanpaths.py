"""JSON lists of scanpaths, as COCO-Search18 has them: one object a scanpath, positions in lists.

Positions and durations stand in parallel lists, `X, Y, T` and in volumes `Z` (COCO-Search18,
GazeSearch, CT-ScanGaze) or `gaze_x, gaze_y, time` (gaze on SIIM-ACR of Saab et al. 2021, as
meerkat ships it). Nothing says when a fixation begins: they follow each other.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.foreign import parsing, read_json
from gazescribe.pipeline.formats.pieces import Content, in_pieces

KIND = "a list of scanpaths"
LISTS = (("X", "Y", "T"), ("gaze_x", "gaze_y", "time"))
"""Lists that every scanpath of a layout has."""
TABLES = ("readings", "fixations")
DEPTH = "Z"


def read(path: Path, table: str) -> Content:
    """Read a row for each scanpath (`readings`), or for each fixation of all (`fixations`).

    In volumes `readings` has the rows of `fixations`, for each slice is an image. Columns are the
    keys that hold one value, `fixation` (a number from 1), and the lists. Keys that a scanpath
    lacks are blank.
    """
    scanpaths = read_json(path, ManifestError, top=list)
    with parsing(path, KIND, ManifestError):
        keys = dict.fromkeys(key for scanpath in scanpaths for key in _plain(scanpath))
        if table == "readings" and not any(DEPTH in scanpath for scanpath in scanpaths[:1]):
            rows: Iterator[tuple[Any, ...]] = (_cells(scanpath, keys) for scanpath in scanpaths)
            return in_pieces([*keys], list(rows))
        lists = _lists(scanpaths[0])
        names = [*keys, "fixation", *lists]
        fixations = [row for scanpath in scanpaths for row in _fixations(scanpath, keys, lists)]
    return in_pieces(names, fixations)


def _plain(scanpath: Mapping[str, Any]) -> Iterator[str]:
    return (key for key, value in scanpath.items() if not isinstance(value, list | dict))


def _cells(scanpath: Mapping[str, Any], keys: Mapping[str, None]) -> tuple[Any, ...]:
    return tuple(scanpath.get(key, "") for key in keys)


def _lists(scanpath: Mapping[str, Any]) -> tuple[str, ...]:
    layout = next(layout for layout in LISTS if layout[0] in scanpath)
    return (*layout, DEPTH) if DEPTH in scanpath else layout


def _fixations(
    scanpath: Mapping[str, Any], keys: Mapping[str, None], lists: tuple[str, ...]
) -> Iterator[tuple[Any, ...]]:
    cells = _cells(scanpath, keys)
    for number, values in enumerate(zip(*(scanpath[name] for name in lists), strict=True), 1):
        yield (*cells, number, *values)
