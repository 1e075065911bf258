import numpy as np
import pytest

from gazescribe.pipeline.geometry.canvas import Canvas
from gazescribe.pipeline.geometry.samples import sample_gaussians
from gazescribe.pipeline.images.reading import letterboxed


def test_samples_count_alike_and_only_on_the_image():
    samples = {
        "time_s": np.array([0, 0.02, 0.04, 0.30]),
        "x_px": np.array([5, np.nan, 7, 900.0]),
        "y_px": np.array([5, np.nan, 8, 9.0]),
        "inside": np.array([True, False, True, False], object),
    }
    found = sample_gaussians(samples, (80, 100), 12.5, window=4)
    assert found["x_px"].tolist() == [5, 7]
    assert found["weight_s"] == pytest.approx([0.02, 0.02])
    assert set(found["sigma_x_px"]) == {12.5}
    assert set(found["window"]) == {4}
    assert (found["clip_ymax_px"][0], found["clip_xmax_px"][0]) == (80, 100)


@pytest.mark.parametrize(
    ("film", "sd_px"),
    [
        pytest.param((3200, 2560), 15.1, id="published canvas"),
        pytest.param((3056, 2544), 75.5 * 512 / 2544, id="upright"),
        pytest.param((2544, 3056), 75.5 * 512 / 3056, id="landscape"),
        pytest.param((2022, 1736), 75.5 * 512 / 1736, id="small"),
        pytest.param((3500, 3000), 75.5 * 512 / 3000, id="larger than the canvas"),
    ],
)
@pytest.mark.parametrize("n", [1, 200])
def test_a_sample_is_a_gaussian_where_the_image_shows_its_place(film, sd_px, n):
    """75.5 image pixels, 15.1 of 640 × 512: `spec/cooperative.md` 12, check 8."""
    y_px, x_px = film[0] // 2 - 200, film[1] // 2 + 130
    inside = np.arange(n + 1) < n  # and the last one beside the image
    samples = {
        "time_s": np.arange(n + 1) / 60,
        "x_px": np.where(inside, x_px, -9.0),
        "y_px": np.where(inside, y_px, -9.0),
        "inside": inside,
    }
    gaussians = sample_gaussians(samples, film, 75.5, window=0)
    canvas = Canvas(gaussians, film, (640, 512), amplitude="mass", resize="direct")
    heatmap, _ = canvas.label_map((0,))
    assert heatmap.shape == (640, 512)
    assert heatmap.min() >= 0
    picture = np.zeros(film, np.uint8)
    picture[y_px - 4 : y_px + 5, x_px - 4 : x_px + 5] = 255
    shown, _ = letterboxed(picture, (640, 512))
    at, of_image = (np.unravel_index(one.argmax(), one.shape) for one in (heatmap, shown))
    assert np.abs(np.subtract(at, of_image)).max() <= 1
    for axis, pixels in enumerate(map(np.arange, heatmap.shape)):
        profile = heatmap.sum(axis=1 - axis, dtype=float) / heatmap.sum(dtype=float)
        mean = profile @ pixels
        assert mean == pytest.approx(at[axis], abs=0.51)
        assert np.sqrt(profile @ (pixels - mean) ** 2) == pytest.approx(sd_px, abs=0.02)
