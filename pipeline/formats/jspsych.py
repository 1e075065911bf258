"""Data of jsPsych, CSV or JSON, with WebGazer's samples of a trial as JSON in one cell.

`webgazer_data` has `x`, `y` (pixels of the browser's window) and `t` (ms since the trial began);
`webgazer_targets` where elements of the page stood. Source: jsPsych 6.3 to 8, extension-webgazer.
"""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.foreign import parse_json, parsing, read_json
from gazescribe.pipeline.core.text_files import read_head
from gazescribe.pipeline.formats.pieces import Content, in_pieces
from gazescribe.pipeline.formats.sheets import Row, Sheet, checked, open_sheet

DATA, TARGETS = "webgazer_data", "webgazer_targets"
NAMES = ("t", "x", "y", "target_x", "target_y")
KIND = "data of jsPsych with WebGazer's"
LONGEST_CELL = 2**27  # characters; csv's own limit is two minutes of gaze

Trial = Mapping[str, Any]


def read(path: Path, _table: str) -> Content:
    """Read a row for each sample, with the columns of its trial; trials without gaze have none.

    `target_x` and `target_y` are shares of the element that was watched as a target, blank where
    there is not just one.
    """
    if read_head(path).lstrip().startswith(b"["):
        with parsing(path, KIND, ManifestError):
            trials: list[Trial] = read_json(path, ManifestError, top=list)
            names = dict.fromkeys(name for trial in trials for name in _plain(trial))
            rows = [row for trial in trials for row in _samples(trial, _own(names))]
        return in_pieces((*NAMES, *_own(names)), rows)
    csv.field_size_limit(LONGEST_CELL)
    sheet = open_sheet(path, [DATA.replace("_", "")], KIND)
    other_columns = _own(sheet.header)
    samples = (
        sample for row in sheet.rows for sample in _samples(_unpacked(sheet, row), other_columns)
    )
    return in_pieces((*NAMES, *other_columns), checked(sheet, samples))


def _own(names: Iterator[str] | Mapping[str, None] | list[str]) -> list[str]:
    return [name for name in names if name and name not in {*NAMES, DATA, TARGETS}]


def _plain(trial: Trial) -> Iterator[str]:
    return (name for name, value in trial.items() if not isinstance(value, list | dict))


def _samples(trial: Trial, names: list[str]) -> Iterator[tuple[Any, ...]]:
    cells = [trial.get(name, "") for name in names]
    target = _only_target(trial.get(TARGETS))
    for sample in trial.get(DATA) or ():
        x, y = sample["x"], sample["y"]
        shares: tuple[Any, ...] = ("", "")
        if target is not None and x is not None and y is not None:
            left, top, right, bottom = target
            shares = (x - left) / (right - left), (y - top) / (bottom - top)
        yield sample["t"], x, y, *shares, *cells


def _only_target(cell: Any) -> tuple[float, float, float, float] | None:
    """Give the edges of the only target: left, top, right, bottom; None where none has an area."""
    boxes = [*cell.values()] if isinstance(cell, dict) else cell or []
    if len(boxes) != 1:
        return None
    left, top, right, bottom = (boxes[0][edge] for edge in ("left", "top", "right", "bottom"))
    return (left, top, right, bottom) if right > left and bottom > top else None


def _unpacked(sheet: Sheet, row: Row) -> Trial:
    """Give a row by the names of its columns, with what is JSON as what it says."""
    trial: dict[str, Any] = dict(zip(sheet.header, row.cells, strict=True))
    for name in {DATA, TARGETS} & {*trial}:
        where = f"{sheet.path}, row {row.line}, {name}"
        text = trial[name].strip()
        trial[name] = parse_json(text, ManifestError, where=where, top=object) if text else None
    return trial
