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
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.foreign import parsing
from gazescribe.pipeline.ingest.chunks import Chunk
from gazescribe.pipeline.ingest.csv_files import (
    Floats,
    number_columns,
    read_columns,
    sort_corners,
    usable_rows,
)
from gazescribe.pipeline.ingest.egd.dictation import read_dictation
from gazescribe.pipeline.ingest.egd.gaze import (
    ByReading,
    fit_sizes,
    group,
    place_fixations,
    place_samples,
    read_fixations,
)
from gazescribe.pipeline.ingest.egd.screen import EgdDisplay, axes_of, display_of, display_pads
from gazescribe.pipeline.ingest.egd.sheet import DIAGNOSES, EgdCase, read_sheet
from gazescribe.pipeline.ingest.mimic_tables import Lookup, look_up
from gazescribe.pipeline.ingest.protocol import Listing, Plan, Reader
from gazescribe.pipeline.ingest.quality import Quality, on_image
from gazescribe.pipeline.ingest.settings import Ingest, IngestOptions
from gazescribe.pipeline.ingest.splits import (
    check_disjoint,
    count_splits,
    plan_shared_splits,
    split_by_patient,
)
from gazescribe.pipeline.sources.faults import Fault, Findings
from gazescribe.pipeline.sources.manifests import Manifest
from gazescribe.pipeline.sources.walking import absence, existing

TABLES = ("readings", "fixations", "words", "sentences", "samples", "regions", "attributes")
NO_DICTATION = ("transcript_missing", "transcript_unreadable")
NO_SPLIT = "none, for no MIMIC-CXR-JPG split was given"
# In the file the order is x1, x2, y1, y2 (spec egd.md 4): by name, never by place.
BOX = {"xmin_px": "x1", "ymin_px": "y1", "xmax_px": "x2", "ymax_px": "y2"}
PAD_TOLERANCE_PX = 1  # screen pixels; the publishers cut to integers


@dataclass(frozen=True)
class Tree:
    """A tree, read but for its dictations."""

    cases: list[EgdCase]  # sorted by image
    sizes: Floats  # shape (n, 2): width and height in pixels; NaN where unknown
    size_sources: Counter[str]  # readings by where their size comes from
    lookup: Lookup  # EGD's images are MIMIC's
    fixations: ByReading | None  # this and the next two: None where the file is absent
    samples: ByReading | None
    boxes: ByReading | None
    n_rows: Counter[str]  # rows in the files, by name
    faults: list[Fault]  # errors among them


def read_tree(root: Path, manifest: Manifest, options: IngestOptions) -> Tree:
    """Read a tree; to be used only if no fault is an error."""
    cases, faults = read_sheet(root, manifest)
    dicom_ids = [case.dicom_id for case in cases]
    lookup = Lookup({}, {}, [])
    if options.mimic_metadata is not None:
        lookup = look_up(options.mimic_metadata, dicom_ids)
        faults += lookup.faults
    n_rows: Counter[str] = Counter()
    display, pads = display_of(manifest), [case.pads for case in cases]
    findings, path = _file(root, manifest, "fixations", "gaze", faults)
    rows = read_fixations(path, dicom_ids, findings, n_rows) if path else None
    sizes, sources = _known_sizes(root, manifest, cases, lookup, faults)
    if rows is not None:
        unsized = [number for number, source in enumerate(sources) if source == "unknown"]
        axes = axes_of(np.full_like(sizes, np.nan), pads, display)
        for number, size in fit_sizes(*rows, axes, unsized).items():
            sizes[number], sources[number] = size, "fitted to fixations"
    _note_sizes(cases, sizes, sources, display, faults)
    axes = axes_of(sizes, pads, display)
    fixations = place_fixations(*rows, axes, findings) if rows is not None else None
    findings, path = _file(root, manifest, "eye_gaze", "samples", faults)
    samples = place_samples(path, dicom_ids, axes, findings, n_rows) if path else None
    boxes = _read_boxes(root, manifest, dicom_ids, n_rows, faults)
    return Tree(cases, sizes, Counter(sources), lookup, fixations, samples, boxes, n_rows, faults)


def _file(
    root: Path, manifest: Manifest, name: str, loses: str, faults: list[Fault]
) -> tuple[Findings, Path | None]:
    findings = Findings(manifest.file(name).pattern, None, faults)
    path = existing(root / findings.file)
    if path is None:
        findings.add("loss", f"{name}_missing", absence(root / findings.file), loses=loses)
    return findings, path


