"""Limits of noise against still eyes that are drawn."""

import numpy as np
import pytest

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.yaml_files import override
from gazescribe.pipeline.gaze.detection import least_samples, smoothed_samples
from gazescribe.pipeline.gaze.noise_limits import noise_limit

SETTINGS = load_params().fixations


def still(step_s, noise_deg, n):
    """Smoothed places of 800 still eyes, shape (800, n, 2), with `noise_deg` between samples."""
    from scipy.ndimage import median_filter

    size = (1, smoothed_samples(step_s, SETTINGS), 1)
    return median_filter(np.random.default_rng(0).normal(0, noise_deg / 2, (800, n, 2)), size=size)


@pytest.mark.parametrize("rate_hz", [30, 60, 120, 1000])
def test_idt_bears_what_leaves_the_shortest_fixation_as_wide_as_its_threshold(rate_hz):
    places = still(
        1 / rate_hz, noise_limit(1 / rate_hz, SETTINGS), least_samples(1 / rate_hz, SETTINGS)
    )
    spread = np.ptp(places, axis=1).sum(axis=1)
    # Smoothed samples are not independent of their neighbours: their range is less, at 1 kHz.
    assert spread.mean() == pytest.approx(1.0, abs=0.05 if rate_hz < 100 else 0.35)


@pytest.mark.parametrize("rate_hz", [30, 60])
def test_ivt_bears_what_leaves_the_shortest_fixation_as_fast_as_its_threshold(rate_hz):
    settings = override(SETTINGS, method="ivt")
    n = least_samples(1 / rate_hz, settings)
    places = still(1 / rate_hz, noise_limit(1 / rate_hz, settings), n + 2)
    speed = np.hypot(*np.moveaxis(places[:, 2:] - places[:, :-2], 2, 0)) * rate_hz / 2
    assert speed.max(axis=1).mean() == pytest.approx(30.0, rel=0.12)


def test_i2mc_bears_more_the_more_samples_there_are():
    settings = override(SETTINGS, method="i2mc")
    assert noise_limit(1 / 60, settings) == pytest.approx(0.85, abs=0.01)
    assert noise_limit(1 / 500, settings) == pytest.approx(2.46, abs=0.01)
