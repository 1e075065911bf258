import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gazescribe.pipeline.geometry.ellipses import ellipse_mask
from gazescribe.pipeline.geometry.letterbox import Letterbox

SIDE = st.integers(1, 60)
EDGE = st.integers(-320, 800).map(lambda eighths: eighths / 8)
BOX = st.tuples(EDGE, EDGE, EDGE, EDGE)
CASES = settings(deadline=None, max_examples=200)


def drawn(box, image_size, size=None):
    return ellipse_mask(box, Letterbox.fit(image_size, size))


@CASES
@given(BOX, st.tuples(SIDE, SIDE), st.none() | st.tuples(SIDE, SIDE))
def test_a_mask_stays_in_its_box_and_on_the_image(box, image_size, size):
    frame = Letterbox.fit(image_size, size)
    mask = drawn(box, image_size, size)
    assert mask.shape == (size or image_size)
    for axis, (low, high) in enumerate(((box[1], box[3]), (box[0], box[2]))):
        at = frame.centres_px(axis)[mask.any(axis=1 - axis)]
        assert (at >= min(low, high)).all()
        assert (at <= max(low, high)).all()
        assert frame.on_image(axis)[mask.any(axis=1 - axis)].all()


@CASES
@given(BOX, st.tuples(SIDE, SIDE))
def test_corners_may_be_swapped_and_axes_exchanged(box, image_size):
    xmin, ymin, xmax, ymax = box
    mask = drawn(box, image_size)
    np.testing.assert_array_equal(drawn((xmax, ymax, xmin, ymin), image_size), mask)
    turned = drawn((ymin, xmin, ymax, xmax), image_size[::-1])
    np.testing.assert_array_equal(turned, mask.T)


@CASES
@given(BOX, st.integers(0, 20), st.tuples(SIDE, SIDE))
def test_a_larger_ellipse_holds_a_smaller_one(box, more, image_size):
    xmin, xmax = sorted((box[0], box[2]))
    ymin, ymax = sorted((box[1], box[3]))
    small = drawn((xmin, ymin, xmax, ymax), image_size)
    large = drawn((xmin - more, ymin - more, xmax + more, ymax + more), image_size)
    assert not (small & ~large).any()


@CASES
@given(st.floats(50, 70), st.floats(50, 70), st.floats(8, 40), st.floats(8, 40))
def test_area(x, y, radius_x, radius_y):
    mask = drawn((x - radius_x, y - radius_y, x + radius_x, y + radius_y), (120, 120))
    edge = 2 * np.pi * max(radius_x, radius_y)
    assert abs(mask.sum() - np.pi * radius_x * radius_y) < 0.5 * edge
