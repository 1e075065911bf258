"""EGD 1.0.0 to tables; a reading has the id of its image.

Reads: a tree as `data_manifests/egd.yaml` describes it, and MIMIC-CXR-JPG's tables where given, for
splits and sizes of images. Writes: readings, fixations, words, sentences, samples, regions,
attributes, and `ingest.json`. Params: `ingest`. Drops, each counted by reason: rows of calibration
pictures and of unknown images, rows and files that cannot be used, gaze of readings whose image
size is unknown. Source: Karargyris et al. 2021; spec egd.md.

Positions on the image are the published ones. Outside it the publishers wrote -1 or the like, so
these are computed from the tracker's own values, on the same linear map. Times of gaze count from
the appearance of the image; `ingest.audio_offset_s` is added to the times of words.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.files import write_json
from gazescribe.pipeline.core.schemas import SPLITS
from gazescribe.pipeline.ingest.chunks import Chunk, cut, write_chunks
from gazescribe.pipeline.ingest.egd.sheet import DIAGNOSES
from gazescribe.pipeline.ingest.egd.split import SHARES, split_by_patient
from gazescribe.pipeline.ingest.egd.transcripts import read_dictation
from gazescribe.pipeline.ingest.egd.tree import Tree, read_tree
from gazescribe.pipeline.ingest.folder import make_room
from gazescribe.pipeline.ingest.quality import Quality, exclusions, gaze_quality, on_image
from gazescribe.pipeline.ingest.settings import Ingest, Options
from gazescribe.pipeline.ingest.splits import check_disjoint, plan_splits
from gazescribe.pipeline.sources.faults import (
    Fault,
    Findings,
    Survey,
    count_faults,
    count_lost,
    refuse,
)
from gazescribe.pipeline.sources.loading import load_manifest
from gazescribe.pipeline.sources.manifests import Manifest

TABLES = ("readings", "fixations", "words", "sentences", "samples", "regions", "attributes")
NO_DICTATION = ("transcript_missing", "transcript_unreadable")
NO_SPLIT = "none, for no MIMIC-CXR-JPG split was given"


@dataclass(frozen=True)
class Splits:
    """Splits of the readings, one element each.

    Attributes
    ----------
    published : list of str or None
        MIMIC-CXR-JPG's; None where it does not list the image.
    mil : list of str or None
        The same with validation subjects moved.
    egd : list of str
        EGD's own.
    source, egd_source : str
        Where they come from, for every result.
    """

    published: list[str | None]
    mil: list[str | None]
    egd: list[str]
    source: str
    egd_source: str


def ingest_egd(root: Path, out: Path, settings: Ingest, options: Options) -> dict[str, Any]:
    """Write all tables of a tree.

    Parameters
    ----------
    root : pathlib.Path
        Root of the tree.
    out : pathlib.Path
        Folder of the tables.
    settings : Ingest
        Seed and share of the draws, offset of the audio, thresholds of gaze quality.
    options : Options
        Published list of validation subjects, MIMIC-CXR-JPG's tables. Samples are always written,
        and workers are not used: the whole release takes seconds.

    Returns
    -------
    dict
        The content of `out/ingest.json`: counts, and what was left out by reason.

    Raises
    ------
    ManifestError
        If the master sheet, a gaze file or a list cannot be used, or a subject is in two splits;
        all faults at once.
    GazeError
        If `out` holds the tables of another data set.
    """
    manifest = load_manifest("egd")
    tree = read_tree(root, manifest, options)
    refuse(tree.faults, where=root)
    splits = _plan(tree, settings, options, where=root)
    sources = {"split_source": splits.source, "egd_split_source": splits.egd_source}
    extra = {**sources, "source": f"{manifest.name} {manifest.versions[0]}"}
    chunks = _chunks(root, tree, splits, settings, manifest)
    make_room(out, manifest.name, TABLES)
    n_rows, notes = write_chunks(chunks, out, TABLES, extra)
    summary = {
        "dataset": manifest.name,
        "version": manifest.versions[0],
        **sources,
        "rows": n_rows,
        "counts": count_readings(tree, notes),
        "splits": {split: splits.mil.count(split) for split in SPLITS},
        "egd_splits": {split: splits.egd.count(split) for split in SPLITS},
        "size_sources": dict(sorted(tree.size_sources.items())),
        "without_gaze": dict(sorted(notes.without_gaze.items())),
        "faults": count_faults([*tree.faults, *notes.faults]),
        **count_lost([*tree.faults, *notes.faults]),
    }
    write_json(summary, out / "ingest.json")
    return summary


def survey_egd(root: Path, settings: Ingest, options: Options) -> Survey:
    """Read the whole tree without writing.

    Parameters
    ----------
    root : pathlib.Path
        Root of the tree.
    settings : Ingest
        Thresholds of gaze quality.
    options : Options
        MIMIC-CXR-JPG's tables.

    Returns
    -------
    Survey
        Faults, counts, gaze quality and ids.
    """
    manifest = load_manifest("egd")
    tree = read_tree(root, manifest, options)
    notes = Chunk(faults=tree.faults)
    if all(fault.severity != "error" for fault in tree.faults):
        try:
            splits = _plan(tree, settings, options, where=root)
        except ManifestError as error:
            file = manifest.file("master_sheet").pattern
            notes.faults += [Fault("error", "bad_split", text, file) for text in error.faults]
        else:
            for chunk in _chunks(root, tree, splits, settings, manifest):
                notes.take_notes(chunk)
    ids = {
        "dicom_id": {case.dicom_id for case in tree.cases},
        "subject_id": {str(case.subject_id) for case in tree.cases},
    }
    return Survey(notes.faults, count_readings(tree, notes), notes.quality, ids)


def count_readings(tree: Tree, notes: Chunk) -> dict[str, int]:
    """Count what is there, under the names of the manifest's counts."""
    diagnoses = Counter(case.diagnosis for case in tree.cases)
    untold = {fault.item for fault in notes.faults if fault.code in NO_DICTATION}
    return {
        "readings": len(tree.cases),
        "readings_with_gaze": len(tree.cases) - notes.without_gaze.total(),
        **{f"readings_{name}": diagnoses[name] for name in DIAGNOSES},
        "subjects": len({case.subject_id for case in tree.cases}),
        "transcripts": len(tree.cases) - len(untold),
        "fixation_rows": tree.seen["fixations"],
        "gaze_rows": tree.seen["eye_gaze"],
        "boxes": tree.seen["boxes"],
    }


