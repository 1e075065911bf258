"""Fixations as BIDS eye tracking (BIDS 1.11, once BEP 020); the Gaussians lie beside as CSV.

The subjects of BIDS are those whose eyes were followed: the radiologists. No source says who of
them read what, so a data set is one subject, and a reading one session.
"""

import gzip
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from gazescribe.pipeline.core.console import progress
from gazescribe.pipeline.core.csv_writing import FORMULA
from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.tables import rows_of
from gazescribe.pipeline.export.contents import Contents
from gazescribe.pipeline.export.table_files import JSON, TSV, FileSet, write_tables
from gazescribe.pipeline.export.units import NONE, round_time, unit_of
from gazescribe.pipeline.sources.manifests import Screen

VERSION = "1.11.0"
TASK = "dictation"
IGNORE_FILE = ".bidsignore"  # names what the validator of BIDS does not know
IGNORED = (
    *("*.csv", "*.py", "*.md", "*.html"),
    *("SHA256SUMS", "croissant.json", "provenance.json", "images/"),
)
PHYSIO = {  # column of BIDS: column of ours, unit
    "timestamp": ("onset_s", "s"),
    "x_coordinate": ("x_px", "pixel"),
    "y_coordinate": ("y_px", "pixel"),
    "pupil_size": ("pupil_area_norm", "arbitrary"),
}
FIXATIONS = TABLES["fixations"].schema
PHYSIO_SIDECAR = {
    "Columns": list(PHYSIO),
    "Description": "One row a fixation, as the source detected them: not evenly sampled."
    " SamplingFrequency is the tracker's. RecordedEye is cyclopean also where one eye was followed"
    " and the source does not say which: BIDS has no word for that.",
    "PhysioType": "eyetrack",
    "RecordedEye": "cyclopean",
    "SampleCoordinateSystem": "custom",
    "SampleCoordinateSystemDescription": "Pixels of the original radiograph, origin at the centre"
    " of its top-left pixel, x right, y down. Readers could zoom and pan: this is not the screen.",
    "StartTime": 0,
    "TaskName": TASK,
    **{
        name: {
            "Description": FIXATIONS.field(column).metadata[b"description"].decode(),
            "Units": unit,
        }
        for name, (column, unit) in PHYSIO.items()
    },
}
PHYSIOEVENTS_SIDECAR = {
    "Columns": ["onset", "duration", "trial_type"],
    "Description": "The same fixations with their durations",
    "OnsetSource": "timestamp",
    "TaskName": TASK,
    "duration": {"Description": "End less start", "Units": "s"},
    "trial_type": {"Levels": {"fixation": "A fixation"}},
}
EVENTS_SIDECAR = {
    "TaskName": TASK,
    "TaskDescription": "A radiologist looks at a radiograph and dictates what is seen.",
    "onset": {"Description": "Start of the window of gaze", "Units": "s"},
    "duration": {"Description": "End less start", "Units": "s"},
    "trial_type": {"Description": "Kind of the window, as in windows.csv"},
    "labels": {"Description": "Labels mentioned in it, separated by |"},
    "window": {"Description": "Number of the window in windows.csv and gaussians.csv"},
}
PARTICIPANTS_SIDECAR = {
    "participant_id": {"Description": "All radiologists of a data set: none says who read what"},
    "n_readings": {"Description": "Readings, each a session"},
}

Row = dict[str, Any]


def write(contents: Contents, folder: Path, screens: Mapping[str, Screen]) -> list[FileSet]:
    """Write tables and fixations, and the screen of each data set; give what was written.

    Raises
    ------
    GazeError
        If two readings get the same label, which has letters and digits alone, or one an empty one.
    """
    readings = contents.tables["readings"].to_pylist()
    ids = [row["reading_id"] for row in readings]
    nameless = sorted({name for name in (*ids, *screens) if not _label(name)})
    if nameless:
        message = "BIDS names folders by the letters a to z and digits, and these have none."
        raise GazeError(message, remedy="Rename them.", faults=nameless)
    if len(set(map(_label, ids))) < len(ids):
        raise GazeError("two readings get the same BIDS label, which has letters and digits alone.")
    fixations = rows_of(contents.tables["fixations"], "reading_id", ids)
    windows: dict[str, list[Row]] = {reading_id: [] for reading_id in ids}
    for row in contents.tables["windows"].to_pylist():
        windows[row["reading_id"]].append(row)
    for row in progress(readings, "BIDS", total=len(ids)):
        subject, session = f"sub-{_label(row['dataset'])}", f"ses-{_label(row['reading_id'])}"
        beh = folder / subject / session / "beh"
        beh.mkdir(parents=True)
        stem = f"{beh}/{subject}_{session}_task-{TASK}_"
        _write_gaze(stem, fixations[row["reading_id"]], screens[row["dataset"]])
        _write_events(stem, windows[row["reading_id"]], screens[row["dataset"]])
    _write_top(folder, sorted(screens))
    _write_subjects(folder, contents.tables["readings"])
    return [
        *write_tables(contents, folder, ".csv"),
        FileSet("physio", "sub-*/ses-*/beh/*_physio.tsv.gz", TSV, "Fixations, without header"),
        FileSet("physioevents", "sub-*/ses-*/beh/*_physioevents.tsv.gz", TSV, "Their durations"),
        FileSet("events", "sub-*/ses-*/beh/*_events.tsv", TSV, "Windows: which label, when"),
        FileSet("sidecars", "sub-*/ses-*/beh/*.json", JSON, "What the columns of these are"),
        FileSet("sessions", "sub-*/*_sessions.tsv", TSV, "One row a reading, as readings.csv"),
    ]


