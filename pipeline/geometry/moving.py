"""Gaussians and ellipses on a picture that is turned, scaled and shifted: what there is to draw.

A Gaussian stays one under any affine, and so does an ellipse: nothing is resampled. A row of
numbers says all of each, which `geometry.placed` draws.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazescribe.pipeline.geometry.letterbox import Letterbox
from gazescribe.pipeline.geometry.placed import ELLIPSE_COLUMNS, GAUSSIAN_COLUMNS

Columns = dict[str, Any]
FloatArray = NDArray[np.float64]
Box = tuple[float, float, float, float]

NEAR = 5.0
"""Standard deviations: an edge farther out cuts off less than 4e-6 of the height."""
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


def placed_gaussians(gaussians: Columns, motion: Motion, *, amplitude: str = "mass") -> FloatArray:
    """Place Gaussians of one image on a picture.

    Parameters
    ----------
    gaussians : mapping of str to ndarray, shapes (n,)
        Columns of the table `gaussians`.
    motion : Motion
        What the picture shows.
    amplitude : {'mass', 'peak'}
        Gaussians of unit volume in the image, or of unit height, times seconds.

    Returns
    -------
    ndarray of float64, shape (n, columns)
        By `GAUSSIAN_COLUMNS`; map and window are 0.

    Notes
    -----
    With z = (u - μ) / σ at the place u that a pixel shows, and a and b its derivatives by x and y
    of the picture, N(u; μ, σ) ∝ exp(-½|a|²x² - ½|b|²y² - a·b xy), x and y from the centre: |a| and
    |b| are how steep it is, and ρ = a·b / |a||b|.
    """
    centres = np.stack([gaussians["x_px"], gaussians["y_px"]], 1)
    sigmas = np.stack([gaussians["sigma_x_px"], gaussians["sigma_y_px"]], 1)
    weight = np.asarray(gaussians["weight_s"], float)
    if amplitude == "mass":
        weight = weight / (2 * np.pi * sigmas.prod(axis=1))
    centres_px = np.linalg.solve(motion.turn, (centres - motion.start).T).T
    slopes = motion.turn / sigmas[:, :, None]  # of z, along x and y of the picture
    steepness = np.sqrt((slopes**2).sum(axis=1))
    rho = slopes.prod(axis=2).sum(axis=1) / steepness.prod(axis=1)
    clips = np.stack([gaussians[side] for side in SIDES], 1).astype(int)
    number = _clips_that_cut(centres, sigmas, clips)
    placed = np.zeros((len(weight), len(GAUSSIAN_COLUMNS)))
    columns = [number, *centres_px.T, *steepness.T, rho, weight, *_ramps(motion, clips).T]
    placed[:, 2:] = np.stack(columns, 1)
    return placed


def _clips_that_cut(
    centres: FloatArray, sigmas: FloatArray, clips: NDArray[np.int_]
) -> NDArray[np.intp]:
    """Give each the number of its rectangle, or -1 where that has no edge near it."""
    inside = np.minimum(centres - (clips[:, :2] - 0.5), clips[:, 2:] - 0.5 - centres)
    is_near = (inside < NEAR * sigmas).any(axis=1)
    _, number = np.unique(clips, axis=0, return_inverse=True)
    return np.where(is_near, number.reshape(-1), -1)


def _ramps(motion: Motion, clips: NDArray[np.int_]) -> FloatArray:
    """Give what `placed.coverage` needs of each rectangle: the last columns of a Gaussian."""
    side = np.sqrt(abs(np.linalg.det(motion.turn)))
    half = (clips[:, 2:] - clips[:, :2]) / 2 / side
    offset = motion.start - (clips[:, :2] + clips[:, 2:] - 1) / 2
    turn = np.broadcast_to(motion.turn.ravel(), (len(clips), 4))
    return np.column_stack([half, offset, turn, np.full(len(clips), side)])


def placed_ellipses(boxes_px: Iterable[Box], frame: Letterbox, affine: ArrayLike) -> FloatArray:
    """Place ellipses of one image, (xmin, ymin, xmax, ymax), on its frame moved by a matrix.

    Returns
    -------
    ndarray of float64, shape (n, columns)
        By `ELLIPSE_COLUMNS`; map is 0. Those with an axis of no length are left out.
    """
    sides = np.array([frame.width, frame.height], float)
    matrix = np.asarray(affine, float)
    turn = matrix[:, :2] * sides[:, None] / sides
    # About the middle: with the unit matrix every pixel shows itself, to the last bit.
    middle = (sides - 1) / 2
    start = middle + matrix[:, 2] * sides / 2 - turn @ middle
    of_frame = [*turn.ravel(), *start, frame.pad_x_px, frame.pad_y_px, frame.scale]
    of_frame += frame.image_size[::-1]
    rows = []
    for xmin, ymin, xmax, ymax in boxes_px:
        radii = abs(xmax - xmin) / 2, abs(ymax - ymin) / 2
        if all(radii):
            rows.append([0.0, (xmin + xmax) / 2, (ymin + ymax) / 2, *radii, *of_frame])
    return np.reshape(np.array(rows, float), (len(rows), len(ELLIPSE_COLUMNS)))