def _plan(tree: Tree, settings: Ingest, options: Options, *, where: Path) -> Splits:
    plan = plan_splits(options.val_subjects, settings)
    published = [tree.lookup.splits.get(case.dicom_id) for case in tree.cases]
    subjects = [case.subject_id for case in tree.cases]
    pairs = list(zip(subjects, published, strict=True))
    known = [(subject, split) for subject, split in pairs if split is not None]
    check_disjoint([one for one, _ in known], [split for _, split in known], where=where)
    shares = "/".join(f"{share * 100:g}" for share in SHARES.values())
    return Splits(
        published,
        [split and plan.split_of(subject, split) for subject, split in pairs],
        split_by_patient(subjects, [case.diagnosis for case in tree.cases], settings.seed),
        plan.source if known else NO_SPLIT,
        f"seeded draw by patient, stratified by diagnosis (seed {settings.seed}, {shares} %)",
    )


def _chunks(
    root: Path, tree: Tree, splits: Splits, settings: Ingest, manifest: Manifest
) -> Iterator[Chunk]:
    for numbers in cut(range(len(tree.cases))):
        chunk = Chunk()
        for number in numbers:
            _add_reading(root, tree, splits, number, settings, manifest, chunk)
        yield chunk


def _add_reading(
    root: Path,
    tree: Tree,
    splits: Splits,
    number: int,
    settings: Ingest,
    manifest: Manifest,
    chunk: Chunk,
) -> None:
    case = tree.cases[number]
    size = [None if np.isnan(pixels) else int(pixels) for pixels in tree.sizes[number]]
    has_gaze = _add_fixations(tree, number, settings.quality, chunk)
    _add_samples(tree, number, chunk)
    if tree.boxes is not None:
        chunk.add("regions", case.dicom_id, tree.boxes.of(number))
    path = manifest.file("transcript").pattern.replace("{dicom_id}", case.dicom_id)
    found = Findings(path, case.dicom_id, chunk.faults)
    dictation = read_dictation(root / path, settings.audio_offset_s, found)
    if dictation is not None:
        chunk.add("words", case.dicom_id, dictation.words)
        chunk.add("sentences", case.dicom_id, dictation.sentences)
    attributes = dict(case.attributes)
    if published := splits.published[number]:
        attributes["mimic_split"] = published
    rows = {"name": list(attributes), "value": list(attributes.values())}
    chunk.add("attributes", case.dicom_id, rows)
    row = {
        "dataset": manifest.name,
        "phase": None,
        "dicom_id": case.dicom_id,
        "study_id": case.study_id,
        "subject_id": case.subject_id,
        "split": splits.mil[number],
        "egd_split": splits.egd[number],
        "width_px": size[0],
        "height_px": size[1],
        "image_path": case.image_path,
        "has_gaze": has_gaze,
        "text": dictation and dictation.text,
        "diagnosis": case.diagnosis,
    }
    chunk.add("readings", case.dicom_id, {name: [value] for name, value in row.items()})


def _add_fixations(tree: Tree, number: int, thresholds: Quality, chunk: Chunk) -> bool:
    """Add fixations and their quality to the chunk; tell whether the reading has gaze."""
    reading_id = tree.cases[number].dicom_id
    if tree.fixations is None:
        chunk.without_gaze["no usable file"] += 1
        return False
    rows = tree.fixations.of(number)
    if not len(rows["onset_s"]):
        message = "the reading has no usable fixation"
        found = Findings("fixations.csv", reading_id, chunk.faults)
        found.add("loss", "fixations_none", message, loses="gaze")
        chunk.without_gaze["no fixation"] += 1
        return False
    times, place = (rows["onset_s"], rows["offset_s"]), (rows["x_px"], rows["y_px"])
    width, height = (int(pixels) for pixels in tree.sizes[number])
    quality = gaze_quality(*times, *place, (width, height), thresholds.min_gap_s)
    excluded = exclusions(quality, thresholds)
    chunk.add_quality(reading_id, quality, excluded)
    if excluded:
        chunk.without_gaze[f"quality: {excluded[0]}"] += 1
        return False
    chunk.add("fixations", reading_id, {"fixation": np.arange(len(times[0])), **rows})
    return True


def _add_samples(tree: Tree, number: int, chunk: Chunk) -> None:
    if tree.samples is None:
        return
    rows = tree.samples.of(number)
    if len(rows["time_s"]):
        width, height = (int(pixels) for pixels in tree.sizes[number])
        inside = on_image(rows["x_px"], rows["y_px"], width, height)
        numbers = np.arange(len(inside))
        columns = {"sample": numbers, **rows, "inside": inside}
        chunk.add("samples", tree.cases[number].dicom_id, columns)
