"""Text that SMI's programs wrote: BeGaze's exports of events and of samples, the IDF Converter's.

Four layouts: an event text with a `Table Header for Fixations`, a sample text with rows SMP and
MSG, and BeGaze's tables of events and of raw data. Sources: SMI BeGaze Manual 3.7, "Export"; IDF
Converter Manual 3.0, "Text format".
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.text_files import encoding_of, read_head, text_lines
from gazescribe.pipeline.formats.pieces import Content, in_pieces
from gazescribe.pipeline.formats.sheets import Row, Sheet, checked, mean, number, open_sheet

KIND = "a text of SMI's"
FIXATION = {"fixation", "visual intake"}  # as BeGaze calls it for screens and for glasses
WHOM = ("participant", "trial", "stimulus")
SCREEN = ("screen_width", "screen_height")
FIXATIONS = (*WHOM, "eye", "used_eye", "start", "duration", "x", "y", *SCREEN)
SAMPLES = (*WHOM, "time", "x", "y", "x_left", "y_left", "x_right", "y_right", *SCREEN)
MESSAGES = (*WHOM, "time", "text")
EYES = ("left", "right")
NAMES = {
    "time": ("recordingtime", "time"),
    "kind": ("type",),
    "participant": ("participant", "subject"),
    "trial": ("trial",),
    "stimulus": ("stimulus",),
    "category": ("category", "eventtype", "categorygroup"),
    "eye": ("eyel/r", "eye"),
    "start": ("eventstarttrialtime", "eventstartrecordingtime", "fixationstart", "start"),
    "duration": ("eventduration", "fixationduration", "duration"),
    "end": ("eventendtrialtime", "eventendrecordingtime", "fixationend", "end"),
    "x": ("fixationpositionx", "visualintakepositionx", "positionx", "locationx"),
    "y": ("fixationpositiony", "visualintakepositiony", "positiony", "locationy"),
    "por_x": ("pointofregardbinocularx", "bporx"),  # of both eyes
    "por_y": ("pointofregardbinoculary", "bpory"),
    "por_x_left": ("pointofregardleftx", "lporx"),
    "por_y_left": ("pointofregardlefty", "lpory"),
    "por_x_right": ("pointofregardrightx", "rporx"),
    "por_y_right": ("pointofregardrighty", "rpory"),
    "category_left": ("categoryleft", "leventinfo", "categorybinocular"),
    "category_right": ("categoryright", "reventinfo", "categorybinocular"),
    "index_left": ("indexleft", "indexbinocular"),
    "index_right": ("indexright", "indexbinocular"),
}
MARKS = ("recordingtime", "type", "eventstarttrialtime", "eventstartrecordingtime", "fixationstart")
_AREA = re.compile(r"Calibration Area:\s*(\d+)\s+(\d+)")
_SUBJECT = re.compile(r"Subject:[^\S\n]*(.*)")
_SHOWN = re.compile(r"(?:Movie:\s*)?(\S.*\.(?:jpe?g|png|bmp|gif|tiff?|avi|mp4|wmv))", re.IGNORECASE)
MS = {"ms": 1.0, "s": 1e3, "": 1e-3}  # milliseconds in one; without a unit, of a microsecond

Cells = tuple[Any, ...]


@dataclass
class Fixation:
    """A fixation of an eye."""

    whom: Cells
    eye: str
    start_ms: float
    duration_ms: float
    x: float | str
    y: float | str


@dataclass(frozen=True)
class Head:
    """What stands above the table."""

    text: str

    @classmethod
    def of(cls, path: Path) -> "Head":
        """Read it."""
        head = read_head(path)
        return cls(head.decode(encoding_of(head), errors="replace"))

    @property
    def screen(self) -> Cells:
        """Width and height of the screen; blank where they are not said."""
        match = _AREA.search(self.text)
        return match.groups() if match else ("", "")

    @property
    def subject(self) -> str:
        """Who was recorded."""
        match = _SUBJECT.search(self.text)
        return match[1].strip() if match else ""


class Text:
    """A table of SMI's: its columns, by what they mean."""

    def __init__(self, path: Path) -> None:
        self.sheet: Sheet = open_sheet(path, MARKS, KIND)
        self.columns = {name: self.sheet.find(names) for name, names in NAMES.items()}
        self.head = Head.of(path)
        self.shown = ""  # the last picture that a message named

    def text(self, row: Row, name: str) -> str:
        """Give what a row says of something; blank where it is a dash or not there."""
        text = row.text(self.columns[name])
        return "" if text == "-" else text

    def number(self, row: Row, name: str) -> str:
        """Give a number that a row says."""
        return number(self.text(row, name))

    def ms(self, row: Row, name: str) -> float:
        """Give a time in milliseconds."""
        column = self.columns[name]
        unit = "" if column is None else self.sheet.unit(column)
        return float(self.number(row, name)) * MS.get(unit, 1.0)

    def whom(self, row: Row) -> Cells:
        """Tell of whom and of what a row is."""
        participant = self.text(row, "participant") or self.head.subject
        return participant, self.text(row, "trial"), self.text(row, "stimulus") or self.shown

    def samples(self) -> Iterator[Row]:
        """Give the rows of samples, and follow the messages between them."""
        for row in self.sheet.rows:
            if self.text(row, "kind") != "MSG":
                yield row
            elif match := _SHOWN.search(_message(row.cells[3])):
                self.shown = match[1]

    def point(self, row: Row, eye: str) -> Cells:
        """Give where an eye looks; blank where it is not seen, which SMI writes as 0, 0."""
        x, y = (self.number(row, f"por_{axis}{eye}") for axis in "xy")
        is_seen = x and y and (float(x), float(y)) != (0.0, 0.0)
        return (x, y) if is_seen else ("", "")


