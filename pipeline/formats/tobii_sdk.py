"""Samples that a program of one's own wrote with Tobii's SDK (`tobii_research`), as CSV.

Each eye has a point on the screen, `(0.5, 0.5)` in one cell or in two columns, and a validity of 0
or 1. Source: Tobii Pro SDK, Python reference, `GazeData`.
"""

import math
import re
from collections.abc import Iterator
from pathlib import Path

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.formats.pieces import Content, in_pieces
from gazescribe.pipeline.formats.sheets import Row, Sheet, checked, mean, number, open_sheet

TIMES = ("systemtimestamp", "devicetimestamp")
POINT = "gazepointondisplayarea"
NAMES = ("time", "x", "y", "valid", "x_left", "y_left", "x_right", "y_right")
_PAIR = re.compile(r"[\[(]\s*([^,;\s]+)[\s,;]+([^,;\s]+?)\s*[\])]")


def read(path: Path, _table: str) -> Content:
    """Read the samples: shares of the screen, the mean of the eyes that are valid."""
    marks = tuple(
        f"{side}{POINT}{ending}" for side in ("left", "right") for ending in ("", "x", "0")
    )
    sheet = open_sheet(path, marks, "a file of Tobii's SDK")
    time = sheet.find(TIMES)
    if time is None:
        message = "there is neither system_time_stamp nor device_time_stamp."
        raise ManifestError(message, where=path)
    other_columns = [name for name in sheet.header if name and name not in NAMES]
    places = [sheet.header.index(name) for name in other_columns]
    cells = (
        (row.text(time), *sample, *(row.cells[place] for place in places))
        for row, sample in _samples(sheet)
    )
    return in_pieces((*NAMES, *other_columns), checked(sheet, cells))


def _samples(sheet: Sheet) -> Iterator[tuple[Row, tuple[float | str, ...]]]:
    columns = {side: _columns(sheet, side) for side in ("left", "right")}
    for row in sheet.rows:
        left, right = (_point(row, *columns[side]) for side in ("left", "right"))
        x, y = (mean(*texts) for texts in zip(left, right, strict=True))
        yield row, (x, y, "0" if x == "" else "1", *left, *right)


def _columns(sheet: Sheet, side: str) -> tuple[list[int | None], int | None]:
    name = f"{side}{POINT}"
    axes = [sheet.find((f"{name}{axis}", f"{name}{place}")) for place, axis in enumerate("xy")]
    if None in axes:  # `name[0]`, `name[1]`
        axes = [sheet.find((name,), (place,)) for place in "01"]
    if None in axes:
        axes = [sheet.find((name,))]
    return axes, sheet.find((f"{side}gazepointvalidity",))


def _point(row: Row, axes: list[int | None], validity: int | None) -> tuple[str, str]:
    """Give where an eye looks; blank where it is not seen."""
    if validity is not None and row.text(validity).lower() not in {"1", "1.0", "true"}:
        return "", ""
    if len(axes) > 1:
        x, y = (number(row.text(axis)) for axis in axes)
    else:
        match = _PAIR.fullmatch(row.text(axes[0]))
        x, y = match.groups() if match else ("", "")
    is_seen = x and y and not math.isnan(float(x) + float(y))
    return (x, y) if is_seen else ("", "")
