import numpy as np
import pytest

from gazescribe.pipeline.core.errors import ArrayError
from gazescribe.pipeline.geometry.letterbox import Letterbox


@pytest.mark.parametrize(
    ("image_size", "size", "scale", "pads"),
    [
        pytest.param((80, 100), None, 1, (0, 0), id="native"),
        pytest.param((100, 200), (50, 50), 0.25, (12, 0), id="odd padding goes below"),
        pytest.param((200, 100), (50, 50), 0.25, (0, 12), id="upright"),
        pytest.param((10, 10), (20, 40), 2, (0, 10), id="enlarged"),
        pytest.param((3050, 2500), (512, 512), 512 / 3050, (0, 46), id="radiograph"),
        pytest.param((600, 800), (512, 640), 0.8, (16, 0), id="not square"),
        pytest.param((1, 1000), (8, 8), 0.008, (3, 0), id="thinner than a pixel"),
        pytest.param((1756, 3512), (224, 224), 224 / 3512, (56, 0), id="scale that rounds up"),
    ],
)
def test_fit(image_size, size, scale, pads):
    frame = Letterbox.fit(image_size, size)
    assert frame.scale == pytest.approx(scale)
    assert (frame.pad_y_px, frame.pad_x_px) == pads
    assert (frame.height, frame.width) == (size or image_size)


def test_centres_and_what_is_on_the_image():
    frame = Letterbox.fit((2, 4), (4, 4))
    np.testing.assert_array_equal(frame.centres_px(0), [-1, 0, 1, 2])
    np.testing.assert_array_equal(frame.centres_px(1), [0, 1, 2, 3])
    np.testing.assert_array_equal(frame.on_image(0), [False, True, True, False])
    assert frame.on_image(1).all()


def test_centres_of_coarse_pixels():
    """Two model pixels over four image pixels lie between pixels 0 and 1, and 2 and 3."""
    np.testing.assert_array_equal(Letterbox.fit((4, 4), (2, 2)).centres_px(0), [0.5, 2.5])


@pytest.mark.parametrize(
    ("image_size", "size", "message"),
    [
        pytest.param((0, 5), None, r"got image \(0, 5\)", id="image without height"),
        pytest.param((4, 5), (8, 0), r"and frame \(8, 0\)", id="frame without width"),
        pytest.param((4, -5), (8, 8), r"got image \(4, -5\)", id="negative"),
    ],
)
def test_sizes_must_be_positive(image_size, size, message):
    with pytest.raises(ArrayError, match=message):
        Letterbox.fit(image_size, size)
