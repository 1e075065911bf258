"""Anybody's own data set to tables, by a manifest with the section `tables` (docs/own-data.md).

Reads: the files that the manifest names. Writes: readings, fixations, words, sentences,
certainties, ellipses, regions, attributes, samples where the manifest has them, and `ingest.json`.
Params: `ingest`. Drops, each counted by reason: rows and files that cannot be used, and what
belongs to readings that the table of readings does not name.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.files import write_json
from gazescribe.pipeline.core.parallel import map_tasks
from gazescribe.pipeline.core.schemas import SPLITS
from gazescribe.pipeline.ingest.by_manifest.reading import read_reading, read_samples
from gazescribe.pipeline.ingest.by_manifest.readings import Reading, find_readings
from gazescribe.pipeline.ingest.chunks import Chunk, cut, write_with_samples
from gazescribe.pipeline.ingest.folder import make_room
from gazescribe.pipeline.ingest.settings import Ingest, Options
from gazescribe.pipeline.ingest.splits import check_disjoint, plan_splits
from gazescribe.pipeline.sources.faults import Survey, count_faults, count_lost, refuse
from gazescribe.pipeline.sources.table_manifests import OwnManifest

TABLES = (
    "readings",
    "fixations",
    "words",
    "sentences",
    "certainties",
    "ellipses",
    "regions",
    "attributes",
)


def ingest_own(
    root: Path, out: Path, settings: Ingest, options: Options, *, manifest: OwnManifest
) -> dict[str, Any]:
    """Write all tables of a tree.

    Parameters
    ----------
    root : pathlib.Path
        Root of the tree.
    out : pathlib.Path
        Folder of the tables.
    settings : Ingest
        Seed and share of the draw, thresholds of gaze quality.
    options : Options
        Published list of validation subjects, workers.
    manifest : OwnManifest
        What the files are.

    Returns
    -------
    dict
        The content of `out/ingest.json`: counts, and what was left out by reason.

    Raises
    ------
    ManifestError
        If files or columns that the manifest names are not there, an id is not of its form, or a
        subject is in two splits; all faults at once.
    GazeError
        If `out` holds the tables of another data set.
    """
    readings, faults = find_readings(root, manifest)
    refuse(faults, where=root)
    readings, source = _with_splits(readings, settings, options, manifest)
    extra = {"split_source": source, "source": f"{manifest.name} {manifest.versions[0]}"}
    chunks = _read(root, readings, manifest, settings, options)
    has_samples = manifest.tables.samples is not None
    samples = _read_samples(root, readings, manifest, options) if has_samples else None
    make_room(out, manifest.name, [*TABLES, "samples"] if has_samples else TABLES)
    n_rows, notes = write_with_samples(chunks, samples, out, TABLES, extra)
    summary = {
        "dataset": manifest.name,
        "version": manifest.versions[0],
        "split_source": source,
        "rows": n_rows,
        "counts": _count(readings, notes),
        "splits": {split: sum(reading.split == split for reading in readings) for split in SPLITS},
        "without_gaze": dict(sorted(notes.without_gaze.items())),
        "faults": count_faults([*faults, *notes.faults]),
        **count_lost([*faults, *notes.faults]),
    }
    write_json(summary, out / "ingest.json")
    return summary


def survey_own(root: Path, settings: Ingest, options: Options, *, manifest: OwnManifest) -> Survey:
    """Read the whole tree without writing; parameters as for `ingest_own`."""
    readings, faults = find_readings(root, manifest)
    notes = Chunk(faults=faults)
    for chunk in _read(root, readings, manifest, settings, options):
        notes.take_notes(chunk)
    if manifest.tables.samples is not None:
        for chunk in _read_samples(root, readings, manifest, options):
            notes.take_notes(chunk)
    ids = {
        "reading_id": {reading.reading_id for reading in readings},
        "dicom_id": {reading.dicom_id for reading in readings},
        "subject_id": {reading.subject for reading in readings},
    }
    return Survey(notes.faults, _count(readings, notes), notes.quality, ids)


def _count(readings: Sequence[Reading], notes: Chunk) -> dict[str, int]:
    return {
        "readings": len(readings),
        "readings_with_gaze": len(readings) - notes.without_gaze.total(),
        "images": len({reading.dicom_id for reading in readings}),
        "subjects": len({reading.subject for reading in readings}),
    }


def _with_splits(
    readings: Sequence[Reading], settings: Ingest, options: Options, manifest: OwnManifest
) -> tuple[list[Reading], str]:
    """Take the source's splits where it has any, else draw by subject; check both."""
    table = manifest.tables.readings
    if table is not None and table.columns.split is not None:
        given = [replace(reading, split=reading.published) for reading in readings]
        known = [reading for reading in given if reading.split is not None]
        subjects = [reading.subject_id for reading in known]
        check_disjoint(subjects, [str(reading.split) for reading in known], where=table.file)
        return given, f"column of {table.file}"
    plan = plan_splits(options.val_subjects, settings)
    drawn = [
        replace(reading, split=plan.split_of(reading.subject_id, "train")) for reading in readings
    ]
    return drawn, plan.source


def _read(
    root: Path,
    readings: Sequence[Reading],
    manifest: OwnManifest,
    settings: Ingest,
    options: Options,
) -> Iterator[Chunk]:
    return map_tasks(
        partial(_read_chunk, root=root, manifest=manifest, settings=settings),
        cut([_without(reading, "samples") for reading in readings]),
        workers=options.workers,
        scheduler=options.scheduler,
        description="readings",
    )


def _read_chunk(
    readings: Sequence[Reading], *, root: Path, manifest: OwnManifest, settings: Ingest
) -> Chunk:
    chunk = Chunk()
    for reading in readings:
        read_reading(root, reading, manifest, settings.quality, chunk)
    return chunk.pack()


def _read_samples(
    root: Path, readings: Sequence[Reading], manifest: OwnManifest, options: Options
) -> Iterator[Chunk]:
    return map_tasks(
        partial(read_samples, root=root, manifest=manifest),
        readings,
        workers=options.workers,
        scheduler=options.scheduler,
        description="samples",
    )


def _without(reading: Reading, name: str) -> Reading:
    """Leave a large table behind, which workers would be sent for nothing."""
    return replace(reading, pieces={one: of for one, of in reading.pieces.items() if one != name})