def read(path: Path, table: str) -> Content:
    """Read the fixations, the samples or the messages."""
    head = Head.of(path)
    if "Table Header for " in head.text:
        return _read_events(path, head, table)
    text = Text(path)
    if table == "messages":
        rows = [row for row in text.sheet.rows if text.text(row, "kind") == "MSG"]
        messages = ((*text.whom(row), text.ms(row, "time"), _message(row.cells[3])) for row in rows)
        return in_pieces(MESSAGES, checked(text.sheet, messages))
    if table == "samples":
        return in_pieces(SAMPLES, checked(text.sheet, _samples(text)))
    is_of_events = text.columns["start"] is not None and text.columns["x"] is not None
    fixations = _events(text) if is_of_events else _joined(text)
    return _of_fixations(checked(text.sheet, fixations), head, path)


def _message(text: str) -> str:
    return text.removeprefix("# Message:").strip()


def _of_fixations(events: Iterable[Fixation], head: Head, path: Path) -> Content:
    """Give fixations of the file, and which eye of each participant fixates longer."""
    fixations = list(events)
    if not fixations:
        message = "there is no fixation in it."
        remedy = "Export events, or use its samples."
        raise ManifestError(message, where=path, remedy=remedy)
    fixated_ms: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for fixation in fixations:
        fixated_ms[fixation.whom[0]][fixation.eye] += fixation.duration_ms  # type: ignore[assignment]  # Counter holds any number
    used = {whom: max(sorted(ms), key=ms.__getitem__) for whom, ms in fixated_ms.items()}
    rows = (
        (
            *f.whom,
            f.eye,
            f.eye == used[f.whom[0]],
            f.start_ms,
            f.duration_ms,
            f.x,
            f.y,
            *head.screen,
        )
        for f in fixations
    )
    return in_pieces(FIXATIONS, rows)


def _events(text: Text) -> Iterator[Fixation]:
    """Read BeGaze's table of events."""
    for row in text.sheet.rows:
        category = text.text(row, "category").lower()
        if category not in FIXATION and text.columns["category"] is not None:
            continue
        start_ms = text.ms(row, "start")
        if text.columns["duration"] is not None:
            duration_ms = text.ms(row, "duration")
        else:
            duration_ms = text.ms(row, "end") - start_ms
        eye, x, y = text.text(row, "eye")[:1].upper(), text.number(row, "x"), text.number(row, "y")
        yield Fixation(text.whom(row), eye, start_ms, duration_ms, x, y)


