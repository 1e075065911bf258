"""Anybody's own data set to tables, by a manifest with the section `tables` (docs/own-data.md).

Reads: the files that the manifest names. Writes: readings, fixations, words, sentences,
certainties, ellipses, regions, attributes, samples where the manifest has them. Params: `ingest`.
Drops, each counted by reason: rows and files that cannot be used, and what belongs to readings that
the table of readings does not name.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gazescribe.pipeline.ingest.by_manifest.reading import (
    OwnReading,
    Pieces,
    read_reading,
    read_samples,
)
from gazescribe.pipeline.ingest.by_manifest.rows import Rows, read_rows
from gazescribe.pipeline.ingest.by_manifest.units import BEGIN, Moment
from gazescribe.pipeline.ingest.chunks import READING_TABLES, Chunk
from gazescribe.pipeline.ingest.protocol import Listing, Plan, Reader
from gazescribe.pipeline.ingest.settings import Ingest, IngestOptions
from gazescribe.pipeline.ingest.splits import check_disjoint, count_splits, plan_splits
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


def _list(root: Path, manifest: OwnManifest, _options: IngestOptions) -> Listing:
    """List the readings, without splits, and where their tables are.

    Where there is no table of readings, they are all that another table names.
    """
    faults: list[Fault] = []
    files = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    pieces = {
        name: _pieces(name, table, root, files, manifest, faults)
        for name, table in manifest.tables.by_name().items()
    }
    if "readings" in pieces:
        readings = list(_listed(root, pieces.pop("readings"), manifest, faults))
        _note_strangers({reading.reading_id for reading in readings}, pieces, faults)
    else:  # no reader and no image is known: each reading is of its own subject and image
        named = sorted(set[str]().union(*pieces.values()))
        readings = [OwnReading(reading_id, reading_id, reading_id) for reading_id in named]
    if not readings and not faults:
        faults.append(Fault("error", "no_reading", "no reading was found", "the tree"))
    seen: dict[int, str] = {}
    for reading in readings:  # names of subjects become numbers, which might be the same
        first = seen.setdefault(reading.subject_id, reading.subject)
        if first != reading.subject:
            message = f"subjects {first!r} and {reading.subject!r} are the same number"
            faults.append(Fault("error", "subject_twice", message, "the table of readings"))
    ids = {
        "reading_id": {reading.reading_id for reading in readings},
        "dicom_id": {reading.dicom_id for reading in readings},
        "subject_id": {reading.subject for reading in readings},
    }
    # Rows of samples are many; workers that read all else would be sent them for nothing.
    with_pieces, sampled = [], []
    for reading in readings:
        key = reading.reading_id
        of_reading = {name: rows[key] for name, rows in pieces.items() if key in rows}
        sampled.append(replace(reading, pieces=dict(of_reading)))
        of_reading.pop("samples", None)
        with_pieces.append(replace(reading, pieces=of_reading))
    has_samples = manifest.tables.samples is not None
    table = manifest.tables.readings
    return Listing(with_pieces, faults, ids, table, sampled if has_samples else None)


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
            paths = next(iter(by_key.values()))
            read_rows(root, table, paths, Findings(paths[0], None, noted), "error")
            faults += [fault for fault in noted if fault.severity == "error"]
        return {key: paths for key, paths in sorted(by_key.items()) if _is_id(key, manifest)}
    pieces: dict[str, Rows] = {}
    for paths in by_key.values():
        findings = Findings(paths[0], None, faults)
        rows = read_rows(root, table, paths, findings, "error")
        by_reading = {} if rows is None else rows.by(columns_of(table)["reading_id"])
        for reading_id, piece in by_reading.items():
            if not _is_id(reading_id, manifest):
                row = int(piece.places.min()) + 1
                form = manifest.ids["reading_id"]
                message = f"reading_id {reading_id!r} is not of the form {form}"
                faults.append(Fault("error", "bad_reading_id", message, piece.file, row))
                continue
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


def _listed(
    root: Path, pieces: Pieces, manifest: OwnManifest, faults: list[Fault]
) -> Iterator[OwnReading]:
    """Read the table of readings; one whose file cannot be used or has no row is left out."""
    table = manifest.tables.readings
    if table is None:
        return
    for reading_id, piece in sorted(pieces.items()):
        rows: Rows | None
        if isinstance(piece, Rows):
            rows = piece
        else:
            findings = Findings(piece[0], reading_id, faults)
            rows = read_rows(root, table, piece, findings, "error")
        if rows is None or not len(rows):
            continue
        facts = _Facts(rows, table.columns, Findings(rows.file, reading_id, faults))
        subject = facts.text("subject_id") or facts.text("dicom_id") or reading_id
        ids = {"subject_id": subject, "dicom_id": facts.text("dicom_id") or reading_id}
        for kind, text in ids.items():
            pattern = manifest.ids.get(kind, ID)
            if not re.fullmatch(pattern, text) or "/" in text:
                facts.error(f"bad_{kind}", f"{kind} {text!r} is not of the form {pattern}")
        split = facts.text("split")
        if split and split.lower() not in SPLIT_NAMES:
            facts.error("unknown_split", f"split {split!r} is none of {', '.join(SPLIT_NAMES)}")
        yield OwnReading(
            reading_id=reading_id,
            subject=subject,
            dicom_id=ids["dicom_id"],
            published=SPLIT_NAMES.get(split.lower()),
            study_id=facts.whole("study_id"),
            width_px=facts.whole("width_px"),
            height_px=facts.whole("height_px"),
            image_path=facts.text("image_path") or None,
            text=facts.text("text") or None,
            diagnosis=facts.text("diagnosis") or None,
            audio_start=facts.audio_start(),
            attributes={name: str(rows.columns[name][0]) for name in table.attributes},
        )


@dataclass(frozen=True)
class _Facts:
    """Facts of one reading from one row, or from several that should agree."""

    rows: Rows
    columns: ReadingColumns
    findings: Findings

    def error(self, code: str, message: str) -> None:
        row = int(self.rows.places[0]) + 1
        self.findings.add("error", code, message, row=row, loses="readings")

    def text(self, name: str) -> str:
        cell = getattr(self.columns, name)
        if cell is None:
            return ""
        texts = self.rows.text(cell)
        differs = np.array(texts, dtype=object) != texts[0]
        code = f"{name}_differs"
        message = f"say another {name} than the first, {texts[0]!r}, which is kept"
        self.findings.add_rows("warning", code, message, differs, rows=self.rows.places)
        return texts[0]

    def number(self, name: str) -> float:
        text = self.text(name)
        if not text:
            return np.nan
        value = float(self.rows.numbers(getattr(self.columns, name))[0][0])
        if np.isnan(value):
            message, row = f"{name} {text!r} is no number", int(self.rows.places[0]) + 1
            self.findings.add("loss", f"{name}_unreadable", message, row=row, loses=name)
        return value

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


def _plan(_root: Path, listing: Listing, settings: Ingest, options: IngestOptions) -> Plan:
    """Take the source's splits where it has any, else draw by subject; check both."""
    table, readings = listing.content, listing.readings
    if table is not None and table.columns.split is not None:
        source = f"column of {table.file}"
        splits = [reading.published for reading in readings]
        assigned = [reading for reading in readings if reading.published is not None]
        subjects = [reading.subject_id for reading in assigned]
        check_disjoint(subjects, [reading.published for reading in assigned], where=table.file)
    else:
        plan = plan_splits(options.val_subjects, settings)
        source = plan.source
        splits = [plan.split_of(reading.subject_id, "train") for reading in readings]
    pairs = zip(readings, splits, strict=True)
    return Plan(
        [replace(reading, split=split) for reading, split in pairs],
        {"split_source": source},
        {"splits": count_splits(splits)},
    )


def _count(listing: Listing, notes: Chunk) -> dict[str, int]:
    return {
        "readings": len(listing.readings),
        "readings_with_gaze": len(listing.readings) - notes.without_gaze.total(),
        "images": len(listing.ids["dicom_id"]),
        "subjects": len(listing.ids["subject_id"]),
    }


READER = Reader(READING_TABLES, _list, _plan, _count, read_reading, read_samples)
