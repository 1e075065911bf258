import numpy as np
import pytest

from gazescribe.pipeline.geometry.iou import ALL_THRESHOLDS, PUBLISHED_THRESHOLDS, iou_curves
from gazescribe.pipeline.windows.tune.levels import (
    N_LEVELS,
    STEPS,
    count_levels,
    stored_levels,
    to_levels,
)

RANDOM = np.random.default_rng(5)
VALUES = np.concatenate([[0, 1, 1e-6, 1.6e-5], RANDOM.random(996)]).astype(np.float32)
VALUES = VALUES.reshape(25, 40)
MASK = RANDOM.random((25, 40)) < 0.3
THRESHOLDS = np.array(ALL_THRESHOLDS)


def test_the_published_thresholds_are_levels():
    assert len(PUBLISHED_THRESHOLDS) == 26
    levels = np.array(PUBLISHED_THRESHOLDS) * 1000
    np.testing.assert_allclose(levels, np.rint(levels), atol=1e-9)
    assert list(PUBLISHED_THRESHOLDS) == sorted(set(PUBLISHED_THRESHOLDS))


def test_iou_at_every_threshold():
    levels = to_levels(VALUES)
    (found,) = iou_curves(count_levels(levels), count_levels(levels[MASK]), int(MASK.sum()))
    assert found.shape == (N_LEVELS,)
    kept = VALUES - 1 / STEPS
    for threshold, iou in zip(THRESHOLDS, found, strict=True):
        over = kept > threshold
        assert iou == (over & MASK).sum() / (over | MASK).sum()


def test_area_beyond_the_map_counts():
    """A map is cut to its part that is not empty; the mask is counted whole."""
    levels = np.full((2, 2), 500, np.uint16)
    (found,) = iou_curves(count_levels(levels), count_levels(levels[:1]), 10)
    assert found[499] == 2 / (4 + 10 - 2)
    assert found[500] == 0


def test_nothing_in_both_is_zero():
    empty = np.zeros((1, N_LEVELS), np.int64)
    assert not iou_curves(empty, empty, 0).any()


@pytest.mark.parametrize("highest", [1.0, 0.98, 0.37])
def test_storage_at_the_published_thresholds(highest):
    """Values that fall on a step exactly, such as 0.2, are not above it."""
    values = VALUES * np.float32(highest)
    read = (values.astype(float) / highest * STEPS).astype(np.uint16)
    read = (read / STEPS * highest).astype(np.float32)
    levels = stored_levels(values, highest)
    for threshold in PUBLISHED_THRESHOLDS:
        found = levels > round(threshold * 1000)
        np.testing.assert_array_equal(found, read > np.float32(threshold))


def test_ties_of_the_storage():
    values = np.array([0.2, 0.4, 0.6, 0.8, 1.0], np.float32)
    assert stored_levels(values, 1.0).tolist() == [200, 400, 600, 800, 1000]


@pytest.mark.parametrize("to", [to_levels, lambda values: stored_levels(values, 1.0)])
def test_maxima_above_one_are_in_the_last_level(to):
    """A direct map is sampled between the pixels on which its maximum was found."""
    assert to(np.array([1.0, 1.002], np.float32)).tolist() == [1000, 1000]


def test_counts_by_region():
    levels = np.array([[1000, 3, 3], [0, 0, 3]], np.uint16)
    regions = np.array([[0, 0, 1], [1, 2, 0]], np.uint16) * np.uint16(N_LEVELS)
    counts = count_levels(levels, regions, 4)
    assert counts.shape == (4, N_LEVELS)
    places = np.argwhere(counts).tolist()
    assert places == [[0, 3], [0, 1000], [1, 0], [1, 3], [2, 0]]
    assert [counts[at, level] for at, level in places] == [2, 1, 1, 1, 1]
