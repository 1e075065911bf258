"""EGD's master_sheet.csv: 59 columns about each image, its patient and the MIMIC report.

Source: spec EGD 2. Titles and codes of diagnoses are those of ICD-9 and ICD-10.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from gazescribe.pipeline.demo.cases import Case
from gazescribe.pipeline.demo.tracker import display_of

AGES = ("20 - 30", "30 - 40", "40 - 50", "50 - 60", "60 - 70", "70 - 80")
CLASSES = {"chf": "CHF", "pneumonia": "pneumonia", "normal": "Normal"}  # in the order of the rows
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
COLUMNS = (
    "dicom_id", "path", "study_id", "patient_id", "stay_id", "gender", "anchor_age",
    "image_top_pad", "image_bottom_pad", "image_left_pad", "image_right_pad",
    *(f"dx{k}{suffix}" for k in range(1, N_DIAGNOSES + 1) for suffix in ("", "_icd")),
    "normal_reports", "Normal", "CHF", "pneumonia", *FINDINGS, *CHEXPERT, "cxr_exam_indication",
)  # fmt: skip

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


def patient(case: Case, seed: int) -> tuple[str, str]:
    """Give the age group and gender of a case's subject; the same for all of its images."""
    rng = np.random.default_rng([seed, 20, case.subject_id])
    shares = (0.08, 0.1, 0.16, 0.2, 0.23, 0.23)
    return AGES[int(rng.choice(len(AGES), p=shares))], ("F", "M")[int(rng.integers(2))]


def in_sheet_order(cases: Iterable[Case], seed: int) -> list[Case]:
    """Sort as the release does: CHF, pneumonia, normal; within them by age, then gender."""
    classes = list(CLASSES)

    def rank(case: Case) -> tuple[int, str, str, str]:
        return classes.index(case.diagnosis or ""), *patient(case, seed), case.dicom_id

    return sorted(cases, key=rank)


def sheet_row(case: Case, number: int, seed: int) -> dict[str, Any]:
    """Describe one image.

    Parameters
    ----------
    case : Case
        With a diagnosis.
    number : int
        Its row; indications follow one another by it, so that every form occurs.
    seed : int
        Of the demo.

    Returns
    -------
    dict of str to object
        A value for each of `COLUMNS`; "" is an empty cell.
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
        **{column: int(case.diagnosis == name) for name, column in CLASSES.items()},
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
