"""Write the REFLACX tree, in the bytes its makers' program writes.

Source: spec REFLACX A1 to A12: CRLF, minimal quoting, integers without point, transcript without
line end, labels by phase.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gazescribe.pipeline.demo.readings import Reading, read_case, seen_lesions, truth
from gazescribe.pipeline.demo.reflacx_labels import ellipses_of, label_cells, labels_of
from gazescribe.pipeline.demo.reflacx_plan import ReadingPlan, apply_to_reading
from gazescribe.pipeline.demo.settings import Demo
from gazescribe.pipeline.demo.view import View, full_px_per_deg, press_next, samples_text, show

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


@dataclass(frozen=True)
class Written:
    """What a worker gives back: a row of the metadata, and the truth (none when discarded)."""

    phase: int
    metadata: dict[str, Any]
    truth: dict[str, Any] | None


def write_readings(plans: Sequence[ReadingPlan], root: Path, settings: Demo) -> list[Written]:
    """Write the folders of some readings; the task of one worker."""
    return [_write_reading(plan, root, settings) for plan in plans]


def write_metadata(root: Path, written: Sequence[Written]) -> None:
    """Write the three metadata tables: phases 1 and 2 by id, phase 3 by image (A5)."""
    for phase in (1, 2, 3):
        rows = [reading.metadata for reading in written if reading.phase == phase]
        key = "image" if phase == 3 else "id"
        rows.sort(key=lambda row: row[key])
        path = root / "main_data" / f"metadata_phase_{phase}.csv"
        _write_csv(path, list(rows[0]), (row.values() for row in rows))


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
    states = _states(view, _pupil(rng, gaze.onset_s.size))
    times = [gaze.onset_s.tolist(), gaze.offset_s.tolist()]
    _write_plain(folder / "fixations.csv", FIXATION_COLUMNS, zip(*times, *states, strict=True))
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


def _states(view: View, pupil: list[float]) -> list[list[Any]]:
    """Columns 3 to 17 of the fixations."""
    return [
        np.rint(view.x_px).astype(int).tolist(),
        np.rint(view.y_px).astype(int).tolist(),
        pupil,
        *view.px_per_deg.T.tolist(),
        *view.window.T.tolist(),
        *view.shown_px.T.tolist(),
        *view.screen_px.T.tolist(),
    ]


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
