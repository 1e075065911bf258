import numpy as np
import pytest

from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.geometry.sizes import is_scaled, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        pytest.param("512", (512, 512), id="square"),
        pytest.param(64, (64, 64), id="number"),
        pytest.param("640x512", (640, 512), id="height by width"),
        pytest.param("640X512", (640, 512), id="capital"),
        pytest.param("native", None, id="native"),
        pytest.param("0016384x1", (16384, 1), id="longest"),
    ],
)
def test_size(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    ["0", "-5", "12.5", "x512", "512x", "1x2x3", "", "big", "0x9", "５１２", " 512", "0" * 5000],
)
def test_size_refused(text):
    with pytest.raises(ParamsError, match=r"size .* is neither N nor HxW"):
        parse_size(text)


@pytest.mark.parametrize("text", ["16385", "1x16385", "30000", "9" * 5000, 30000])
def test_size_without_measure_is_refused(text):
    with pytest.raises(ParamsError, match=r"has a side of more than 16,384 pixels") as error:
        parse_size(text)
    assert len(str(error.value)) < 200


@pytest.mark.parametrize("scale", [0.5, 0.25, 0.117, 1.0, 1.7])
@pytest.mark.parametrize("rounded", [np.floor, np.rint, np.ceil])
def test_copies_have_the_aspect_of_their_image(scale, rounded):
    height, width = (int(rounded(scale * side)) for side in (3056, 2544))
    assert is_scaled((height, width), (3056, 2544))
    assert not is_scaled((height, width + 6), (3056, 2544))
    assert not is_scaled((width, height), (3056, 2544))
