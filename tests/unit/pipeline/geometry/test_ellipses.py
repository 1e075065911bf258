import numpy as np
import pytest

from gazescribe.pipeline.geometry.ellipses import ellipse_mask
from gazescribe.pipeline.geometry.letterbox import Letterbox


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        pytest.param((0, 0, 4, 2), ["00000", "01110", "00000"], id="ends of the axes stay out"),
        pytest.param((4, 2, 0, 0), ["00000", "01110", "00000"], id="corners swapped"),
        pytest.param((-0.1, -0.1, 4.1, 2.1), ["00100", "11111", "00100"], id="a little larger"),
        pytest.param((-3, -3, 1, 1), ["10000", "00000", "00000"], id="half off the image"),
        pytest.param((50, 50, 60, 60), ["00000", "00000", "00000"], id="off the image"),
        pytest.param((2, 0, 2, 2), ["00000", "00000", "00000"], id="an axis of no length"),
        pytest.param((-99, -99, 99, 99), ["11111", "11111", "11111"], id="all of the image"),
    ],
)
def test_mask(box, expected):
    found = ellipse_mask(box, Letterbox.fit((3, 5), None))
    assert found.dtype == bool
    np.testing.assert_array_equal(found, [[mark == "1" for mark in row] for row in expected])


def test_nothing_is_drawn_beside_the_image():
    found = ellipse_mask((-99, -99, 99, 99), Letterbox.fit((40, 80), (20, 20)))
    np.testing.assert_array_equal(found.all(axis=1), [*[False] * 5, *[True] * 10, *[False] * 5])
    assert found.sum() == 200


def test_a_model_pixel_counts_by_its_centre():
    found = ellipse_mask((1, 1, 6, 6), Letterbox.fit((8, 8), (4, 4)))
    np.testing.assert_array_equal(found[1], [False, True, True, False])
    assert found.sum() == 4
