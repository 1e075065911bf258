import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gazescribe.pipeline.geometry.iou import iou_between, iou_by_threshold

MASKS = arrays(bool, (6, 6))
MAPS = arrays(np.float32, (3, 3), elements=st.floats(0, 1, width=32))


@given(mask=MASKS, other=MASKS)
def test_symmetric_and_one_on_itself(mask, other):
    (one,) = iou_by_threshold(mask, other, [0.5])
    assert one == iou_by_threshold(other, mask, [0.5])[0]
    assert iou_by_threshold(mask, mask, [0.5])[0] == mask.any()
    assert 0 <= one <= 1


@settings(max_examples=50)
@given(values=MAPS, mask=MASKS)
def test_enlarging_first_changes_nothing(values, mask):
    large = values.repeat(2, axis=0).repeat(2, axis=1)
    thresholds = [0, 0.25, 0.5]
    np.testing.assert_array_equal(
        iou_by_threshold(values, mask, thresholds), iou_by_threshold(large, mask, thresholds)
    )


@settings(max_examples=50)
@given(first=MAPS, second=MAPS, threshold=st.floats(0, 1, width=32))
def test_two_maps_as_a_map_and_a_mask(first, second, threshold):
    """But for two of which none is above the threshold: they have no IoU."""
    (found,) = iou_between([first, second], [threshold])
    mask = second > np.float32(threshold)
    (expected,) = iou_by_threshold(first, mask, [threshold])
    empty = not mask.any() and not (first > np.float32(threshold)).any()
    np.testing.assert_equal(found[0, 1], np.nan if empty else expected)
    np.testing.assert_array_equal(found, found.T)
