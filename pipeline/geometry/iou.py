"""Overlap of maps with masks: IoU at all thresholds from counts, and the pointing game.

Counting the values of each level once over a whole map and once inside a mask gives the IoU of mask
and map > threshold for every threshold. A coarse map is not enlarged: each of its cells counts as
many pixels as it would cover.
Source: `spec/mil.md` sections 3 and 7; Zhang et al. 2016 (pointing game).
"""

from collections.abc import Sequence
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazescribe.pipeline.core.errors import ArrayError

PUBLISHED_THRESHOLDS = (
    *(0.0, 0.001, 0.01, 0.025),
    *(step / 20 for step in range(1, 20)),
    *(0.975, 0.99, 0.999),
)
"""The 26 that the authors tried (`spec/mil.md` section 3)."""

ALL_THRESHOLDS = tuple(step / 1000 for step in range(1001))
"""Thresholds 0, 0.001, … , 1; the published ones are among them."""

Counts = NDArray[np.int64]
Curves = NDArray[np.float64]
Mask = NDArray[np.bool_]


def iou_by_threshold(
    values: ArrayLike, mask: Mask, thresholds: Sequence[float] = PUBLISHED_THRESHOLDS
) -> Curves:
    """IoU of a mask and map > threshold, for every threshold.

    Parameters
    ----------
    values : array of float, shape (h, w)
        The map. It counts as enlarged to the mask's size by nearest neighbour.
    mask : ndarray of bool, shape (height, width)
        At least as high and as wide as the map.
    thresholds : sequence of float
        Rising.

    Returns
    -------
    ndarray of float64, shape (len(thresholds),)
        0 where both mask and map > threshold are empty (the published code).

    Raises
    ------
    ArrayError
        If the map is larger than the mask or holds NaN, or if the thresholds do not rise.

    Notes
    -----
    Values and thresholds are compared as float32, as torch does.
    """
    limits = _limits(thresholds)
    cells, inside, pixels = _cells(values, mask)
    levels = np.searchsorted(limits, cells.ravel(), side="left")  # how many lie below each value
    everywhere, shared = (
        np.bincount(levels, counts.ravel(), len(limits) + 1).astype(np.int64)
        for counts in (pixels, inside)
    )
    return iou_curves(everywhere[None], shared[None], int(inside.sum()))[0, :-1]


def iou_between(maps: ArrayLike, thresholds: Sequence[float]) -> Curves:
    """IoU of every two of some maps, both above a threshold, for every threshold.

    Parameters
    ----------
    maps : array of float or bool, shape (n, height, width)
        Maps of one image; masks are maps of 0 and 1.
    thresholds : sequence of float
        Rising.

    Returns
    -------
    ndarray of float64, shape (len(thresholds), n, n)
        Symmetric. NaN where neither map is anywhere above the threshold: readers who both see
        nothing are not counted as apart.

    Raises
    ------
    ArrayError
        If the maps are no such array, are empty or hold NaN, or if the thresholds do not rise.

    Notes
    -----
    Two maps are both above a threshold where the smaller of them is. Values and thresholds are
    compared as float32, as above.
    """
    limits = _limits(thresholds)
    stack = np.asarray(maps, np.float32)
    if stack.ndim != 3 or not stack.size or np.isnan(stack).any():
        message = f"maps of shape {stack.shape} are not (n, height, width), are empty or hold NaN."
        raise ArrayError(message)
    n, n_levels = len(stack), len(limits) + 1
    levels = np.searchsorted(limits, stack.reshape(n, -1), side="left")
    counts = np.empty((n, n, n_levels), np.int64)
    for a, b in combinations_with_replacement(range(n), 2):
        both = np.bincount(np.minimum(levels[a], levels[b]), minlength=n_levels)
        counts[a, b] = counts[b, a] = both
    shared = _above(counts.reshape(n * n, n_levels)).reshape(counts.shape)[..., :-1]
    area = shared[np.arange(n), np.arange(n)]
    union = area[:, None] + area[None] - shared
    curves: Curves = shared / np.where(union == 0, np.nan, union)
    return np.moveaxis(curves, -1, 0)


def points_inside(values: ArrayLike, mask: Mask) -> bool:
    """Pointing game: say whether most pixels at the map's maximum lie inside the mask.

    Parameters
    ----------
    values : array of float, shape (h, w)
        The map, enlarged to the mask's size by nearest neighbour as above.
    mask : ndarray of bool, shape (height, width)
        At least as high and as wide as the map.

    Raises
    ------
    ArrayError
        If the map is larger than the mask or holds NaN.

    Notes
    -----
    The game wants one point. A coarse map has a cell of equal pixels, and a saturated one several
    such cells; more than half of them inside is what a point drawn among them would rather hit. A
    map of one value everywhere hits only masks of more than half the frame.
    """
    cells, inside, pixels = _cells(values, mask)
    highest = cells == cells.max()
    return bool(2 * inside[highest].sum() > pixels[highest].sum())


def iou_curves(everywhere: Counts, inside: Counts, area: int) -> Curves:
    """IoU at each threshold from counts by level.

    Parameters
    ----------
    everywhere, inside : ndarray of int64, shape (n, levels)
        Pixels of each level in the whole map, and within the mask; level k holds the values above
        threshold k - 1 up to threshold k.
    area : int
        Pixels of the mask.

    Returns
    -------
    ndarray of float64, shape (n, levels)
        IoU of mask and map > threshold k; 0 where both are empty (the published code).
    """
    predicted, shared = (_above(counts) for counts in (everywhere, inside))
    union = predicted + area - shared
    curves: Curves = shared / np.maximum(union, 1)
    return curves


def _limits(thresholds: Sequence[float]) -> NDArray[np.float32]:
    limits = np.asarray(thresholds, np.float32)
    if (np.diff(limits) <= 0).any():
        raise ArrayError(f"thresholds must rise, found {list(thresholds)}.")
    return limits


def _above(counts: Counts) -> Counts:
    upwards: Counts = np.cumsum(counts[:, ::-1], axis=1)[:, ::-1]
    return upwards - counts


def _cells(values: ArrayLike, mask: Mask) -> tuple[NDArray[np.float32], Counts, Counts]:
    """Give the map, and for each of its cells the pixels of the mask and all pixels."""
    cells = np.asarray(values, np.float32)
    if cells.ndim != 2 or mask.ndim != 2 or any(np.subtract(mask.shape, cells.shape) < 0):
        message = f"a map of shape {cells.shape} does not fit a mask of shape {mask.shape}."
        raise ArrayError(message, remedy="Give a mask at least as high and as wide as the map.")
    if not cells.size or np.isnan(cells).any():
        raise ArrayError(f"a map of shape {cells.shape} is empty or holds NaN.")
    # First pixel of each cell: pixel p belongs to cell ⌊p · n_cells / n_pixels⌋.
    y, x = (-(-np.arange(n) * over // n) for n, over in zip(cells.shape, mask.shape, strict=True))
    by_row = np.add.reduceat(mask.astype(np.int64), y, axis=0)
    inside: Counts = np.add.reduceat(by_row, x, axis=1)
    high, wide = (np.diff(begins, append=n) for begins, n in zip((y, x), mask.shape, strict=True))
    return cells, inside, np.outer(high, wide)
