"""An EGD tree without its dictations: master sheet, sizes of images, gaze, boxes. Reads only."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gazescribe.pipeline.ingest.csv_files import (
    Floats,
    Mask,
    number_columns,
    read_columns,
    sort_corners,
)
from gazescribe.pipeline.ingest.egd.gaze import (
    ByReading,
    fit_sizes,
    group,
    place_fixations,
    place_samples,
    read_fixations,
)
from gazescribe.pipeline.ingest.egd.screen import (
    Display,
    Numbers,
    axes_of,
    display_of,
    display_pads,
)
from gazescribe.pipeline.ingest.egd.sheet import Case, read_sheet
from gazescribe.pipeline.ingest.mimic_tables import Lookup, look_up
from gazescribe.pipeline.ingest.settings import Options
from gazescribe.pipeline.sources.faults import Fault, Findings
from gazescribe.pipeline.sources.manifests import Manifest
from gazescribe.pipeline.sources.roots import existing

# In the file the order is x1, x2, y1, y2 (spec egd.md 4): by name, never by place.
BOX = {"xmin_px": "x1", "ymin_px": "y1", "xmax_px": "x2", "ymax_px": "y2"}
PAD_TOLERANCE_PX = 1  # screen pixels; the publishers cut to integers


@dataclass(frozen=True)
class Tree:
    """A tree, read but for its dictations."""

    cases: list[Case]  # sorted by image
    sizes: Floats  # shape (n, 2): width and height in pixels; NaN where unknown
    size_sources: Counter[str]  # readings by where their size comes from
    lookup: Lookup  # EGD's images are MIMIC's
    fixations: ByReading | None  # this and the next two: None where the file is absent
    samples: ByReading | None
    boxes: ByReading | None
    n_rows: Counter[str]  # rows in the files, by name
    faults: list[Fault]  # errors among them


def read_tree(root: Path, manifest: Manifest, options: Options) -> Tree:
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
        findings.add("loss", f"{name}_missing", "there is no such file", loses=loses)
    return findings, path


def _known_sizes(
    root: Path, manifest: Manifest, cases: Sequence[Case], lookup: Lookup, faults: list[Fault]
) -> tuple[Floats, list[str]]:
    """Take sizes from the header of a mask, else from MIMIC's metadata."""
    pattern = manifest.file("left_lung").pattern
    sizes, sources = np.full((len(cases), 2), np.nan), ["unknown"] * len(cases)
    for number, case in enumerate(cases):
        findings = Findings(pattern.replace("{dicom_id}", case.dicom_id), case.dicom_id, faults)
        mask_size = _mask_size(root / findings.file, findings)
        size = mask_size or lookup.sizes.get(case.dicom_id)
        if size:
            sizes[number] = size
            sources[number] = "left_lung.png" if mask_size else "MIMIC metadata"
    return sizes, sources


def _mask_size(path: Path, findings: Findings) -> tuple[int, int] | None:
    if not path.is_file():
        return None
    try:
        with Image.open(path, formats=["PNG"]) as mask:
            return mask.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        findings.add("warning", "mask_unreadable", f"this is no picture ({error})")
        return None


def _note_sizes(
    cases: Sequence[Case],
    sizes: Floats,
    sources: Sequence[str],
    display: Display,
    faults: list[Fault],
) -> None:
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
    usable = _usable_boxes(reading, names, values, findings)
    for axis in "xy":
        turned = usable & sort_corners(values, axis)
        findings.add_rows("warning", "box_reversed", "had their corners swapped", turned)
    columns = {name: column[usable] for name, column in {"region": names, **values}.items()}
    return group(reading[usable], columns, len(dicom_ids))


def _usable_boxes(
    reading: Numbers, names: NDArray[np.object_], values: dict[str, Floats], findings: Findings
) -> Mask:
    keys = list(zip(reading.tolist(), names, strict=True))
    first = {key: row for row, key in reversed(list(enumerate(keys)))}
    twice = np.array([first[key] != row for row, key in enumerate(keys)], dtype=bool)
    unreadable = np.isnan(np.sum(list(values.values()), axis=0)) | (names == "")  # any of four
    usable = np.ones(len(keys), dtype=bool)
    for reason, bad, message in (
        ("unknown", reading < 0, "are of images that the master sheet does not list"),
        ("unreadable", unreadable, "lack a name or a number"),
        ("twice", twice, "repeat a structure of the image"),
    ):
        findings.add_rows("loss", f"box_{reason}", message, usable & bad, loses="region")
        usable &= ~bad
    return usable
