"""Sums of clipped axis-aligned Gaussians on an image grid.

Each Gaussian is a product of two profiles and so is its clipping rectangle; a map is therefore one
matrix product of row profiles and column profiles, at any resolution.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import ArrayError

REACH = 8.0  # standard deviations drawn; farther out a Gaussian is under 1e-14 of its height
_CELL = 16  # pixels a side of the cells in which `Peaks` first bounds the map
_SLACK = 0.999  # of the best pixel known: bound and pixel are rounded, each sum in its own order

FloatArray = NDArray[np.float64]
Profiles = NDArray[np.float32]


def profiles(
    centre_px: FloatArray,
    sigma_px: FloatArray,
    clip_px: NDArray[np.integer] | FloatArray,
    at_px: FloatArray,
    *,
    cell_px: float = 1.0,
    amplitude: str = "mass",
) -> Profiles:
    """Evaluate one axis of each Gaussian.

    Parameters
    ----------
    centre_px, sigma_px : ndarray of float64, shape (n,)
        Centre and standard deviation along this axis, in image pixels.
    clip_px : ndarray, shape (n, 2)
        Half-open range of image pixels [min, max) outside which nothing is drawn.
    at_px : ndarray of float64, shape (m,)
        Image coordinates to evaluate at: 0, 1, 2 … for the image itself, the centres of the model
        pixels for a letterbox.
    cell_px : float
        Side of the cell around each coordinate; a cell that the clip cuts is weighted by the part
        inside. One for the image itself, where cells are whole pixels and none is cut.
    amplitude : {'mass', 'peak'}
        Unit area along the axis, or unit height.

    Returns
    -------
    ndarray of float32, shape (n, m)

    Raises
    ------
    ArrayError
        If shapes do not match, a sigma is not positive or a centre not finite.
    """
    if not (len(centre_px) == len(sigma_px) == len(clip_px)):
        shapes = f"{np.shape(centre_px)}, {np.shape(sigma_px)}, {np.shape(clip_px)}"
        raise ArrayError(f"centres, sigmas and clips differ in length: {shapes}.")
    for name, values, good, rule in (
        ("centre_px", centre_px, np.isfinite(centre_px), "finite"),
        ("sigma_px", sigma_px, np.greater(sigma_px, 0), "positive"),
    ):
        if not good.all():
            first = int(np.argmin(good))
            raise ArrayError(f"{name} must be {rule}, got {values[first]} at {first}.")
    z = ((at_px - centre_px[:, None]) / sigma_px[:, None]).astype(np.float32)
    np.square(z, out=z)
    density: Profiles = np.exp(z * np.float32(-0.5))
    density *= z <= REACH**2
    clips, clip_index = np.unique(clip_px, axis=0, return_inverse=True)
    density *= _coverage(clips, at_px, cell_px)[clip_index.ravel()]  # numpy 2.0.0: a column
    if amplitude == "mass":
        density /= (np.sqrt(2 * np.pi) * sigma_px[:, None]).astype(np.float32)
    return density


def _coverage(clips_px: NDArray[Any], at_px: FloatArray, cell_px: float) -> Profiles:
    """Find the part of each cell that lies inside each clip, shape (clips, m)."""
    # Pixel i covers [i - 0.5, i + 0.5), so that the pixels [a, b) cover [a - 0.5, b - 0.5).
    begin = np.maximum(at_px - cell_px / 2, clips_px[:, :1] - 0.5)
    end = np.minimum(at_px + cell_px / 2, clips_px[:, 1:] - 0.5)
    return np.clip((end - begin) / cell_px, 0, 1).astype(np.float32)


def draw(
    rows: Profiles, columns: Profiles, weight: NDArray[np.floating[Any]]
) -> NDArray[np.float32]:
    """Sum weighted Gaussians.

    Parameters
    ----------
    rows, columns : ndarray of float32, shapes (n, height) and (n, width)
        Profiles along y and x.
    weight : ndarray of float, shape (n,)
        Weight of each Gaussian, normally seconds of gaze.

    Returns
    -------
    ndarray of float32, shape (height, width)
        Not normalised; zeros when n is 0.

    Notes
    -----
    Always `matmul`, which gives the same bits whatever the number of threads.
    """
    weighted = rows * weight[:, None].astype(np.float32)
    product: NDArray[np.float32] = np.matmul(weighted.T, columns)
    return product


def as_slice(numbers: NDArray[np.intp]) -> slice | NDArray[np.intp]:
    """Index rows that follow each other, as fixations of a window do, without a copy of them."""
    first, last = numbers[0], numbers[-1]
    return slice(first, last + 1) if last - first == len(numbers) - 1 else numbers


class Peaks:
    """Maxima of the maps that the same Gaussians make with one weighting or another, not drawn.

    Parameters
    ----------
    rows, columns : ndarray of float32
        As for `draw`, at full resolution.

    Notes
    -----
    Branch and bound: within a cell no Gaussian exceeds the product of its largest row and column
    values there, so a coarse product bounds every cell from above; only cells whose bound reaches
    the best pixel known are evaluated.
    """

    def __init__(self, rows: Profiles, columns: Profiles) -> None:
        self._seen = rows.any(axis=1) & columns.any(axis=1)
        self._cells = _cells(rows), _cells(columns)
        self._highest = [_highest(cells) for cells in self._cells]
        self._middle = [cells[:, :, _CELL // 2].copy() for cells in self._cells]

    def of(self, weight: FloatArray) -> float:
        """Give the maximum for a weight of each Gaussian, to float32 rounding; 0 without any."""
        drawn = np.flatnonzero((weight > 0) & self._seen)
        if not len(drawn):
            return 0.0
        run = as_slice(drawn)
        weight = weight[run]
        # The middles of the cells give a first pixel to beat; most cells cannot beat it.
        bound = draw(self._highest[0][run], self._highest[1][run], weight)
        best = float(draw(self._middle[0][run], self._middle[1][run], weight).max())
        y, x = np.divmod(np.flatnonzero(bound >= best * _SLACK), bound.shape[1])
        rows, columns = self._cells
        weighted = rows[run].take(y, axis=1) * weight[:, None, None].astype(np.float32)
        reached = np.matmul(
            weighted.transpose(1, 2, 0), columns[run].take(x, axis=1).transpose(1, 0, 2)
        )
        return max(best, float(reached.max()))


def _cells(values: Profiles) -> Profiles:
    """Cut profiles into cells of equal length, shape (n, cells, _CELL), the last filled with 0."""
    n, length = values.shape
    n_cells = -(-length // _CELL)
    filled = np.zeros((n, n_cells * _CELL), np.float32)
    filled[:, :length] = values
    return filled.reshape(n, n_cells, _CELL)


def _highest(cells: Profiles) -> Profiles:
    """Find the largest value of each cell, shape (n, cells), by halves: faster than `max`."""
    while cells.shape[2] > 1:
        cells = np.maximum(cells[:, :, ::2], cells[:, :, 1::2])
    return cells[:, :, 0]


def is_drawn(gaussians: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
    """Tell which Gaussians, columns of their table, leave anything on their image at full size."""
    drawn = np.asarray(gaussians["weight_s"]) > 0
    for axis in "xy":
        centre, reach = gaussians[f"{axis}_px"], REACH * gaussians[f"sigma_{axis}_px"]
        first = np.maximum(np.ceil(centre - reach), gaussians[f"clip_{axis}min_px"])
        last = np.minimum(np.floor(centre + reach), gaussians[f"clip_{axis}max_px"] - 1)
        drawn &= first <= last
    return drawn
