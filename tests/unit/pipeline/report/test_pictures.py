import base64
import io

import numpy as np
import pytest
from PIL import Image

from gazescribe.pipeline.report.pictures import (
    STRENGTH,
    as_data,
    colours,
    file_as_data,
    fit_size,
    over,
)


@pytest.mark.parametrize(
    ("size", "fitted"),
    [
        pytest.param((600, 480), (600, 480), id="smaller"),
        pytest.param((2048, 1024), (1024, 512), id="portrait"),
        pytest.param((2, 4000), (1, 1024), id="never-nothing"),
    ],
)
def test_large_images_shrink_and_small_ones_stay(size, fitted):
    assert fit_size(size, 1024) == fitted


def test_a_heatmap_covers_with_its_strength_alone():
    grey = np.full((2, 2), 100, np.uint8)
    picture = over(grey, np.array([[0, 1], [0, 1]], np.float32))
    assert picture.shape == (2, 2, 3)
    assert picture[0, 0].tolist() == [100, 100, 100]
    expected = 100 * (1 - STRENGTH) + colours()[255] * STRENGTH
    np.testing.assert_allclose(picture[0, 1], expected, atol=0.5)


def test_pictures_lie_in_the_page():
    address = as_data(np.full((8, 6), 200, np.uint8))
    kind, _, content = address.partition(",")
    assert kind == "data:image/jpeg;base64"
    with Image.open(io.BytesIO(base64.b64decode(content))) as image:
        assert image.size == (6, 8)


def test_files_are_embedded_as_they_are(tmp_path):
    path = tmp_path / "figure.svg"
    path.write_text("<svg/>")
    kind, _, content = file_as_data(path).partition(",")
    assert kind == "data:image/svg+xml;base64"
    assert base64.b64decode(content) == b"<svg/>"
