"""Write the REFLACX tree, in the bytes its makers' program writes.

Source: spec REFLACX A1 to A12: CRLF, minimal quoting, integers without point, transcript without
line end, labels, ellipses and certainties by phase.
"""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from gazescribe.pipeline.demo.cases import Lesion
from gazescribe.pipeline.demo.readings import Reading, read_case, seen_lesions, truth
from gazescribe.pipeline.demo.reflacx_plan import ReadingPlan, apply_to_reading
from gazescribe.pipeline.demo.settings import Demo
from gazescribe.pipeline.demo.view import full_px_per_deg, press_next, samples_text, show

EOL = "\r\n"
QUALITY_ISSUE_RATE = 0.1  # of phase 1 readings (inferred)
BOX = ("xmin", "ymin", "xmax", "ymax")
STATE_COLUMNS = (
    "x_position",
    "y_position",
    "pupil_area_normalized",
    "angular_resolution_x_pixels_per_degree",
    "angular_resolution_y_pixels_per_degree",
    "window_width",
    "window_level",
    *(f"{edge}_shown_from_image" for edge in BOX),
    *(f"{edge}_in_screen_coordinates" for edge in BOX),
)
FIXATION_COLUMNS = ("timestamp_start_fixation", "timestamp_end_fixation", *STATE_COLUMNS)
WORD_COLUMNS = ("word", "timestamp_start_word", "timestamp_end_word")
NOT_GRADED = frozenset(("Other", "Quality issue", "Support devices"))
COLUMNS: dict[str, tuple[str | None, str | None]] = {  # by class: in phase 1, in phases 2 and 3
    "acute fracture & fracture": ("Fracture", "Acute fracture"),
    "airway wall thickening": ("Airway wall thickening", None),
    "atelectasis": ("Atelectasis", "Atelectasis"),
    "consolidation": ("Consolidation", "Consolidation"),
    "enlarged cardiac silhouette": ("Enlarged cardiac silhouette", "Enlarged cardiac silhouette"),
    "enlarged hilum": (None, "Enlarged hilum"),
    "groundglass opacity": ("Groundglass opacity", "Groundglass opacity"),
    "hiatal hernia": (None, "Hiatal hernia"),
    "high lung volume - emphysema & emphysema": ("Emphysema", "High lung volume / emphysema"),
    "interstitial lung disease & fibrosis": ("Fibrosis", "Interstitial lung disease"),
    "mass": ("Mass", "Lung nodule or mass"),
    "nodule": ("Nodule", "Lung nodule or mass"),
    "pleural effusion": ("Pleural effusion", "Pleural abnormality"),
    "pleural thickening": ("Pleural thickening", "Pleural abnormality"),
    "pneumothorax": ("Pneumothorax", "Pneumothorax"),
    "pulmonary edema": ("Pulmonary edema", "Pulmonary edema"),
    "support devices": ("Support devices", "Support devices"),
    "wide mediastinum & abnormal mediastinum contour": (
        "Wide mediastinum",
        "Abnormal mediastinal contour",
    ),
}
OTHER_ITEMS = ("elevated hemidiaphragm", "rib deformity")
OTHER_COMMA = "scoliosis, mild"
EllipseRow = tuple[tuple[int, ...], int, frozenset[str]]  # box, certainty, labels


@dataclass(frozen=True)
class Written:
    """What a worker gives back: a row of the metadata, and the truth (none when discarded)."""

    phase: int
    metadata: dict[str, Any]
    truth: dict[str, Any] | None


def write_readings(plans: Sequence[ReadingPlan], root: Path, settings: Demo) -> list[Written]:
    """Write the folders of some readings; the task of one worker."""
    return [_write_reading(plan, root, settings) for plan in plans]


def write_metadata(root: Path, written: Iterable[Written], truth: TextIO) -> int:
    """Write the three metadata tables and the truth, a row as each reading comes.

    Gives how many have a truth. `sort_metadata` puts the tables in order.
    """
    n_truths = 0
    writers: dict[int, Any] = {}
    with ExitStack() as stack:
        for reading in written:
            if reading.phase not in writers:
                path = _metadata_path(root, reading.phase)
                file = stack.enter_context(path.open("w", encoding="utf-8", newline=""))
                writers[reading.phase] = csv.writer(file, lineterminator=EOL)
                writers[reading.phase].writerow(reading.metadata)
            writers[reading.phase].writerow(reading.metadata.values())
            if reading.truth is not None:
                truth.write(json.dumps(reading.truth, sort_keys=True) + "\n")
                n_truths += 1
    return n_truths


