"""Maps of gaze over the chest: histograms of seconds, and the densities they stand for.

A cell is a square of a grid that reaches a quarter of the chest box beyond each of its edges; what
lies farther off counts in the outermost cells.
"""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Rows = NDArray[np.intp]

GRID = 24  # cells a side
LOW, HIGH = -0.25, 1.25  # of the chest box
WIDTH = (HIGH - LOW) / GRID
EVERYWHERE = 1 / (HIGH - LOW) ** 2  # density of gaze that is anywhere on the grid
BORROWED_S = 5.0  # seconds of the next wider map that a map of place words is worth
SEARCH_BORROWED_S = 10.0  # seconds of gaze everywhere that the map of search is worth


def cell_of(x: FloatArray, y: FloatArray) -> Rows:
    """Find the cell of each place; cells are numbered row by row."""
    column, row = (
        np.clip(np.floor((axis - LOW) / WIDTH), 0, GRID - 1).astype(np.intp) for axis in (x, y)
    )
    return row * GRID + column


def smooth(seconds: FloatArray, sigma: float) -> FloatArray:
    """Blur histograms, shape (…, cells), by a Gaussian; in seconds an area of the chest box.

    What would leave the grid stays on it.
    """
    centre = LOW + WIDTH * (np.arange(GRID) + 0.5)
    kernel = np.exp(-((centre[:, None] - centre) ** 2) / (2 * sigma**2))
    kernel /= kernel.sum(axis=0)
    grids = seconds.reshape(*seconds.shape[:-1], GRID, GRID)
    blurred = np.matmul(np.matmul(kernel, grids), kernel.T)
    an_area: FloatArray = blurred.reshape(seconds.shape) / WIDTH**2
    return an_area


def search_density(seconds: FloatArray, sigma: float) -> FloatArray:
    """Density of the gaze that no sentence explains, (cells,)."""
    with_borrowed = smooth(seconds, sigma) + SEARCH_BORROWED_S * EVERYWHERE
    density: FloatArray = with_borrowed / (seconds.sum() + SEARCH_BORROWED_S)
    return density


def label_densities(seconds: FloatArray, sigma: float) -> FloatArray:
    """Density of gaze for each label, side and zone: both of shape (labels, sides, zones, cells).

    A map that few seconds made borrows from the next wider one: side and zone from side, side from
    label, label from all labels, and these from gaze everywhere.
    """
    blurred = smooth(seconds, sigma)
    n = seconds.sum(axis=-1, keepdims=True)

    def borrow(axes: tuple[int, ...], wider: FloatArray | float) -> FloatArray:
        smoothed = blurred.sum(axis=axes, keepdims=True) + BORROWED_S * wider
        density: FloatArray = smoothed / (n.sum(axis=axes, keepdims=True) + BORROWED_S)
        return density

    everything = borrow((0, 1, 2), EVERYWHERE)
    of_label = borrow((1, 2), everything)
    of_side = borrow((2,), of_label)
    return borrow((), of_side)
