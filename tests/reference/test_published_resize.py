"""The published resize as one matrix an axis, against Pillow's two steps with padding between."""

import numpy as np
import pytest
from PIL import Image

from gazescribe.pipeline.geometry.published import published_resize

SAME = 1e-5  # Pillow works in float32


def two_steps(full, size):
    """`spec/mil.md` 2.2: short side to `size`, zeros to a square, then to `size`."""
    height, width = full.shape
    short, long = min(height, width), max(height, width)
    square = 16 * round(size * long / short / 16)
    content = [square if side == long else round(side * square / long) for side in (height, width)]
    shrunk = Image.fromarray(full).resize(content[::-1], Image.Resampling.BILINEAR)
    padded = np.zeros((square, square), np.float32)
    top, left = ((square - side) // 2 for side in content)
    padded[top : top + content[0], left : left + content[1]] = shrunk
    return np.asarray(Image.fromarray(padded).resize((size, size), Image.Resampling.BILINEAR))


@pytest.mark.parametrize(
    "image_size",
    [
        pytest.param((305, 250), id="upright"),
        pytest.param((254, 306), id="lying"),
        pytest.param((202, 202), id="square"),
        pytest.param((301, 97), id="narrow"),
        pytest.param((40, 33), id="smaller than the frame"),
    ],
)
@pytest.mark.parametrize("kind", ["noise", "map"])
def test_resize(image_size, kind):
    random = np.random.default_rng(1)
    full = random.random(image_size, np.float32)
    if kind == "map":
        y, x = np.ogrid[: image_size[0], : image_size[1]]
        full = np.exp(-((y - 20) ** 2 + (x - 30) ** 2) / 200).astype(np.float32)
    expected = two_steps(full, 64)
    of_y, of_x = published_resize(image_size, (64, 64))
    assert expected.max() > 0.4
    np.testing.assert_allclose(of_y @ full @ of_x.T, expected, atol=SAME)
