"""REFLACX 1.0.0 to tables.

Reads: a tree as `data_manifests/reflacx.yaml` describes it. Writes: readings, fixations, words,
sentences, certainties, ellipses, regions, attributes, samples when asked for. Params: `ingest`.
Drops, each counted by reason: rows and files that cannot be used; the gaze and text of discarded
readings, whatever files are there. Source: Bigolin Lanfredi et al. 2022; spec reflacx.md A and D1.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from gazescribe.pipeline.ingest.chunks import READING_TABLES, Chunk
from gazescribe.pipeline.ingest.packets import Changed, Packets, Readings
from gazescribe.pipeline.ingest.protocol import Listing, Plan, Reader
from gazescribe.pipeline.ingest.reflacx.against_mimic import compare_with_mimic
from gazescribe.pipeline.ingest.reflacx.dictation import read_dictation
from gazescribe.pipeline.ingest.reflacx.gaze import read_fixations, read_samples
from gazescribe.pipeline.ingest.reflacx.labels import add_labels, read_chest, read_ellipses
from gazescribe.pipeline.ingest.reflacx_metadata import (
    PHASES,
    ReflacxReading,
    findings_of,
    read_metadata,
)
from gazescribe.pipeline.ingest.settings import Ingest, IngestOptions
from gazescribe.pipeline.ingest.splits import (
    SplitPlan,
    check_disjoint,
    count_splits,
    plan_splits,
    plan_tuning,
)
from gazescribe.pipeline.sources.faults import Fault
from gazescribe.pipeline.sources.manifests import Manifest
from gazescribe.pipeline.sources.walking import existing


def _list(root: Path, manifest: Manifest, options: IngestOptions) -> Listing:
    readings, faults = read_metadata(root, manifest)
    packed = Packets(readings, ReflacxReading)
    sampled = None
    if options.samples:  # 10 GB, which many do not download: nobody misses them
        usable = (reading for reading in readings if not reading.discarded)
        sampled = Packets(usable, ReflacxReading)
    return Listing(packed, faults, partial(_ids, packed), sampled=sampled)


def _ids(readings: Readings[ReflacxReading]) -> dict[str, set[str]]:
    ids: dict[str, set[str]] = {"reading_id": set(), "dicom_id": set(), "subject_id": set()}
    for reading in readings:
        ids["reading_id"].add(reading.reading_id)
        ids["dicom_id"].add(reading.dicom_id)
        ids["subject_id"].add(str(reading.subject_id))
    return ids


def _plan(root: Path, listing: Listing, settings: Ingest, options: IngestOptions) -> Plan:
    plan = plan_splits(options.val_subjects, settings)
    tuning = plan_tuning(options.tuning_readings, settings)

    def assign(reading: ReflacxReading) -> ReflacxReading:
        return replace(
            reading,
            split=plan.split_of(reading.subject_id, reading.split),
            tuning=tuning.chooses(reading.reading_id, reading.phase, reading.subject_id),
        )

    readings = Changed(listing.readings, assign)
    subjects, published, splits, n_tuning = [], [], [], 0
    for reading in readings:
        subjects.append(reading.subject_id)
        published.append(reading.mimic_split)
        splits.append(reading.split)
        n_tuning += reading.tuning
    # Checked as published: whole subjects are moved, which keeps them in one split.
    check_disjoint(subjects, published, where=root)
    return Plan(
        readings,
        {"split_source": plan.source, "tuning_source": tuning.source},
        {
            "splits": count_splits(splits),
            "tuning_readings": n_tuning,
        },
        list(_split_warnings(listing.readings, plan)),
    )


def _split_warnings(readings: Readings[ReflacxReading], plan: SplitPlan) -> Iterator[Fault]:
    """Warn where the published list and MIMIC's own splits disagree."""
    if plan.listed is None:
        return
    for reading in readings:
        is_listed = reading.subject_id in plan.listed
        where = (reading.file, reading.row, reading.reading_id)
        if reading.split == "validate" and not is_listed:
            message = f"subject {reading.subject_id} is validate in MIMIC but not on the list"
            yield Fault("warning", "validate_not_listed", message, *where)
        if reading.split == "test" and is_listed:
            message = f"subject {reading.subject_id} is on the list but stays in test"
            yield Fault("warning", "listed_but_test", message, *where)


def _count(listing: Listing, notes: Chunk) -> dict[str, int]:
    ids = listing.ids()
    n_readings, n_discarded, phases = len(listing.readings), 0, Counter[int]()
    for reading in listing.readings:
        phases[reading.phase] += 1
        n_discarded += reading.discarded
    return {
        "readings": n_readings,
        **{f"readings_phase_{phase}": phases[phase] for phase in PHASES},
        "readings_discarded": n_discarded,
        "readings_with_gaze": n_readings - notes.without_gaze.total(),
        "images": len(ids["dicom_id"]),
        "subjects": len(ids["subject_id"]),
    }


def _read(
    root: Path, reading: ReflacxReading, manifest: Manifest, settings: Ingest, chunk: Chunk
) -> None:
    """Add all files of a reading but its samples; no fault of one stops the others."""
    text, has_gaze = None, False
    if reading.discarded:
        for name in ("fixations", "words", "transcription"):
            findings = findings_of(manifest.file(name), reading, chunk)
            if existing(root / findings.file):
                message = "the reading is flagged as discarded, so this file is not read"
                findings.add("warning", "discarded_with_files", message)
        chunk.without_gaze["discarded"] += 1
    else:
        has_gaze = read_fixations(root, reading, manifest, settings.quality, chunk)
        text = read_dictation(root, reading, manifest, settings.pause_s, chunk)
    drawn = read_ellipses(root, reading, manifest, chunk)
    add_labels(reading, manifest, drawn, chunk)
    read_chest(root, reading, manifest, chunk)
    chunk.add_reading(
        reading.reading_id, reading, dataset=manifest.name, has_gaze=has_gaze, text=text
    )


def _compare_with_mimic(listing: Listing, path: Path) -> list[Fault]:
    return compare_with_mimic(listing.readings, path)


READER = Reader(
    READING_TABLES,
    _list,
    _plan,
    _count,
    _read,
    read_samples,
    split_fault=("subject_in_two_splits", "main_data/metadata_phase_*.csv"),
    compare_with_mimic=_compare_with_mimic,
)