def _label(text: str) -> str:
    return re.sub(r"[^0-9A-Za-z]", "", text)


def _write_gaze(stem: str, fixations: Row, screen: Screen) -> None:
    times = {name: round_time(fixations[name]) for name in ("onset_s", "offset_s")}
    columns = [{**fixations, **times}[column].tolist() for column, _ in PHYSIO.values()]
    _write_tsv(f"{stem}recording-eye1_physio.tsv.gz", zip(*columns, strict=True))
    device: Row = {"SamplingFrequency": screen.sampling_hz}
    if screen.tracker is not None:
        device = {"ManufacturersModelName": screen.tracker, **device}
    _write_json(f"{stem}recording-eye1_physio.json", {**PHYSIO_SIDECAR, **device})
    durations = round_time(times["offset_s"] - times["onset_s"]).tolist()
    events = zip(columns[0], durations, ["fixation"] * len(durations), strict=True)
    _write_tsv(f"{stem}recording-eye1_physioevents.tsv.gz", events)
    _write_json(f"{stem}recording-eye1_physioevents.json", PHYSIOEVENTS_SIDECAR)


def _write_events(stem: str, windows: list[Row], screen: Screen) -> None:
    events: list[tuple[Any, ...]] = [("onset", "duration", "trial_type", "labels", "window")]
    # BIDS asks for rows in the order of onset; windows come in that of their numbers.
    for row in sorted(windows, key=lambda row: (row["start_s"], row["window"])):
        if row["status"] == "ok":
            start_s = round_time(row["start_s"])
            duration_s = round_time(row["end_s"] - row["start_s"])
            labels = "|".join(row["labels"]) or None
            events.append((start_s, duration_s, row["kind"], labels, row["window"]))
    _write_tsv(f"{stem}events.tsv", events)
    _write_json(f"{stem}events.json", {**EVENTS_SIDECAR, "StimulusPresentation": _shown(screen)})


def _shown(screen: Screen) -> Row:
    """Describe the screen, lengths in metres; what no source tells is left out."""
    shown: Row = {
        "ScreenOrigin": ["top", "left"],
        "ScreenResolution": [screen.width_px, screen.height_px],
    }
    if screen.width_mm and screen.height_mm:
        shown["ScreenSize"] = [screen.width_mm / 1000, screen.height_mm / 1000]
    if screen.distance_mm:
        shown["ScreenDistance"] = screen.distance_mm / 1000
    return shown


def _write_top(folder: Path, datasets: Sequence[str]) -> None:
    """Write what describes the whole export."""
    description = {
        "Name": f"Fixations of {', '.join(datasets)}",
        "BIDSVersion": VERSION,
        "DatasetType": "raw",
        "License": "see LICENSE_NOTICE.md",
        "GeneratedBy": [{"Name": "gazescribe", "Description": "see provenance.json"}],
    }
    _write_json(f"{folder}/dataset_description.json", description)
    (folder / IGNORE_FILE).write_text("\n".join(IGNORED) + "\n", encoding="utf-8")
    _write_json(f"{folder}/participants.json", PARTICIPANTS_SIDECAR)


def _write_subjects(folder: Path, readings: pa.Table) -> None:
    """List the subjects, one a data set, and the sessions of each, one a reading."""
    about = {}
    for field in readings.schema:
        about[field.name] = {"Description": field.metadata[b"description"].decode()}
        if unit_of(field) != NONE:
            about[field.name]["Units"] = unit_of(field)
    sessions: dict[str, list[tuple[Any, ...]]] = {}
    for row in readings.to_pylist():
        session = (f"ses-{_label(row['reading_id'])}", *row.values())
        sessions.setdefault(row["dataset"], []).append(session)
    counts = []
    for dataset, rows in sorted(sessions.items()):
        subject = f"sub-{_label(dataset)}"
        counts.append((subject, len(rows)))
        stem = f"{folder}/{subject}/{subject}_sessions"
        _write_tsv(f"{stem}.tsv", [("session_id", *readings.column_names), *rows])
        _write_json(f"{stem}.json", about)
    _write_tsv(f"{folder}/participants.tsv", [("participant_id", "n_readings"), *counts])


def _write_tsv(path: str, rows: Iterable[Sequence[Any]]) -> None:
    """Write tab-separated values; a name that ends with .gz is compressed."""
    text = "".join("\t".join(map(_cell, row)) + "\n" for row in rows).encode()
    # Without a time in the header of gzip, a rebuild gives the same bytes.
    Path(path).write_bytes(gzip.compress(text, mtime=0) if path.endswith(".gz") else text)


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "n/a"
    if not isinstance(value, str):
        return str(value)
    text = f"'{value}" if re.match(FORMULA, value) else value
    return re.sub(r"[\t\r\n]", " ", text)


def _write_json(path: str, content: Mapping[str, Any]) -> None:
    Path(path).write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")
