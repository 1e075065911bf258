"""How far the readers of one image agree: in their maps, and in the ellipses that they drew."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.geometry.canvas import FloatMap
from gazescribe.pipeline.geometry.iou import iou_between

THRESHOLD = 0.15  # cells of a map above it count as annotated: Lanfredi et al. 2023, Section 2.9
THRESHOLDS = tuple(step / 20 for step in range(1, 20))  # that can be chosen on the page

Matrix = list[list[float | None]]
"""Of every two readings; None where they cannot be compared."""


@dataclass(frozen=True)
class Agreement:
    """How far every two of some readings agree about one label, or in all of their gaze."""

    map_iou: dict[float, Matrix]  # of the maps above each threshold
    map_cc: Matrix  # Pearson's correlation of the maps
    ellipse_iou: Matrix  # of the joined ellipses

    @property
    def mean_map_iou(self) -> dict[float, float | None]:
        """Mean over every two readings, at each threshold."""
        return {threshold: mean_of_pairs(matrix) for threshold, matrix in self.map_iou.items()}


def agree(maps: Sequence[FloatMap | None], ellipses: Sequence[FloatMap | None]) -> Agreement:
    """Compare readings of one image.

    Parameters
    ----------
    maps, ellipses : sequence of (ndarray of float32, shape (height, width), or None)
        Map of each reading, maximum 1, and mask of its ellipses; None where it has none, and is
        compared with no other.
    """
    ious = _between(maps, THRESHOLDS)
    return Agreement(
        map_iou=dict(zip(THRESHOLDS, ious, strict=True)),
        map_cc=_correlations(maps),
        ellipse_iou=_between(ellipses, [0.5])[0],
    )


def mean_of_pairs(matrix: Matrix) -> float | None:
    """Mean over every two different readings that can be compared; None without any."""
    values = [
        value
        for number, row in enumerate(matrix)
        for value in row[number + 1 :]
        if value is not None
    ]
    return float(np.mean(values)) if values else None


def _between(maps: Sequence[FloatMap | None], thresholds: Sequence[float]) -> list[Matrix]:
    drawn = [heatmap for heatmap in maps if heatmap is not None]
    if not drawn:
        return [_spread(np.empty((0, 0)), maps) for _ in thresholds]
    return [_spread(values, maps) for values in iou_between(drawn, thresholds)]


def _correlations(maps: Sequence[FloatMap | None]) -> Matrix:
    drawn = [heatmap.ravel() for heatmap in maps if heatmap is not None]
    if not drawn:
        return _spread(np.empty((0, 0)), maps)
    with np.errstate(invalid="ignore"):  # a map of one value has no correlation: NaN
        return _spread(np.atleast_2d(np.corrcoef(np.array(drawn, float))), maps)


def _spread(values: NDArray[np.float64], maps: Sequence[FloatMap | None]) -> Matrix:
    """Put what was worked out for the readings that have maps among all readings."""
    places = [number for number, heatmap in enumerate(maps) if heatmap is not None]
    matrix: Matrix = [[None] * len(maps) for _ in maps]
    for row, number in zip(values, places, strict=True):
        for value, other in zip(row, places, strict=True):
            matrix[number][other] = None if np.isnan(value) else float(value)
    return matrix
