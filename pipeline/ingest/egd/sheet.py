"""The master sheet of EGD: one row a reading, with its ids, its place on the screen and its labels.

Rows whose ids or pads cannot be read are left out and counted. Free text of the MIMIC report and
discharge diagnoses are not taken. Source: spec egd.md 2.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gazescribe.pipeline.ingest.csv_files import boolean, numbers, read_columns
from gazescribe.pipeline.ingest.egd.screen import EgdDisplay, display_of
from gazescribe.pipeline.sources.faults import Fault, Findings
from gazescribe.pipeline.sources.manifests import LabelList, Manifest

PADS = ("image_top_pad", "image_bottom_pad", "image_left_pad", "image_right_pad")
# The columns are spelt like this: a capital, capitals, and none (spec egd.md 2).
DIAGNOSES = {"normal": "Normal", "chf": "CHF", "pneumonia": "pneumonia"}
AS_WRITTEN = ("gender", "anchor_age", "stay_id")
IDS = ("dicom_id", "study_id", "patient_id")
STATES = {"1": "positive", "0": "negative", "-1": "uncertain", "": "not_mentioned"}

_NUMBER = re.compile(r"(\d{8})(?:\.0)?")


@dataclass(frozen=True)
class EgdCase:
    """One row of the master sheet."""

    dicom_id: str
    study_id: int
    subject_id: int
    pads: tuple[int, int, int, int]  # top, bottom, left, right, in screen pixels
    diagnosis: str | None  # normal, chf or pneumonia
    # By the data set's own column names: flags as true or false, CheXpert labels as named states,
    # the rest as written. Blank cells are absent, but for CheXpert labels.
    attributes: dict[str, str]

    @property
    def image_path(self) -> str:
        """Path of the image in MIMIC-CXR, without suffix."""
        subject = str(self.subject_id)
        return f"files/p{subject[:2]}/p{subject}/s{self.study_id}/{self.dicom_id}"


def read_sheet(root: Path, manifest: Manifest) -> tuple[list[EgdCase], list[Fault]]:
    """Read the master sheet: cases sorted by image, and everything wrong, errors among it."""
    file = manifest.file("master_sheet")
    faults: list[Fault] = []
    findings = Findings(file.pattern, None, faults)
    labels = manifest.labels["master_sheet"]
    cells = read_columns(root, file, findings, labels=labels.names, severity="error", loses="tree")
    cases: dict[str, EgdCase] = {}
    for number in range(len(cells["dicom_id"]) if cells else 0):
        row = {name: column[number].strip() for name, column in (cells or {}).items()}
        case = _case(row, manifest, findings, number + 1)
        if case and case.dicom_id in cases:
            message = f"image {case.dicom_id} is listed more than once"
            findings.add("error", "reading_twice", message, row=number + 1, loses="tree")
        elif case:
            cases[case.dicom_id] = case
    if cells and not cases:
        findings.add("error", "no_reading", "no reading is listed", loses="tree")
    return [cases[dicom_id] for dicom_id in sorted(cases)], faults


def _case(
    row: Mapping[str, str], manifest: Manifest, findings: Findings, number: int
) -> EgdCase | None:
    dicom_id = row["dicom_id"]
    study, subject = (_NUMBER.fullmatch(row[name]) for name in ("study_id", "patient_id"))
    pads = _pads(row, display_of(manifest))
    if not (study and subject and pads and manifest.is_id("dicom_id", dicom_id)):
        shown = ", ".join(f"{name} {row[name]!r}" for name in IDS + PADS)
        message = f"an id or a pad is not what it should be: {shown}"
        findings.add("loss", "row_unreadable", message, row=number, loses="reading")
        return None
    findings = Findings(findings.file, dicom_id, findings.faults)
    attributes = _attributes(row, manifest.labels["master_sheet"], findings, number)
    flagged = [name for name, column in DIAGNOSES.items() if boolean(row[column])]
    if len(flagged) != 1:
        columns = ", ".join(DIAGNOSES.values())
        message = f"one of {columns} was expected to be 1, {len(flagged)} are"
        findings.add("loss", "diagnosis_unclear", message, row=number, loses="labels")
    diagnosis = flagged[0] if len(flagged) == 1 else None
    case = EgdCase(dicom_id, int(study[1]), int(subject[1]), pads, diagnosis, attributes)
    if row["path"] != f"{case.image_path}.dcm":
        message = f"path {row['path']!r} is not {case.image_path}.dcm, which the ids give"
        findings.add("warning", "image_path_differs", message, row=number)
    return case


def _pads(row: Mapping[str, str], display: EgdDisplay) -> tuple[int, int, int, int] | None:
    """Give the pads if they are whole numbers that leave room for an image."""
    values, _ = numbers([row[name] for name in PADS])
    if not np.all(values >= 0) or np.any(values % 1):
        return None
    top, bottom, left, right = (int(value) for value in values)
    if top + bottom >= display.height_px or left + right >= display.width_px:
        return None
    return top, bottom, left, right


def _attributes(
    row: Mapping[str, str], labels: LabelList, findings: Findings, number: int
) -> dict[str, str]:
    values = {name: row[name] for name in AS_WRITTEN if row.get(name)}
    for name in labels.flag:
        flag = boolean(row[name])
        if flag is not None:
            values[name] = "true" if flag else "false"
        elif row[name]:
            _note_unreadable(name, row[name], "0 or 1", findings, number)
    for name in labels.state:
        state = STATES.get(row[name].removesuffix(".0"))
        if state is not None:
            values[name] = state
        else:
            _note_unreadable(name, row[name], "1, 0, -1 or blank", findings, number)
    return values


def _note_unreadable(name: str, cell: str, expected: str, findings: Findings, number: int) -> None:
    message = f"{name} is {cell!r}, not {expected}"
    findings.add("loss", "label_unreadable", message, row=number, loses="labels")
