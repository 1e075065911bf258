"""REFLACX 1.0.0 to tables.

Reads: a tree as `data_manifests/reflacx.yaml` describes it. Writes: readings, fixations, words,
sentences, certainties, ellipses, regions, attributes, samples when asked for, and `ingest.json`.
Params: `ingest`. Drops, each counted by reason: rows and files that cannot be used; the gaze and
text of discarded readings, whatever files are there. Source: Bigolin Lanfredi et al. 2022; spec
reflacx.md A and D1.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.files import write_json
from gazescribe.pipeline.core.parallel import map_tasks
from gazescribe.pipeline.core.schemas import SPLITS
from gazescribe.pipeline.ingest.chunks import Chunk, cut, write_with_samples
from gazescribe.pipeline.ingest.folder import make_room
from gazescribe.pipeline.ingest.reflacx.gaze import read_samples
from gazescribe.pipeline.ingest.reflacx.metadata import PHASES, Reading, read_metadata
from gazescribe.pipeline.ingest.reflacx.reading import read_reading
from gazescribe.pipeline.ingest.settings import Ingest, Options
from gazescribe.pipeline.ingest.splits import SplitPlan, check_disjoint, plan_splits, plan_tuning
from gazescribe.pipeline.sources.faults import Fault, Survey, count_faults, count_lost, refuse
from gazescribe.pipeline.sources.loading import load_manifest
from gazescribe.pipeline.sources.manifests import Manifest

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


def ingest_reflacx(root: Path, out: Path, settings: Ingest, options: Options) -> dict[str, Any]:
    """Write all tables of a tree.

    Parameters
    ----------
    root : pathlib.Path
        Root of the tree.
    out : pathlib.Path
        Folder of the tables.
    settings : Ingest
        Seed and shares of the draws, thresholds of gaze quality.
    options : Options
        Published lists, whether samples are wanted, workers.

    Returns
    -------
    dict
        The content of `out/ingest.json`: counts, and what was left out by reason.

    Raises
    ------
    ManifestError
        If the metadata cannot be used, a list cannot be read, or a subject is in two splits; all
        faults at once.
    GazeError
        If `out` holds the tables of another data set.
    """
    manifest = load_manifest("reflacx")
    readings, faults = read_metadata(root, manifest)
    refuse(faults, where=root)
    plan = plan_splits(options.val_subjects, settings)
    tuning = plan_tuning(options.tuning_readings, settings)
    faults += _split_warnings(readings, plan)
    readings = [
        replace(
            reading,
            split=plan.split_of(reading.subject_id, reading.split),
            tuning=tuning.chooses(reading.reading_id, reading.phase, reading.subject_id),
        )
        for reading in readings
    ]
    subjects = [reading.subject_id for reading in readings]
    check_disjoint(subjects, [reading.split for reading in readings], where=root)
    sources = {"split_source": plan.source, "tuning_source": tuning.source}
    extra = {**sources, "source": f"{manifest.name} {manifest.versions[0]}"}
    chunks = _read(root, readings, manifest, settings, options)
    samples = _read_samples(root, readings, manifest, options) if options.samples else None
    make_room(out, manifest.name, [*TABLES, "samples"] if options.samples else TABLES)
    n_rows, notes = write_with_samples(chunks, samples, out, TABLES, extra)
    summary = {
        "dataset": manifest.name,
        "version": manifest.versions[0],
        **sources,
        "rows": n_rows,
        "counts": count_readings(readings, notes),
        "splits": {split: sum(reading.split == split for reading in readings) for split in SPLITS},
        "tuning_readings": sum(reading.tuning for reading in readings),
        "without_gaze": dict(sorted(notes.without_gaze.items())),
        "faults": count_faults([*faults, *notes.faults]),
        **count_lost([*faults, *notes.faults]),
    }
    write_json(summary, out / "ingest.json")
    return summary


def survey_reflacx(root: Path, settings: Ingest, options: Options) -> Survey:
    """Read the whole tree without writing.

    Parameters
    ----------
    root : pathlib.Path
        Root of the tree.
    settings : Ingest
        Thresholds of gaze quality.
    options : Options
        Whether samples are to be read too, workers.

    Returns
    -------
    Survey
        Faults, counts, gaze quality and ids.
    """
    manifest = load_manifest("reflacx")
    readings, faults = read_metadata(root, manifest)
    notes = Chunk(faults=faults)
    for chunk in _read(root, readings, manifest, settings, options):
        notes.take_notes(chunk)
    if options.samples:
        for chunk in _read_samples(root, readings, manifest, options):
            notes.take_notes(chunk)
    ids = {
        "reading_id": {reading.reading_id for reading in readings},
        "dicom_id": {reading.dicom_id for reading in readings},
        "subject_id": {str(reading.subject_id) for reading in readings},
    }
    return Survey(notes.faults, count_readings(readings, notes), notes.quality, ids)


def count_readings(readings: Sequence[Reading], notes: Chunk) -> dict[str, int]:
    """Count what is there, under the names of the manifest's counts."""
    phases = Counter(reading.phase for reading in readings)
    return {
        "readings": len(readings),
        **{f"readings_phase_{phase}": phases[phase] for phase in PHASES},
        "readings_discarded": sum(reading.discarded for reading in readings),
        "readings_with_gaze": len(readings) - notes.without_gaze.total(),
        "images": len({reading.dicom_id for reading in readings}),
        "subjects": len({reading.subject_id for reading in readings}),
    }


def _split_warnings(readings: Sequence[Reading], plan: SplitPlan) -> Iterator[Fault]:
    if plan.listed is None:
        return
    for reading in readings:
        listed = reading.subject_id in plan.listed
        where = (reading.file, reading.row, reading.reading_id)
        if reading.split == "validate" and not listed:
            message = f"subject {reading.subject_id} is validate in MIMIC but not on the list"
            yield Fault("warning", "validate_not_listed", message, *where)
        if reading.split == "test" and listed:
            message = f"subject {reading.subject_id} is on the list but stays in test"
            yield Fault("warning", "listed_but_test", message, *where)


def _read(
    root: Path,
    readings: Sequence[Reading],
    manifest: Manifest,
    settings: Ingest,
    options: Options,
) -> Iterator[Chunk]:
    return map_tasks(
        partial(_read_chunk, root=root, manifest=manifest, settings=settings),
        cut(readings),
        workers=options.workers,
        scheduler=options.scheduler,
        description="readings",
    )


def _read_chunk(
    readings: Sequence[Reading], *, root: Path, manifest: Manifest, settings: Ingest
) -> Chunk:
    chunk = Chunk()
    for reading in readings:
        read_reading(root, reading, manifest, settings, chunk)
    return chunk.pack()


def _read_samples(
    root: Path, readings: Sequence[Reading], manifest: Manifest, options: Options
) -> Iterator[Chunk]:
    """Read one reading a chunk: its 45,000 samples are a row group, and all that is in memory."""
    return map_tasks(
        partial(read_samples, root=root, manifest=manifest),
        [reading for reading in readings if not reading.discarded],
        workers=options.workers,
        scheduler=options.scheduler,
        description="samples",
    )
