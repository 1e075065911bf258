"""Fixations in noisy samples by two-means clustering, with the package of its authors.

Source: Hessels, Niehorster, Kemner and Hooge, Behavior Research Methods 49, 2017 (I2MC). What the
window of 0.2 s holds at low sampling rates follows the authors' glassesTools.
"""

import threading
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.gaze.samples import Samples
from gazescribe.pipeline.gaze.settings import Detection
from gazescribe.pipeline.geometry.sampling import Floats, step_of

JUMP_DEG = (
    12.7  # the package's 0.2 √2 screen widths, on the screen of its example (42.8 px a degree)
)
FULL_HZ = 130.0  # from here on the window holds enough samples for the filter before downsampling
LOW_RATES: dict[float, dict[str, Any]] = {
    30.0: {"downsamples": [2, 3], "downsampFilter": False},
    50.0: {"downsamples": [2, 5], "downsampFilter": False},
    60.0: {"downsamples": [2, 5], "downsampFilter": False},
    90.0: {"downsamples": [2, 3], "downsampFilter": False},
    120.0: {"downsamples": [2, 3, 5], "chebyOrder": 7},
}
_DRAWING = threading.Lock()  # the package draws from NumPy's one generator, which threads share


def find_by_two_means(gaze: Samples, n_least: int, settings: Detection) -> NDArray[np.intp]:
    """Find fixations of `n_least` samples or more, first and last sample of each, shape (n, 2).

    They may reach over losses of up to `interpolate_s`.
    """
    import I2MC

    rate_hz = 1 / step_of(gaze.time_s)
    row, grid_deg = _evenly(gaze, rate_hz, settings.interpolate_s)
    table = {
        "time": np.arange(len(grid_deg)) * 1e3 / rate_hz,
        "average_X": grid_deg[:, 0],
        "average_Y": grid_deg[:, 1],
    }
    with _DRAWING, warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # means of windows without a sample
        state = np.random.get_state()  # noqa: NPY002, the package draws from this one
        np.random.seed(settings.seed)  # noqa: NPY002
        fixations, _, _ = I2MC.I2MC(table, _options(rate_hz, settings), logging=False)
        np.random.set_state(state)  # noqa: NPY002
    if not fixations:
        return np.empty((0, 2), np.intp)
    is_long = fixations["end"] - fixations["start"] + 1 >= n_least
    first = np.searchsorted(row, fixations["start"][is_long])
    last = np.searchsorted(row, fixations["end"][is_long], side="right") - 1
    return np.stack([first, last], axis=1).astype(np.intp)


def _evenly(gaze: Samples, rate_hz: float, filled_s: float) -> tuple[NDArray[np.intp], Floats]:
    """Put samples on a grid of even steps: the row of each, and degrees, NaN where there are none.

    Views are set apart by more than is filled in, and no gap is longer than it need be.
    """
    apart = int(np.ceil(filled_s * rate_hz)) + 2
    steps = np.clip(np.rint(np.diff(gaze.time_s) * rate_hz), 1, apart)  # EGD repeats some times
    steps[np.diff(gaze.view) != 0] = apart
    row = np.concatenate([[0], np.cumsum(steps)]).astype(np.intp)
    grid_deg = np.full((row[-1] + 1, 2), np.nan)
    grid_deg[row[gaze.valid]] = gaze.position_deg[gaze.valid]
    return row, grid_deg


def _options(rate_hz: float, settings: Detection) -> dict[str, Any]:
    # The package turns seconds into samples by a rate that its downsampling must divide.
    freq = round(rate_hz, -1)
    if rate_hz < FULL_HZ:
        freq = min(LOW_RATES, key=lambda known_hz: abs(known_hz - rate_hz))
    return {
        **LOW_RATES.get(freq, {}),
        "freq": freq,
        "xres": 1,  # nothing depends on the sizes here
        "yres": 1,
        "missingx": np.nan,
        "missingy": np.nan,
        "maxdisp": JUMP_DEG,
        "windowtimeInterp": settings.interpolate_s,
        "cutoffstd": settings.cutoff_sd,
        "maxMergeDist": settings.merge_deg,
        "maxMergeTime": settings.merge_s * 1e3,
        "minFixDur": 0,  # `find_by_two_means` counts samples, as the other methods do
    }
