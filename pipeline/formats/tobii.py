"""Exports of Tobii Pro Lab and Tobii Studio: one row a sample, between rows of other sensors.

A fixation stands in each of its samples; here it becomes one row. Columns are found by name in all
versions: `Recording timestamp`, `Recording timestamp [ms]`, `RecordingTimestamp`, `Timestamp`.
Source: Tobii Pro Lab User Manual, "Data export"; Tobii Studio User Manual 3.4, "Data export".
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice, pairwise
from pathlib import Path
from statistics import median
from typing import Any

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.formats.pieces import Content, in_pieces
from gazescribe.pipeline.formats.sheets import Row, checked, mean, number, open_sheet

SCREEN = ("dacspx", "adcspx", "")  # units of positions on the screen
MEDIA = ("mcspx",)
SHARE = ("mcsnorm",)
MS = {"ms": 1.0, "us": 1e3, "μs": 1e3, "µs": 1e3, "s": 1e-3}  # how many are a millisecond
MAX_STEP_MS = 250  # between samples; where no unit is named, larger steps are microseconds
LEARNT_FROM = 500  # rows
KEY = ("participant", "recording", "stimulus")
SIZES = ("screen_width", "screen_height", "media_width", "media_height")
OF_SAMPLES = ("valid_left", "valid_right", "gaze_x")
NO_STIMULUS = "no media"  # as Studio 2 calls it
POSITIONS = ("x", "y", "x_media", "y_media", "x_share", "y_share")
FIXATIONS = (*KEY, "start", "duration", *POSITIONS, "n_samples", *SIZES)
SAMPLES = (*KEY, "time", *POSITIONS, "valid", *SIZES)
MESSAGES = (*KEY, "time", "text")
NAMES: dict[str, tuple[str, ...]] = {  # where each thing stands, without unit and blanks
    "time": ("recordingtimestamp", "timestamp"),
    "sensor": ("sensor",),
    "participant": ("participantname", "participant"),
    "recording": ("recordingname", "recording"),
    "stimulus": ("presentedstimulusname", "presentedmedianame", "medianame", "stimuliname"),
    "type": ("eyemovementtype", "gazeeventtype"),
    "duration": ("gazeeventduration", "eyemovementeventduration", "fixationduration"),
    "number": ("eyemovementtypeindex", "fixationindex"),
    "valid_left": ("validityleft",),
    "valid_right": ("validityright",),
    "event": ("event", "studioevent"),
    "event_value": ("eventvalue", "studioeventdata"),
    "resolution": ("recordingresolution",),
    "screen_width": ("recordingresolutionwidth",),
    "screen_height": ("recordingresolutionheight",),
    "left_edge": ("mediaposx", "mediapositionx", "presentedmediapositionx"),
    "top_edge": ("mediaposy", "mediapositiony", "presentedmediapositiony"),
    "media_width": ("mediawidth", "presentedmediawidth"),
    "media_height": ("mediaheight", "presentedmediaheight"),
}

Cells = tuple[Any, ...]


@dataclass
class Fixation:
    """A fixation whose rows are being read, or the part of it before one stimulus."""

    name: Cells  # the same in all its rows
    row: Row  # the first
    start: float  # ms
    end: float | None  # None where the export does not say how long it is
    position: Cells = ()
    last: float = 0.0
    gaze: list[Cells] = field(default_factory=list)  # of its samples, on the screen


class Export:
    """An export of Tobii's: its columns, by what they mean."""

    def __init__(self, path: Path) -> None:
        self.sheet = sheet = open_sheet(path, NAMES["time"], "an export of Tobii's")
        self.columns = {name: sheet.find(names) for name, names in NAMES.items()}
        for axis in "xy":
            for name, plain in (
                ("fixation", (f"fixationpoint{axis}",)),
                ("gaze", (f"gazepoint{axis}",)),
                ("left", (f"gazepointleft{axis}", f"gazepoint{axis}left")),
                ("right", (f"gazepointright{axis}", f"gazepoint{axis}right")),
            ):
                for kind, units in (("", SCREEN), ("_media", MEDIA), ("_share", SHARE)):
                    self.columns[f"{name}_{axis}{kind}"] = sheet.find(plain, units)
            # of Studio 2, which names no units
            mapped = sheet.find((f"mappedfixationpoint{axis}",), ("",))
            if self.columns[f"fixation_{axis}_media"] is None:
                self.columns[f"fixation_{axis}_media"] = mapped
        head = list(islice(sheet.rows, LEARNT_FROM))
        self.per_ms = self._per_ms(head)
        self.rows = chain(head, sheet.rows)

    def text(self, row: Row, name: str) -> str:
        """Give what a row says of something; blank where the export lacks it."""
        return row.text(self.columns[name])

    def number(self, row: Row, name: str) -> str:
        """Give a number that a row says."""
        return number(self.text(row, name))

    def key(self, row: Row) -> Cells:
        """Tell of whom and of what a row is."""
        participant, recording, stimulus = (self.text(row, name) for name in KEY)
        return participant, recording, "" if stimulus.lower() == NO_STIMULUS else stimulus

    def time(self, row: Row) -> float:
        """Give the time of a row in milliseconds."""
        return float(self.number(row, "time")) / self.per_ms

    def is_of_eyes(self, row: Row) -> bool:
        """Tell whether a row is one of the tracker's, not of a mouse or an event."""
        sensor = self.text(row, "sensor").lower()
        if sensor.startswith(("gyro", "accel", "magnet")):
            message = "this is of Tobii Glasses, whose positions are those in the camera's picture."
            remedy = "Map the gaze onto the image in Pro Lab, and say which columns hold it."
            raise ManifestError(message, where=self.sheet.path, remedy=remedy)
        if self.columns["sensor"] is not None:
            return sensor == "eye tracker"
        # In Studio, events between two samples have their fixation's type, but no gaze.
        named = [name for name in OF_SAMPLES if self.columns[name] is not None]
        return any(self.text(row, name) for name in named or ("type", "number"))

    def sizes(self, row: Row) -> Cells:
        """Give width and height of the screen and of the image."""
        sizes = [self.number(row, name) for name in SIZES]
        if resolution := self.text(row, "resolution"):  # 1920 x 1080
            sizes[:2] = (part.strip() for part in resolution.split("x")[:2])
        return tuple(sizes)

    def position(self, row: Row, name: str) -> Cells:
        """Give a position on the screen, on the image in pixels, and in shares of it."""
        kinds = ("", "_media", "_share")
        return tuple(self.number(row, f"{name}_{axis}{kind}") for kind in kinds for axis in "xy")

    def completed(self, position: Cells, row: Row) -> Cells:
        """Fill in what of a position follows from where the image stood on the screen."""
        by_axis = []
        for place, edge, size in ((0, "left_edge", "media_width"), (1, "top_edge", "media_height")):
            on_screen, on_image, share = position[place::2]
            edge_px, size_px = self.number(row, edge), self.number(row, size)
            if on_screen == "" and on_image != "" and edge_px:
                on_screen = float(on_image) + float(edge_px)
            elif on_image == "" and on_screen != "" and edge_px:
                on_image = float(on_screen) - float(edge_px)
            if share == "" and on_image != "" and size_px:
                share = float(on_image) / float(size_px)
            by_axis.append((on_screen, on_image, share))
        return tuple(cell for both in zip(*by_axis, strict=True) for cell in both)

    def _per_ms(self, head: list[Row]) -> float:
        column = self.columns["time"]
        unit = "" if column is None else self.sheet.unit(column)
        if unit in MS:
            return MS[unit]
        times = [float(self.number(row, "time")) for row in head if self.text(row, "time")]
        steps = [after - before for before, after in pairwise(times)]
        steps = [step for step in steps if step > 0]
        return 1e3 if steps and median(steps) > MAX_STEP_MS and self._is_by_sample() else 1.0

    def _is_by_sample(self) -> bool:
        """Tell an export of samples from Studio's table of fixations, one a row."""
        return self.columns["sensor"] is not None or self.columns["valid_left"] is not None