def _known_sizes(
    root: Path, manifest: Manifest, cases: Sequence[EgdCase], lookup: Lookup, faults: list[Fault]
) -> tuple[Floats, list[str]]:
    """Take sizes and where they are from: the header of a mask, else MIMIC's metadata."""
    pattern = manifest.file("left_lung").pattern
    sizes, sources = np.full((len(cases), 2), np.nan), ["unknown"] * len(cases)
    for number, case in enumerate(cases):
        findings = Findings(pattern.replace("{dicom_id}", case.dicom_id), case.dicom_id, faults)
        if case.dicom_id in lookup.sizes:
            sizes[number], sources[number] = lookup.sizes[case.dicom_id], "MIMIC metadata"
        if (root / findings.file).is_file():
            try:
                with (
                    parsing(root / findings.file, "a PNG file"),
                    Image.open(root / findings.file, formats=["PNG"]) as mask,
                ):
                    sizes[number], sources[number] = mask.size, "left_lung.png"
            except SchemaError as error:
                findings.add("warning", "mask_unreadable", f"this is no picture ({error.what})")
    return sizes, sources


def _note_sizes(
    cases: Sequence[EgdCase],
    sizes: Floats,
    sources: Sequence[str],
    display: EgdDisplay,
    faults: list[Fault],
) -> None:
    """Note sizes that are unknown, fitted, or not those that the pads were made for."""
    for case, size, source in zip(cases, sizes, sources, strict=True):
        findings = Findings("master_sheet.csv", case.dicom_id, faults)
        if source == "unknown":
            message = "no mask, no MIMIC metadata and no fixation tells the size of the image"
            findings.add("loss", "image_size_unknown", message, loses="gaze")
            continue
        width, height = (int(pixels) for pixels in size)
        expected = display_pads(width, height, display)
        if source == "fitted to fixations":
            message = f"the size, {width} x {height}, is fitted; odd sizes come out one larger"
            findings.add("warning", "image_size_fitted", message)
        elif np.abs(np.subtract(expected, case.pads)).max() > PAD_TOLERANCE_PX:
            message = f"pads {case.pads} do not belong to {width} x {height} pixels: {expected}"
            findings.add("warning", "pads_differ", message)


def _read_boxes(
    root: Path,
    manifest: Manifest,
    dicom_ids: Sequence[str],
    n_rows: Counter[str],
    faults: list[Fault],
) -> ByReading | None:
    file = manifest.file("boxes")
    findings = Findings(file.pattern, None, faults)
    cells = read_columns(root, file, findings, loses="region")
    if cells is None:
        return None
    values, _ = number_columns(cells, BOX)
    n_rows["boxes"] = len(cells["bbox_name"])
    names = np.array([name.strip() for name in cells["bbox_name"]], dtype=object)
    places = {dicom_id: number for number, dicom_id in enumerate(dicom_ids)}
    reading = np.array([places.get(cell.strip(), -1) for cell in cells["dicom_id"]], dtype=np.intp)
    unreadable = np.isnan(np.sum(list(values.values()), axis=0)) | (names == "")  # any of four
    keys = list(zip(reading.tolist(), names, strict=True))
    first = {key: row for row, key in reversed(list(enumerate(keys)))}
    twice = np.array([first[key] != row for row, key in enumerate(keys)], dtype=bool)
    reasons = {
        "box_unknown": ("are of images that the master sheet does not list", reading < 0),
        "box_unreadable": ("lack a name or a number", unreadable),
        "box_twice": ("repeat a structure of the image", twice),
    }
    usable = usable_rows(reasons, findings, loses="region")
    for axis in "xy":
        turned = usable & sort_corners(values, axis)
        findings.add_rows("warning", "box_reversed", "had their corners swapped", turned)
    columns = {name: column[usable] for name, column in {"region": names, **values}.items()}
    return group(reading[usable], columns, len(dicom_ids))


