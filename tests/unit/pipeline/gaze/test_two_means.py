"""I2MC as we call it; that it finds what the package finds is in `reference/test_i2mc.py`."""

import numpy as np
import pytest

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.yaml_files import override
from gazescribe.pipeline.gaze.detection import detect
from gazescribe.pipeline.gaze.samples import Samples

SETTINGS = override(load_params().fixations, method="i2mc")


def noisy(rate_hz, noise_deg=0.3, rest_s=0.4):
    """Four places, each looked at for `rest_s`."""
    places = np.array([(0, 0), (6, 0), (6, 6), (1, 1)], dtype=float)
    position_deg = np.repeat(places, round(rest_s * rate_hz), axis=0)
    position_deg += np.random.default_rng(1).normal(0, noise_deg, position_deg.shape)
    n = len(position_deg)
    return Samples(np.arange(n) / rate_hz, position_deg, np.ones(n, bool), np.zeros(n, np.intp))


@pytest.mark.parametrize("rate_hz", [30, 50, 61.3, 75, 90, 120, 150, 250, 1000])
def test_any_sampling_rate(rate_hz):
    found = detect(noisy(rate_hz), SETTINGS)
    assert len(found) == 4
    assert np.diff(found, axis=1).ravel() / rate_hz == pytest.approx(0.4, abs=0.03 + 1.5 / rate_hz)


def test_the_same_whatever_was_drawn_before():
    gaze = noisy(60, 1.5)
    np.random.seed(3)  # noqa: NPY002, the generator of the package
    found = detect(gaze, SETTINGS)
    after = np.random.random()  # noqa: NPY002
    np.random.seed(3)  # noqa: NPY002
    assert np.random.random() == after  # noqa: NPY002
    assert detect(gaze, SETTINGS).tolist() == found.tolist()


def test_short_losses_are_filled_in_and_long_ones_are_not():
    gaze = noisy(100, rest_s=0.8)
    gaze.valid[30:35] = False
    gaze.position_deg[30:35] = 99.0
    assert len(detect(gaze, SETTINGS)) == 4
    assert len(detect(gaze, override(SETTINGS, interpolate_s=0.03))) == 5
    late = noisy(100)
    late.time_s[60:] += 500.0
    assert not any(first < 60 <= last for first, last in detect(late, SETTINGS))


def test_nothing_reaches_over_a_change_of_view():
    gaze = noisy(100, rest_s=0.8)
    gaze.view[30:] = 1
    found = detect(gaze, SETTINGS)
    assert len(found) == 5
    assert not any(first < 30 <= last for first, last in found)


def test_a_rest_shorter_than_the_shortest_fixation_is_none():
    found = detect(noisy(100, 0.01, 0.25), override(SETTINGS, min_duration_s=0.3))
    assert found.shape == (0, 2)


def test_all_samples_lost():
    gaze = noisy(100)
    gaze.valid[:] = False
    assert detect(gaze, SETTINGS).shape == (0, 2)
