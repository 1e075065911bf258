"""Maps as levels, whose counts give the IoU at all thresholds (`pipeline.geometry.iou`).

Source: `spec/mil.md` sections 2.2 and 3.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.geometry.iou import ALL_THRESHOLDS, Counts

N_LEVELS = len(ALL_THRESHOLDS)

STEPS = 65535  # the published code stores maps as 16-bit numbers (`spec/mil.md` 2.2)

FloatMap = NDArray[np.float32]
Levels = NDArray[np.uint16]
Numbers = NDArray[np.unsignedinteger[Any]]


def to_levels(values: FloatMap) -> Levels:
    """Sort the values of a map, 0 to 1, into levels.

    Notes
    -----
    A value counts as above a threshold from one step of the published 16-bit storage on, so that
    the far tails of Gaussians do not decide on the IoU at threshold 0.
    """
    scaled = values * np.float32(N_LEVELS - 1)
    scaled += np.float32(1 - (N_LEVELS - 1) / STEPS)
    return _no_higher(scaled.astype(np.uint16))


def stored_levels(values: FloatMap, highest: float) -> Levels:
    """Sort the values of a map into levels as they come back from the published storage."""
    stored = np.floor(values.astype(float) / highest * STEPS)
    read = (stored / STEPS * highest).astype(np.float32)
    return _no_higher(np.ceil(read * np.float32(N_LEVELS - 1)).astype(np.uint16))


def _no_higher(levels: Levels) -> Levels:
    """Put values above 1 into the last level: between pixels a map is higher than on them."""
    if levels.max(initial=0) >= N_LEVELS:
        np.minimum(levels, N_LEVELS - 1, out=levels)
    return levels


def count_levels(levels: Levels, regions: Numbers | int = 0, n_regions: int = 1) -> Counts:
    """Count the pixels of each level in each region, shape (n_regions, N_LEVELS).

    `regions` is N_LEVELS times the number of each pixel's region, counted from 0.
    """
    counts = np.bincount((levels + regions).ravel(), minlength=n_regions * N_LEVELS)
    return counts.reshape(n_regions, N_LEVELS)
