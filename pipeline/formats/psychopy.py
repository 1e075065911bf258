"""What PsychoPy's ioHub recorded: HDF5, or its tables as CSV.

Samples and fixations lie in `data_collection/events/eyetracker`. Positions are in the unit of the
experiment's window: pixels from its centre, y up, unless the experiment says otherwise. Source:
PsychoPy, `psychopy/iohub/devices/eyetracker/eye_events.py`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.foreign import check_file, parsing
from gazescribe.pipeline.formats.pieces import PIECE_ROWS, Content, in_pieces
from gazescribe.pipeline.formats.sheets import mean, number, open_sheet

EVENTS = "data_collection/events"
TABLES = {
    "samples": ("eyetracker/BinocularEyeSampleEvent", "eyetracker/MonocularEyeSampleEvent"),
    "fixations": ("eyetracker/FixationEndEvent",),
    "messages": ("experiment/MessageEvent",),
}
SESSIONS = "data_collection/session_meta_data"
SAMPLES = ("session", "time", "x", "y", "valid", "x_left", "y_left", "x_right", "y_right")
FIXATIONS = ("session", "eye", "start", "duration", "x", "y")
MESSAGES = ("session", "time", "text")
EYES = {"21": "L", "22": "R"}  # EyeTrackerConstants.LEFT_EYE, RIGHT_EYE
RIGHT_LOST, LEFT_LOST = 2, 20  # are added up in `status`

Row = Mapping[str, Any]


def read(path: Path, table: str) -> Content:
    """Read the samples, the fixations or the messages of all sessions."""
    is_hdf5 = path.suffix.lower() in {".hdf5", ".h5", ".hdf"}
    rows = _hdf5_rows(path, table) if is_hdf5 else _csv_rows(path)
    names, cells = {
        "samples": (SAMPLES, _sample),
        "fixations": (FIXATIONS, _fixation),
        "messages": (MESSAGES, _message),
    }[table]
    return in_pieces(names, _checked(rows, cells, path))


def _checked(rows: Iterable[Row], cells: Any, path: Path) -> Iterator[Sequence[Any]]:
    for row in rows:
        try:
            yield cells(row)
        except KeyError as fault:
            message = f"it has no {fault.args[0]}, as ioHub writes it."
            raise ManifestError(message, where=path) from fault


def _hdf5_rows(path: Path, table: str) -> Iterator[Row]:
    import h5py

    check_file(path, ManifestError)
    with parsing(path, "an HDF5 file of PsychoPy's ioHub", ManifestError), h5py.File(path) as file:
        sessions = _sessions(file)
        tables = [file.get(f"{EVENTS}/{name}") for name in TABLES[table]]
        filled = [
            table_of_events
            for table_of_events in tables
            if table_of_events is not None and len(table_of_events)
        ]
        if not filled:
            others = [
                name for name in TABLES if any(file.get(f"{EVENTS}/{t}") for t in TABLES[name])
            ]
            message = f"there are no {table} in it; it holds {', '.join(others) or 'no gaze'}."
            raise ManifestError(message, where=path)
        for table_of_events in filled:
            for start in range(0, len(table_of_events), PIECE_ROWS):
                piece = table_of_events[start : start + PIECE_ROWS]
                columns = {name: piece[name].tolist() for name in piece.dtype.names}
                for cells in zip(*columns.values(), strict=True):
                    row = dict(zip(columns, cells, strict=True))
                    yield {**row, "session": sessions.get(row.get("session_id"), "")}


def _sessions(file: Any) -> dict[Any, str]:
    """Give the code of each session, as it was typed in when it began."""
    table = file.get(SESSIONS)
    if table is None:
        return {}
    codes = (_plain(code) for code in table["code"].tolist())
    return dict(zip(table["session_id"].tolist(), codes, strict=True))


def _csv_rows(path: Path) -> Iterator[Row]:
    sheet = open_sheet(path, ("gazex", "leftgazex", "averagegazex"), "a table of PsychoPy's ioHub")
    for row in sheet.rows:
        cells = dict(zip(sheet.header, row.cells, strict=True))
        yield {**cells, "session": cells.get("session_id", "")}


def _sample(row: Row) -> Sequence[Any]:
    status = int(float(_plain(row["status"]) or 0))
    if "left_gaze_x" in row:
        left = _place(row, "left_gaze", is_lost=status >= LEFT_LOST)
        right = _place(row, "right_gaze", is_lost=status % LEFT_LOST >= RIGHT_LOST)
    else:
        left, right = _place(row, "gaze", is_lost=status > 0), ("", "")
    x, y = (mean(*texts) for texts in zip(left, right, strict=True))
    return row["session"], _plain(row["time"]), x, y, "0" if x == "" else "1", *left, *right


def _fixation(row: Row) -> Sequence[Any]:
    end, duration = float(_plain(row["time"])), float(_plain(row["duration"]))
    place = _place(row, "average_gaze", is_lost=False)
    eye = _plain(row["eye"])
    return row["session"], EYES.get(eye, eye), end - duration, duration, *place


def _message(row: Row) -> Sequence[Any]:
    return row["session"], _plain(row["time"]), _plain(row["text"])


def _place(row: Row, name: str, *, is_lost: bool) -> tuple[str, str]:
    x, y = (number(_plain(row[f"{name}_{axis}"])) for axis in "xy")
    is_seen = not is_lost and "nan" not in {x.lower(), y.lower()} and x and y
    return (x, y) if is_seen else ("", "")


def _plain(value: Any) -> str:
    """Write a cell as text; HDF5 keeps texts as bytes."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text.strip("\0 ")
