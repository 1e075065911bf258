"""Maps of Gaussians on a picture that is turned, scaled and shifted, drawn without resampling.

A Gaussian stays one under any affine. Where it is round, or the picture is not turned, it stays a
product of two profiles; else it is one times exp(-ρxy), x and y in standard deviations, whose power
series is a short sum of products: a map stays one matrix product. Clipping rectangles turn as well
and are no products then: what is near the edge of its rectangle is drawn by rectangle, times that.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazescribe.pipeline.geometry.gaussians import REACH
from gazescribe.pipeline.geometry.letterbox import Letterbox

Columns = dict[str, Any]
FloatArray = NDArray[np.float64]
FloatMap = NDArray[np.float32]
Clip = tuple[int, ...]

LEFT_OUT = 2e-5
"""Of a Gaussian's height, at most: what of the series is left out; float16 rounds by 2.4e-4."""
NEAR = 5.0
"""Standard deviations: an edge farther out cuts off less than 4e-6 of the height."""
LONG = 0.8
"""Of |ρ|: where more than 40 terms would be needed."""
SIDES = ("clip_xmin_px", "clip_ymin_px", "clip_xmax_px", "clip_ymax_px")


@dataclass(frozen=True)
class Motion:
    """What a picture shows: at pixel (x, y) the place `start + turn @ (x, y)` of the image.

    Attributes
    ----------
    turn : ndarray of float64, shape (2, 2)
        Image pixels a pixel of the picture; rows are x and y of the image.
    start : ndarray of float64, shape (2,)
        x and y in the image of the centre of the top left pixel.
    size : tuple of int
        (height, width) of the picture.
    """

    turn: FloatArray
    start: FloatArray
    size: tuple[int, int]

    @classmethod
    def of_frame(cls, frame: Letterbox, affine: ArrayLike) -> "Motion":
        """Move a frame by a matrix, (2, 3), from the picture to the frame.

        Coordinates of the matrix, (x, y, 1), run from -1 to 1 between the edges, as those of
        `torch.nn.functional.affine_grid` with `align_corners=False`.
        """
        sides = np.array([frame.width, frame.height], float)
        matrix = np.asarray(affine, float)
        pads = np.array([frame.pad_x_px, frame.pad_y_px])
        # From pixels to -1 … 1 and back: n = (2 p + 1) / sides - 1.
        turn = matrix[:, :2] * sides[:, None] / sides
        shown = matrix[:, :2] @ (1 / sides - 1) + matrix[:, 2]
        start = ((shown + 1) * sides - 1) / 2
        in_image = (start - pads + 0.5) / frame.scale - 0.5
        return cls(turn / frame.scale, in_image, (frame.height, frame.width))


