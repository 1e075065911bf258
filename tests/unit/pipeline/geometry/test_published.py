import numpy as np
import pytest

from gazescribe.pipeline.core.errors import ArrayError
from gazescribe.pipeline.geometry.published import (
    published_ellipse_mask,
    published_frame,
    published_resize,
    triangle_matrix,
)


@pytest.mark.parametrize(
    ("image_size", "square", "content"),
    [
        pytest.param((3056, 2544), 608, (608, 506), id="2544x3056"),
        pytest.param((3050, 2500), 624, (624, 511), id="2500x3050"),
        pytest.param((2022, 2022), 512, (512, 512), id="square"),
        pytest.param((2544, 3056), 608, (506, 608), id="lying"),
    ],
)
def test_frame_has_the_sizes_that_the_spec_lists(image_size, square, content):
    frame = published_frame(image_size, (512, 512))
    assert frame.scale == pytest.approx(512 / max(image_size))
    pads = [(square - side) // 2 * 512 / square for side in content]
    assert (frame.pad_y_px, frame.pad_x_px) == pytest.approx(tuple(pads))


@pytest.mark.parametrize(
    ("length", "target", "expected"),
    [
        pytest.param(3, 3, np.eye(3), id="same length"),
        pytest.param(4, 2, [[3 / 7, 3 / 7, 1 / 7, 0], [0, 1 / 7, 3 / 7, 3 / 7]], id="halved"),
        pytest.param(2, 4, [[1, 0], [0.75, 0.25], [0.25, 0.75], [0, 1]], id="doubled"),
        pytest.param(5, 1, np.array([[1.2, 1.6, 2, 1.6, 1.2]]) / 7.6, id="to one pixel"),
    ],
)
def test_triangle_matrix(length, target, expected):
    np.testing.assert_allclose(triangle_matrix(length, target), expected, atol=1e-12)


def test_resize_keeps_a_constant_inside_and_pads_with_nothing():
    of_y, of_x = published_resize((305, 250), (64, 64))
    assert (of_y.shape, of_x.shape) == ((64, 305), (64, 250))
    np.testing.assert_allclose(of_y.sum(axis=1), 1)
    inside = of_x.sum(axis=1)
    np.testing.assert_allclose(inside[10:54], 1)
    assert not inside[:4].any()
    assert not inside[-4:].any()


@pytest.mark.parametrize("function", [published_frame, published_resize])
def test_only_squares(function):
    with pytest.raises(ArrayError, match=r"makes squares, got a frame of \(256, 512\)"):
        function((300, 250), (256, 512))


def test_ellipse_is_where_more_than_half_is_left():
    mask = published_ellipse_mask((60, 60, 140, 140), (200, 200), (50, 50))
    assert mask[25, 25]
    assert mask.sum() == pytest.approx(np.pi * 10**2, rel=0.03)
    assert not published_ellipse_mask((60, 60, 61, 61), (200, 200), (50, 50)).any()