def sort_metadata(root: Path) -> None:
    """Put the rows of the metadata tables in order: phases 1 and 2 by id, phase 3 by image (A5)."""
    for phase in (1, 2, 3):
        path = _metadata_path(root, phase)
        in_order = path.with_suffix(".sorted")
        with path.open("rb") as rows, in_order.open("wb") as out:
            header = rows.readline()
            out.write(header)
            # Before the first cell that may have quotes stand both.
            column = header.split(b",").index(b"image" if phase == 3 else b"id")
            places, start = [], len(header)
            for row in rows:
                places.append((row.split(b",", column + 1)[column], start, len(row)))
                start += len(row)
            for _, start, length in sorted(places):
                rows.seek(start)
                out.write(rows.read(length))
        in_order.replace(path)


def _metadata_path(root: Path, phase: int) -> Path:
    return root / "main_data" / f"metadata_phase_{phase}.csv"


def _write_reading(plan: ReadingPlan, root: Path, settings: Demo) -> Written:
    rng = np.random.default_rng([settings.seed, 4, plan.number])
    case = plan.case
    size = case.width_px, case.height_px
    lesions = case.lesions if plan.phase == 3 else seen_lesions(rng, case.lesions, settings)
    complaint = plan.phase == 1 and rng.random() < QUALITY_ISSUE_RATE
    reading = read_case(
        rng,
        case,
        lesions,
        settings,
        px_per_deg=full_px_per_deg(*size),
        grid_s=0.1 if "coarse word times" in plan.edge_cases else 0.01,
        quality_issue=complaint,
    )
    reading = apply_to_reading(rng, reading, plan.edge_cases)
    ellipses = ellipses_of(plan, reading.lesions)
    folder = root / "main_data" / plan.reading_id
    folder.mkdir(parents=True)
    labels = labels_of(plan.phase)
    _write_csv(
        folder / "anomaly_location_ellipses.csv",
        (*BOX, "certainty", *labels),
        [
            (*box, certainty, *(name in named for name in labels))
            for box, certainty, named in ellipses
        ],
    )
    _write_csv(folder / "chest_bounding_box.csv", BOX, [_chest_box(rng, plan)])
    metadata = _first_cells(plan) | label_cells(plan, reading.lesions, ellipses, complaint)
    if "discarded" in plan.edge_cases:
        return Written(plan.phase, metadata, None)
    _write_transcript(folder, reading)
    gaze = press_next(rng, reading.gaze, size)
    view = show(rng, gaze, reading.visits, size, settings.zoom_rate)
    if "window in exponent form" in plan.edge_cases:
        view.window[-1, 0] = 2e-05
    fixations = [
        gaze.onset_s.tolist(),
        gaze.offset_s.tolist(),
        np.rint(view.x_px).astype(int).tolist(),
        np.rint(view.y_px).astype(int).tolist(),
        _pupil(rng, gaze.onset_s.size),
        *view.px_per_deg.T.tolist(),
        *view.screen_state(),
    ]
    _write_plain(folder / "fixations.csv", FIXATION_COLUMNS, zip(*fixations, strict=True))
    if plan.with_samples:
        path = root / "gaze_data" / plan.reading_id / "gaze.csv"
        path.parent.mkdir(parents=True)
        text = samples_text(rng, gaze, view, full_px_per_deg(*size))
        header = ",".join(("timestamp_sample", *STATE_COLUMNS))
        path.write_bytes(f"{header}{EOL}{text}".encode())
    return Written(plan.phase, metadata, truth("reflacx", plan.reading_id, case, reading))


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Iterable[Any]]) -> None:
    """Write with minimal quoting."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=EOL)
    writer.writerow(header)
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode())


def _write_plain(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write numbers, three times as fast as `csv` does."""
    lines = [",".join(header), *(",".join(map(str, row)) for row in rows), ""]
    path.write_bytes(EOL.join(lines).encode())


def _write_transcript(folder: Path, reading: Reading) -> None:
    (folder / "transcription.txt").write_bytes(reading.report.text.encode())
    words = zip(
        reading.report.tokens, reading.onset_s.tolist(), reading.offset_s.tolist(), strict=True
    )
    _write_csv(folder / "timestamps_transcription.csv", WORD_COLUMNS, words)


def _pupil(rng: np.random.Generator, n: int) -> list[float]:
    mean = rng.normal(1.0, 0.08)
    pupils: list[float] = np.round(np.clip(rng.normal(mean, 0.06, n), 0.5, 2.0), 3).tolist()
    return pupils


