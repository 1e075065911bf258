"""Against pymovements and scipy where they have the measure, else against the definition."""

import numpy as np
import polars as pl
import pytest
from pymovements.measure.reading import run_id
from pymovements.measure.samples import amplitude
from scipy import stats

from gazescribe.pipeline.geometry.looking import (
    coverage,
    find_saccades,
    find_visits,
    transition_entropy,
)

FOLLOWS = np.array([False, True, True, True, False, True])


@pytest.mark.parametrize(
    ("inside", "visits"),
    [
        ([1, 1, 0, 1, 1, 1], [(0, 2), (3, 4), (4, 6)]),  # the gap before the fifth ends a visit
        ([0, 0, 0, 0, 0, 0], []),
        ([1, 1, 1, 1, 0, 1], [(0, 4), (5, 6)]),
    ],
)
def test_visits(inside, visits):
    found = find_visits(np.array(inside, bool), FOLLOWS)
    assert list(zip(found.begins, found.ends, strict=True)) == visits


def test_visits_are_runs_of_pymovements():
    random = np.random.default_rng(0)
    for n in (0, 1, 40):
        inside = random.random(n) < 0.6
        follows = np.arange(n) > 0
        runs = pl.DataFrame({"word_idx": inside}).select(run_id()).to_series().to_numpy()
        found = find_visits(inside, follows)
        assert len(found.begins) == len(found.ends) == len(set(runs[inside]))
        assert (found.ends - found.begins).sum() == inside.sum()


def test_saccades_are_pymovements_amplitudes():
    random = np.random.default_rng(1)
    places, scale = random.uniform(0, 500, (6, 2)), random.uniform(18, 24, (6, 2))
    onset_s = np.arange(6) * 0.3
    offset_s = onset_s + np.array([0.25, 0.05, 0.25, 0.25, 0.25, 0.25])  # one is before a blink
    found = find_saccades(places, scale, onset_s, offset_s, FOLLOWS, 0.1)
    rows = [0, 2, 4]  # the fourth is before a gap of the numbers
    expected = []
    for row in rows:
        both = pl.DataFrame({"position": places[row : row + 2].tolist()})
        measure = amplitude(position_column="position", n_components=2)
        expected.append(both.select(measure).item())
    assert found.amplitude_px == pytest.approx(expected)
    assert found.duration_s == pytest.approx([0.05] * 3)
    mean_scale = (scale[:-1] + scale[1:]) / 2
    in_deg = np.hypot(*(np.diff(places, axis=0) / mean_scale).T)
    assert found.amplitude_deg == pytest.approx(in_deg[rows])


def test_entropies_are_those_of_scipy():
    random = np.random.default_rng(2)
    cells = random.integers(0, 5, 200)
    follows = random.random(200) < 0.9
    follows[0] = False
    stationary, transition = transition_entropy(cells, follows)
    table = np.zeros((5, 5))
    np.add.at(table, (cells[:-1][follows[1:]], cells[1:][follows[1:]]), 1)
    share = table.sum(axis=1) / table.sum()
    assert stationary == pytest.approx(stats.entropy(share, base=2))
    by_row = stats.entropy(table, base=2, axis=1)
    assert transition == pytest.approx((share * by_row).sum())


def test_entropies_of_one_cell_and_of_nothing():
    follows = np.array([False, True, True])
    assert str(transition_entropy(np.array([7, 7, 7]), follows)) == "(0.0, 0.0)"
    assert np.isnan(transition_entropy(np.array([3]), np.array([False]))).all()
    to_and_fro = transition_entropy(np.array([0, 1, 0, 1, 0]), np.arange(5) > 0)
    assert to_and_fro == pytest.approx((1, 0))


def test_coverage_is_that_of_discs():
    x, y = np.meshgrid(np.arange(200.0), np.arange(200.0))
    points = np.column_stack([x.ravel(), y.ravel()])
    places, scale = np.array([[50.0, 50], [150, 150]]), np.array([[20.0, 20], [10, 30]])
    area = np.pi * (20 * 20 + 10 * 30) / 200**2
    assert coverage(points, places, scale, 1.0) == pytest.approx(area, rel=0.01)
    assert coverage(points, places[:0], scale[:0], 1.0) == 0
    assert np.isnan(coverage(points[:0], places, scale, 1.0))
