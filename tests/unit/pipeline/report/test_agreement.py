import numpy as np
import pytest

from gazescribe.pipeline.geometry.saliency import cc
from gazescribe.pipeline.report.agreement import THRESHOLD, THRESHOLDS, agree, mean_of_pairs

FIRST = np.array([[0.9, 0.3, 0.2, 0.0]], np.float32)
SECOND = np.array([[0.0, 0.0, 0.4, 0.5]], np.float32)
MASK = (FIRST > 0.25).astype(np.float32)


def test_by_hand():
    found = agree([FIRST, None, SECOND], [None, MASK, MASK])
    assert found.map_iou[THRESHOLD] == [[1, None, 1 / 4], [None, None, None], [1 / 4, None, 1]]
    assert found.ellipse_iou == [[None, None, None], [None, 1, 1], [None, 1, 1]]
    assert found.mean_map_iou[THRESHOLD] == 1 / 4
    assert found.map_iou[0.9][0][2] is None  # nothing is above it in either


def test_correlations_are_those_of_the_saliency_measures():
    maps = list(np.random.default_rng(0).random((3, 5, 4), np.float32))
    found = agree(maps, [None] * 3).map_cc
    expected = [[cc(a, b) for b in maps] for a in maps]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_map_of_one_value_has_no_correlation():
    found = agree([FIRST, np.ones_like(FIRST)], [None, None])
    assert found.map_cc[0][1] is None


def test_nothing_to_compare():
    found = agree([None, None], [None, None])
    assert found.map_cc == found.ellipse_iou == found.map_iou[THRESHOLD] == [[None, None]] * 2
    assert mean_of_pairs(found.map_cc) is None


def test_means_are_over_pairs_and_not_over_readings_with_themselves():
    assert mean_of_pairs([[1, 0.2, 0.4], [0.2, 1, None], [0.4, None, 1]]) == pytest.approx(0.3)


def test_the_threshold_is_one_of_those_on_the_page():
    assert THRESHOLD in THRESHOLDS
