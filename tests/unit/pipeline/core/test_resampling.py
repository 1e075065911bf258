import numpy as np
import pytest

from gazescribe.pipeline.core.resampling import Draws, draw_clusters, interval, mean_of_known, ratio

NAN = np.nan


def test_draws_are_of_as_many_as_there_are():
    drawn = draw_clusters(7, Draws(500, 0.95, seed=2))
    assert drawn.shape == (500, 7)
    assert (drawn.sum(axis=1) == 7).all()
    np.testing.assert_allclose(drawn.mean(axis=0), 1, atol=0.15)
    np.testing.assert_array_equal(drawn, draw_clusters(7, Draws(500, 0.5, seed=2)))
    assert not np.array_equal(drawn, draw_clusters(7, Draws(500, 0.95, seed=3)))


@pytest.mark.parametrize("n_clusters", [0, 1])
def test_of_one_cluster_nothing_is_drawn(n_clusters):
    assert draw_clusters(n_clusters, Draws(5, 0.95, seed=0)).shape == (0, n_clusters)


def test_ratio():
    found = ratio(np.array([[1.0, 0.0], [3.0, 0.0]]), np.array([2, 0]))
    np.testing.assert_array_equal(found, [[0.5, NAN], [1.5, NAN]])


@pytest.mark.parametrize(
    ("axis", "expected"),
    [
        pytest.param(0, [0.5, NAN], id="first"),
        pytest.param(1, [1.0, NAN, 0.0], id="second"),
        pytest.param(-1, [1.0, NAN, 0.0], id="last"),
    ],
)
def test_mean_of_known(axis, expected):
    values = np.array([[1.0, NAN], [NAN, NAN], [0.0, NAN]])
    np.testing.assert_array_equal(mean_of_known(values, axis), expected)


def test_interval():
    samples = np.arange(101.0)[:, None] * [1, 2, NAN]
    samples[0, 0] = NAN
    low, high = interval(samples, 0.9)
    np.testing.assert_allclose(low, [5.95, 10, NAN])
    np.testing.assert_allclose(high, [95.05, 190, NAN])


def test_interval_without_draws():
    low, high = interval(np.empty((0, 2)), 0.9)
    assert np.isnan([low, high]).all()
    assert low.shape == (2,)
