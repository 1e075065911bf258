import numpy as np
import pytest

from gazescribe.pipeline.ingest.quality import (
    Quality,
    exclusions,
    gaze_quality,
    on_image,
    summarise_quality,
)

OFF = Quality(
    min_gap_s=0.1,
    max_share_lost=None,
    max_share_off_image=None,
    min_fixations_per_s=None,
    max_gap_s=None,
)


def quality(size_px=(100, 120)):
    fixations = {
        "onset_s": np.array([0.0, 0.5, 2.0, 3.0]),
        "offset_s": np.array([0.45, 1.0, 2.9, 4.0]),
        "x_px": np.array([10.0, -3.0, 50.0, 99.6]),
        "y_px": np.array([10.0, 10.0, np.nan, 10.0]),
    }
    return gaze_quality(fixations, size_px, min_gap_s=0.1)


def test_measures():
    found = quality()
    assert found.n_fixations == 4
    assert found.duration_s == 4.0
    assert found.longest_gap_s == 1.0
    assert found.share_lost == pytest.approx(1.0 / 4.0)  # gaps of 0.05 and 0.1 s are saccades
    assert found.share_off_image == 0.75
    assert found.fixations_per_s == 1.0


def test_an_unknown_size_gives_an_unknown_share():
    assert quality(size_px=(None, None)).share_off_image is None


def test_overlapping_fixations_leave_no_gap():
    onset_s, offset_s = np.array([0.0, 1.0, 2.5]), np.array([2.0, 1.5, 3.0])
    fixations = {"onset_s": onset_s, "offset_s": offset_s, "x_px": onset_s, "y_px": onset_s}
    found = gaze_quality(fixations, (9, 9), min_gap_s=0.1)
    assert found.longest_gap_s == 0.5


def test_one_fixation_of_no_length_divides_by_nothing():
    fixations = dict.fromkeys(("onset_s", "offset_s", "x_px", "y_px"), np.array([1.0]))
    found = gaze_quality(fixations, (9, 9), min_gap_s=0.1)
    assert (found.share_lost, found.fixations_per_s, found.longest_gap_s) == (0.0, 0.0, 0.0)


def test_pixels_reach_half_a_pixel_round_their_centres():
    x_px = np.array([-0.6, -0.5, 9.4, 9.5])
    assert on_image(x_px, np.zeros(4), 10, 10).tolist() == [False, True, True, False]


def test_thresholds_are_off_by_default():
    assert exclusions(quality(), OFF) == []


@pytest.mark.parametrize(
    ("threshold", "value", "reason"),
    [
        pytest.param("max_share_lost", 0.2, "share_lost", id="lost"),
        pytest.param("max_share_off_image", 0.7, "share_off_image", id="off-image"),
        pytest.param("min_fixations_per_s", 1.1, "fixations_per_s", id="few"),
        pytest.param("max_gap_s", 0.9, "longest_gap_s", id="gap"),
    ],
)
def test_each_threshold_names_itself(threshold, value, reason):
    assert exclusions(quality(), OFF.model_copy(update={threshold: value})) == [reason]


@pytest.mark.parametrize(
    ("threshold", "value"),
    [
        pytest.param("max_share_lost", 0.25, id="lost"),
        pytest.param("max_share_off_image", 0.75, id="off-image"),
        pytest.param("min_fixations_per_s", 1.0, id="few"),
        pytest.param("max_gap_s", 1.0, id="gap"),
    ],
)
def test_a_value_at_the_threshold_stays(threshold, value):
    assert exclusions(quality(), OFF.model_copy(update={threshold: value})) == []


def test_an_unknown_share_breaks_no_threshold():
    thresholds = OFF.model_copy(update={"max_share_off_image": 0.0})
    assert exclusions(quality(size_px=(None, None)), thresholds) == []


def test_summary_gives_percentiles_of_what_is_known():
    found = summarise_quality({"reading_id": ["a", "b"], "share_off_image": [None, 0.5]})
    assert found == {"share_off_image": {"p05": 0.5, "p50": 0.5, "p95": 0.5}}
