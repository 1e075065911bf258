"""EGD 1.0.0 to tables; a reading has the id of its image.

Reads: a tree as `data_manifests/egd.yaml` describes it, and MIMIC-CXR-JPG's tables where given, for
splits and sizes of images. Writes: readings, fixations, words, sentences, samples, regions,
attributes. Params: `ingest`. Drops, each counted by reason: rows of calibration pictures and of
unknown images, rows and files that cannot be used, gaze of readings whose image size is unknown.
Source: Karargyris et al. 2021; spec egd.md.

Positions on the image are the published ones. Outside it the publishers wrote -1 or the like, so
these are computed from the tracker's own values, on the same linear map. Times of gaze count from
the appearance of the image; `ingest.audio_offset_s` is added to the times of words.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gazescribe.pipeline.ingest.chunks import Chunk
from gazescribe.pipeline.ingest.egd.dictation import read_dictation
from gazescribe.pipeline.ingest.egd.sheet import DIAGNOSES
from gazescribe.pipeline.ingest.egd.split import SHARES, split_by_patient
from gazescribe.pipeline.ingest.egd.tree import Tree, read_tree
from gazescribe.pipeline.ingest.protocol import Listing, Plan, Reader
from gazescribe.pipeline.ingest.quality import Quality, on_image
from gazescribe.pipeline.ingest.settings import Ingest, Options
from gazescribe.pipeline.ingest.splits import check_disjoint, count_splits, plan_splits
from gazescribe.pipeline.sources.faults import Findings
from gazescribe.pipeline.sources.manifests import Manifest

TABLES = ("readings", "fixations", "words", "sentences", "samples", "regions", "attributes")
NO_DICTATION = ("transcript_missing", "transcript_unreadable")
NO_SPLIT = "none, for no MIMIC-CXR-JPG split was given"


@dataclass(frozen=True)
class EgdReading:
    """One case of the tree and its splits."""

    tree: Tree
    number: int  # place of the case in the tree
    published: str | None  # MIMIC-CXR-JPG's; None where it does not list the image
    split: str | None  # the same with validation subjects moved
    egd_split: str  # EGD's own

    @property
    def size_px(self) -> tuple[int | None, int | None]:
        """Width and height of the image; None where unknown."""
        width, height = self.tree.sizes[self.number]
        return None if np.isnan(width) else int(width), None if np.isnan(height) else int(height)


def _list(root: Path, manifest: Manifest, options: Options) -> Listing:
    tree = read_tree(root, manifest, options)
    ids = {
        "dicom_id": {case.dicom_id for case in tree.cases},
        "subject_id": {str(case.subject_id) for case in tree.cases},
    }
    return Listing([], tree.faults, ids, content=tree)


def _plan(root: Path, listing: Listing, settings: Ingest, options: Options) -> Plan:
    tree: Tree = listing.content
    plan = plan_splits(options.val_subjects, settings)
    subjects = [case.subject_id for case in tree.cases]
    published = [tree.lookup.splits.get(case.dicom_id) for case in tree.cases]
    pairs = list(zip(subjects, published, strict=True))
    listed = [(subject, split) for subject, split in pairs if split is not None]
    check_disjoint([subject for subject, _ in listed], [split for _, split in listed], where=root)
    splits = [split and plan.split_of(subject, split) for subject, split in pairs]
    diagnoses = [case.diagnosis for case in tree.cases]
    egd_splits = split_by_patient(subjects, diagnoses, settings.seed)
    shares = "/".join(f"{share * 100:g}" for share in SHARES.values())
    source = f"seeded draw by patient, stratified by diagnosis (seed {settings.seed}, {shares} %)"
    columns = zip(published, splits, egd_splits, strict=True)
    return Plan(
        [EgdReading(tree, number, *row) for number, row in enumerate(columns)],
        {"split_source": plan.source if listed else NO_SPLIT, "egd_split_source": source},
        {
            "splits": count_splits(splits),
            "egd_splits": count_splits(egd_splits),
            "size_sources": dict(sorted(tree.size_sources.items())),
        },
    )


def _count(listing: Listing, notes: Chunk) -> dict[str, int]:
    tree: Tree = listing.content
    n_cases = len(tree.cases)
    diagnoses = Counter(case.diagnosis for case in tree.cases)
    untold = {fault.item for fault in notes.faults if fault.code in NO_DICTATION}
    return {
        "readings": n_cases,
        "readings_with_gaze": n_cases - notes.without_gaze.total(),
        **{f"readings_{name}": diagnoses[name] for name in DIAGNOSES},
        "subjects": len(listing.ids["subject_id"]),
        "transcripts": n_cases - len(untold),
        "fixation_rows": tree.n_rows["fixations"],
        "gaze_rows": tree.n_rows["eye_gaze"],
        "boxes": tree.n_rows["boxes"],
    }


def _read(
    root: Path, reading: EgdReading, manifest: Manifest, settings: Ingest, chunk: Chunk
) -> None:
    case, boxes = reading.tree.cases[reading.number], reading.tree.boxes
    has_gaze = _add_fixations(reading, settings.quality, chunk)
    _add_samples(reading, chunk)
    if boxes is not None:
        chunk.add("regions", case.dicom_id, boxes.rows_of(reading.number))
    path = manifest.file("transcript").pattern.replace("{dicom_id}", case.dicom_id)
    findings = Findings(path, case.dicom_id, chunk.faults)
    dictation = read_dictation(root / path, settings.audio_offset_s, findings)
    for table, columns in dictation.tables.items() if dictation else ():
        chunk.add(table, case.dicom_id, columns)
    published = {"mimic_split": reading.published} if reading.published else {}
    chunk.add_attributes(case.dicom_id, case.attributes | published)
    width_px, height_px = reading.size_px
    row = {
        "dataset": manifest.name,
        "phase": None,
        "dicom_id": case.dicom_id,
        "study_id": case.study_id,
        "subject_id": case.subject_id,
        "split": reading.split,
        "egd_split": reading.egd_split,
        "width_px": width_px,
        "height_px": height_px,
        "image_path": case.image_path,
        "has_gaze": has_gaze,
        "text": dictation and dictation.text,
        "diagnosis": case.diagnosis,
    }
    chunk.add_reading(case.dicom_id, row)


def _add_fixations(reading: EgdReading, thresholds: Quality, chunk: Chunk) -> bool:
    """Add fixations and their quality to the chunk; tell whether the reading has gaze."""
    tree, reading_id = reading.tree, reading.tree.cases[reading.number].dicom_id
    if tree.fixations is None:
        chunk.without_gaze["no usable file"] += 1
        return False
    columns = tree.fixations.rows_of(reading.number)
    if not len(columns["onset_s"]):
        message = "the reading has no usable fixation"
        findings = Findings("fixations.csv", reading_id, chunk.faults)
        findings.add("loss", "fixations_none", message, loses="gaze")
        chunk.without_gaze["no fixation"] += 1
        return False
    return chunk.add_fixations(reading_id, columns, reading.size_px, thresholds)


def _add_samples(reading: EgdReading, chunk: Chunk) -> None:
    tree, (width_px, height_px) = reading.tree, reading.size_px
    # Rows of images of unknown size were left out before, so that there are none without a size.
    if tree.samples is None or width_px is None or height_px is None:
        return
    rows = tree.samples.rows_of(reading.number)
    inside = on_image(rows["x_px"], rows["y_px"], width_px, height_px)
    columns = {"sample": np.arange(len(inside)), **rows, "inside": inside}
    chunk.add("samples", tree.cases[reading.number].dicom_id, columns)


READER = Reader(
    TABLES,
    _list,
    _plan,
    _count,
    _read,
    in_process=True,  # the gaze of the whole release is in memory and is read in seconds
    split_fault=("bad_split", "master_sheet"),
)
