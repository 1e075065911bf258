"""How far recorded gaze lies from where the eyes were, by session, in degrees. Arrays only.

Positive is right and down. Calibration pictures tell it outright: the eyes were on a disc. Anatomy
tells differences between sessions: the middle of the gaze less the middle of all boxes. It is tied
to calibration by the sessions that have both; where none has, to the mean of all sessions.
"""

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from gazescribe.pipeline.gaze.sync.lead import MIN_READINGS, Floats, interval
from gazescribe.pipeline.gaze.sync.settings import Sync

AXES = ("x_deg", "y_deg")


def calibration_drift(looks: pd.DataFrame, settings: Sync) -> dict[int, dict[str, Any]]:
    """Mean distance of gaze from the disc for each session.

    `looks` has the columns session, picture, x_deg, y_deg. Gives by session `n_pictures`,
    `n_fixations`, `x_deg` and `y_deg`: value, low, high. Intervals are Student's, with the spread
    about the session's mean pooled over sessions, for a session has few fixations; None where none
    has two. Fixations on one picture are taken for independent.
    """
    from scipy.special import stdtrit  # scipy.stats takes seconds to import

    groups = {
        int(session): looks[looks["session"] == session]
        for session in sorted(looks["session"].unique())
    }
    about = [rows[list(AXES)] - rows[list(AXES)].mean() for rows in groups.values()]
    freedom = len(looks) - len(groups)
    factor = stdtrit(freedom, (1 + settings.confidence) / 2) if freedom else np.nan
    spread = np.sqrt((pd.concat(about) ** 2).sum().to_numpy() / freedom) if freedom else np.zeros(2)
    drifts: dict[int, dict[str, Any]] = {}
    for session, rows in groups.items():
        drifts[session] = {"n_pictures": int(rows["picture"].nunique()), "n_fixations": len(rows)}
        for axis, wide in zip(AXES, spread, strict=True):
            mean, half = float(rows[axis].mean()), float(factor * wide / np.sqrt(len(rows)))
            drifts[session][axis] = {
                "value": round(mean, 4),
                "low": round(mean - half, 4) if np.isfinite(half) else None,
                "high": round(mean + half, 4) if np.isfinite(half) else None,
            }
    return drifts


def deviation_of(
    gaze: Mapping[str, Any], regions: Mapping[str, Any], size_px: Any
) -> Floats | None:
    """Middle of a reading's gaze less the middle of its boxes, in degrees, x and y.

    `gaze` and `regions` are columns of its fixations and boxes; gaze outside the image, of
    `size_px` pixels, does not count. None without boxes or gaze on the image.
    """
    shown = np.ones(len(gaze["x_px"]), bool)
    for axis, size in zip("xy", size_px, strict=True):
        shown &= (gaze[f"{axis}_px"] >= -0.5) & (gaze[f"{axis}_px"] < size - 0.5)
    if not shown.any() or not len(regions["region"]):
        return None
    means = []
    for axis in "xy":
        middle_px = float(regions[f"{axis}min_px"].min() + regions[f"{axis}max_px"].max()) / 2
        off_deg = (gaze[f"{axis}_px"] - middle_px) / gaze[f"px_per_deg_{axis}"]
        means.append(np.mean(off_deg, where=shown))
    return np.array(means)


def anatomy_drift(
    deviations: Mapping[int, Sequence[Floats]],
    calibrated: Mapping[int, Mapping[str, Any]],
    settings: Sync,
) -> dict[int, dict[str, Any]]:
    """Median deviation of each session's readings, less what all sessions share.

    `deviations` are those of each session's readings, from `deviation_of`; `calibrated` is from
    `calibration_drift`. Gives by session `n_readings`, `tied_to` (calibration, or the mean of
    sessions), `x_deg` and `y_deg`: value, low, high; none of fewer than five readings.
    """
    groups = {
        session: np.array(rows)
        for session, rows in sorted(deviations.items())
        if len(rows) >= MIN_READINGS
    }
    if not groups:
        return {}
    rng = np.random.default_rng(settings.seed)
    medians = np.array([np.median(rows, axis=0) for rows in groups.values()])
    draws = np.stack(
        [
            np.median(rows[rng.integers(0, len(rows), (settings.n_bootstrap, len(rows)))], axis=1)
            for rows in groups.values()
        ],
        axis=1,
    )
    ties = [session for session in groups if session in calibrated]
    told, drawn = _told_by_calibration([calibrated[session] for session in ties], settings, rng)
    use = [list(groups).index(session) for session in ties or groups]
    values = medians - (medians[use] - told).mean(axis=0)
    resampled = draws - (draws[:, use] - drawn).mean(axis=1, keepdims=True)
    return {
        session: {
            "n_readings": len(rows),
            "tied_to": "calibration" if ties else "the mean of sessions",
            **{
                axis: {
                    "value": round(float(values[place, number]), 4),
                    **interval(resampled[:, place, number], settings, unit=""),
                }
                for number, axis in enumerate(AXES)
            },
        }
        for place, (session, rows) in enumerate(groups.items())
    }


def _told_by_calibration(
    ties: Sequence[Mapping[str, Any]], settings: Sync, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Give the drift that calibration tells, and draws from its intervals; 0 without any."""
    if not ties:
        return np.zeros((1, 2)), np.zeros((settings.n_bootstrap, 1, 2))
    values = np.array([[drift[axis]["value"] for axis in AXES] for drift in ties])
    # Bounds that are not known are None, which becomes NaN: an interval of no width.
    low, high = (
        np.array([[drift[axis][side] for axis in AXES] for drift in ties], dtype=float)
        for side in ("low", "high")
    )
    half = np.nan_to_num(high - low) / 2
    error = half / NormalDist().inv_cdf((1 + settings.confidence) / 2)
    return values, values + error * rng.standard_normal((settings.n_bootstrap, *values.shape))
