import numpy as np
import pytest

from gazescribe.pipeline.geometry.sampling import noise_of, step_of


def noise(n=20_000, deviation=0.3):
    rng = np.random.default_rng(0)
    return np.arange(n) / 100, rng.normal(0, deviation, (n, 2)), np.ones(n, bool)


def test_it_is_the_rms_from_sample_to_sample():
    time_s, place, valid = noise()
    plain = np.sqrt((np.diff(place, axis=0) ** 2).sum(axis=1).mean())
    assert plain == pytest.approx(2 * 0.3, rel=0.02)
    assert noise_of(time_s, place, valid) == pytest.approx(plain, rel=0.02)


def test_saccades_losses_and_gaps_do_not_count():
    time_s, place, valid = noise()
    place[::20] += np.linspace(0, 400, 1000)[:, None]
    valid[5::20] = False
    place[5::20] = np.nan
    time_s[10_000:] += 3.0
    assert noise_of(time_s, place, valid) == pytest.approx(0.6, rel=0.15)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_hardly_any_samples(n):
    place = np.zeros((n, 2))
    valid = np.arange(n) == 1  # no two of them are neighbours
    assert np.isnan(noise_of(np.arange(n) / 60, place, valid))


def test_the_step_is_that_of_most_samples():
    assert step_of(np.array([0, 0.1, 0.2, 5.0])) == pytest.approx(0.1)
