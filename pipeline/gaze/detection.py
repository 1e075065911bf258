"""Fixations in raw gaze samples, by I-DT or I-VT of pymovements.

Source: Salvucci and Goldberg, ETRA 2000 (both algorithms); Olsen, The Tobii I-VT Fixation Filter,
2012 (smoothing, and velocity over a short window). A fixation never reaches over an invalid sample,
over missing samples or over a change of view.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from gazescribe.pipeline.core.yaml_files import Strict

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

MISSING_STEPS = 1.5  # farther apart, a sample is missing between two


class Detection(Strict):
    """Section `fixations`: how fixations are found in samples."""

    method: Literal["idt", "ivt"]
    smooth_s: float = Field(ge=0)
    min_duration_s: float = Field(gt=0)
    dispersion_deg: float = Field(gt=0)
    velocity_deg_s: float = Field(gt=0)
    velocity_window_s: float = Field(gt=0)


@dataclass(frozen=True)
class Samples:
    """Samples of one reading in time order, n of them."""

    time_s: Floats
    position_deg: Floats  # shape (n, 2), of visual angle; the origin does not matter
    valid: Mask  # an eye was found
    # number of the part of the image on screen; degrees of two views do not compare
    view: NDArray[np.intp]


def detect(gaze: Samples, settings: Detection) -> NDArray[np.intp]:
    """Find fixations: first and last sample of each in time order, shape (fixations, 2).

    They cover `min_duration_s` at least, each sample standing for one step of the tracker.
    """
    from scipy.ndimage import median_filter

    if len(gaze.time_s) < 2:
        return np.empty((0, 2), np.intp)
    step_s = step_of(gaze.time_s)
    n_least = max(round(settings.min_duration_s / step_s), 2)
    n_smoothed = round(settings.smooth_s / step_s) // 2 * 2 + 1
    find = _by_dispersion if settings.method == "idt" else _by_velocity
    pieces = [np.empty((0, 2), np.intp)]
    for first, end in stretches(gaze):
        if end - first >= n_least:
            # A median, unlike a mean, keeps the edges of saccades.
            size = (n_smoothed, 1)
            smooth = median_filter(gaze.position_deg[first:end], size=size, mode="nearest")
            pieces.append(first + find(gaze.time_s[first:end], smooth, n_least, settings))
    return np.concatenate(pieces)


def fixation_columns(
    time_s: Floats, position_px: Floats, spans: NDArray[np.intp]
) -> dict[str, NDArray[Any]]:
    """Give the columns `fixation, onset_s, offset_s, x_px, y_px` of the fixations of a reading.

    `time_s`, shape (n,), and `position_px`, shape (n, 2), in image pixels, are of the samples;
    `spans`, shape (fixations, 2), is from `detect`. The place is the mean of the samples, the end
    one step of the tracker after the last of them.
    """
    centres = [position_px[first : last + 1].mean(axis=0) for first, last in spans.tolist()]
    centre_px = np.array(centres, dtype=np.float64).reshape(len(spans), 2)
    step_s = step_of(time_s) if len(time_s) > 1 else 0.0
    return {
        "fixation": np.arange(len(spans)),
        "onset_s": time_s[spans[:, 0]],
        "offset_s": time_s[spans[:, 1]] + step_s,  # a sample stands for one step of the tracker
        "x_px": centre_px[:, 0],
        "y_px": centre_px[:, 1],
    }


def step_of(time_s: Floats) -> float:
    """Give the time from one sample to the next in seconds, of two samples at least."""
    return float(np.median(np.diff(time_s)))


def stretches(gaze: Samples) -> list[tuple[int, int]]:
    """Cut samples into unbroken stretches, each from its first sample to one past its last."""
    apart = np.diff(gaze.time_s) > MISSING_STEPS * step_of(gaze.time_s)
    broken = apart | ~gaze.valid[1:] | ~gaze.valid[:-1] | (np.diff(gaze.view) != 0)
    edges = [0, *(np.flatnonzero(broken) + 1).tolist(), len(gaze.time_s)]
    return [(first, end) for first, end in pairwise(edges) if gaze.valid[first]]


def _by_dispersion(
    _: Floats, position_deg: Floats, n_least: int, settings: Detection
) -> NDArray[np.intp]:
    from pymovements.events import idt

    spread = settings.dispersion_deg
    events = idt(position_deg, minimum_duration=n_least, dispersion_threshold=spread).frame
    pairs = np.stack([events["onset"].to_numpy(), events["offset"].to_numpy()], axis=1)
    # pymovements ends a fixation with the first sample that is too far, unless the samples end.
    for pair in pairs:
        window = position_deg[pair[0] : pair[1] + 1]
        pair[1] -= int(np.ptp(window, axis=0).sum() > spread)
    return pairs.astype(np.intp)


def _by_velocity(
    time_s: Floats, position_deg: Floats, n_least: int, settings: Detection
) -> NDArray[np.intp]:
    from pymovements.events import ivt

    step_s = step_of(time_s)
    reach = max(round(settings.velocity_window_s / 2 / step_s), 1)
    numbers = np.arange(len(time_s))
    before, after = np.maximum(numbers - reach, 0), np.minimum(numbers + reach, len(time_s) - 1)
    elapsed_s = np.maximum(time_s[after] - time_s[before], step_s)  # EGD repeats some times
    velocity = (position_deg[after] - position_deg[before]) / elapsed_s[:, None]
    limit = settings.velocity_deg_s
    events = ivt(velocity, minimum_duration=n_least - 1, velocity_threshold=limit).frame
    pairs = np.stack([events["onset"].to_numpy(), events["offset"].to_numpy()], axis=1)
    return pairs.astype(np.intp)
