import numpy as np
import pytest

from gazescribe.pipeline.core.errors import ArrayError
from gazescribe.pipeline.geometry.iou import (
    ALL_THRESHOLDS,
    PUBLISHED_THRESHOLDS,
    iou_between,
    iou_by_threshold,
    points_inside,
)

QUARTER = np.zeros((4, 4), bool)
QUARTER[:2, :2] = True


def test_the_thresholds():
    assert len(PUBLISHED_THRESHOLDS) == 26
    assert len(ALL_THRESHOLDS) == 1001
    assert set(PUBLISHED_THRESHOLDS) <= set(ALL_THRESHOLDS)


def test_by_hand():
    """Cells of 2 × 2 pixels; the mask is the first cell."""
    found = iou_by_threshold([[0.9, 0.3], [0.1, 0.0]], QUARTER, [0.0, 0.1, 0.3, 0.5, 0.9])
    # above 0: 12 pixels, 4 shared; 0.1: 8; 0.3 and 0.5: the cell itself; 0.9: nothing
    np.testing.assert_array_equal(found, [4 / 12, 4 / 8, 1, 1, 0])


def test_a_mask_across_cells():
    mask = np.zeros((4, 4), bool)
    mask[1:3, 1:3] = True
    found = iou_by_threshold([[0.9, 0.3], [0.1, 0.0]], mask, [0.0, 0.5])
    np.testing.assert_array_equal(found, [3 / 13, 1 / 7])


def test_a_map_at_a_threshold_is_not_above_it():
    """In float32: 0.15 is stored as a number a little above 0.15."""
    values = np.full((4, 4), 0.15, np.float32)
    np.testing.assert_array_equal(iou_by_threshold(values, QUARTER, [0.1, 0.15]), [0.25, 0])


@pytest.mark.parametrize(
    ("values", "mask", "expected"),
    [
        pytest.param(0.0, False, 0, id="nothing in both"),
        pytest.param(0.0, True, 0, id="empty map"),
        pytest.param(1.0, False, 0, id="empty mask"),
        pytest.param(1.0, True, 1, id="everything in both"),
    ],
)
def test_edges(values, mask, expected):
    found = iou_by_threshold(np.full((2, 2), values), np.full((4, 4), mask), [0.0, 0.5])
    np.testing.assert_array_equal(found, [expected] * 2)


@pytest.mark.parametrize(
    ("values", "hit"),
    [
        pytest.param([[0.9, 0.3], [0.1, 0.0]], True, id="inside"),
        pytest.param([[0.3, 0.9], [0.1, 0.0]], False, id="outside"),
        pytest.param([[0.9, 0.9], [0.1, 0.0]], False, id="half of the maximum"),
        pytest.param([[0.5, 0.5], [0.5, 0.5]], False, id="says nothing"),
        pytest.param([[-2.0, -3.0], [-4.0, -5.0]], True, id="negative"),
    ],
)
def test_points_inside(values, hit):
    assert points_inside(values, QUARTER) is hit


def test_a_cell_that_the_mask_cuts():
    mask = np.zeros((4, 4), bool)
    mask[:2, :2] = [[True, True], [True, False]]
    assert points_inside([[1, 0], [0, 0]], mask)
    mask[0, 0] = False
    assert not points_inside([[1, 0], [0, 0]], mask)


@pytest.mark.parametrize(
    ("values", "mask", "match"),
    [
        pytest.param(np.ones((8, 4)), QUARTER, r"shape \(8, 4\) does not fit .* \(4, 4\)", id="h"),
        pytest.param(np.ones((4, 5)), QUARTER, r"shape \(4, 5\) does not fit", id="w"),
        pytest.param(np.ones(4), QUARTER, r"shape \(4,\) does not fit", id="flat"),
        pytest.param(np.ones((2, 2)), QUARTER[None], r"shape \(1, 4, 4\)", id="mask"),
        pytest.param(np.full((2, 2), np.nan), QUARTER, r"\(2, 2\) is empty or holds NaN", id="NaN"),
        pytest.param(np.ones((0, 2)), QUARTER, r"\(0, 2\) is empty", id="no cell"),
    ],
)
def test_what_does_not_fit(values, mask, match):
    with pytest.raises(ArrayError, match=match):
        iou_by_threshold(values, mask)
    with pytest.raises(ArrayError, match=match):
        points_inside(values, mask)


def test_thresholds_that_do_not_rise():
    with pytest.raises(ArrayError, match=r"thresholds must rise, found \[0.5, 0.5\]"):
        iou_by_threshold(np.ones((2, 2)), QUARTER, [0.5, 0.5])


def test_two_maps_by_hand():
    """Above 0.15: 3 and 2 pixels, 1 of them shared; above 0.5: 1 and none; above 0.95: none."""
    maps = [[[0.9, 0.3, 0.2, 0.0]], [[0.0, 0.0, 0.4, 0.5]]]
    found = iou_between(maps, [0.15, 0.5, 0.95])
    np.testing.assert_array_equal(found[:, 0, 1], [1 / 4, 0, np.nan])
    np.testing.assert_array_equal(found[:, 0, 0], [1, 1, np.nan])
    np.testing.assert_array_equal(found[:, 1, 1], [1, np.nan, np.nan])
    np.testing.assert_array_equal(found, found.swapaxes(1, 2))


@pytest.mark.parametrize(
    "maps", [np.zeros((2, 2)), np.zeros((0, 2, 2)), np.full((1, 2, 2), np.nan)], ids=repr
)
def test_maps_that_cannot_be_compared(maps):
    with pytest.raises(ArrayError, match="are empty or hold NaN"):
        iou_between(maps, [0.5])


def test_thresholds_of_two_maps_rise():
    with pytest.raises(ArrayError, match="thresholds must rise"):
        iou_between(np.zeros((1, 2, 2)), [0.5, 0.1])