def _chest_box(rng: np.random.Generator, plan: ReadingPlan) -> list[int]:
    """Lungs and heart with a margin, a bit different for every reader."""
    anatomy = plan.case.anatomy
    size = np.array([plan.case.width_px, plan.case.height_px] * 2)
    boxes = np.array([anatomy.right_lung, anatomy.left_lung, anatomy.heart])
    low, high = boxes[:, :2].min(axis=0) - 0.01, boxes[:, 2:].max(axis=0) + 0.01
    box = np.rint((np.concatenate([low, high]) + rng.normal(0, 0.006, 4)) * size).astype(int)
    if "chest box outside" in plan.edge_cases:
        box[0], box[3] = -5, size[1] + 4
    outline: list[int] = box.tolist()
    return outline


def _first_cells(plan: ReadingPlan) -> dict[str, Any]:
    case = plan.case
    image = f"physionet.org/files/mimic-cxr/2.0.0/{case.folder}/{case.dicom_id}.dcm"
    return {
        "id": plan.reading_id,
        "split": case.split,
        "eye_tracking_data_discarded": "discarded" in plan.edge_cases,
        "image": image,
        "dicom_id": case.dicom_id,
        "subject_id": case.subject_id,
        "image_size_x": case.width_px,
        "image_size_y": case.height_px,
    }


def labels_of(phase: int) -> list[str]:
    """Name the label columns of a phase, by the alphabet (A5.1)."""
    names = {"Other", "Quality issue"} if phase == 1 else {"Other"}  # columns of no finding
    for columns in COLUMNS.values():
        name = columns[phase > 1]
        if name is not None:
            names.add(name)
    return sorted(names)


def ellipses_of(plan: ReadingPlan, lesions: Sequence[Lesion]) -> list[EllipseRow]:
    """Draw the ellipses of what the reader saw: box in whole pixels, certainty, labels.

    One row where an ellipse has several labels; devices are drawn only as an edge case.
    """
    size_px = plan.case.width_px, plan.case.height_px
    rows: dict[tuple[int, ...], tuple[int, set[str]]] = {}
    for lesion in lesions:
        column = COLUMNS[lesion.finding][plan.phase > 1]
        drawn = column not in NOT_GRADED or "device ellipse" in plan.edge_cases
        if column is None or not drawn:
            continue
        key = tuple(np.rint(lesion.box_px(*size_px)).astype(int).tolist())
        certainty, named = rows.get(key, (0, set()))
        rows[key] = max(certainty, lesion.certainty), named | {column}
    if "ellipse outside" in plan.edge_cases and rows:
        key = next(iter(rows))
        rows[-7, key[1], key[2], size_px[1] + 9] = rows.pop(key)
    ellipses = [(box, certainty, frozenset(named)) for box, (certainty, named) in rows.items()]
    return sorted(ellipses, key=lambda row: min(row[2]))


def label_cells(
    plan: ReadingPlan, lesions: Sequence[Lesion], ellipses: Sequence[EllipseRow], complaint: bool
) -> dict[str, Any]:
    """Fill the label columns of the metadata: a certainty, a flag, or free text (A5.2).

    A label's certainty is the most of its `ellipses`', from `ellipses_of`. `complaint` says whether
    the reader of phase 1 found the image bad.
    """
    cells: dict[str, Any] = dict.fromkeys(labels_of(plan.phase), 0)
    for name in NOT_GRADED & set(cells):
        cells[name] = False
    for _, certainty, named in ellipses:
        for name in named - NOT_GRADED:
            cells[name] = max(cells[name], certainty)
    findings = {lesion.finding for lesion in lesions}
    # The makers' program writes False where a device was drawn (A5.2).
    cells["Support devices"] = "support devices" in findings and not any(
        "Support devices" in named for *_, named in ellipses
    )
    if plan.phase == 1:
        cells["Quality issue"] = complaint
    cells["Other"] = "|".join(_other(plan, findings))
    if "left-over certainty" in plan.edge_cases:
        absent = [name for name, value in cells.items() if value == 0 and name not in NOT_GRADED]
        cells[absent[0]] = -1
    return cells


def _other(plan: ReadingPlan, findings: set[str]) -> list[str]:
    """List findings without a column, and what else a reader may have noted."""
    items = sorted(name for name in findings if COLUMNS[name][plan.phase > 1] is None)
    if "other list" in plan.edge_cases:
        items += OTHER_ITEMS
    if "other comma" in plan.edge_cases:
        items.append(OTHER_COMMA)
    return items
