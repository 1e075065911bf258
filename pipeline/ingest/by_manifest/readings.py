"""Which readings somebody's own data set has, and what its tables say of each."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gazescribe.pipeline.ingest.by_manifest.files import Rows, read_rows
from gazescribe.pipeline.ingest.by_manifest.units import BEGIN, Moment
from gazescribe.pipeline.ingest.csv_files import Floats
from gazescribe.pipeline.sources.faults import Fault, Findings
from gazescribe.pipeline.sources.table_manifests import (
    ID,
    LOSES,
    OwnManifest,
    ReadingColumns,
    Source,
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
class Reading:
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


def find_readings(root: Path, manifest: OwnManifest) -> tuple[list[Reading], list[Fault]]:
    """Find all readings and their tables.

    Parameters
    ----------
    root : pathlib.Path
        Root of the tree.
    manifest : OwnManifest
        Of the data set.

    Returns
    -------
    readings : list of Reading
        Sorted by id, without splits. Where there is no table of readings: all that a table names.
    faults : list of Fault
        Everything wrong, errors among them.
    """
    faults: list[Fault] = []
    listed = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    pieces = {
        name: _pieces(name, table, root, listed, manifest, faults)
        for name, table in manifest.tables.given().items()
    }
    if "readings" in pieces:
        readings = list(_listed(root, pieces.pop("readings"), manifest, faults))
        _note_strangers({reading.reading_id for reading in readings}, pieces, faults)
    else:
        ids = sorted({one for found in pieces.values() for one in found})
        readings = [Reading(one, one, one) for one in ids]
    if not readings and not faults:
        faults.append(Fault("error", "no_reading", "no reading was found", "the tree"))
    _refuse_twice_named(readings, faults)
    return [_with(reading, pieces) for reading in readings], faults


def _with(reading: Reading, pieces: Mapping[str, Mapping[str, Any]]) -> Reading:
    own = {
        name: found[reading.reading_id]
        for name, found in pieces.items()
        if reading.reading_id in found
    }
    return Reading(**{**vars(reading), "pieces": own})


def _pieces(
    name: str,
    table: Source,
    root: Path,
    listed: Sequence[str],
    manifest: OwnManifest,
    faults: list[Fault],
) -> Pieces:
    """Find the tables of each reading, by its id."""
    by_path = _paths(name, listed, manifest, faults)
    if not by_path:
        message = f"no file has a name like this, which tables.{name} asks for"
        faults.append(Fault("error", f"{name}_missing", message, table.file, loses=LOSES[name]))
        return {}
    if "{reading_id}" in table.file:
        if name != "readings":  # what the first file lacks, the manifest has most likely wrong
            noted: list[Fault] = []
            _read(root, table, next(iter(by_path.values())), noted, None)
            faults += [fault for fault in noted if fault.severity == "error"]
        return {one: paths for one, paths in sorted(by_path.items()) if _is_id(one, manifest)}
    found: dict[str, Rows] = {}
    for paths in by_path.values():
        rows = _read(root, table, paths, faults, None)
        for one, own in _by_reading(rows, table, manifest, faults).items():
            if one in found:
                message = f"reading {one} stands in {found[one].file} too"
                faults.append(Fault("error", f"{name}_twice", message, own.file, item=one))
            found[one] = own
    return dict(found)


def _paths(
    name: str, listed: Sequence[str], manifest: OwnManifest, faults: list[Fault]
) -> dict[str, tuple[str, ...]]:
    """Give the files of a table, each with the one beside it, by reading; else by path."""
    found: list[dict[str, str]] = []
    for file in manifest.files:
        if file.name not in {name, f"{name}_beside"}:
            continue
        of_reading, by_key = "{reading_id}" in file.pattern, dict[str, str]()
        alone = "" if file.name != name else None  # one file stands beside all
        for path in listed:
            if hit := manifest.matcher(file).fullmatch(path):
                key = hit["reading_id"] if of_reading else path if alone is None else alone
                if key in by_key:
                    message = f"{by_key[key]} is of the same reading too"
                    faults.append(Fault("error", f"{name}_two_files", message, path, item=key))
                by_key[key] = path
        found.append(by_key)
    first, *others = found
    return {
        key: (path, *(other.get(key, other.get("", "the file beside")) for other in others))
        for key, path in first.items()
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
    columns: Any = getattr(table, "columns")  # noqa: B009 (each kind of table has its own)
    found = rows.by(columns.reading_id)
    for one in sorted(found):
        if not _is_id(one, manifest):
            row = int(found[one].places.min()) + 1
            message = f"reading_id {one!r} is not of the form {manifest.ids['reading_id']}"
            faults.append(Fault("error", "bad_reading_id", message, rows.file, row))
            del found[one]
    return found


def _is_id(text: str, manifest: OwnManifest) -> bool:
    return manifest.is_id("reading_id", text) and re.fullmatch(ID, text) is not None


def _note_strangers(known: set[str], pieces: Mapping[str, Pieces], faults: list[Fault]) -> None:
    """Note what belongs to readings that the table of readings does not name."""
    for name, found in pieces.items():
        for one, piece in found.items():
            if one not in known:
                file, n = (piece.file, len(piece)) if isinstance(piece, Rows) else (piece[0], 1)
                message = f"reading {one} is not in the table of readings"
                code = f"{name}_unknown_reading"
                faults.append(Fault("loss", code, message, file, None, one, LOSES[name], n))


def _refuse_twice_named(readings: Sequence[Reading], faults: list[Fault]) -> None:
    """Refuse two subjects that get the same number."""
    seen: dict[int, str] = {}
    for reading in readings:
        first = seen.setdefault(reading.subject_id, reading.subject)
        if first != reading.subject:
            message = f"subjects {first!r} and {reading.subject!r} are the same number"
            faults.append(Fault("error", "subject_twice", message, "the table of readings"))


def _listed(
    root: Path, pieces: Pieces, manifest: OwnManifest, faults: list[Fault]
) -> Iterator[Reading]:
    table = manifest.tables.readings
    for one, piece in sorted(pieces.items()):
        if table is None:
            continue
        if isinstance(piece, Rows):
            rows: Rows | None = piece
        else:
            rows = _read(root, table, piece, faults, one)
        if rows is not None and len(rows):
            found = Findings(rows.file, one, faults)
            yield _reading(one, rows, table.columns, table.attributes, manifest, found)


def _reading(
    reading_id: str,
    rows: Rows,
    columns: ReadingColumns,
    attributes: Sequence[str],
    manifest: OwnManifest,
    found: Findings,
) -> Reading:
    one = _Facts(rows, columns, found)
    subject = one.text("subject_id") or one.text("dicom_id") or reading_id
    facts = {"subject_id": subject, "dicom_id": one.text("dicom_id") or reading_id}
    for kind, text in facts.items():
        pattern = manifest.ids.get(kind, ID)
        if not re.fullmatch(pattern, text) or "/" in text:
            one.error(f"bad_{kind}", f"{kind} {text!r} is not of the form {pattern}")
    split = one.text("split")
    if split and split.lower() not in SPLIT_NAMES:
        one.error("unknown_split", f"split {split!r} is none of {', '.join(SPLIT_NAMES)}")
    return Reading(
        reading_id=reading_id,
        subject=subject,
        dicom_id=facts["dicom_id"],
        published=SPLIT_NAMES.get(split.lower()) if split else None,
        study_id=one.whole("study_id"),
        width_px=one.whole("width_px"),
        height_px=one.whole("height_px"),
        image_path=one.text("image_path") or None,
        text=one.text("text") or None,
        diagnosis=one.text("diagnosis") or None,
        audio_start=one.audio_start(),
        attributes={name: str(rows.columns[name][0]) for name in attributes},
    )


@dataclass(frozen=True)
class _Facts:
    """Facts of one reading from one row, or from several that should agree."""

    rows: Rows
    columns: ReadingColumns
    found: Findings

    def error(self, code: str, message: str) -> None:
        self.found.add("error", code, message, row=int(self.rows.places[0]) + 1, loses="readings")

    def text(self, name: str) -> str:
        cell = getattr(self.columns, name)
        if cell is None:
            return ""
        texts = self.rows.text(cell)
        differs = np.array(texts, dtype=object) != texts[0]
        message = f"say another {name} than the first, {texts[0]!r}, which is kept"
        self.found.add_rows("warning", f"{name}_differs", message, differs, rows=self.rows.places)
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
            self.found.add("loss", f"{name}_unreadable", message, row=row, loses=name)
        return float(values[0])

    def whole(self, name: str) -> int | None:
        value = self.number(name)
        if np.isnan(value):
            return None
        if value < 0 or value % 1:
            self.found.add("loss", f"{name}_unreadable", f"{name} {value} is no count", loses=name)
            return None
        return int(value)

    def audio_start(self) -> Moment:
        cell = self.columns.audio_start
        value = self.number("audio_start")
        return BEGIN if cell is None or np.isnan(value) else Moment(value, cell.unit)
