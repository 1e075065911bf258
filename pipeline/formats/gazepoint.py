"""Exports of Gazepoint Analysis: `…_all_gaze.csv`, a row a sample, and `…_fixations.csv`.

While a fixation lasts its duration grows from row to row, and its place is the mean until then; so
its last valid row counts. `TIME(2015/06/10 16:56:13.459)` has another name in each recording.
Source: Gazepoint Analysis User Manual, "Data export"; Open Gaze API, "FPOG" and "BPOG".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.formats.pieces import Content, in_pieces
from gazescribe.pipeline.formats.sheets import Row, checked, mean, number, open_sheet

SAME_S = 0.005  # beginnings of one fixation, by its rows, differ by less
KIND = "an export of Gazepoint's"
MARKS = ("fpogx", "bpogx")
FIXATIONS = ("media", "start", "duration", "x", "y", "n_samples")
SAMPLES = ("media", "time", "x", "y", "valid")
MESSAGES = ("media", "time", "text")
NAMES = {
    "time": ("time",),
    "media": ("medianame", "mediaid"),
    "user": ("user",),
    "fixation_x": ("fpogx",),
    "fixation_y": ("fpogy",),
    "fixation_valid": ("fpogv",),
    "start": ("fpogs",),
    "duration": ("fpogd",),
    "number": ("fpogid",),
    "best_x": ("bpogx",),
    "best_y": ("bpogy",),
    "best_valid": ("bpogv",),
    "left_x": ("lpogx",),
    "left_y": ("lpogy",),
    "left_valid": ("lpogv",),
    "right_x": ("rpogx",),
    "right_y": ("rpogy",),
    "right_valid": ("rpogv",),
}

Cells = tuple[Any, ...]


@dataclass
class Fixation:
    """A fixation whose rows are being read, or the part of it before one image."""

    row: Row  # the first
    media: str
    number: str
    begin: float  # of this part, s
    start: float  # of the whole
    duration: float = 0.0
    x: str = ""
    y: str = ""
    n_samples: int = 0


class Export:
    """An export of Gazepoint's: its columns, by what they mean."""

    def __init__(self, path: Path) -> None:
        self.sheet = open_sheet(path, MARKS, KIND)
        self.columns = {name: self.sheet.find(names) for name, names in NAMES.items()}

    def has(self, *names: str) -> bool:
        """Tell whether all of these were exported."""
        return all(self.columns[name] is not None for name in names)

    def need(self, *names: str) -> None:
        """Refuse an export that lacks one of these."""
        absent = [NAMES[name][0].upper() for name in names if not self.has(name)]
        if absent:
            message = f"this export has no column {', '.join(absent)}."
            remedy = "Choose it among the export settings of Gazepoint Analysis."
            raise ManifestError(message, where=self.sheet.path, remedy=remedy)

    def text(self, row: Row, name: str) -> str:
        """Give what a row says of something; blank where the export lacks it."""
        return row.text(self.columns[name])

    def number(self, row: Row, name: str) -> float:
        """Give a number that a row says; 0 where it is blank."""
        return float(number(self.text(row, name)) or 0)

    def is_valid(self, row: Row, kind: str) -> bool:
        """Tell whether a point of gaze is valid; without a column that says so, each is."""
        return not self.has(f"{kind}_valid") or self.number(row, f"{kind}_valid") == 1

    def point(self, row: Row, kind: str) -> tuple[str, str]:
        """Give a point of gaze in shares of the screen; blank where it is not valid."""
        if not self.is_valid(row, kind):
            return "", ""
        return number(self.text(row, f"{kind}_x")), number(self.text(row, f"{kind}_y"))


def read(path: Path, table: str) -> Content:
    """Read the fixations, the samples or the markers that were sent."""
    export = Export(path)
    names, rows = {
        "fixations": (FIXATIONS, _fixations),
        "samples": (SAMPLES, _samples),
        "messages": (MESSAGES, _messages),
    }[table]
    other_columns = [name for name in export.sheet.header if name and name not in names]
    places = [export.sheet.header.index(name) for name in other_columns]
    cells = ((*ours, *(row.cells[place] for place in places)) for ours, row in rows(export))
    return in_pieces((*names, *other_columns), checked(export.sheet, cells))


def _fixations(export: Export) -> Iterator[tuple[Cells, Row]]:
    export.need("fixation_x", "fixation_y", "duration", *([] if export.has("start") else ["time"]))
    fixation: Fixation | None = None
    for row in export.sheet.rows:
        if not export.is_valid(row, "fixation"):
            continue
        start, duration = _span(export, row)
        begin, number_, media = start, export.text(row, "number"), export.text(row, "media")
        if fixation is not None:
            is_same = number_ == fixation.number
            if not number_:
                is_same = abs(start - fixation.start) < SAME_S
            if not is_same or media != fixation.media:
                yield _finished(fixation)
                if is_same:  # another image came up meanwhile
                    begin = start + fixation.duration
                fixation = None
        if fixation is None:
            fixation = Fixation(row, media, number_, begin, start)
        fixation.duration = duration
        fixation.x, fixation.y = export.point(row, "fixation")
        fixation.n_samples += 1
    if fixation is not None:
        yield _finished(fixation)


def _span(export: Export, row: Row) -> tuple[float, float]:
    """Give when a fixation began and how long it has lasted until a row, in seconds."""
    duration = export.number(row, "duration")
    if export.has("start"):
        return export.number(row, "start"), duration
    return export.number(row, "time") - duration, duration


def _finished(fixation: Fixation) -> tuple[Cells, Row]:
    duration = fixation.start + fixation.duration - fixation.begin
    span = fixation.begin, duration
    return (fixation.media, *span, fixation.x, fixation.y, fixation.n_samples), fixation.row


def _samples(export: Export) -> Iterator[tuple[Cells, Row]]:
    export.need("time")
    if not export.has("best_x", "best_y") and not export.has("left_x", "right_x"):
        export.need("best_x", "best_y")  # fixations (FPOG) are means, no samples
    for row in export.sheet.rows:
        point: Cells = export.point(row, "best") if export.has("best_x") else ("", "")
        if point == ("", ""):
            both = zip(export.point(row, "left"), export.point(row, "right"), strict=True)
            point = tuple(mean(*texts) for texts in both)
        is_valid = "1" if point[0] != "" else "0"
        yield (export.text(row, "media"), export.number(row, "time"), *point, is_valid), row


def _messages(export: Export) -> Iterator[tuple[Cells, Row]]:
    export.need("time", "user")
    last = ""
    for row in export.sheet.rows:
        text = export.text(row, "user")
        if text and text != last:
            yield (export.text(row, "media"), export.number(row, "time"), text), row
        last = text
