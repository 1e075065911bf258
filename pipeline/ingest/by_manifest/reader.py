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
from typing import Any

import numpy as np

from gazescribe.pipeline.core.errors import quote, shorten
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
    Cell,
    OwnManifest,
    ReadingColumns,
    Source,
    columns_of,
)

WORSE = ("gaze_off_image", "no_sentence_ends")  # where all readings have it
DICTATED = {"text", "diagnosis"}  # no message shows them
_NUMBER = re.compile(r"\d{1,15}(?:\.0+)?")
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
    _match_numbers(pieces, faults)
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
        near = _misnamed(table, files)
        if near is not None:
            message += f"; {near} would, but its id is not of the form {manifest.ids['reading_id']}"
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
        unnamed = by_reading.pop("", None)
        if unnamed is not None:  # recorders run on between two images
            code, message = f"{name}_of_no_reading", f"{len(unnamed)} rows name no reading"
            findings.add("warning", code, message, n=len(unnamed))
        for reading_id, piece in by_reading.items():
            if not _is_id(reading_id, manifest):
                row, form = int(piece.places.min()) + 1, manifest.ids["reading_id"]
                message = (
                    f"reading_id {quote(shorten(reading_id, 30))} is not of the form {form}:"
                    " write it with letters, digits, _, - and . alone, in tables and names of files"
                )
                faults.append(Fault("error", "bad_reading_id", message, piece.file, row))
                continue
            if reading_id in pieces:
                message = (
                    f"reading {reading_id} stands in {pieces[reading_id].file} too: where several"
                    " people had the same trials, give each recording an id of its own, as P1_img_a"
                )
                fault = Fault("error", f"{name}_twice", message, piece.file, item=reading_id)
                faults.append(fault)
            pieces[reading_id] = piece
    return dict(pieces)


def _paths(
    name: str, files: Sequence[str], manifest: OwnManifest, faults: list[Fault]
) -> dict[str, tuple[str, ...]]:
    """Give the files of a table, each with the one beside it, by reading; else by path."""
    matches: list[dict[str, str]] = []
    # {reading_id}.csv would fit readings.csv, too
    ours = {name, f"{name}_beside"}
    of_other_tables = {file.pattern for file in manifest.files if file.name not in ours}
    of_other_tables -= {file.pattern for file in manifest.files if file.name in ours}
    for file in manifest.files:
        if file.name not in {name, f"{name}_beside"}:
            continue
        by_key: dict[str, str] = {}
        for path in files:
            if path in of_other_tables:
                continue
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


def _misnamed(table: Source, files: Sequence[str]) -> str | None:
    """Find a file that has the name asked for but for its id."""
    pattern = "([^/]+)".join(re.escape(part) for part in table.file.split("{reading_id}"))
    pattern = pattern.replace(r"\*", "[^/]*")
    return next((path for path in files if re.fullmatch(pattern, path)), None)


def _match_numbers(pieces: Mapping[str, dict[str, Any]], faults: list[Fault]) -> None:
    """Take ids that are the same number for the same reading, in place: 7, 7.0 and 07.

    They are spelt as in the table of readings, or in the first table that has them. Two spellings
    in one table are two readings; a third one elsewhere is an error.
    """
    spelt: dict[float, set[str]] = {}
    for by_reading in pieces.values():
        here: dict[float, list[str]] = {}
        for reading_id in by_reading:
            if _NUMBER.fullmatch(reading_id):
                here.setdefault(float(reading_id), []).append(reading_id)
        for number, ids in here.items():
            known = spelt.setdefault(number, {*ids})
            strange = [reading_id for reading_id in ids if reading_id not in known]
            for reading_id in strange:
                piece = by_reading[reading_id]
                file = piece.file if isinstance(piece, Rows) else piece[0]
                if len(known) > 1 or len(ids) > 1:
                    both = ", ".join(sorted({*known, *ids}))
                    message = f"reading ids {both} are the same number: write them alike"
                    faults.append(Fault("error", "reading_id_differs", message, file))
                    break
                (listed,) = known
                message = f"reading {reading_id} is taken for {listed}: they are the same number"
                faults.append(Fault("warning", "reading_id_spelt", message, file, item=listed))
                by_reading[listed] = by_reading.pop(reading_id)


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
            image_path=facts.text("image_path").replace("\\", "/") or None,
            text=facts.text("text") or None,
            diagnosis=facts.text("diagnosis") or None,
            audio_start=facts.audio_start(),
            attributes={name: rows.text(Cell(column=name))[0] for name in table.attributes},
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
        first = "" if name in DICTATED else f", {quote(texts[0])},"
        message = f"say another {name} than the first{first or ','} which is kept"
        self.findings.add_rows("warning", code, message, differs, rows=self.rows.places)
        return texts[0]

    def number(self, name: str) -> float:
        text = self.text(name)
        if not text:
            return np.nan
        value = float(self.rows.numbers(getattr(self.columns, name))[0][0])
        if np.isnan(value):
            message, row = f"{name} {quote(text)} is no number", int(self.rows.places[0]) + 1
            self.findings.add("loss", f"{name}_unreadable", message, row=row, loses=name)
        return value

    def whole(self, name: str) -> int | None:
        value = self.number(name)
        if np.isnan(value):
            return None
        least = 1 if name in {"width_px", "height_px"} else 0
        if value < least or value % 1:
            message = f"{name} {value:g} must be a whole number of {least} or more"
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


def _conclude(listing: Listing, notes: Chunk) -> None:
    """Say worse of what all readings have than of what one may have.

    Gaze that is nowhere on the image is an error where no reading has other gaze: the manifest is
    wrong. Where no dictation has a sentence that ends, the windows are lost.
    """
    items = {code: {fault.item for fault in notes.faults if fault.code == code} for code in WORSE}
    n_with_gaze = len(listing.readings) - notes.without_gaze.total()
    sampled = {reading.reading_id for reading in listing.sampled or () if reading.pieces}
    is_off = not n_with_gaze and bool(items["gaze_off_image"])
    if is_off and notes.without_gaze["samples alone"]:
        is_off = items["gaze_off_image"] >= sampled
    is_endless = len(items["no_sentence_ends"]) == notes.n_dictations > 0
    for place, fault in enumerate(notes.faults):
        if fault.code == "gaze_off_image" and is_off:
            notes.faults[place] = replace(fault, severity="error")
        if fault.code == "no_sentence_ends" and is_endless:
            notes.faults[place] = replace(fault, severity="loss", loses="windows")


READER = Reader(
    READING_TABLES, _list, _plan, _count, read_reading, read_samples, conclude=_conclude
)