def read(path: Path, table: str) -> Content:
    """Read the fixations, the samples or the events."""
    export = Export(path)
    names, rows = {
        "fixations": (FIXATIONS, _fixations),
        "samples": (SAMPLES, _samples),
        "messages": (MESSAGES, _messages),
    }[table]
    other_columns = [name for name in export.sheet.header if name not in names]
    places = [export.sheet.header.index(name) for name in other_columns]
    cells = ((*ours, *(row.cells[place] for place in places)) for ours, row in rows(export))
    return in_pieces((*names, *other_columns), checked(export.sheet, cells))


def _fixations(export: Export) -> Iterator[tuple[Cells, Row]]:
    if export.columns["type"] is None and export.columns["number"] is None:
        message = "this export has no fixations: neither Eye movement type nor FixationIndex."
        remedy = "Export it with a fixation filter, or use its samples."
        raise ManifestError(message, where=export.sheet.path, remedy=remedy)
    fixation: Fixation | None = None
    for row in export.rows:
        if not export.is_of_eyes(row):
            continue
        name = _fixation_name(export, row)
        is_over = name or export.columns["number"] is None  # else it may go on
        if fixation is not None and name != fixation.name and is_over:
            yield _finished(export, fixation)
            fixation = None
        if not name:
            continue
        if fixation is None:
            fixation = _begun(export, row, name)
        elif export.key(row) != export.key(fixation.row):  # another stimulus came up
            end = fixation.end
            fixation.end = export.time(row)
            yield _finished(export, fixation)
            fixation = Fixation(name, row, export.time(row), end, fixation.position)
        _add(export, fixation, row)
    if fixation is not None:
        yield _finished(export, fixation)


