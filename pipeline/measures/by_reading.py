"""Fixations, saccades, entropies and coverage: rows of the table `reading_measures`."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.geometry.looking import coverage, find_saccades, transition_entropy
from gazescribe.pipeline.measures.gaze import Gaze
from gazescribe.pipeline.measures.regions import Region, whole_image
from gazescribe.pipeline.measures.settings import Measures

Floats = NDArray[np.float64]


def reading_row(
    gaze: Gaze,
    size: tuple[int, int],
    lungs: Sequence[Region],
    points_px: Floats,
    params: Measures,
) -> dict[str, Any]:
    """Measure gaze, of a label or all, on an image of `size` (height, width).

    `points_px` stand for equal parts of the image, as `regions.grid_points` gives them.
    """
    height, width = size
    on_image = whole_image(width, height).holds(gaze.places_px)
    gaze_s = float(gaze.weight_s.sum())
    duration_s = gaze.offset_s - gaze.onset_s
    span_s = float(gaze.offset_s.max(initial=0) - gaze.onset_s.min(initial=np.inf))
    saccades = find_saccades(
        gaze.places_px,
        gaze.px_per_deg,
        gaze.onset_s,
        gaze.offset_s,
        gaze.follows,
        params.max_saccade_s,
    )
    return {
        "n_fixations": len(duration_s),
        "gaze_s": gaze_s,
        "fixation_rate_hz": len(duration_s) / span_s if span_s > 0 else None,
        "off_image_share": _share(gaze.weight_s[~on_image].sum(), gaze_s),
        **_three("fixation", "s", duration_s),
        "n_saccades": len(saccades.duration_s),
        **_three("saccade", "s", saccades.duration_s),
        **_three("amplitude", "deg", saccades.amplitude_deg),
        **_three("amplitude", "px", saccades.amplitude_px),
        "path_deg": float(saccades.amplitude_deg.sum()),
        **_entropies(gaze, on_image, size, params.entropy_grid),
        "lung_coverage": _lung_coverage(gaze, lungs, points_px, params.coverage_deg),
    }


def _share(part: float, whole: float) -> float | None:
    return float(part / whole) if whole > 0 else None


def _three(name: str, unit: str, values: Floats) -> dict[str, float | None]:
    n = len(values)
    return {
        f"{name}_mean_{unit}": float(values.mean()) if n else None,
        f"{name}_median_{unit}": float(np.median(values)) if n else None,
        f"{name}_sd_{unit}": float(values.std(ddof=1)) if n > 1 else None,
    }


def _entropies(
    gaze: Gaze, on_image: NDArray[np.bool_], size: tuple[int, int], grid: tuple[int, int]
) -> dict[str, float]:
    """Entropies over the cells of a grid on the image; what is off it breaks the sequence."""
    rows, columns = (
        np.clip((gaze.places_px[:, axis] + 0.5) / size[n] * grid[n], 0, grid[n] - 1).astype(np.intp)
        for axis, n in ((1, 0), (0, 1))
    )
    before = np.concatenate([[False], on_image[:-1]])[: len(on_image)]
    follows = gaze.follows & on_image & before
    stationary, transition = transition_entropy(rows * grid[1] + columns, follows)
    return {"stationary_entropy": stationary, "transition_entropy": transition}


def _lung_coverage(
    gaze: Gaze, lungs: Sequence[Region], points_px: Floats, radius_deg: float
) -> float | None:
    inside = np.zeros(len(points_px), bool)
    for lung in lungs:
        inside |= lung.holds(points_px)
    if not inside.any():
        return None
    return coverage(points_px[inside], gaze.places_px, gaze.px_per_deg, radius_deg)
