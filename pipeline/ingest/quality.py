"""How good the gaze of a reading is, and whether a threshold leaves it out.

Reads: the fixations of one reading. Params: `ingest.quality`. Drops: nothing; readers leave out the
gaze of readings that `exclusions` gives a reason for, and count them by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

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


MEASURES = tuple(measure.name for measure in fields(GazeQuality))
COLUMNS = ("reading_id", *MEASURES, "excluded")


def gaze_quality(
    fixations: Mapping[str, Floats], size_px: tuple[int | None, int | None], min_gap_s: float
) -> GazeQuality:
    """Measure the gaze of one reading.

    `fixations` are columns in time order, one row at least; a position of NaN counts as off the
    image, of width and height `size_px`. Gaps up to `min_gap_s` are saccades and not lost time.
    """
    onset_s, offset_s = fixations["onset_s"], fixations["offset_s"]
    gaps_s = np.maximum(onset_s[1:] - np.maximum.accumulate(offset_s)[:-1], 0.0)
    duration_s = float(offset_s.max() - onset_s[0])
    lost_s = float(gaps_s[gaps_s > min_gap_s + NOISE_S].sum())
    width_px, height_px = size_px
    share_off = None
    if width_px is not None and height_px is not None:
        inside = on_image(fixations["x_px"], fixations["y_px"], width_px, height_px)
        share_off = float(1.0 - inside.mean())
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
    """Name the measures by which a reading is beyond a threshold; none when all are off."""
    # The rate is the only measure with a lower limit: with its sign turned it has an upper one.
    least = thresholds.min_fixations_per_s
    limits: dict[str, tuple[float | None, float | None]] = {
        "share_lost": (quality.share_lost, thresholds.max_share_lost),
        "share_off_image": (quality.share_off_image, thresholds.max_share_off_image),
        "fixations_per_s": (-quality.fixations_per_s, None if least is None else -least),
        "longest_gap_s": (quality.longest_gap_s, thresholds.max_gap_s),
    }
    return [
        name
        for name, (value, most) in limits.items()
        if value is not None and most is not None and value > most
    ]


def summarise_quality(columns: dict[str, list[float | None]]) -> dict[str, dict[str, float]]:
    """Give the 5th, 50th and 95th percentile of each measure in the quality table."""
    summary = {}
    for name in MEASURES:
        values = [value for value in columns.get(name, ()) if value is not None]
        if values:
            p05, p50, p95 = np.percentile(values, [5, 50, 95]).tolist()
            summary[name] = {"p05": round(p05, 4), "p50": round(p50, 4), "p95": round(p95, 4)}
    return summary
