"""What one synthetic image shows: a chest, and lesions in anatomically right places.

Source of shares and certainties: spec REFLACX A14 (six labels counted over 3,052 readings, the
others from 200 reports; what neither states is marked inferred). Places are textbook knowledge.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Box = tuple[float, float, float, float]  # xmin, ymin, xmax, ymax
Ellipse = tuple[float, float, float, float]  # x, y and radii
Span = tuple[float, float]
PORTRAIT = 2544 / 3056  # the aspect for which the boxes below are given

CERTAINTIES: dict[str, tuple[int, int, int, int, int]] = {  # counts of certainty 1 to 5 (A14)
    "atelectasis": (1, 7, 55, 322, 460),
    "consolidation": (1, 12, 52, 238, 515),
    "enlarged cardiac silhouette": (1, 15, 61, 106, 533),
    "pulmonary edema": (1, 9, 54, 172, 192),
    "groundglass opacity": (0, 1, 30, 113, 247),
    "pneumothorax": (4, 4, 12, 15, 71),
}
OTHER_CERTAINTIES = tuple(sum(counts) for counts in zip(*CERTAINTIES.values(), strict=True))


@dataclass(frozen=True)
class Anatomy:
    """Where the chest lies, in fractions of the image's width and height, and how it looks.

    Boxes are (xmin, ymin, xmax, ymax). `right_lung` is the patient's right, at smaller x.
    """

    right_lung: Box
    left_lung: Box
    heart: Box
    mediastinum: Box
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

    def box_px(self, width_px: int, height_px: int) -> NDArray[np.float64]:
        """Give xmin, ymin, xmax, ymax of the ellipse in pixels of an image of that size."""
        size = np.array([width_px, height_px])
        # A fraction of the image counts from its edge, a pixel from the centre of the first one.
        centre, radii = np.array([self.x, self.y]) * size - 0.5, np.array([self.rx, self.ry]) * size
        return np.concatenate([centre - radii, centre + radii])


@dataclass(frozen=True)
class Film:
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


@dataclass(frozen=True)
class Habitat:
    """Where in a lung a finding sits, how large it is, how often it takes both sides.

    `across` runs from the mediastinum (0) to the chest wall (1), `down` from apex (0) to base (1);
    `rx` and `ry` are shares of the lung's width and height. Without them the place is `_midline`'s.
    """

    share: float
    across: Span = (0.0, 0.0)
    down: Span = (0.0, 0.0)
    rx: Span = (0.0, 0.0)
    ry: Span = (0.0, 0.0)
    both: float = 0.0


HABITATS: dict[str, Habitat] = {
    "atelectasis": Habitat(0.277, (0.35, 0.6), (0.72, 0.9), (0.25, 0.38), (0.06, 0.1), 0.35),
    "consolidation": Habitat(0.268, (0.3, 0.65), (0.3, 0.85), (0.2, 0.32), (0.1, 0.17), 0.2),
    "pulmonary edema": Habitat(0.140, (0.35, 0.45), (0.45, 0.6), (0.3, 0.42), (0.25, 0.36), 0.95),
    "groundglass opacity": Habitat(
        0.128, (0.35, 0.65), (0.3, 0.8), (0.25, 0.36), (0.14, 0.24), 0.5
    ),
    "pneumothorax": Habitat(0.035, (0.5, 0.62), (0.1, 0.16), (0.3, 0.4), (0.08, 0.13)),
    "pleural effusion": Habitat(0.290, (0.55, 0.72), (0.9, 0.97), (0.28, 0.42), (0.06, 0.13), 0.35),
    "pleural thickening": Habitat(0.035, (0.5, 0.6), (0.04, 0.08), (0.25, 0.35), (0.03, 0.05), 0.3),
    "acute fracture & fracture": Habitat(
        0.030, (0.9, 1.0), (0.35, 0.8), (0.12, 0.18), (0.04, 0.06)
    ),
    "nodule": Habitat(0.017, (0.25, 0.75), (0.15, 0.8), (0.06, 0.1), (0.03, 0.05), 0.15),
    "mass": Habitat(0.008, (0.3, 0.6), (0.2, 0.7), (0.17, 0.25), (0.08, 0.12)),
    "interstitial lung disease & fibrosis": Habitat(
        0.015, (0.5, 0.6), (0.7, 0.8), (0.33, 0.42), (0.16, 0.24), 0.9
    ),
    "high lung volume - emphysema & emphysema": Habitat(
        0.020, (0.5, 0.5), (0.5, 0.5), (0.46, 0.5), (0.46, 0.5), 1.0
    ),
    "enlarged hilum": Habitat(0.020, (0.08, 0.14), (0.42, 0.5), (0.16, 0.22), (0.08, 0.11), 0.4),
    "airway wall thickening": Habitat(  # share inferred
        0.010, (0.2, 0.3), (0.55, 0.65), (0.18, 0.25), (0.1, 0.14), 0.7
    ),
    "enlarged cardiac silhouette": Habitat(0.235),
    "wide mediastinum & abnormal mediastinum contour": Habitat(0.010),
    "hiatal hernia": Habitat(0.005),
    "support devices": Habitat(0.287),  # share: spec REFLACX B2
}
SHARED_ELLIPSE_RATE = 0.3  # of images with both atelectasis and consolidation (inferred)


def draw_anatomy(rng: np.random.Generator, aspect: float, findings: Sequence[str]) -> Anatomy:
    """Draw a chest whose shape agrees with what is found in it.

    `aspect` is the image's width over its height; `findings`, classes of `rules/labels.yaml`,
    enlarge the heart, the mediastinum or the lungs.
    """
    base = rng.normal(0.79, 0.02) + 0.03 * ("high lung volume - emphysema & emphysema" in findings)
    heart_width = 0.29 + rng.normal(0, 0.012) + 0.12 * ("enlarged cardiac silhouette" in findings)
    wide = "wide mediastinum & abnormal mediastinum contour" in findings
    upper_width = 0.14 + rng.normal(0, 0.008) + 0.09 * wide
    top = rng.normal(0.13, 0.015)
    left, right = rng.normal(0.12, 0.012), 1 - rng.normal(0.12, 0.012)
    boxes = (
        (left, top, 0.46, base),
        (0.54, top, right, base),
        (0.52 - heart_width * 0.42, base - 0.31, 0.52 + heart_width * 0.66, base + 0.01),
        (0.5 - upper_width / 2, top - 0.02, 0.5 + upper_width / 2, base - 0.26),
    )
    across = min(1.0, math.sqrt(PORTRAIT / aspect))
    down = min(1.18, 1 / across)
    moved = rng.normal(0, 0.012, 2)
    right_lung, left_lung, heart, mediastinum = (_fit(box, across, down, moved) for box in boxes)
    tilt_deg, exposure = float(rng.normal(0, 1.2)), float(rng.normal(1.0, 0.06))
    return Anatomy(right_lung, left_lung, heart, mediastinum, tilt_deg, exposure)


def _fit(box: Box, across: float, down: float, moved: np.ndarray) -> Box:
    xs = [0.5 + (x - 0.5) * across + float(moved[0]) for x in (box[0], box[2])]
    ys = [0.46 + (y - 0.46) * down + float(moved[1]) for y in (box[1], box[3])]
    return xs[0], ys[0], xs[1], ys[1]


def draw_lesions(
    rng: np.random.Generator, anatomy: Anatomy, findings: Sequence[str]
) -> tuple[Lesion, ...]:
    """Place findings in a chest, with a certainty each.

    Bilateral signs come as two ellipses; atelectasis and consolidation sometimes share one.
    """
    lesions: list[Lesion] = []
    for finding in findings:
        certainty = draw_certainty(rng, finding)
        if finding == "consolidation" and rng.random() < SHARED_ELLIPSE_RATE:
            shared = [lesion for lesion in lesions if lesion.finding == "atelectasis"]
            lesions += [replace(lesion, finding=finding) for lesion in shared]
            if shared:
                continue
        if HABITATS[finding].rx == (0, 0):
            lesions.append(_midline(rng, anatomy, finding, certainty))
            continue
        both = rng.random() < HABITATS[finding].both
        sides = ("right", "left") if both else (("right", "left")[int(rng.integers(2))],)
        lesions += [_in_lung(rng, anatomy, finding, side, certainty) for side in sides]
    return tuple(lesions)


def draw_certainty(rng: np.random.Generator, finding: str) -> int:
    """Draw how certain a reader is of a finding, 1 to 5, as often as A14 says."""
    counts = np.array(CERTAINTIES.get(finding, OTHER_CERTAINTIES))
    return int(rng.choice(5, p=counts / counts.sum())) + 1


def _in_lung(
    rng: np.random.Generator, anatomy: Anatomy, finding: str, side: str, certainty: int
) -> Lesion:
    habitat = HABITATS[finding]
    xmin, ymin, xmax, ymax = anatomy.right_lung if side == "right" else anatomy.left_lung
    across, down = rng.uniform(*habitat.across), rng.uniform(*habitat.down)
    x = xmax - across * (xmax - xmin) if side == "right" else xmin + across * (xmax - xmin)
    return Lesion(
        finding,
        side,
        float(x),
        float(ymin + down * (ymax - ymin)),
        float(rng.uniform(*habitat.rx) * (xmax - xmin)),
        float(rng.uniform(*habitat.ry) * (ymax - ymin)),
        certainty,
        float(down),
    )


def inscribed(box: Box) -> Ellipse:
    """Give the ellipse that fills a box."""
    xmin, ymin, xmax, ymax = box
    return (xmin + xmax) / 2, (ymin + ymax) / 2, (xmax - xmin) / 2, (ymax - ymin) / 2


def _midline(rng: np.random.Generator, anatomy: Anatomy, finding: str, certainty: int) -> Lesion:
    """Draw an enlarged heart or mediastinum, a hernia behind the heart, or a device."""
    box, side = anatomy.heart, "middle"
    if finding == "hiatal hernia":
        xmin, _, xmax, ymax = box
        box = xmin + 0.25 * (xmax - xmin), ymax - 0.13, xmin + 0.7 * (xmax - xmin), ymax
    elif finding == "wide mediastinum & abnormal mediastinum contour":
        box = anatomy.mediastinum
    elif finding == "support devices":
        side = ("right", "left", "middle")[int(rng.integers(3))]
        box, certainty = _device_box(anatomy, side), 5  # nobody doubts a device
    return Lesion(finding, side, *inscribed(box), certainty)


def _device_box(anatomy: Anatomy, side: str) -> Box:
    """Right: a line to the superior vena cava; left: a pacemaker; middle: a tube."""
    xmin, ymin, xmax, _ = anatomy.mediastinum
    if side == "right":
        return xmin - 0.08, ymin + 0.02, xmin + 0.04, ymin + 0.25
    if side == "left":
        lung = anatomy.left_lung
        return lung[0] + 0.12, lung[1] + 0.05, lung[2] - 0.02, lung[1] + 0.2
    return (xmin + xmax) / 2 - 0.02, ymin - 0.05, (xmin + xmax) / 2 + 0.02, ymin + 0.2