def _joined(text: Text) -> Iterator[Fixation]:
    """Join samples that are said to be of one fixation."""
    open_: dict[str, tuple[Cells, list[tuple[float, Cells]]]] = {}
    last_ms: float | None = None
    for row in text.samples():
        time_ms = text.ms(row, "time")
        for eye in EYES:
            is_fixation = text.text(row, f"category_{eye}").lower() in FIXATION
            name = (*text.whom(row), text.text(row, f"index_{eye}")) if is_fixation else ()
            begun = open_.get(eye)
            if begun is not None and begun[0] != name:
                yield _mean_of(eye, *open_.pop(eye), end_ms=time_ms)
            if name:
                open_.setdefault(eye, (name, []))[1].append((time_ms, text.point(row, f"_{eye}")))
        last_ms = time_ms
    for eye, begun in open_.items():
        yield _mean_of(eye, *begun, end_ms=last_ms or 0.0)


def _mean_of(eye: str, name: Cells, rows: list[tuple[float, Cells]], *, end_ms: float) -> Fixation:
    x, y = (mean(*texts) for texts in zip(*(point for _, point in rows), strict=True))
    start_ms = rows[0][0]
    return Fixation(name[:3], eye[0].upper(), start_ms, end_ms - start_ms, x, y)


def _samples(text: Text) -> Iterator[Cells]:
    if text.columns["time"] is None:
        message = "there are no samples in it, but events."
        raise ManifestError(message, where=text.sheet.path)
    for row in text.samples():
        left, right = (text.point(row, f"_{eye}") for eye in EYES)
        both: Cells = text.point(row, "")
        if both[0] == "":
            both = tuple(mean(*texts) for texts in zip(left, right, strict=True))
        yield (*text.whom(row), text.ms(row, "time"), *both, *left, *right, *text.head.screen)


def _read_events(path: Path, head: Head, table: str) -> Content:
    """Read a text of events: a header for each kind, then rows of all kinds."""
    if table == "samples":
        raise ManifestError("there are no samples in it, but events.", where=path)
    rows = list(_event_rows(path, head))
    if table == "messages":
        messages = (
            (*whom, float(event["Start"]) / 1e3, _message(event["Description"]))
            for kind, whom, event in rows
            if kind == "UserEvent"
        )
        return in_pieces(MESSAGES, messages)
    fixations = (
        Fixation(
            whom,
            kind[-1],
            float(event["Start"]) / 1e3,
            float(event["Duration"]) / 1e3,
            number(event["Location X"]),
            number(event["Location Y"]),
        )
        for kind, whom, event in rows
        if kind in {"Fixation L", "Fixation R"}
    )
    return _of_fixations(fixations, head, path)


def _event_rows(path: Path, head: Head) -> Iterator[tuple[str, Cells, dict[str, str]]]:
    headers: dict[str, list[str]] = {}  # by kind
    kind, shown, separator = "", "", "\t"
    for line in text_lines(path):
        if line.startswith("Table Header for "):
            kind = line.removeprefix("Table Header for ").strip(": \r\n")
        elif line.startswith("Event Type"):
            separator = "\t" if "\t" in line else ","
            headers[kind] = [name.strip() for name in line.split(separator)]
        elif headers and line.strip():
            cells = [cell.strip() for cell in line.split(separator)]
            names = headers.get(_KINDS.get(cells[0].rstrip(" LR"), ""), [])
            event = dict(zip(names, cells, strict=False))
            if match := _SHOWN.search(_message(event.get("Description", ""))):
                shown = match[1]
            yield cells[0], (head.subject, event.get("Trial", ""), shown), event


_KINDS = {"Fixation": "Fixations", "UserEvent": "User Events"}
