"""The fixations of one reading as measures take them: all, or those of one label."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.maps.label_weights import Columns, is_of_label, label_weights

ALL_GAZE = ""  # label of the gaze of a whole reading

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Gaze:
    """Fixations in the order of time."""

    number: NDArray[np.int64]  # of the fixation in the reading
    places_px: Floats  # (n, 2)
    px_per_deg: Floats  # (n, 2)
    onset_s: Floats
    offset_s: Floats
    weight_s: Floats  # seconds of each that count: of a label, those in its windows

    @property
    def follows(self) -> NDArray[np.bool_]:
        """Fixations that come directly after the one before."""
        return np.concatenate([[False], np.diff(self.number) == 1])[: len(self.number)]


def gaze_by_label(
    fixations: Columns, windows: Columns, gaussians: Columns, min_share: float
) -> dict[str, Gaze]:
    """Give all gaze of a reading, and that of each label it mentions.

    A fixation is a label's as on its scan path: by so much of its time in the label's windows.
    Labels without one have empty gaze.
    """
    duration_s = fixations["offset_s"] - fixations["onset_s"]
    by_label = {ALL_GAZE: _take(fixations, np.arange(len(duration_s)), duration_s)}
    for label, weight_s in label_weights(fixations, windows, gaussians).items():
        rows = np.flatnonzero(is_of_label(weight_s, duration_s, min_share))
        by_label[label] = _take(fixations, rows, weight_s)
    return by_label


def _take(fixations: Mapping[str, Any], rows: NDArray[np.intp], weight_s: Floats) -> Gaze:
    pixels, scale = (
        np.column_stack([fixations[f"{name}x{unit}"], fixations[f"{name}y{unit}"]])[rows]
        for name, unit in (("", "_px"), ("px_per_deg_", ""))
    )
    onset_s, offset_s = (fixations[name][rows] for name in ("onset_s", "offset_s"))
    return Gaze(fixations["fixation"][rows], pixels, scale, onset_s, offset_s, weight_s[rows])
