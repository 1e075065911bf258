"""Write the EGD tree, and its images as DICOM files in the MIMIC-CXR tree.

Every defect of spec EGD 10 occurs, each in one reading at least where there are readings enough.
There is no audio: nothing reads it.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gazescribe.pipeline.core.files import replacing
from gazescribe.pipeline.demo import tracker
from gazescribe.pipeline.demo.cases import Film
from gazescribe.pipeline.demo.dicom import write_dicom
from gazescribe.pipeline.demo.egd_readings import EgdReading, planted, read_all, transcript_json
from gazescribe.pipeline.demo.egd_tables import BOX_COLUMNS, box_rows, in_sheet_order, sheet_row
from gazescribe.pipeline.demo.pictures import masks, radiograph
from gazescribe.pipeline.demo.settings import Demo, Images
from gazescribe.pipeline.demo.tracker import Presentation, display_of

SESSION_SIZE = 30
CALIBRATION_EVERY = 20  # cases
SESSION_BIAS = (0.75, 2.5)  # of the tracker's error, across and down: 0.3 and 1.0 degrees
LONG_ID_RATE = 0.002  # presentations under an id that is no image's, a case
MONOCHROME1_EVERY = 8  # images


def write_egd(
    root: Path, cases: Sequence[Film], settings: Demo, images: Images
) -> list[dict[str, Any]]:
    """Write `root/egd`, all but the pictures; `none` of them leaves out eye_gaze.csv, for speed.

    The same seed and cases, with diagnoses and the sizes of the pictures, give the same bytes.

    Returns
    -------
    list of dict
        What was planted in each reading, in the order of master_sheet.csv; `defects` names what is
        wrong with it, and `visits` is empty where a defect has spoilt the planted lags.
    """
    egd = root / "egd"
    seed = settings.seed
    ordered = in_sheet_order(cases, seed)
    read = read_all(ordered, settings)
    rows = [sheet_row(case, number, seed) for number, case in enumerate(ordered)]
    _write_csv(egd / "master_sheet.csv", rows[0], (row.values() for row in rows))
    _write_inclusion(egd / "inclusion_exclusion_criteria_outputs", rows)
    _write_csv(egd / "bounding_boxes.csv", BOX_COLUMNS, box_rows(ordered, seed))
    _write_gaze(egd, _presentations(read, settings), seed, samples=images != "none")
    for reading in read:
        _write_dictation(egd, reading, np.random.default_rng([seed, 23, reading.case.study_id]))
    return [planted(reading) for reading in read]


def _write_csv(path: Path, header: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    """Write a table as pandas would: quotes where needed, floats in full."""
    with replacing(path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _write_inclusion(folder: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    columns = ("dicom_id", "anchor_age", "gender", "Normal", "CHF", "pneumonia")
    for name, column in (("CHF", "CHF"), ("normals", "Normal"), ("pneumonia", "pneumonia")):
        values = ([row[key] for key in columns] for row in rows if row[column])
        _write_csv(folder / f"{name}.csv", columns, values)


def _presentations(read: Sequence[EgdReading], settings: Demo) -> list[Presentation]:
    """Put cases, calibration pictures and strays into sessions, in the order they were shown."""
    rng = np.random.default_rng([settings.seed, 25])
    shown = [_of_case(reading) for reading in read]
    ids = [reading.case.dicom_id for reading in read]
    calibrated = ids[CALIBRATION_EVERY // 2 :: CALIBRATION_EVERY] or ids[:1]
    shown += [_of_point(rng, dicom_id[:-5], tracker.CALIBRATION) for dicom_id in calibrated]
    strays = rng.permutation(len(read))[: max(1, round(LONG_ID_RATE * len(read)))]
    shown += [_of_point(rng, f"{ids[k]}_2", shown[k].display) for k in strays]
    bias = np.array(SESSION_BIAS) * settings.tracker_error_deg * tracker.SCREEN_PX_PER_DEG
    placed = []
    for place, number in enumerate(rng.permutation(len(shown)).tolist()):
        session, media = divmod(place, SESSION_SIZE)
        if media == 0:
            shift = rng.normal(0, bias) / tracker.SCREEN_PX
            tick = int(rng.integers(10**11, 10**12))
        presentation = replace(
            shown[number],
            session=session + 1,
            media=media,
            begin_tick=tick,
            across=shown[number].across + shift[0],
            down=shown[number].down + shift[1],
        )
        tick += int((presentation.offset_s[-1] + 2) * tracker.TICKS_PER_S)
        if number < len(read):
            presentation = _touch_far_edges(presentation, read[number])
        placed.append(presentation)
    return placed


def _of_case(reading: EgdReading) -> Presentation:
    gaze = reading.reading.gaze
    display = display_of(reading.case.width_px, reading.case.height_px)
    across, down = display.to_screen(gaze.x_px, gaze.y_px)
    first = 3 if "first fixation is not 1" in reading.defects else 1
    return Presentation(
        reading.case.dicom_id, display, gaze.onset_s, gaze.offset_s, across, down, first
    )


def _touch_far_edges(shown: Presentation, reading: EgdReading) -> Presentation:
    """Let fixations on an odd-sized image fall on the pixel that the authors padded it by."""
    free = np.flatnonzero(reading.reading.gaze.visit < 0)[-2:]
    if free.size < 2 or "all gaze outside" in reading.defects:
        return shown
    display = shown.display
    across, down = shown.across.copy(), shown.down.copy()
    if display.width_px % 2:
        across[free[0]], down[free[0]] = 1 - (display.right_px + 0.1) / tracker.SCREEN_PX[0], 0.5
    if display.height_px % 2:
        across[free[1]], down[free[1]] = 0.5, 1 - (display.bottom_px + 0.1) / tracker.SCREEN_PX[1]
    return replace(shown, across=across, down=down)


def _of_point(rng: np.random.Generator, dicom_id: str, display: tracker.Display) -> Presentation:
    """Look at the centre of the screen for 2 to 4 s."""
    ends = 0.05 + np.cumsum(rng.uniform(0.5, 1.0, 4))
    onsets = np.concatenate([[0.05], ends[:-1] + tracker.SAMPLE_S])
    across, down = 0.5 + rng.uniform(-0.01, 0.01, 4), 0.5 + rng.uniform(-0.05, 0.05, 4)
    return Presentation(dicom_id, display, onsets, ends, across, down)


def _write_gaze(egd: Path, shown: Sequence[Presentation], seed: int, *, samples: bool) -> None:
    records = [
        tracker.record(np.random.default_rng([seed, 26, number]), presentation)
        for number, presentation in enumerate(shown)
    ]
    fixations = (row for record in records for row in record.rows(record.ends))
    _write_csv(egd / "fixations.csv", tracker.COLUMNS, fixations)
    if samples:
        rows = (row for record in records for row in record.rows(slice(None)))
        _write_csv(egd / "eye_gaze.csv", tracker.COLUMNS, rows)


def _case_folder(egd: Path, case: Film) -> Path:
    return egd / "audio_segmentation_transcripts" / case.dicom_id


def _write_dictation(egd: Path, reading: EgdReading, rng: np.random.Generator) -> None:
    folder = _case_folder(egd, reading.case)
    with replacing(folder / "transcript.json") as beside:
        beside.write_text(transcript_json(rng, reading.reading, reading.defects), encoding="utf-8")
    if reading.defects:  # what a download by wget leaves behind
        with replacing(folder / "index.html") as beside:
            beside.write_text("<html></html>\n", encoding="utf-8")


MASK_FILES = {  # the release's spelling
    "left_lung": "left_lung.png",
    "right_lung": "right_lung.png",
    "mediastinum": "mediastanum.png",
    "aortic_knob": "aortic_knob.png",
}


def write_pictures(cases: Sequence[Film], root: Path, inverted: frozenset[str]) -> None:
    """Write the DICOM files and masks of some cases; the task of one worker.

    `inverted` are the images to store as MONOCHROME1, from `inverted_ids` of all cases.
    """
    for case in cases:
        picture = radiograph(case, case.height_px, case.width_px)
        path = root / "mimic-cxr" / case.folder / f"{case.dicom_id}.dcm"
        write_dicom(case, picture, path, inverted=case.dicom_id in inverted)
        masks_of_case = masks(case, case.height_px, case.width_px)
        for name, file_name in MASK_FILES.items():
            packed = io.BytesIO()
            inside = Image.fromarray(masks_of_case[name].astype(np.uint8) * 255)
            inside.save(packed, "PNG", compress_level=1)
            with replacing(_case_folder(root / "egd", case) / file_name) as beside:
                beside.write_bytes(packed.getvalue())


def inverted_ids(cases: Sequence[Film]) -> frozenset[str]:
    """Choose the images that are stored as MONOCHROME1: every eighth, one at least."""
    ids = sorted(case.dicom_id for case in cases)
    return frozenset(ids[::MONOCHROME1_EVERY])
