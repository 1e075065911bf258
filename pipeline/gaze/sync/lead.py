"""How long before a phrase the gaze is on what it names. Arrays only.

Gaze is put on a grid of time. For each phrase that names boxes, the share of gaze inside them is
taken at every shift before the phrase, less the share inside the same boxes over the whole reading:
the excess over chance. The mean over phrases is a curve over shifts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.gaze.sync.settings import Sync

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

MIN_READINGS = 5  # fewer are not resampled
FLAT = 0.95  # of the top; looks at a finding are long, so that the top is flat


@dataclass(frozen=True)
class Curve:
    """One reading, summed over its phrases.

    `excess` and `n`, shape (n_shifts,): excess over chance, and phrases with gaze at that shift.
    `around` and `n_around`, shape (n_times,): the same for all shifts when the reading's gaze goes
    round and round, from which chance is drawn.
    """

    excess: Floats
    n: Floats
    around: Floats
    n_around: Floats


def shifts_of(settings: Sync) -> Floats:
    """Shifts in seconds, rising; positive ones are gaze before speech."""
    steps = round(settings.reach_s / settings.step_s)
    shifts: Floats = np.round(np.arange(-steps, steps + 1) * settings.step_s, 9)
    return shifts


def curve_of(
    gaze: Mapping[str, Any], spoken: Sequence[tuple[float, Floats]], settings: Sync
) -> Curve:
    """Compute the curve of one reading.

    `gaze` are columns of its fixations, one at least; `spoken` the time of each phrase in seconds,
    and its boxes, shape (n, 4): xmin, ymin, xmax, ymax.
    """
    begin_s, step_s = float(gaze["onset_s"].min()), settings.step_s
    n_times = int((float(gaze["offset_s"].max()) - begin_s) / step_s) + 1
    time_s = begin_s + (np.arange(n_times) + 0.5) * step_s
    row = np.maximum(np.searchsorted(gaze["onset_s"], time_s, side="right") - 1, 0)
    is_fixated = (time_s >= gaze["onset_s"][row]) & (time_s < gaze["offset_s"][row])
    shift = np.round(shifts_of(settings) / step_s).astype(int)
    excess, n = np.zeros((2, len(shift)))
    around, n_around = np.zeros((2, n_times))
    for phrase_s, boxes in spoken if is_fixated.any() else ():
        inside = _inside(gaze, boxes)[row]
        over = np.where(is_fixated, inside - inside[is_fixated].mean(), 0.0)
        step = int(np.floor((phrase_s - begin_s) / step_s))
        place = step - shift
        on_grid = (place >= 0) & (place < n_times)
        excess[on_grid] += over[place[on_grid]]
        n[on_grid] += is_fixated[place[on_grid]]
        back = (step - np.arange(n_times)) % n_times
        around += over[back]
        n_around += is_fixated[back]
    return Curve(excess, n, around, n_around)


def _inside(gaze: Mapping[str, Any], boxes: Floats) -> Mask:
    x_px, y_px = gaze["x_px"][:, None], gaze["y_px"][:, None]
    across = (x_px >= boxes[:, 0]) & (x_px <= boxes[:, 2])
    inside: Mask = (across & (y_px >= boxes[:, 1]) & (y_px <= boxes[:, 3])).any(axis=1)
    return inside


def smooth(sums: Floats, counts: Floats, settings: Sync) -> Floats:
    """Mean over a sliding time of `smooth_s`; 0 where nothing was seen."""
    width = 2 * round(settings.smooth_s / settings.step_s / 2) + 1
    kernel = np.ones(width)
    many = np.convolve(counts, kernel, "same")
    total = np.convolve(sums, kernel, "same")
    mean: Floats = np.divide(total, many, out=np.zeros_like(total), where=many > 0)
    return mean


def peak_s(curve: Floats, shifts_s: Floats) -> float:
    """Shift at which the excess is highest: the middle of those within a twentieth of the top."""
    return float(np.median(shifts_s[curve >= FLAT * curve.max()]))


def arrival_s(curve: Floats, shifts_s: Floats) -> float:
    """Shift before the peak at which the excess has risen half way; NaN beyond the grid.

    It rises from below 0, for gaze that is there at one time is missing at the others.
    """
    top = int(curve.argmax())
    before = curve[top:]
    if not (before < 0).any():
        return np.nan
    half = (curve[top] + np.median(before[before < 0])) / 2
    low = top + int((before < half).argmax())
    share = (half - curve[low]) / (curve[low - 1] - curve[low])
    return float(shifts_s[low] - share * (shifts_s[low] - shifts_s[low - 1]))


def estimate(
    curves: Sequence[Curve], measure: Callable[[Floats, Floats], float], settings: Sync
) -> dict[str, Any]:
    """Measure the mean curve of some readings by `peak_s` or `arrival_s`, beside what chance gives.

    Gives `value_s`, with `low_s` and `high_s` over resamples of readings; `excess`, the top of the
    smoothed curve; `p`, how often gaze of the same readings, moved round by a random time, has one
    as high; `n_readings`, `n_phrases` (those with gaze at the best shift) and `curve`. None where
    too few readings tell.
    """
    used = [reading for reading in curves if reading.n.any()]
    empty = {"value_s": None, "low_s": None, "high_s": None, "excess": None, "p": None}
    counts = {"n_readings": len(used), "n_phrases": 0}
    if len(used) < MIN_READINGS:
        return {**empty, **counts, "curve": []}
    shifts_s = shifts_of(settings)
    excess = np.array([reading.excess for reading in used])
    n = np.array([reading.n for reading in used])
    curve = smooth(excess.sum(axis=0), n.sum(axis=0), settings)
    counts["n_phrases"] = int(n.sum(axis=0)[curve.argmax()])
    rng = np.random.default_rng(settings.seed)
    weights = rng.multinomial(len(used), np.full(len(used), 1 / len(used)), settings.n_bootstrap)
    resampled = [
        measure(smooth(*pair, settings), shifts_s)
        for pair in zip(weights @ excess, weights @ n, strict=True)
    ]
    return {
        "value_s": _number(measure(curve, shifts_s)),
        **interval(resampled, settings, unit="_s"),
        "excess": round(float(curve.max()), 4),
        "p": _chance(used, float(curve.max()), settings, rng),
        **counts,
        "curve": np.round(curve, 4).tolist(),
    }


def interval(
    resampled: Sequence[float] | Floats, settings: Sync, *, unit: str
) -> dict[str, float | None]:
    """Percentile interval; None where a tenth of the resamples give no value."""
    values = np.asarray(resampled, dtype=np.float64)
    finite = values[np.isfinite(values)]
    if finite.size < 0.9 * values.size:
        return {f"low{unit}": None, f"high{unit}": None}
    tail = (1 - settings.confidence) / 2
    low, high = np.quantile(finite, [tail, 1 - tail])
    return {f"low{unit}": _number(low), f"high{unit}": _number(high)}


def _number(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None


def _chance(used: Sequence[Curve], top: float, settings: Sync, rng: np.random.Generator) -> float:
    """Share of random rotations whose curve has a top as high; the data count as one of them."""
    lengths = np.array([len(curve.around) for curve in used])
    excess, n = np.zeros((2, len(used), lengths.max()))
    for row, curve in enumerate(used):
        excess[row, : lengths[row]], n[row, : lengths[row]] = curve.around, curve.n_around
    shift, rows = np.arange(len(used[0].n)), np.arange(len(used))[:, None]
    higher = 0
    for _ in range(settings.n_bootstrap):
        begin = rng.integers(0, lengths)
        place = (begin[:, None] + shift) % lengths[:, None]
        rotated = smooth(excess[rows, place].sum(axis=0), n[rows, place].sum(axis=0), settings)
        higher += int(rotated.max() >= top)
    return round((1 + higher) / (1 + settings.n_bootstrap), 4)