def _fixation_name(export: Export, row: Row) -> Cells:
    """Give what tells a fixation from others; empty where a row is of none."""
    kind = export.text(row, "type").lower()
    index = export.text(row, "number")
    if kind != "fixation" and (export.columns["type"] is not None or not index):
        return ()
    whom = export.text(row, "participant"), export.text(row, "recording")
    if export.columns["number"] is not None:
        return (*whom, index)
    return (*whom, export.text(row, "duration"), *export.position(row, "fixation"))


def _begun(export: Export, row: Row, name: Cells) -> Fixation:
    start, duration = export.time(row), export.number(row, "duration")
    return Fixation(name, row, start, start + float(duration) if duration else None)


def _add(export: Export, fixation: Fixation, row: Row) -> None:
    """Add a row to its fixation."""
    fixation.last = export.time(row)
    if not any(fixation.position):
        fixation.position = export.position(row, "fixation")
    gaze = export.position(row, "gaze")[:2]
    if all(gaze):
        fixation.gaze.append(gaze)


def _finished(export: Export, fixation: Fixation) -> tuple[Cells, Row]:
    row, n_rows = fixation.row, max(len(fixation.gaze), 1)
    position = fixation.position
    if not any(position) and fixation.gaze:  # as in Studio, where there was no image
        x, y = (mean(*texts) for texts in zip(*fixation.gaze, strict=True))
        position = x, y, "", "", "", ""
    end = fixation.end
    if end is None:  # a sample lasts as long as those before it
        steps = max(n_rows - 1, 1)
        end = fixation.last + (fixation.last - fixation.start) / steps
    span = fixation.start, end - fixation.start
    cells = (*export.key(row), *span, *export.completed(position, row), n_rows, *export.sizes(row))
    return cells, row


def _samples(export: Export) -> Iterator[tuple[Cells, Row]]:
    for row in export.rows:
        if not export.is_of_eyes(row):
            continue
        position = export.position(row, "gaze")
        if not any(position):
            position = _both_eyes(export, row)
        position = export.completed(position, row)
        cells = *export.key(row), export.time(row), *position, _is_valid(export, row)
        yield (*cells, *export.sizes(row)), row


def _both_eyes(export: Export, row: Row) -> Cells:
    """Give the mean of the eyes that are seen."""
    eyes = []
    for eye in ("left", "right"):
        verdict = _verdict(export.text(row, f"valid_{eye}"))
        eyes.append(export.position(row, eye) if verdict != "0" else ("",) * len(POSITIONS))
    return tuple(mean(*texts) for texts in zip(*eyes, strict=True))


def _is_valid(export: Export, row: Row) -> str:
    """Tell whether an eye was seen; words that are not known are given on as they are."""
    texts = [export.text(row, f"valid_{eye}") for eye in ("left", "right")]
    verdicts = [_verdict(text) for text in texts if text]
    return "1" if not verdicts or "1" in verdicts else verdicts[0]


def _verdict(text: str) -> str:
    """Read the codes of validity: Pro Lab's words, and Studio's of which 0 and 1 are sure."""
    code = text.lower()
    if code in {"valid", "0", "1", ""}:
        return "1"
    return "0" if code in {"invalid", "2", "3", "4"} else text


def _messages(export: Export) -> Iterator[tuple[Cells, Row]]:
    for row in export.rows:
        if event := export.text(row, "event"):
            text = f"{event} {export.text(row, 'event_value')}".strip()
            yield (*export.key(row), export.time(row), text), row
