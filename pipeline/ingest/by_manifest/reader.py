"""Anybody's own data set to tables, by a manifest with the section `tables` (docs/own-data.md).

Reads: the files that the manifest names. Writes: readings, fixations, words, sentences,
certainties, ellipses, regions, attributes, samples where the manifest has them. Params: `ingest`.
Drops, each counted by reason: rows and files that cannot be used, and what belongs to readings that
the table of readings does not name.
"""

from dataclasses import replace
from pathlib import Path

from gazescribe.pipeline.ingest.by_manifest.listing import find_readings
from gazescribe.pipeline.ingest.by_manifest.reading import read_reading, read_samples
from gazescribe.pipeline.ingest.chunks import Chunk
from gazescribe.pipeline.ingest.protocol import READING_TABLES, Listing, Plan, Reader
from gazescribe.pipeline.ingest.settings import Ingest, Options
from gazescribe.pipeline.ingest.splits import check_disjoint, count_splits, plan_splits
from gazescribe.pipeline.sources.table_manifests import OwnManifest


def _list(root: Path, manifest: OwnManifest, _options: Options) -> Listing:
    readings, faults = find_readings(root, manifest)
    ids = {
        "reading_id": {reading.reading_id for reading in readings},
        "dicom_id": {reading.dicom_id for reading in readings},
        "subject_id": {reading.subject for reading in readings},
    }
    # Rows of samples are many; workers that read all else would be sent them for nothing.
    without_samples = []
    for reading in readings:
        pieces = {name: piece for name, piece in reading.pieces.items() if name != "samples"}
        without_samples.append(replace(reading, pieces=pieces))
    sampled = readings if manifest.tables.samples is not None else None
    return Listing(without_samples, faults, ids, content=manifest.tables.readings, sampled=sampled)


def _plan(_root: Path, listing: Listing, settings: Ingest, options: Options) -> Plan:
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