class MovedGaussians:
    """Gaussians of one image, factored on a picture: maps of some of them are matrix products.

    Parameters
    ----------
    gaussians : mapping of str to ndarray, shapes (n,)
        Columns of the table `gaussians`.
    motion : Motion
        What the picture shows.
    amplitude : {'mass', 'peak'}
        Gaussians of unit volume in the image, or of unit height, times seconds.

    Notes
    -----
    H(p) = Σ w_i N(u; μ_i, σ_i) c_i(u) at the place u that pixel p shows, with c_i the part of a
    pixel, not turned, that lies inside the clip.
    With z = (u - μ) / σ, and a and b its derivatives by x and y of the picture,
    N ∝ exp(-½|a|²x² - ½|b|²y²) · exp(-a·b xy). In units of |a| and |b| the last is exp(-ρXY), or
    Σ (-ρ)^k X^k Y^k / k!, whose terms from k on are at most ρ^k / √(2πk) / (1 - ρ) with what is
    before them. Gaussians of |ρ| above `LONG`, three times as long as wide, are drawn one by one.
    """

    def __init__(self, gaussians: Columns, motion: Motion, *, amplitude: str = "mass") -> None:
        self._motion = motion
        centres = np.stack([gaussians["x_px"], gaussians["y_px"]], 1)
        sigmas = np.stack([gaussians["sigma_x_px"], gaussians["sigma_y_px"]], 1)
        self._weight = np.asarray(gaussians["weight_s"], float)
        if amplitude == "mass":
            self._weight = self._weight / (2 * np.pi * sigmas.prod(axis=1))
        centres_px = np.linalg.solve(motion.turn, (centres - motion.start).T).T
        slopes = motion.turn / sigmas[:, :, None]  # of z, along x and y of the picture
        steepness = np.sqrt((slopes**2).sum(axis=1))
        self._rho = slopes.prod(axis=2).sum(axis=1) / steepness.prod(axis=1)
        self._x, self._y = (
            ((np.arange(motion.size[1 - axis]) - centres_px[:, [axis]]) * steepness[:, [axis]])
            for axis in (0, 1)
        )
        self._series()
        clips = np.stack([gaussians[side] for side in SIDES], 1).astype(int)
        self._clips, self._clip_number = _clips_that_cut(centres, sigmas, clips)
        self._masks: dict[int, FloatMap] = {}

    def draw(self, rows: NDArray[np.intp], scale: float = 1.0) -> FloatMap:
        """Sum some of them, (height, width), times a number."""
        total = np.zeros(self._motion.size, np.float32)
        numbers = self._clip_number[rows]
        for number in np.unique(numbers).tolist():
            drawn = self._sum(rows[numbers == number], scale)
            total += drawn if number < 0 else drawn * self._mask(number)
        return total

    def _series(self) -> None:
        """Work out the terms along y and along x: (terms, n, height) and (terms, n, width)."""
        self._is_long = np.abs(self._rho) > LONG
        rho = np.where(self._is_long, 0, self._rho)[:, None]
        x, y = self._x.astype(np.float32), self._y.astype(np.float32)
        reach = REACH / np.sqrt(1 - rho**2)
        rows, columns = ([np.exp(np.float32(-0.5) * z * z) * (np.abs(z) <= reach)] for z in (y, x))
        for k in range(1, n_terms(float(np.abs(rho).max(initial=0)))):
            factor = np.sqrt(np.abs(rho) / k).astype(np.float32)  # of each: none overflows
            rows.append(rows[-1] * y * (-np.sign(rho).astype(np.float32) * factor))
            columns.append(columns[-1] * x * factor)
        self._rows, self._columns = np.stack(rows), np.stack(columns)

    def _sum(self, rows: NDArray[np.intp], scale: float) -> FloatMap:
        height, width = self._motion.size
        weight = (self._weight * scale).astype(np.float32)
        short, long = (rows[self._is_long[rows] == is_long] for is_long in (False, True))
        y = (self._rows[:, short] * weight[short, None]).reshape(-1, height)
        total: FloatMap = np.matmul(y.T, self._columns[:, short].reshape(-1, width))
        for row in long:
            x, y = self._x[row], self._y[row][:, None]
            total += weight[row] * np.exp(-(x * x + y * y) / 2 - self._rho[row] * x * y)
        return total

    def _mask(self, number: int) -> FloatMap:
        if number not in self._masks:
            self._masks[number] = coverage(self._motion, tuple(self._clips[number]))
        return self._masks[number]


def n_terms(rho: float) -> int:
    """Count the terms of the series that are needed where |ρ| is at most this, below 1."""
    k = 1
    while rho**k / math.sqrt(2 * math.pi * k) / (1 - rho) > LEFT_OUT:
        k += 1
    return k


def _clips_that_cut(
    centres: FloatArray, sigmas: FloatArray, clips: NDArray[np.int_]
) -> tuple[NDArray[np.int_], NDArray[np.intp]]:
    """List the rectangles that have an edge near one of theirs; number of each one's, or -1."""
    inside = np.minimum(centres - (clips[:, :2] - 0.5), clips[:, 2:] - 0.5 - centres)
    is_near = (inside < NEAR * sigmas).any(axis=1)
    distinct, number = np.unique(clips, axis=0, return_inverse=True)
    return distinct, np.where(is_near, number.reshape(-1), -1)


def coverage(motion: Motion, clip: Clip) -> FloatMap:
    """Find the part of each pixel that lies inside a clip, (height, width); edges are ramps.

    A ramp is as wide as a pixel of the picture, across the edge, however the edge is turned.
    """
    height, width = motion.size
    side = math.sqrt(abs(np.linalg.det(motion.turn)))
    mask = np.ones(motion.size, np.float32)
    for axis in (0, 1):
        # In pixels of the picture, from the middle of the clip.
        half = (clip[axis + 2] - clip[axis]) / 2 / side
        middle = (clip[axis] + clip[axis + 2] - 1) / 2
        along_x = (motion.start[axis] - middle + motion.turn[axis, 0] * np.arange(width)) / side
        along_y = motion.turn[axis, 1] * np.arange(height) / side
        part = along_y[:, None].astype(np.float32) + along_x.astype(np.float32)
        np.abs(part, out=part)
        np.subtract(np.float32(half + 0.5), part, out=part)
        mask *= np.clip(part, 0, min(1, 2 * half), out=part)
    return mask
