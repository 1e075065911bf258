"""How good the gaze of a reading is, and whether a threshold leaves it out.

Reads: the fixations of one reading. Params: `ingest.quality`. Drops: nothing; readers leave out the
gaze of readings that `exclusions` gives a reason for, and count them by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from gazescribe.pipeline.core.yaml_files import Strict


class Quality(Strict):
    """Thresholds of gaze quality beyond which a reading's gaze is left out; null = off."""

    min_gap_s: float = Field(ge=0)  # gaps up to this are saccades, not losses (spec reflacx A6)
    max_share_lost: float | None = Field(ge=0, le=1)
    max_share_off_image: float | None = Field(ge=0, le=1)
    min_fixations_per_s: float | None = Field(ge=0)
    max_gap_s: float | None = Field(gt=0)


COLUMNS = (
    "reading_id",
    "n_fixations",
    "duration_s",
    "share_lost",
    "share_off_image",
    "fixations_per_s",
    "longest_gap_s",
    "excluded",
)

NOISE_S = 1e-6  # differences of decimal stamps are off by less
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class GazeQuality:
    """Gaze quality of one reading."""

    n_fixations: int
    duration_s: float  # from the start of the first fixation to the end of the last
    share_lost: float  # of that time, in gaps longer than a saccade
    share_off_image: float | None  # of fixations; None when the size of the image is unknown
    fixations_per_s: float
    longest_gap_s: float  # between two fixations


def gaze_quality(
    onset_s: Floats,
    offset_s: Floats,
    x_px: Floats,
    y_px: Floats,
    size_px: tuple[int | None, int | None],
    min_gap_s: float,
) -> GazeQuality:
    """Measure the gaze of one reading.

    Parameters
    ----------
    onset_s, offset_s : ndarray of float64, shape (n,)
        Fixations in time order, at least one.
    x_px, y_px : ndarray of float64, shape (n,)
        Centres; NaN counts as off the image.
    size_px : tuple of int or None
        Width and height of the image; None when unknown.
    min_gap_s : float
        Gaps up to this are saccades and not lost time.

    Returns
    -------
    GazeQuality
        The measures.
    """
    gaps_s = np.maximum(onset_s[1:] - np.maximum.accumulate(offset_s)[:-1], 0.0)
    duration_s = float(offset_s.max() - onset_s[0])
    lost_s = float(gaps_s[gaps_s > min_gap_s + NOISE_S].sum())
    width_px, height_px = size_px
    share_off = None
    if width_px is not None and height_px is not None:
        share_off = float(1.0 - on_image(x_px, y_px, width_px, height_px).mean())
    return GazeQuality(
        n_fixations=len(onset_s),
        duration_s=duration_s,
        share_lost=lost_s / duration_s if duration_s else 0.0,
        share_off_image=share_off,
        fixations_per_s=len(onset_s) / duration_s if duration_s else 0.0,
        longest_gap_s=float(gaps_s.max(initial=0.0)),
    )


def on_image(x_px: Floats, y_px: Floats, width_px: int, height_px: int) -> NDArray[np.bool_]:
    """Tell which positions lie on the image: in a pixel, whose centre is a whole number."""
    inside = (x_px >= -0.5) & (x_px < width_px - 0.5)
    return inside & (y_px >= -0.5) & (y_px < height_px - 0.5)


def exclusions(quality: GazeQuality, thresholds: Quality) -> list[str]:
    """Name the thresholds that a reading breaks; none when all are off.

    Returns
    -------
    list of str
        Names of the measures, e.g. `['share_lost']`.
    """
    off_image = quality.share_off_image
    broken = {
        "share_lost": _above(quality.share_lost, thresholds.max_share_lost),
        "share_off_image": off_image is not None
        and _above(off_image, thresholds.max_share_off_image),
        "fixations_per_s": thresholds.min_fixations_per_s is not None
        and quality.fixations_per_s < thresholds.min_fixations_per_s,
        "longest_gap_s": _above(quality.longest_gap_s, thresholds.max_gap_s),
    }
    return [name for name, is_broken in broken.items() if is_broken]


def _above(value: float, limit: float | None) -> bool:
    return limit is not None and value > limit


def summarise_quality(columns: dict[str, list[float | None]]) -> dict[str, dict[str, float]]:
    """Give the 5th, 50th and 95th percentile of each measure over all readings.

    Parameters
    ----------
    columns : dict of str to list
        The quality table by column; other columns than the measures are left alone.
    """
    measures = [name for name in COLUMNS[1:-1] if name in columns]
    return {
        name: dict(zip(("p05", "p50", "p95"), _percentiles(columns[name]), strict=True))
        for name in measures
        if any(value is not None for value in columns[name])
    }


def _percentiles(values: Sequence[float | None]) -> list[float]:
    numbers = [value for value in values if value is not None]
    return [round(float(value), 4) for value in np.percentile(numbers, [5, 50, 95])]
