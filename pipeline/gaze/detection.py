"""Fixations in raw gaze samples: I-DT or I-VT of pymovements, or I2MC.

Source: Salvucci and Goldberg, ETRA 2000 (I-DT, I-VT); Olsen, The Tobii I-VT Fixation Filter, 2012
(smoothing, and velocity over a short window); Engbert and Kliegl, Vision Research 43, 2003 (a
threshold of velocity by its noise); `two_means.py` for I2MC. A fixation never reaches over a change
of view; but for I2MC, which fills short losses in, nor over an invalid or missing sample.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.gaze.samples import Samples, stretches
from gazescribe.pipeline.gaze.settings import Detection
from gazescribe.pipeline.gaze.two_means import find_by_two_means
from gazescribe.pipeline.geometry.sampling import Floats, Mask, step_of

Span = NDArray[np.intp]


def detect(gaze: Samples, settings: Detection) -> Span:
    """Find fixations: first and last sample of each in time order, shape (fixations, 2).

    They cover `min_duration_s` at least, each sample standing for one step of the tracker.
    """
    if len(gaze.time_s) < 2:
        return np.empty((0, 2), np.intp)
    n_least = least_samples(step_of(gaze.time_s), settings)
    if settings.method == "i2mc":
        return find_by_two_means(gaze, n_least, settings)
    smooth = {
        first: _smoothed(gaze.position_deg[first:end], step_of(gaze.time_s), settings)
        for first, end in stretches(gaze)
    }
    find = _by_dispersion if settings.method == "idt" else _by_velocity
    return np.concatenate([np.empty((0, 2), np.intp), *find(gaze, smooth, n_least, settings)])


def least_samples(step_s: float, settings: Detection) -> int:
    """Give the samples of the shortest fixation."""
    return max(round(settings.min_duration_s / step_s), 2)


def smoothed_samples(step_s: float, settings: Detection) -> int:
    """Give the samples over which the median is taken, an odd number."""
    return round(settings.smooth_s / step_s) // 2 * 2 + 1


def fixation_columns(
    time_s: Floats, position_px: Floats, valid: Mask, spans: Span
) -> dict[str, NDArray[Any]]:
    """Give the columns `fixation, onset_s, offset_s, x_px, y_px` of the fixations of a reading.

    `time_s` and `valid`, shape (n,), and `position_px`, shape (n, 2), in image pixels, are of the
    samples; `spans`, shape (fixations, 2), is from `detect`. The place is the mean of the valid
    samples, the end one step of the tracker after the last of them.
    """
    centres = [
        position_px[first : last + 1][valid[first : last + 1]].mean(axis=0)
        for first, last in spans.tolist()
    ]
    centre_px = np.array(centres, dtype=np.float64).reshape(len(spans), 2)
    step_s = step_of(time_s) if len(time_s) > 1 else 0.0
    return {
        "fixation": np.arange(len(spans)),
        "onset_s": time_s[spans[:, 0]],
        "offset_s": time_s[spans[:, 1]] + step_s,  # a sample stands for one step of the tracker
        "x_px": centre_px[:, 0],
        "y_px": centre_px[:, 1],
    }


def _smoothed(position_deg: Floats, step_s: float, settings: Detection) -> Floats:
    """Take the median over `smooth_s`, which, unlike a mean, keeps the edges of saccades."""
    from scipy.ndimage import median_filter

    size = (smoothed_samples(step_s, settings), 1)
    result: Floats = median_filter(position_deg, size=size, mode="nearest")
    return result


def _by_dispersion(
    _: Samples, smooth: dict[int, Floats], n_least: int, settings: Detection
) -> list[Span]:
    from pymovements.events import idt

    spread = settings.dispersion_deg
    spans = []
    for first, position_deg in smooth.items():
        if len(position_deg) < n_least:
            continue
        events = idt(position_deg, minimum_duration=n_least, dispersion_threshold=spread).frame
        pairs = np.stack([events["onset"].to_numpy(), events["offset"].to_numpy()], axis=1)
        # pymovements ends a fixation with the first sample that is too far, unless the samples end.
        for pair in pairs:
            window = position_deg[pair[0] : pair[1] + 1]
            pair[1] -= int(np.ptp(window, axis=0).sum() > spread)
        spans.append(first + pairs.astype(np.intp))
    return spans


def _by_velocity(
    gaze: Samples, smooth: dict[int, Floats], n_least: int, settings: Detection
) -> list[Span]:
    from pymovements.events import ivt

    velocities = {
        first: _velocity(gaze.time_s[first : first + len(position)], position, settings)
        for first, position in smooth.items()
    }
    if not velocities:
        return []
    limit_deg_s = velocity_limit(np.concatenate([*velocities.values()]), settings)
    spans = []
    for first, velocity in velocities.items():
        if len(velocity) < n_least:
            continue
        shares = velocity / limit_deg_s
        events = ivt(shares, minimum_duration=n_least - 1, velocity_threshold=1.0).frame
        pairs = np.stack([events["onset"].to_numpy(), events["offset"].to_numpy()], axis=1)
        spans.append(first + pairs.astype(np.intp))
    return spans


def _velocity(time_s: Floats, position_deg: Floats, settings: Detection) -> Floats:
    """Give the velocity at each sample in degrees/s over `velocity_window_s`, shape (n, 2)."""
    if len(time_s) < 2:
        return np.empty((0, 2))
    step_s = step_of(time_s)
    reach = max(round(settings.velocity_window_s / 2 / step_s), 1)
    numbers = np.arange(len(time_s))
    before, after = np.maximum(numbers - reach, 0), np.minimum(numbers + reach, len(time_s) - 1)
    elapsed_s = np.maximum(time_s[after] - time_s[before], step_s)  # EGD repeats some times
    result: Floats = (position_deg[after] - position_deg[before]) / elapsed_s[:, None]
    return result


def velocity_limit(velocity: Floats, settings: Detection) -> Floats:
    """Give the velocity in degrees/s, across and down, beyond which gaze is in a saccade.

    It is `velocity_deg_s`, but never less than `noise_factor` times the noise of `velocity`, shape
    (n, 2): its standard deviation by medians. Both axes make an ellipse (Engbert and Kliegl 2003).
    """
    if not len(velocity):
        return np.full(2, settings.velocity_deg_s)
    variance = np.median(velocity**2, axis=0) - np.median(velocity, axis=0) ** 2
    noise_deg_s = np.sqrt(np.maximum(variance, 0.0))
    return np.maximum(settings.velocity_deg_s, settings.noise_factor * noise_deg_s)
