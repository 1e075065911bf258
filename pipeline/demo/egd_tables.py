"""EGD's two tables of images: master_sheet.csv and bounding_boxes.csv.

The sheet has 59 columns about each image, its patient and the MIMIC report; the boxes are of 17
structures, as a detector would have found them.
Source: spec EGD 2 and 4. Titles and codes of diagnoses are those of ICD-9 and ICD-10.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from gazescribe.pipeline.demo.cases import Box, Film
from gazescribe.pipeline.demo.drawn import Drawn
from gazescribe.pipeline.demo.tracker import display_of

AGES = ("20 - 30", "30 - 40", "40 - 50", "50 - 60", "60 - 70", "70 - 80")
CLASSES = ("chf", "pneumonia", "normal")  # in the order of the rows
N_DIAGNOSES = 9

FINDINGS: dict[str, tuple[str, ...]] = {  # columns 34 to 44, and what makes them 1
    "consolidation": ("consolidation",),
    "enlarged_cardiac_silhouette": ("enlarged cardiac silhouette",),
    "linear__patchy_atelectasis": ("atelectasis",),
    "lobar__segmental_collapse": (),
    "not_otherwise_specified_opacity___pleural__parenchymal_opacity__": ("groundglass opacity",),
    "pleural_effusion_or_thickening": ("pleural effusion", "pleural thickening"),
    "pulmonary_edema__hazy_opacity": ("pulmonary edema",),
    "normal_anatomically": (),
    "elevated_hemidiaphragm": (),
    "hyperaeration": ("high lung volume - emphysema & emphysema",),
    "vascular_redistribution": (),
}
CHEXPERT: dict[str, tuple[str, ...]] = {  # columns 45 to 58
    "atelectasis__chx": ("atelectasis",),
    "cardiomegaly__chx": ("enlarged cardiac silhouette",),
    "consolidation__chx": ("consolidation",),
    "edema__chx": ("pulmonary edema",),
    "enlarged_cardiomediastinum__chx": ("wide mediastinum & abnormal mediastinum contour",),
    "fracture__chx": ("acute fracture & fracture",),
    "lung_lesion__chx": ("nodule", "mass"),
    "lung_opacity__chx": ("groundglass opacity", "consolidation"),
    "no_finding__chx": (),
    "pleural_effusion__chx": ("pleural effusion",),
    "pleural_other__chx": ("pleural thickening",),
    "pneumonia__chx": (),
    "pneumothorax__chx": ("pneumothorax",),
    "support_devices__chx": ("support devices",),
}
DIAGNOSES: dict[str, tuple[tuple[str, str], ...]] = {
    "chf": (
        ("CONGESTIVE HEART FAILURE, UNSPECIFIED", "4280"),
        ("Heart failure, unspecified", "I509"),
    ),
    "pneumonia": (
        ("PNEUMONIA,ORGANISM UNSPECIFIED", "486"),
        ("Pneumonia, unspecified organism", "J189"),
    ),
    "normal": (("CHEST PAIN NOS", "78650"), ("Dizziness and giddiness", "R42")),
}
OTHER_DIAGNOSES = (
    ("HYPERTENSION NOS", "4019"),
    ("ATRIAL FIBRILLATION", "42731"),
    ("Essential (primary) hypertension", "I10"),
    ("Type 2 diabetes mellitus without complications", "E119"),
    ("Cough", "R05"),
    ("SHORTNESS OF BREATH", "78605"),
)
INDICATIONS = (
    "___F with cough and fever, evaluate for pneumonia",
    "History: ___M with dyspnea  // ?pulmonary edema",
    "___ year old man with chest pain.\nRule out pneumothorax, effusion",
    'Patient states "short of breath",\n\nworse since ___; acute process?',
    "Shortness of breath",
    "",
)
BOX_COLUMNS = ("dicom_id", "bbox_name", "x1", "x2", "y1", "y2")
N_STRUCTURES = 17
MISSING_BOXES = 7 / 1083  # a case
SPREAD = 0.004  # of an edge, as a share of the image
LUNG_PARTS: dict[str, Box] = {  # from the chest wall (0) to the middle (1), apex to base
    "clavicle": (-0.25, 0.0, 0.95, 0.16),
    "costophrenic angle": (0.0, 0.84, 0.3, 1.0),
    "hilar structures": (0.68, 0.36, 1.0, 0.62),
    "lower lung zone": (0.0, 0.62, 1.0, 1.0),
    "mid lung zone": (0.0, 0.36, 1.0, 0.62),
    "upper lung zone": (0.0, 0.0, 1.0, 0.36),
}


def patient(case: Film, seed: int) -> tuple[str, str]:
    """Give the age group and gender of a case's subject; the same for all of its images."""
    rng = np.random.default_rng([seed, 20, case.subject_id])
    shares = (0.08, 0.1, 0.16, 0.2, 0.23, 0.23)
    return AGES[int(rng.choice(len(AGES), p=shares))], ("F", "M")[int(rng.integers(2))]


def in_sheet_order(cases: Drawn[Film], seed: int) -> Drawn[Film]:
    """Sort as the release does: CHF, pneumonia, normal; within them by age, then gender."""

    def rank(place: int) -> tuple[int, str, str, str]:
        case = cases[place]
        return CLASSES.index(case.diagnosis or ""), *patient(case, seed), case.dicom_id

    return cases.take(np.array(sorted(range(len(cases)), key=rank)))


