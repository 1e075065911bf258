import numpy as np
import pytest

from gazescribe.pipeline.windows.learned.maps import (
    EVERYWHERE,
    GRID,
    HIGH,
    LOW,
    WIDTH,
    cell_of,
    label_densities,
    search_density,
    smooth,
)


def test_cells_are_numbered_by_row():
    x, y = np.array([LOW, HIGH - 1e-6, 9.0, -9.0]), np.array([LOW, LOW, HIGH, 9.0])
    last = GRID * GRID - 1
    assert cell_of(x, y).tolist() == [0, GRID - 1, last, last - GRID + 1]


def test_densities_hold_all_gaze():
    random = np.random.default_rng(1)
    seconds = random.exponential(1, (2, 4, 4, GRID * GRID)) * (random.random((2, 4, 4, 1)) < 0.5)
    area = WIDTH**2
    assert (smooth(seconds, 0.06).sum(axis=-1) * area) == pytest.approx(seconds.sum(axis=-1))
    assert (label_densities(seconds, 0.06).sum(axis=-1) * area) == pytest.approx(1)
    assert search_density(seconds[0, 0, 0], 0.06).sum() * area == pytest.approx(1)


def test_few_seconds_borrow_from_wider_maps():
    """A hundred seconds of one label on the left; a label without gaze has the map of all."""
    seconds = np.zeros((2, 4, 4, GRID * GRID))
    there = int(cell_of(np.array([0.3]), np.array([0.7]))[0])
    seconds[0, 1, 3, there] = 100
    density = label_densities(seconds, 0.06)[..., there]
    assert density[0, 1, 3] > density[0, 1, 0] > density[0, 0, 0] > density[1, 0, 0] > EVERYWHERE
    assert density[0, 1, 3] > 10 * EVERYWHERE
