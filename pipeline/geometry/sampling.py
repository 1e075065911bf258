"""Rate and noise of gaze samples.

Source: Holmqvist, Nyström and Mulvey, ETRA 2012 (noise as RMS from sample to sample); Engbert and
Kliegl, Vision Research 43, 2003 (medians, on which saccades have hardly an influence).
"""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

MISSING_STEPS = 1.5  # farther apart, a sample is missing between two
# The length of steps of normal noise has a Rayleigh distribution: its RMS by its median.
RMS_OF_MEDIAN = 1 / math.sqrt(math.log(2))


def step_of(time_s: Floats) -> float:
    """Give the time from one sample to the next in seconds, of two samples at least."""
    return float(np.median(np.diff(time_s)))


def noise_of(time_s: Floats, position: Floats, valid: Mask) -> float:
    """Measure the noise of samples: the RMS from one to the next, in the unit of `position`.

    Parameters
    ----------
    time_s : ndarray of float, shape (n,)
        In time order.
    position : ndarray of float, shape (n, 2)
        Of gaze; what lies under samples that are not valid does not matter.
    valid : ndarray of bool, shape (n,)
        An eye was found.

    Returns
    -------
    float
        RMS of the length of steps between neighbours, taken from its median, as saccades would
        dominate the mean; NaN where no two valid samples are neighbours.
    """
    if len(time_s) < 2:
        return math.nan
    near = valid[1:] & valid[:-1] & (np.diff(time_s) <= MISSING_STEPS * step_of(time_s))
    steps = np.hypot(*np.diff(position, axis=0)[near].T)
    return float(np.median(steps)) * RMS_OF_MEDIAN if len(steps) else math.nan