def sheet_row(case: Film, number: int, seed: int) -> dict[str, Any]:
    """Fill the sheet's row of one image, the `number`th; "" is an empty cell.

    Indications follow one another by the number, so that every form occurs.
    """
    rng = np.random.default_rng([seed, 21, case.study_id])
    display = display_of(case.width_px, case.height_px)
    age, gender = patient(case, seed)
    seen = {lesion.finding: lesion.certainty for lesion in case.lesions}
    flags = {
        name: int(any(finding in seen for finding in findings))
        for name, findings in FINDINGS.items()
    }
    flags["normal_anatomically"] = int(not seen)
    return {
        "dicom_id": case.dicom_id,
        "path": f"{case.folder}/{case.dicom_id}.dcm",
        "study_id": case.study_id,
        "patient_id": case.subject_id,
        "stay_id": 99_000_000 + int(rng.integers(1_000_000)),
        "gender": gender,
        "anchor_age": age,
        "image_top_pad": display.top_px,
        "image_bottom_pad": display.bottom_px,
        "image_left_pad": display.left_px,
        "image_right_pad": display.right_px,
        **_diagnoses(rng, case.diagnosis or "normal"),
        "normal_reports": int(case.diagnosis == "normal"),
        "Normal": int(case.diagnosis == "normal"),
        "CHF": int(case.diagnosis == "chf"),
        "pneumonia": int(case.diagnosis == "pneumonia"),
        **flags,
        **{name: _state(rng, name, findings, seen) for name, findings in CHEXPERT.items()},
        "cxr_exam_indication": INDICATIONS[number % len(INDICATIONS)],
    }


def _diagnoses(rng: np.random.Generator, diagnosis: str) -> dict[str, str]:
    choices = DIAGNOSES[diagnosis]
    order = rng.permutation(len(OTHER_DIAGNOSES))[: rng.integers(0, 5)]
    diagnoses = [choices[int(rng.integers(len(choices)))], *(OTHER_DIAGNOSES[k] for k in order)]
    diagnoses += [("", "")] * (N_DIAGNOSES - len(diagnoses))
    columns: dict[str, str] = {}
    for number, (title, code) in enumerate(diagnoses, 1):
        columns |= {f"dx{number}": title, f"dx{number}_icd": code}
    return columns


def _state(
    rng: np.random.Generator, name: str, findings: tuple[str, ...], seen: dict[str, int]
) -> int | str:
    """Give 1, 0, -1 or nothing, as the CheXpert labeler would write them."""
    certainty = max((seen.get(finding, 0) for finding in findings), default=0)
    if name == "no_finding__chx":
        return "" if seen else 1
    if certainty:
        return 1 if certainty >= 4 else -1
    return ("", "", 0)[int(rng.integers(3))]


def box_rows(
    cases: Drawn[Film], seed: int
) -> Iterator[tuple[str, str, float, float, float, float]]:
    """Give the rows of `BOX_COLUMNS`, sorted by image and name; a few structures are missing."""
    rng = np.random.default_rng([seed, 27])
    n_rows = N_STRUCTURES * len(cases)
    moved = rng.normal(0, SPREAD, (n_rows, 4))
    is_missing = np.zeros(n_rows, bool)
    is_missing[rng.permutation(n_rows)[: max(1, round(MISSING_BOXES * len(cases)))]] = True
    order = np.lexsort(cases.rows["groups"].T[::-1])  # as ids, which are these numbers in hex
    number = 0
    for case in cases.take(order):
        size = np.array([case.width_px, case.height_px] * 2)
        for name, box in sorted(_structures(case).items()):
            corners = (np.array(box) + moved[number]) * size
            x1, y1, x2, y2 = np.round(np.clip(corners, 0, size - 1)).tolist()
            if not is_missing[number]:
                yield case.dicom_id, name, min(x1, x2), max(x1, x2), min(y1, y2), max(y1, y2)
            number += 1


def _structures(case: Film) -> dict[str, Box]:
    """Give the boxes of the 17 structures, in fractions of the image."""
    anatomy = case.anatomy
    boxes: dict[str, Box] = {
        "cardiac silhouette": anatomy.heart,
        "upper mediastinum": anatomy.mediastinum,
        "trachea": _part(anatomy.mediastinum, (0.35, -0.05, 0.65, 0.55)),
    }
    for side, lung in (("right", anatomy.right_lung), ("left", anatomy.left_lung)):
        boxes[f"{side} lung"] = lung
        for name, (lateral, top, medial, bottom) in LUNG_PARTS.items():
            xs = (lateral, medial) if side == "right" else (1 - medial, 1 - lateral)
            boxes[f"{side} {name}"] = _part(lung, (xs[0], top, xs[1], bottom))
    return boxes


def _part(box: Box, share: Box) -> Box:
    """Give the part of a box whose corners are shares of its width and height."""
    (xmin, ymin, xmax, ymax), (left, top, right, bottom) = box, share
    width, height = xmax - xmin, ymax - ymin
    return xmin + left * width, ymin + top * height, xmin + right * width, ymin + bottom * height
