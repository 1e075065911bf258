"""The readings of somebody's own data set, from its table of readings or from all its tables."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from gazescribe.pipeline.ingest.by_manifest.rows import Rows, read_rows
from gazescribe.pipeline.ingest.by_manifest.units import BEGIN, Moment
from gazescribe.pipeline.ingest.csv_files import Floats
from gazescribe.pipeline.sources.faults import Fault, Findings
from gazescribe.pipeline.sources.table_manifests import (
    ID,
    LOSES,
    OwnManifest,
    ReadingColumns,
    Source,
    columns_of,
)

SPLIT_NAMES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validate", "validation", "val", "valid", "dev"), "validate"),
    **dict.fromkeys(("test", "testing"), "test"),
}
_WHOLE = re.compile(r"-?\d{1,18}")

Pieces = dict[str, Rows | tuple[str, ...]]
"""By table: the rows of one reading, or the paths of its file and of the one beside."""


@dataclass(frozen=True)
class OwnReading:
    """One reading and where its tables are; `subject` and `published` are as the source says."""

    reading_id: str
    subject: str
    dicom_id: str
    published: str | None = None
    study_id: int | None = None
    width_px: int | None = None
    height_px: int | None = None
    image_path: str | None = None
    text: str | None = None
    diagnosis: str | None = None
    audio_start: Moment = BEGIN
    attributes: dict[str, str] = field(default_factory=dict)
    split: str | None = None
    pieces: Pieces = field(default_factory=dict)

    @property
    def subject_id(self) -> int:
        """The subject as a number: its own, or one that its name always gives."""
        if _WHOLE.fullmatch(self.subject):
            return int(self.subject)
        digest = hashlib.sha256(self.subject.encode()).digest()
        return int.from_bytes(digest[:7], "big") + 10**15  # no number of a person is as large


def find_readings(root: Path, manifest: OwnManifest) -> tuple[list[OwnReading], list[Fault]]:
    """Find all readings and their tables.

    Gives readings sorted by id, without splits, and everything wrong, errors among it. Where there
    is no table of readings, they are all that another table names.
    """
    faults: list[Fault] = []
    files = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    pieces = {
        name: _pieces(name, table, root, files, manifest, faults)
        for name, table in manifest.tables.given().items()
    }
    if "readings" in pieces:
        readings = list(_listed(root, pieces.pop("readings"), manifest, faults))
        _note_strangers({reading.reading_id for reading in readings}, pieces, faults)
    else:  # no reader and no image is known: each reading is of its own subject and image
        ids = sorted(set[str]().union(*pieces.values()))
        readings = [OwnReading(reading_id, reading_id, reading_id) for reading_id in ids]
    if not readings and not faults:
        faults.append(Fault("error", "no_reading", "no reading was found", "the tree"))
    _refuse_twice_named(readings, faults)
    for number, reading in enumerate(readings):
        key = reading.reading_id
        of_reading = {name: rows[key] for name, rows in pieces.items() if key in rows}
        readings[number] = replace(reading, pieces=of_reading)
    return readings, faults


def _pieces(
    name: str,
    table: Source,
    root: Path,
    files: Sequence[str],
    manifest: OwnManifest,
    faults: list[Fault],
) -> Pieces:
    """Find the tables of each reading, by its id."""
    by_key = _paths(name, files, manifest, faults)
    if not by_key:
        message = f"no file has a name like this, which tables.{name} asks for"
        faults.append(Fault("error", f"{name}_missing", message, table.file, loses=LOSES[name]))
        return {}
    if "{reading_id}" in table.file:
        if name != "readings":  # a column that the first file lacks, the manifest has wrong
            noted: list[Fault] = []
            _read(root, table, next(iter(by_key.values())), noted, None)
            faults += [fault for fault in noted if fault.severity == "error"]
        return {key: paths for key, paths in sorted(by_key.items()) if _is_id(key, manifest)}
    pieces: dict[str, Rows] = {}
    for paths in by_key.values():
        rows = _read(root, table, paths, faults, None)
        for reading_id, piece in _by_reading(rows, table, manifest, faults).items():
            if reading_id in pieces:
                message = f"reading {reading_id} stands in {pieces[reading_id].file} too"
                fault = Fault("error", f"{name}_twice", message, piece.file, item=reading_id)
                faults.append(fault)
            pieces[reading_id] = piece
    return dict(pieces)


def _paths(
    name: str, files: Sequence[str], manifest: OwnManifest, faults: list[Fault]
) -> dict[str, tuple[str, ...]]:
    """Give the files of a table, each with the one beside it, by reading; else by path."""
    matches: list[dict[str, str]] = []
    for file in manifest.files:
        if file.name not in {name, f"{name}_beside"}:
            continue
        by_key: dict[str, str] = {}
        for path in files:
            if match := manifest.matcher(file).fullmatch(path):
                if "{reading_id}" in file.pattern:
                    key = match["reading_id"]
                else:  # a single file beside stands beside all
                    key = path if file.name == name else ""
                if key in by_key:
                    message = f"{by_key[key]} is of the same reading too"
                    faults.append(Fault("error", f"{name}_two_files", message, path, item=key))
                by_key[key] = path
        matches.append(by_key)
    main, *beside = matches
    return {
        key: (path, *(paths.get(key, paths.get("", "the file beside")) for paths in beside))
        for key, path in main.items()
    }


def _read(
    root: Path, table: Source, paths: tuple[str, ...], faults: list[Fault], item: str | None
) -> Rows | None:
    return read_rows(root, table, paths, Findings(paths[0], item, faults), "error")


def _by_reading(
    rows: Rows | None, table: Source, manifest: OwnManifest, faults: list[Fault]
) -> dict[str, Rows]:
    if rows is None:
        return {}
    pieces = rows.by(columns_of(table)["reading_id"])
    for reading_id in sorted(pieces):
        if not _is_id(reading_id, manifest):
            row = int(pieces[reading_id].places.min()) + 1
            message = f"reading_id {reading_id!r} is not of the form {manifest.ids['reading_id']}"
            faults.append(Fault("error", "bad_reading_id", message, rows.file, row))
            del pieces[reading_id]
    return pieces


def _is_id(text: str, manifest: OwnManifest) -> bool:
    return manifest.is_id("reading_id", text) and re.fullmatch(ID, text) is not None


def _note_strangers(ids: set[str], pieces: Mapping[str, Pieces], faults: list[Fault]) -> None:
    """Note what belongs to readings that the table of readings does not name."""
    for name, by_reading in pieces.items():
        for reading_id, piece in by_reading.items():
            if reading_id in ids:
                continue
            file, n = (piece.file, len(piece)) if isinstance(piece, Rows) else (piece[0], 1)
            message = f"reading {reading_id} is not in the table of readings"
            code = f"{name}_unknown_reading"
            faults.append(Fault("loss", code, message, file, None, reading_id, LOSES[name], n))


def _refuse_twice_named(readings: Sequence[OwnReading], faults: list[Fault]) -> None:
    """Refuse two subjects that get the same number."""
    seen: dict[int, str] = {}
    for reading in readings:
        first = seen.setdefault(reading.subject_id, reading.subject)
        if first != reading.subject:
            message = f"subjects {first!r} and {reading.subject!r} are the same number"
            faults.append(Fault("error", "subject_twice", message, "the table of readings"))


def _listed(
    root: Path, pieces: Pieces, manifest: OwnManifest, faults: list[Fault]
) -> Iterator[OwnReading]:
    table = manifest.tables.readings
    if table is None:
        return
    for reading_id, piece in sorted(pieces.items()):
        if isinstance(piece, Rows):
            rows: Rows | None = piece
        else:
            rows = _read(root, table, piece, faults, reading_id)
        if rows is not None and len(rows):
            findings = Findings(rows.file, reading_id, faults)
            yield _reading(reading_id, rows, table.columns, table.attributes, manifest, findings)


def _reading(
    reading_id: str,
    rows: Rows,
    columns: ReadingColumns,
    attributes: Sequence[str],
    manifest: OwnManifest,
    findings: Findings,
) -> OwnReading:
    facts = _Facts(rows, columns, findings)
    subject = facts.text("subject_id") or facts.text("dicom_id") or reading_id
    ids = {"subject_id": subject, "dicom_id": facts.text("dicom_id") or reading_id}
    for kind, text in ids.items():
        pattern = manifest.ids.get(kind, ID)
        if not re.fullmatch(pattern, text) or "/" in text:
            facts.error(f"bad_{kind}", f"{kind} {text!r} is not of the form {pattern}")
    split = facts.text("split")
    if split and split.lower() not in SPLIT_NAMES:
        facts.error("unknown_split", f"split {split!r} is none of {', '.join(SPLIT_NAMES)}")
    return OwnReading(
        reading_id=reading_id,
        subject=subject,
        dicom_id=ids["dicom_id"],
        published=SPLIT_NAMES.get(split.lower()) if split else None,
        study_id=facts.whole("study_id"),
        width_px=facts.whole("width_px"),
        height_px=facts.whole("height_px"),
        image_path=facts.text("image_path") or None,
        text=facts.text("text") or None,
        diagnosis=facts.text("diagnosis") or None,
        audio_start=facts.audio_start(),
        attributes={name: str(rows.columns[name][0]) for name in attributes},
    )


@dataclass(frozen=True)
class _Facts:
    """Facts of one reading from one row, or from several that should agree."""

    rows: Rows
    columns: ReadingColumns
    findings: Findings

    def error(self, code: str, message: str) -> None:
        self.findings.add(
            "error", code, message, row=int(self.rows.places[0]) + 1, loses="readings"
        )

    def text(self, name: str) -> str:
        cell = getattr(self.columns, name)
        if cell is None:
            return ""
        texts = self.rows.text(cell)
        differs = np.array(texts, dtype=object) != texts[0]
        message = f"say another {name} than the first, {texts[0]!r}, which is kept"
        self.findings.add_rows(
            "warning", f"{name}_differs", message, differs, rows=self.rows.places
        )
        return texts[0]

    def number(self, name: str) -> float:
        cell = getattr(self.columns, name)
        text = self.text(name)
        if cell is None or not text:
            return np.nan
        values: Floats = self.rows.numbers(cell)[0]
        if np.isnan(values[0]):
            message = f"{name} {text!r} is no number"
            row = int(self.rows.places[0]) + 1
            self.findings.add("loss", f"{name}_unreadable", message, row=row, loses=name)
        return float(values[0])

    def whole(self, name: str) -> int | None:
        value = self.number(name)
        if np.isnan(value):
            return None
        if value < 0 or value % 1:
            message = f"{name} {value} is no count"
            self.findings.add("loss", f"{name}_unreadable", message, loses=name)
            return None
        return int(value)

    def audio_start(self) -> Moment:
        cell = self.columns.audio_start
        value = self.number("audio_start")
        return BEGIN if cell is None or np.isnan(value) else Moment(value, cell.unit)
