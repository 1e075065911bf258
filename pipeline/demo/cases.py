"""What one synthetic image shows: a chest, its lesions, and the ids of the image."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Anatomy:
    """Where the chest lies, in fractions of the image's width and height, and how it looks.

    Boxes are (xmin, ymin, xmax, ymax). `right_lung` is the patient's right, at smaller x.
    """

    right_lung: tuple[float, float, float, float]
    left_lung: tuple[float, float, float, float]
    heart: tuple[float, float, float, float]
    mediastinum: tuple[float, float, float, float]
    tilt_deg: float
    exposure: float


@dataclass(frozen=True)
class Lesion:
    """One ellipse of abnormality, in fractions of the image's width and height.

    `finding` is a class of `rules/labels.yaml`; `side` is right, left or middle (the patient's);
    `zone` is the height within the lung, 0 at its apex, 1 at its base.
    """

    finding: str
    side: str
    x: float
    y: float
    rx: float
    ry: float
    certainty: int
    zone: float = 0.5


@dataclass(frozen=True)
class Case:
    """One frontal image: ids that cannot be mistaken for real ones, size, and what it shows."""

    subject_id: int
    study_id: int
    dicom_id: str
    width_px: int
    height_px: int
    view: str
    split: str
    diagnosis: str | None
    anatomy: Anatomy
    lesions: tuple[Lesion, ...]

    @property
    def folder(self) -> str:
        """`files/p99/pSUBJECT/sSTUDY`, the same in MIMIC-CXR and MIMIC-CXR-JPG."""
        subject = str(self.subject_id)
        return f"files/p{subject[:2]}/p{subject}/s{self.study_id}"
