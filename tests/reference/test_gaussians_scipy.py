"""Maps against scipy's normal densities summed in float64, masks against scikit-image."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from skimage.draw import ellipse

from gazescribe.pipeline.geometry.canvas import Canvas
from gazescribe.pipeline.geometry.ellipses import ellipse_mask
from gazescribe.pipeline.geometry.letterbox import Letterbox

IMAGE = (120, 150)
SAME_MAP = 1e-6  # after division by the maximum, as maps are used


def fixations(seed, n):
    """Zoomed and not, on the image and off, with shown rectangles that cut."""
    random = np.random.default_rng(seed)
    height, width = IMAGE
    corners = np.sort(random.integers(0, (height, width), (n, 2, 2)), axis=1)
    whole = random.random(n) < 0.5
    corners[whole] = [[0, 0], [height, width]]
    return {
        "window": np.zeros(n, int),
        "y_px": random.uniform(-20, height + 20, n),
        "x_px": random.uniform(-20, width + 20, n).round(),
        "sigma_y_px": random.uniform(3, 40, n),
        "sigma_x_px": random.uniform(3, 40, n),
        "weight_s": random.uniform(0.05, 1.5, n),
        "clip_ymin_px": corners[:, 0, 0],
        "clip_xmin_px": corners[:, 0, 1],
        "clip_ymax_px": corners[:, 1, 0],
        "clip_xmax_px": corners[:, 1, 1],
    }


def summed(columns):
    """The formula of the spec, section 2.1, word by word."""
    at = np.stack(np.meshgrid(*map(np.arange, IMAGE), indexing="ij"), axis=-1)
    total = np.zeros(IMAGE)
    for row in range(len(columns["y_px"])):
        one = {name: values[row] for name, values in columns.items()}
        density = multivariate_normal(
            [one["y_px"], one["x_px"]], np.diag([one["sigma_y_px"] ** 2, one["sigma_x_px"] ** 2])
        ).pdf(at)
        shown = np.zeros(IMAGE)
        rows = slice(one["clip_ymin_px"], one["clip_ymax_px"])
        shown[rows, one["clip_xmin_px"] : one["clip_xmax_px"]] = 1
        total += one["weight_s"] * density * shown
    return total


@pytest.mark.parametrize("n", [1, 8, 60])
@pytest.mark.parametrize("seed", range(3))
def test_maps(seed, n):
    columns = fixations(seed, n)
    expected = summed(columns)
    assert expected.max() > 0
    heatmap, highest = Canvas(columns, IMAGE, None).label_map([0])
    assert highest == pytest.approx(expected.max(), rel=1e-5)
    np.testing.assert_allclose(heatmap, expected / expected.max(), atol=SAME_MAP, rtol=0)


@pytest.mark.parametrize("seed", range(3))
def test_peak_of_a_letterboxed_map(seed):
    columns = fixations(seed, 20)
    _, highest = Canvas(columns, IMAGE, (32, 32)).label_map([0])
    assert highest == pytest.approx(summed(columns).max(), rel=1e-5)


def boxes():
    random = np.random.default_rng(0)
    whole = random.integers(-30, 160, (100, 4)).astype(float)
    return [*whole, *random.uniform(-30, 160, (100, 4)), (10, 20, 60, 70), (0, 0, 149, 119)]


def test_masks_are_those_of_scikit_image():
    drawn = 0
    for xmin, ymin, xmax, ymax in boxes():
        expected = np.zeros(IMAGE, bool)
        centre = ((ymin + ymax) / 2, (xmin + xmax) / 2)
        radii = (abs(ymax - ymin) / 2, abs(xmax - xmin) / 2)
        if all(radii):
            expected[ellipse(*centre, *radii, shape=IMAGE)] = True
        found = ellipse_mask((xmin, ymin, xmax, ymax), Letterbox.fit(IMAGE, None))
        np.testing.assert_array_equal(found, expected, err_msg=f"{xmin, ymin, xmax, ymax}")
        drawn += expected.any()
    assert drawn > 150
