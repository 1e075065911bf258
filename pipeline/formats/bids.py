"""Eye tracking in BIDS: `…_physio.tsv.gz` with samples, `…_physioevents.tsv.gz` with events.

Names of columns, clock, units and the screen are in JSON files, beside or in any folder above; what
lies nearer wins. Older drafts wrote `…_eyetrack.tsv.gz`, others write names into the first row.
Events have no place: a fixation is where its samples are on average. Source: BIDS Specification
1.10, "Physiological recordings" and "Eye tracking", and its inheritance principle.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.foreign import read_json
from gazescribe.pipeline.formats.pieces import Content, in_pieces
from gazescribe.pipeline.formats.sheets import Row, mean, open_headless

UNITS_MS = {"s": 1e3, "ms": 1.0, "us": 1e-3, "μs": 1e-3, "µs": 1e-3, "ns": 1e-6}
UNITS_MS |= {"seconds": 1e3, "second": 1e3, "sec": 1e3, "milliseconds": 1.0, "nanoseconds": 1e-6}
PIXELS = {"pixel", "pixels", "px", "pix"}
DEGREES = {"deg", "degree", "degrees", "°"}
METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001}
TIME = ("timestamp", "time", "eyetimestamp", "eye1timestamp", "onset")
BLANK = {"", "n/a", "nan", "."}
LEVELS = ("sub-", "ses-")  # of folders, whose JSON files count for all below
DATATYPES = {"func", "beh", "eeg", "meg", "ieeg", "eyetrack", "anat", "dwi", "perf", "motion"}


@dataclass(frozen=True)
class Recording:
    """A table of BIDS and what its JSON files say."""

    path: Path
    facts: Mapping[str, Any]
    screen: Mapping[str, Any]  # `StimulusPresentation` of the task
    header: list[str]
    rows: Iterator[Row]

    def column(self, *names: str) -> int | None:
        """Find the first of these columns, whatever its case and underscores."""
        plain = [name.replace("_", "").replace(" ", "").lower() for name in self.header]
        return next((plain.index(name) for name in names if name in plain), None)

    def unit(self, column: int) -> str:
        """Give the unit of a column, as its description or that of all positions says it."""
        described = self.facts.get(self.header[column])
        units = described.get("Units") if isinstance(described, dict) else None
        return str(units or self.facts.get("SampleCoordinateUnits", "")).strip().lower()


def read(path: Path, table: str) -> Content:
    """Read the samples, the fixations or the messages."""
    is_of_events = _suffix(path).endswith("events")
    if table == "samples":
        if is_of_events:
            message = (
                "this holds events; the samples are in the file that ends with _physio.tsv.gz."
            )
            raise ManifestError(message, where=path)
        return _samples(open_recording(path))
    if not is_of_events:
        message = (
            f"this holds samples; the {table} are in the file that ends with _physioevents.tsv.gz."
        )
        raise ManifestError(message, where=path, remedy="Or detect fixations in its samples.")
    return _fixations(path) if table == "fixations" else _messages(path)


def open_recording(path: Path) -> Recording:
    """Open a table and find all that is said of it."""
    facts = sidecar(path)
    rows = open_headless(path)
    first = next(rows, None)
    names = [str(name) for name in facts.get("Columns", ())]
    if first is not None and (not names or first.cells == names):
        if any(_is_number(cell) for cell in first.cells):
            message = "no JSON file says its Columns, beside it or above."
            raise ManifestError(message, where=path)
        names = first.cells
    elif first is not None:
        rows = chain([first], rows)
    screen = facts.get("StimulusPresentation") or sidecar(path, "events").get(
        "StimulusPresentation"
    )
    return Recording(path, facts, {**facts, **(screen or {})}, names, _checked(path, rows, names))


def sidecar(path: Path, suffix: str | None = None) -> dict[str, Any]:
    """Join the JSON files that count for a table, those of its task above the folders first.

    Each has the same suffix, or `suffix`, and no entity (`task-look`) that the table has not.
    """
    entities = {*path.name.split(".")[0].split("_")[:-1]}
    folders = [path.parent]
    while folders[-1].name.startswith(LEVELS) or folders[-1].name in DATATYPES:
        folders.append(folders[-1].parent)
    facts: dict[str, Any] = {}
    for folder in reversed(folders):
        named: list[tuple[int, Path]] = []
        for file in sorted(folder.glob(f"*{suffix or _suffix(path)}.json")):
            *theirs, its_suffix = file.stem.split("_")
            if {*theirs} <= entities and its_suffix == (suffix or _suffix(path)):
                named.append((len(theirs), file))
        for _, file in sorted(named):
            facts |= read_json(file, ManifestError)
    return facts


def _suffix(path: Path) -> str:
    return path.name.split(".")[0].rpartition("_")[2]


def _checked(path: Path, rows: Iterator[Row], names: Sequence[str]) -> Iterator[Row]:
    for row in rows:
        if len(row.cells) != len(names):
            message = (
                f"row {row.line} has {len(row.cells)} cells, and {len(names)} columns are named."
            )
            raise ManifestError(message, where=path)
        yield row


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _cell(row: Row, column: int | None) -> str:
    text = row.text(column)
    return "" if text.lower() in BLANK else text


def _samples(recording: Recording) -> Content:
    times = _times_ms(recording)
    axes, columns = _axes(recording)
    sizes = _screen_px(recording)
    names = ("time", *axes, "screen_width", "screen_height", *_own(recording, axes))
    places = [recording.header.index(name) for name in _own(recording, axes)]
    cells = (
        (time, *_place(row, columns), *sizes, *(row.cells[place] for place in places))
        for time, row in times
    )
    return in_pieces(names, cells)


def _own(recording: Recording, axes: Sequence[str]) -> list[str]:
    ours = {"time", "screen_width", "screen_height", *axes}
    return [name for name in recording.header if name not in ours]


def _times_ms(recording: Recording) -> Iterator[tuple[float | str, Row]]:
    """Give the time of each row: its own, or counted from the start by the sampling frequency."""
    column = recording.column(*TIME)
    if column is not None:
        scale = _unit_ms(recording, column)
        for row in recording.rows:
            text = _cell(row, column)
            yield float(text) * scale if text else "", row
        return
    frequency, start = (recording.facts.get(key) for key in ("SamplingFrequency", "StartTime"))
    if not isinstance(frequency, int | float) or frequency <= 0:
        message = "there is neither a column timestamp nor a SamplingFrequency in its JSON files."
        raise ManifestError(message, where=recording.path)
    start_s = float(start) if isinstance(start, int | float) else 0.0
    for number, row in enumerate(recording.rows):
        yield 1e3 * start_s + 1e3 * number / frequency, row


def _stated_ms(recording: Recording, column: int) -> float | None:
    """Give how many milliseconds one of a column is; None where its description does not say it."""
    described = recording.facts.get(recording.header[column])
    unit = str(described.get("Units", "")).lower() if isinstance(described, dict) else ""
    return UNITS_MS.get(unit)


def _unit_ms(recording: Recording, column: int) -> float:
    # Where no unit is named, the standard has seconds for onsets; trackers count milliseconds.
    by_name = 1e3 if recording.header[column].lower() == "onset" else 1.0
    return _stated_ms(recording, column) or by_name


def _axes(recording: Recording) -> tuple[tuple[str, str], list[tuple[list[int], float]]]:
    """Find the columns of x and y: their name here, and the factor that makes pixels."""
    columns_by_axis, kinds = [], set()
    for place, axis in enumerate("xy"):
        names = [f"{eye}{axis}coordinate" for eye in ("", "eye1", "eye2", "left", "right")]
        names += [f"{eye}gaze{axis}" for eye in ("", "left", "right")] + [f"gazepoint{axis}", axis]
        columns = [column for name in names if (column := recording.column(name)) is not None]
        if not columns:
            message = (
                f"there is no column {axis}_coordinate (there are: {', '.join(recording.header)})."
            )
            raise ManifestError(message, where=recording.path)
        kind, factor = _conversion(recording, recording.unit(columns[0]), place)
        kinds.add(kind)
        columns_by_axis.append((columns, factor))
    ending = f"_{kinds.pop()}" if kinds != {""} else ""
    return (f"x{ending}", f"y{ending}"), columns_by_axis


def _conversion(recording: Recording, unit: str, place: int) -> tuple[str, float]:
    """Give what becomes of positions: '' for pixels of the screen, `deg`, or the unit as it is."""
    system = str(recording.facts.get("SampleCoordinateSystem", "gaze-on-screen")).lower()
    if "world" in system or "eye-in-head" in system:
        message = f"its positions are {system}, not on the screen."
        raise ManifestError(message, where=recording.path, remedy="Map them onto the image first.")
    origin = recording.screen.get("ScreenOrigin") or recording.facts.get("EnvironmentCoordinates")
    origin = "-".join(origin) if isinstance(origin, list) else str(origin or "top-left")
    if system == "custom":  # described in words alone
        return "custom", 1.0
    if unit in DEGREES:
        return "deg", 1.0
    if unit in METRES:
        size_m, size_px = (recording.screen.get(key) for key in ("ScreenSize", "ScreenResolution"))
        if not size_m or not size_px:
            return unit, 1.0
        return "", METRES[unit] * size_px[place] / size_m[place]
    if origin.lower() not in {"top-left", "topleft", "n/a"}:
        return origin.replace("-", "_"), 1.0
    return "", 1.0


def _place(row: Row, axes: Sequence[tuple[list[int], float]]) -> tuple[float | str, ...]:
    place = []
    for columns, factor in axes:
        value = mean(*(_cell(row, column) for column in columns))
        place.append(value if isinstance(value, str) else value * factor)
    return tuple(place)


def _screen_px(recording: Recording) -> tuple[Any, Any]:
    size = recording.screen.get("ScreenResolution")
    return (size[0], size[1]) if isinstance(size, list) and len(size) == 2 else ("", "")


def _fixations(path: Path) -> Content:
    events = open_recording(path)
    samples_path = _samples_beside(path)
    names, pieces = _samples(open_recording(samples_path))
    axes = (names[1], names[2])
    arrays_by_piece = [
        [np.array([_float(cell) for cell in piece.columns[name]]) for name in ("time", *axes)]
        for piece in pieces
    ]
    arrays_by_piece.append([np.zeros(0)] * 3)  # where there is no sample
    time_ms, x, y = (np.concatenate(arrays) for arrays in zip(*arrays_by_piece, strict=True))
    sizes = _screen_px(open_recording(samples_path))
    rows = (
        (onset_ms, duration_ms, *_centre(onset_ms, duration_ms, time_ms, x, y), *sizes, blink)
        for onset_ms, duration_ms, blink in _fixation_spans(events, samples_path)
    )
    return in_pieces(("start", "duration", *axes, "screen_width", "screen_height", "blink"), rows)


def _samples_beside(path: Path) -> Path:
    name = path.name.replace("_physioevents.", "_physio.").replace("_eyetrackevents.", "_eyetrack.")
    beside = path.with_name(name)
    if not beside.is_file():
        message = f"the samples of these events are missing: {name}."
        raise ManifestError(message, where=path)
    return beside


def _fixation_spans(events: Recording, samples: Path) -> Iterator[tuple[float, float, str]]:
    """Give onset, duration and the flag `blink` of the fixations, on the clock of the samples."""
    onset = events.column("onset", "timestamp")
    duration, kind = events.column("duration"), events.column("trialtype")
    if onset is None or duration is None or kind is None:
        message = (
            f"onset, duration or trial_type is missing (there are: {', '.join(events.header)})."
        )
        raise ManifestError(message, where=events.path)
    per_onset = _event_unit_ms(events, onset, samples)
    per_duration = _stated_ms(events, duration) or per_onset
    for row in events.rows:
        if _cell(row, kind).lower() == "fixation":
            start, length = (_float(_cell(row, column)) for column in (onset, duration))
            blink = _cell(row, events.column("blink"))
            yield start * per_onset, length * per_duration, blink


def _event_unit_ms(events: Recording, onset: int, samples: Path) -> float:
    """Give the unit of onsets: their own, or that of the samples' column that they index."""
    if stated := _stated_ms(events, onset):
        return stated
    recording = open_recording(samples)
    column = recording.column(*TIME)
    return 1e3 if column is None else _unit_ms(recording, column)


def _centre(
    onset_ms: float, duration_ms: float, time_ms: Any, x: Any, y: Any
) -> tuple[float | str, float | str]:
    """Give where the samples of a fixation are on average; blank where none is seen."""
    first, last = np.searchsorted(time_ms, [onset_ms, onset_ms + duration_ms + 1e-6])
    is_seen = ~np.isnan(x[first:last]) & ~np.isnan(y[first:last])
    if not is_seen.any():
        return "", ""
    return float(x[first:last][is_seen].mean()), float(y[first:last][is_seen].mean())


def _float(cell: Any) -> float:
    return float(cell) if cell != "" else np.nan


def _messages(path: Path) -> Content:
    events = open_recording(path)
    onset, text = events.column("onset", "timestamp"), events.column("message")
    if onset is None or text is None:
        message = f"onset or message is missing (there are: {', '.join(events.header)})."
        raise ManifestError(message, where=path)
    scale = _event_unit_ms(events, onset, _samples_beside(path))
    messages = (
        (float(_cell(row, onset)) * scale, _cell(row, text))
        for row in events.rows
        if _cell(row, text)
    )
    return in_pieces(("time", "text"), messages)
