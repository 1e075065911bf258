"""Gaze samples of one reading, and the unbroken stretches among them."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.geometry.sampling import MISSING_STEPS, Floats, Mask, step_of


@dataclass(frozen=True)
class Samples:
    """Samples of one reading in time order, n of them."""

    time_s: Floats
    position_deg: Floats  # shape (n, 2), of visual angle; the origin does not matter
    valid: Mask  # an eye was found
    # number of the part of the image on screen; degrees of two views do not compare
    view: NDArray[np.intp]


def stretches(gaze: Samples) -> list[tuple[int, int]]:
    """Cut samples into unbroken stretches, each from its first sample to one past its last."""
    apart = np.diff(gaze.time_s) > MISSING_STEPS * step_of(gaze.time_s)
    broken = apart | ~gaze.valid[1:] | ~gaze.valid[:-1] | (np.diff(gaze.view) != 0)
    edges = [0, *(np.flatnonzero(broken) + 1).tolist(), len(gaze.time_s)]
    return [(first, end) for first, end in pairwise(edges) if gaze.valid[first]]
