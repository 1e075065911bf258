"""Anybody's own data set to tables, by a manifest with the section `tables` (docs/own-data.md).

Reads: the files that the manifest names. Writes: readings, fixations, words, sentences,
certainties, ellipses, regions, attributes, samples where the manifest has them. Params: `ingest`.
Drops, each counted by reason: rows and files that cannot be used, and what belongs to readings that
the table of readings does not name.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from gazescribe.pipeline.ingest.by_manifest.facts import list_readings, read_images
from gazescribe.pipeline.ingest.by_manifest.image_sizes import with_sizes
from gazescribe.pipeline.ingest.by_manifest.impossible import in_screen
from gazescribe.pipeline.ingest.by_manifest.names import (
    match_numbers,
    note_names,
    note_strangers,
    rename,
    safe_ids,
)
from gazescribe.pipeline.ingest.by_manifest.own_reading import OwnReading, Pieces
from gazescribe.pipeline.ingest.by_manifest.reading import read_reading
from gazescribe.pipeline.ingest.by_manifest.samples import read_samples
from gazescribe.pipeline.ingest.by_manifest.sessions import Sessions
from gazescribe.pipeline.ingest.by_manifest.splits import labels_of, plan_own_splits
from gazescribe.pipeline.ingest.by_manifest.units import BEGIN
from gazescribe.pipeline.ingest.by_manifest.weighing import weigh
from gazescribe.pipeline.ingest.chunks import READING_TABLES, Chunk
from gazescribe.pipeline.ingest.protocol import Listing, Reader
from gazescribe.pipeline.ingest.settings import IngestOptions
from gazescribe.pipeline.sources.faults import Fault
from gazescribe.pipeline.sources.table_manifests import OwnManifest, is_of_sessions

APART = ("trials", "messages", "images")  # are no tables of single readings
WORSE = ("gaze_off_image", "no_sentence_ends")  # where all readings have it


def _list(root: Path, manifest: OwnManifest, _options: IngestOptions) -> Listing:
    """List the readings, without splits, and where their tables are.

    Where there is no table of readings, they are all that another table names.
    """
    faults: list[Fault] = []
    files = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    sessions = Sessions(root, files, manifest, faults)
    pieces = _pieces(sessions, manifest)
    match_numbers(pieces, faults)
    known: set[str] = set()
    if manifest.tables.readings is None:  # trials are readings, also those without any gaze
        known = {trial.reading for trial in sessions.by_reading.values()}
    ids_by_name = safe_ids(set[str](known).union(*pieces.values()))
    note_names("reading", ids_by_name, faults)
    pieces = {name: rename(by_reading, ids_by_name) for name, by_reading in pieces.items()}
    names = {reading_id: name for name, reading_id in ids_by_name.items()}
    listed = pieces.get("readings", names)
    starts = sessions.audio_starts({names[reading_id]: reading_id for reading_id in listed})
    if "readings" in pieces:
        images = read_images(root, files, manifest, faults)
        listing = list_readings(root, pieces.pop("readings"), manifest, starts, images, faults)
        readings = list(listing)
        readings = with_sizes(_name_images(readings, manifest, faults), root, files, faults)
        note_strangers({reading.reading_id for reading in readings}, pieces, faults)
    else:  # no reader and no image is known: each reading is of its own subject and image
        named = sorted(names)
        readings = [
            OwnReading(
                reading_id, reading_id, reading_id, audio_start=starts.get(reading_id, BEGIN)
            )
            for reading_id in named
        ]
    readings = [_with_name(reading, names[reading.reading_id]) for reading in readings]
    for code, message in in_screen(manifest):
        faults.append(Fault("error", code, message, "the manifest", loses="gaze"))
    if not readings and not faults:
        faults.append(Fault("error", "no_reading", "no reading was found", "the tree"))
    seen: dict[int, str] = {}
    for reading in readings:  # names of subjects become numbers, which might be the same
        first = seen.setdefault(reading.subject_id, reading.subject)
        if first != reading.subject:
            message = f"subjects {first!r} and {reading.subject!r} are the same number"
            faults.append(Fault("error", "subject_twice", message, "the table of readings"))
    # Files are compared with these: names that are no ids stand in their paths.
    ids = {"reading_id": {*names, *names.values()}}
    if manifest.tables.readings is not None:
        ids["reading_id"] = {
            name for reading_id in listed for name in (reading_id, names[reading_id])
        }
        ids["subject_id"] = {reading.subject for reading in readings}
        ids["dicom_id"] = {
            reading.attributes.get("image_name", reading.dicom_id) for reading in readings
        }
    # Rows of samples are many; workers that read all else would be sent them for nothing.
    with_pieces, sampled = [], []
    for reading in readings:
        key = reading.reading_id
        of_reading = {name: rows[key] for name, rows in pieces.items() if key in rows}
        sampled.append(replace(reading, pieces=dict(of_reading)))
        of_reading.pop("samples", None)
        labels = labels_of(of_reading, manifest)
        with_pieces.append(replace(reading, pieces=of_reading, labels=labels))
    has_samples = manifest.tables.samples is not None
    table = manifest.tables.readings
    return Listing(with_pieces, faults, lambda: ids, table, sampled if has_samples else None)


def _pieces(sessions: Sessions, manifest: OwnManifest) -> dict[str, Pieces]:
    """Find the tables of readings, each by the names of these."""
    pieces = {}
    for name, table in manifest.tables.by_name().items():
        if name not in APART:
            find = sessions.cut if is_of_sessions(table) else sessions.find
            pieces[name] = find(name, table)
    return pieces


def _with_name(reading: OwnReading, name: str) -> OwnReading:
    """Keep the name of a reading that is no id."""
    if name == reading.reading_id:
        return reading
    return replace(reading, attributes={**reading.attributes, "reading_name": name})


def _name_images(
    readings: Iterable[OwnReading], manifest: OwnManifest, faults: list[Fault]
) -> list[OwnReading]:
    """Make ids of the names of images, unless the manifest says what they look like."""
    readings = list(readings)
    if "dicom_id" in manifest.ids:
        return readings
    ids = safe_ids(reading.dicom_id for reading in readings)
    note_names("image", ids, faults)
    named = []
    for reading in readings:
        dicom_id, attributes = ids[reading.dicom_id], reading.attributes
        if dicom_id != reading.dicom_id:
            attributes = {**attributes, "image_name": reading.dicom_id}
        named.append(replace(reading, dicom_id=dicom_id, attributes=attributes))
    return named


def _count(listing: Listing, notes: Chunk) -> dict[str, int]:
    return {
        "readings": len(listing.readings),
        "readings_with_gaze": len(listing.readings) - notes.without_gaze.total(),
        "images": len({reading.dicom_id for reading in listing.readings}),
        "subjects": len({reading.subject for reading in listing.readings}),
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
    weigh(notes)


READER = Reader(
    READING_TABLES,
    _list,
    plan_own_splits,
    _count,
    read_reading,
    read_samples,
    conclude=_conclude,
    looks_at_faults=True,
)
