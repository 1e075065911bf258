"""Real fixations (OSIE, Xu et al. 2014, MIT): splatting, weighting, agreement of observers."""

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import gaussian_filter

from gazescribe.pipeline.geometry.canvas import render
from gazescribe.pipeline.geometry.saliency import cc, hs

IMAGE = (600, 800)
SIGMA_PX = 24.0
SAME_MAP = 2e-6  # fixations at whole pixels: float32 against float64
ROUNDED = 0.01  # true places against whole pixels: 0.7 px of 24 apart at most, 0.0065 measured


@pytest.fixture(scope="module")
def gaze(shared):
    fixations = pd.read_csv(shared / "real" / "osie" / "osie_fixations_40.csv")
    assert len(fixations) == 5460
    return dict(iter(fixations.groupby("image")))


def heatmap(fixations, *, whole_pixels=False):
    places = fixations[["x", "y"]].to_numpy()
    x_px, y_px = (np.rint(places) if whole_pixels else places).T
    gaussians = pd.DataFrame({"window": 0, "x_px": x_px, "y_px": y_px})
    gaussians["weight_s"] = fixations["duration_ms"].to_numpy() / 1000
    gaussians[["sigma_x_px", "sigma_y_px"]] = SIGMA_PX
    gaussians[["clip_xmin_px", "clip_ymin_px"]] = 0
    gaussians[["clip_xmax_px", "clip_ymax_px"]] = IMAGE[::-1]
    return render(gaussians, IMAGE)


def blurred(fixations):
    """A map of points weighted by duration, blurred; nothing comes back from beyond the border."""
    points = np.zeros(IMAGE)
    at = np.rint(fixations[["y", "x"]].to_numpy()).astype(int)
    np.add.at(points, tuple(at.T), fixations["duration_ms"].to_numpy() / 1000)
    total = gaussian_filter(points, SIGMA_PX, mode="constant", truncate=8)
    return total / total.max()


def test_maps_are_blurred_points(gaze):
    compared = list(gaze.values())[::4]
    assert len(compared) >= 10
    for fixations in compared:
        expected = blurred(fixations)
        exact = heatmap(fixations, whole_pixels=True)
        np.testing.assert_allclose(exact, expected, atol=SAME_MAP, rtol=0)
        np.testing.assert_allclose(heatmap(fixations), expected, atol=ROUNDED, rtol=0)


def test_even_observers_agree_with_odd_ones(gaze):
    """Mean over the pictures; their SIM is what `hs` computes."""
    correlations, similarities = [], []
    for fixations in gaze.values():
        even, odd = (heatmap(fixations[fixations["subject"] % 2 == parity]) for parity in (0, 1))
        correlations.append(cc(even, odd))
        similarities.append(hs(even, odd))
    assert len(correlations) == 39  # pictures in the file
    assert np.mean(correlations) == pytest.approx(0.8590, abs=2e-3)
    assert np.mean(similarities) == pytest.approx(0.7139, abs=2e-3)
