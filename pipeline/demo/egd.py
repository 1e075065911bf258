"""Write the EGD tree, and its images as DICOM files in the MIMIC-CXR tree.

Every defect of spec EGD 10 occurs, each in one reading at least where there are readings enough.
There is no audio: nothing reads it.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from PIL import Image

from gazescribe.pipeline.core.files import replacing
from gazescribe.pipeline.demo.cases import Film
from gazescribe.pipeline.demo.dicom import write_dicom
from gazescribe.pipeline.demo.drawn import Drawn, dicom_id
from gazescribe.pipeline.demo.egd_readings import EgdReading, planted, transcript_json
from gazescribe.pipeline.demo.egd_tables import BOX_COLUMNS, box_rows, sheet_row
from gazescribe.pipeline.demo.pictures import masks, radiograph

INCLUSION = {"CHF": "CHF", "normals": "Normal", "pneumonia": "pneumonia"}  # table, column
INCLUDED = ("dicom_id", "anchor_age", "gender", "Normal", "CHF", "pneumonia")
MONOCHROME1_EVERY = 8  # images


def write_tables(egd: Path, cases: Drawn[Film], seed: int) -> None:
    """Write the tables about images: the sheet in the order of `cases`, who was included, boxes."""
    with ExitStack() as stack:
        sheet = stack.enter_context(_writing_rows(egd / "master_sheet.csv"))
        folder = egd / "inclusion_exclusion_criteria_outputs"
        included = {
            column: stack.enter_context(_writing_rows(folder / f"{name}.csv"))
            for name, column in INCLUSION.items()
        }
        for writer in included.values():
            writer.writerow(INCLUDED)
        for number, case in enumerate(cases):
            row = sheet_row(case, number, seed)
            if number == 0:
                sheet.writerow(row)
            sheet.writerow(row.values())
            for column, writer in included.items():
                if row[column]:
                    writer.writerow(row[name] for name in INCLUDED)
    with _writing_rows(egd / "bounding_boxes.csv") as writer:
        writer.writerow(BOX_COLUMNS)
        writer.writerows(box_rows(cases, seed))


@contextmanager
def writing(path: Path) -> Iterator[TextIO]:
    """Give a file to write a table to, as pandas would: quotes where needed, floats in full."""
    with replacing(path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        yield file


@contextmanager
def _writing_rows(path: Path) -> Iterator[Any]:
    with writing(path) as file:
        yield csv.writer(file, lineterminator="\n")


def write_dictations(egd: Path, readings: Sequence[EgdReading], seed: int) -> list[dict[str, Any]]:
    """Write the transcripts of some readings; the task of one worker.

    Gives what was planted in each; `defects` names what is wrong with it, and `visits` is empty
    where a defect has spoilt the planted lags.
    """
    truths = []
    for reading in readings:
        _write_dictation(egd, reading, np.random.default_rng([seed, 23, reading.case.study_id]))
        truths.append(planted(reading))
    return truths


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


def inverted_ids(cases: Drawn[Film]) -> frozenset[str]:
    """Choose the images that are stored as MONOCHROME1: every eighth, one at least."""
    ids = sorted(map(dicom_id, cases.rows["groups"]))
    return frozenset(ids[::MONOCHROME1_EVERY])