@dataclass(frozen=True)
class AssignedCase:
    """One case of the tree and its splits."""

    tree: Tree
    number: int  # place of the case in the tree
    published: str | None  # MIMIC-CXR-JPG's; None where it does not list the image
    split: str | None  # the same with validation subjects moved
    egd_split: str | None  # EGD's own

    @property
    def size_px(self) -> tuple[int | None, int | None]:
        """Width and height of the image; None where unknown."""
        width, height = self.tree.sizes[self.number]
        return None if np.isnan(width) else int(width), None if np.isnan(height) else int(height)


def _list(root: Path, manifest: Manifest, options: IngestOptions) -> Listing:
    tree = read_tree(root, manifest, options)
    # What `verify` reads where there is no plan, for a subject is in two splits.
    cases = [AssignedCase(tree, number, None, None, None) for number in range(len(tree.cases))]
    return Listing(cases, tree.faults, partial(_ids, tree), content=tree)


def _ids(tree: Tree) -> dict[str, set[str]]:
    return {
        "dicom_id": {case.dicom_id for case in tree.cases},
        "subject_id": {str(case.subject_id) for case in tree.cases},
    }


def _plan(root: Path, listing: Listing, settings: Ingest, options: IngestOptions) -> Plan:
    tree: Tree = listing.content
    plan = plan_shared_splits(options, settings)
    subjects = [case.subject_id for case in tree.cases]
    published = [tree.lookup.splits.get(case.dicom_id) for case in tree.cases]
    pairs = list(zip(subjects, published, strict=True))
    listed = [(subject, split) for subject, split in pairs if split is not None]
    check_disjoint([subject for subject, _ in listed], [split for _, split in listed], where=root)
    splits = [split and plan.split_of(subject, split) for subject, split in pairs]
    diagnoses = [case.diagnosis for case in tree.cases]
    egd_splits = split_by_patient(subjects, diagnoses, settings.seed, settings.egd_shares)
    parts = "/".join(f"{share * 100:g}" for share in settings.egd_shares)
    source = f"seeded draw by patient, stratified by diagnosis (seed {settings.seed}, {parts} %)"
    columns = zip(published, splits, egd_splits, strict=True)
    return Plan(
        [AssignedCase(tree, number, *row) for number, row in enumerate(columns)],
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
        "subjects": len(listing.ids()["subject_id"]),
        "transcripts": n_cases - len(untold),
        "fixation_rows": tree.n_rows["fixations"],
        "gaze_rows": tree.n_rows["eye_gaze"],
        "boxes": tree.n_rows["boxes"],
    }


def _read(
    root: Path, reading: AssignedCase, manifest: Manifest, settings: Ingest, chunk: Chunk
) -> None:
    case, boxes = reading.tree.cases[reading.number], reading.tree.boxes
    has_gaze = _add_fixations(reading, settings.quality, chunk)
    samples, (width_px, height_px) = reading.tree.samples, reading.size_px
    # Rows of images of unknown size were left out before, so that there are none without a size.
    if samples is not None and width_px is not None and height_px is not None:
        rows = samples.rows_of(reading.number)
        if not len(rows["x_px"]):
            findings = Findings("eye_gaze.csv", case.dicom_id, chunk.faults)
            findings.add("loss", "samples_none", "the reading has no sample", loses="samples")
        inside = on_image(rows["x_px"], rows["y_px"], width_px, height_px)
        chunk.add_samples(case.dicom_id, {**rows, "inside": inside}, (width_px, height_px))
    if boxes is not None:
        chunk.add("regions", case.dicom_id, boxes.rows_of(reading.number))
    path = manifest.file("transcript").pattern.replace("{dicom_id}", case.dicom_id)
    findings = Findings(path, case.dicom_id, chunk.faults)
    text = read_dictation(root / path, settings, findings, chunk)
    published = {"mimic_split": reading.published} if reading.published else {}
    chunk.add_attributes(case.dicom_id, case.attributes | published)
    chunk.add_reading(
        case.dicom_id,
        case,
        dataset=manifest.name,
        split=reading.split,
        egd_split=reading.egd_split,
        width_px=width_px,
        height_px=height_px,
        has_gaze=has_gaze,
        text=text,
    )


def _add_fixations(reading: AssignedCase, thresholds: Quality, chunk: Chunk) -> bool:
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


READER = Reader(
    TABLES,
    _list,
    _plan,
    _count,
    _read,
    looks_at_faults=True,
    in_process=True,  # the gaze of the whole release is in memory and is read in seconds
    split_fault=("bad_split", "master_sheet.csv"),
)
