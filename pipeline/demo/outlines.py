"""Outlines of a chest's structures, from the boxes of its anatomy: for pictures and masks."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from gazescribe.pipeline.demo.cases import Anatomy

Points = NDArray[np.float64]
Box = tuple[float, float, float, float]

# Corners of smooth closed curves, in fractions of the structure's box; a corner given twice is
# sharp. The lung is the patient's right one: lateral at 0, medial at 1.
_LUNG = [
    (0.66, 0.00), (0.42, 0.05), (0.22, 0.17), (0.09, 0.38), (0.01, 0.68), (0.00, 0.92),
    (0.02, 1.00), (0.02, 1.00), (0.14, 0.93), (0.36, 0.865), (0.62, 0.85), (0.84, 0.90),
    (0.97, 0.97), (0.97, 0.97), (0.98, 0.75), (0.95, 0.50), (0.97, 0.30), (0.92, 0.12),
    (0.82, 0.02),
]  # fmt: skip
_HEART = [
    (0.24, 0.00), (0.48, -0.03), (0.66, 0.03), (0.75, 0.18), (0.84, 0.40), (0.95, 0.64),
    (1.00, 0.84), (0.93, 0.98), (0.70, 1.02), (0.35, 1.02), (0.10, 0.97), (0.01, 0.74),
    (0.03, 0.44), (0.12, 0.18),
]  # fmt: skip
_MEDIASTINUM = [
    (0.30, 0.00), (0.22, 0.10), (0.12, 0.28), (0.06, 0.55), (0.10, 0.80), (0.10, 1.00),
    (0.10, 1.00), (0.90, 1.00), (0.90, 1.00), (0.86, 0.75), (0.84, 0.60), (0.96, 0.50),
    (0.99, 0.41), (0.92, 0.33), (0.80, 0.26), (0.76, 0.10), (0.72, 0.00),
]  # fmt: skip
_KNOB = [(0.62, 0.36), (0.80, 0.31), (0.96, 0.36), (1.00, 0.43), (0.92, 0.50), (0.68, 0.52)]
_STEPS = 8


@dataclass(frozen=True)
class Frame:
    """An image's grid and the tilt of the patient in it.

    A point in fractions of the image lands on a pixel by `place`; `tilt_rad` turns the body about
    the image's centre.
    """

    height_px: int
    width_px: int
    tilt_rad: float = 0.0

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, in pixels."""
        return self.height_px, self.width_px

    def coarse(self, factor: int) -> "Frame":
        """Give the same frame with fewer pixels."""
        height_px, width_px = -(-self.height_px // factor), -(-self.width_px // factor)
        return Frame(height_px, width_px, self.tilt_rad)

    def place(self, points: Points) -> Points:
        """Give the pixels, shape (n, 2) as x and y, of points in fractions of the image."""
        size = np.array([self.width_px, self.height_px])
        turn = np.array(
            [
                [math.cos(self.tilt_rad), -math.sin(self.tilt_rad)],
                [math.sin(self.tilt_rad), math.cos(self.tilt_rad)],
            ]
        )
        placed: Points = ((points - 0.5) * size) @ turn.T + size / 2 - 0.5
        return placed


def frame_of(anatomy: Anatomy, height_px: int, width_px: int) -> Frame:
    """Lay a chest on a grid."""
    return Frame(height_px, width_px, math.radians(anatomy.tilt_deg))


def outlines(anatomy: Anatomy) -> dict[str, Points]:
    """Give the closed outlines of a chest, without tilt.

    Returns
    -------
    dict of str to ndarray, shape (n, 2)
        x and y in fractions of the image for right_lung, left_lung, heart, mediastinum and
        aortic_knob; right is the patient's.
    """
    left = [(1 - u, v) for u, v in _LUNG]
    return {
        "right_lung": _curve(_LUNG, anatomy.right_lung),
        "left_lung": _curve(left, anatomy.left_lung),
        "heart": _curve(_HEART, anatomy.heart),
        "mediastinum": _curve(_MEDIASTINUM, anatomy.mediastinum),
        "aortic_knob": _curve(_KNOB, anatomy.mediastinum),
    }


def _curve(corners: list[tuple[float, float]], box: Box) -> Points:
    """Run a closed Catmull-Rom spline through corners given in fractions of a box."""
    p1 = np.array(corners)
    p0, p2, p3 = np.roll(p1, 1, axis=0), np.roll(p1, -1, axis=0), np.roll(p1, -2, axis=0)
    t = (np.arange(_STEPS) / _STEPS)[None, :, None]
    a, b, c, d = (p[:, None, :] for p in (p0, p1, p2, p3))
    curve = 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )
    low, high = np.array(box[:2]), np.array(box[2:])
    points: Points = curve.reshape(-1, 2) * (high - low) + low
    return points


def filled(frame: Frame, *polygons: Points) -> Image.Image:
    """Draw closed outlines, white on black, as an 8-bit picture."""
    picture = Image.new("L", (frame.width_px, frame.height_px))
    draw = ImageDraw.Draw(picture)
    for polygon in polygons:
        draw.polygon(list(map(tuple, frame.place(polygon))), fill=255)
    return picture
