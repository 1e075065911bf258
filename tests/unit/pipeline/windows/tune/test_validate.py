import numpy as np
import pytest

from gazescribe.pipeline.core.resampling import Draws
from gazescribe.pipeline.windows.tune.validate import (
    LabelScores,
    best_thresholds,
    hold_out,
    macro,
    resample,
    searched_iou,
)


def scores(label, *subjects, start=1):
    """One case a subject, each (rule, threshold) IoU as given."""
    iou = np.array(subjects, float)
    n = np.ones(iou.shape[:2], np.int64)
    return LabelScores(label, np.arange(start, start + len(iou)), n, iou)


EDEMA = scores("Edema", [[0.2, 0.6, 0.1]], [[0.4, 0.0, 0.5]], [[0.3, 0.3, 0.1]])
FRACTURE = scores("Fracture", [[0.1, 0.8, 0.8]], start=7)


def test_the_papers_threshold_is_best_on_all_cases():
    best, iou = best_thresholds(EDEMA)
    assert best.tolist() == [0]  # 0.3 twice: the lower threshold
    np.testing.assert_allclose(iou, [0.3])


def test_a_rule_without_a_case_has_no_mean():
    nothing = LabelScores("Edema", np.array([1]), np.zeros((1, 1), int), np.zeros((1, 1, 3)))
    best, iou = best_thresholds(nothing)
    assert best.tolist() == [0]
    assert np.isnan(iou).all()


def test_a_subject_is_scored_at_the_threshold_of_the_others():
    (held,) = hold_out([EDEMA])
    # others of 1: means .35 .15 .3 → first; of 2: .25 .45 .1 → second; of 3: .3 .3 .3 → first
    np.testing.assert_allclose(held.iou_of_others, [[0.35], [0.45], [0.3]])
    np.testing.assert_allclose(held.iou, [[0.2], [0.0], [0.3]])
    np.testing.assert_allclose(held.mean(), [0.5 / 3])


def test_a_label_of_one_subject_takes_the_threshold_of_other_labels():
    held = hold_out([EDEMA, FRACTURE])[1]
    assert np.isnan(held.iou_of_others).all()
    np.testing.assert_allclose(held.iou, [[0.1]])  # Edema's first threshold


def test_its_own_cases_do_not_choose_in_the_other_labels_either():
    same_subject = scores("Fracture", [[0.1, 0.8, 0.8]], start=1)
    held = hold_out([EDEMA, same_subject])[1]
    np.testing.assert_allclose(held.iou, [[0.1]])  # Edema without subject 1: .35 .15 .3
    other = scores("Opacity", [[0, 0, 1.0]], [[0.2, 0.3, 0.2]])
    held = hold_out([other, same_subject])[1]
    np.testing.assert_allclose(held.iou, [[0.8]])  # of subject 2 alone: the second


def test_macro_leaves_out_labels_without_a_value():
    found = macro([np.array([0.2, np.nan, np.nan]), np.array([0.4, 0.6, np.nan])])
    np.testing.assert_allclose(found, [0.3, 0.6, np.nan])


def test_cases_of_a_subject_weigh_by_their_number():
    several = LabelScores(
        "Edema", np.array([1, 2]), np.array([[3], [1]]), np.array([[[1.5]], [[0.1]]])
    )
    np.testing.assert_allclose(several.mean(), [[0.4]])
    np.testing.assert_allclose(several.mean_without(1), [[0.1]])


def test_resamples():
    random = np.random.default_rng(3)
    labels = hold_out(
        [scores("Edema", *random.random((30, 2, 4))), scores("Opacity", *random.random((20, 2, 4)))]
    )
    samples = resample(labels, Draws(2000, 0.95, seed=1))
    expected = macro([held.mean() for held in labels])
    np.testing.assert_allclose(samples.mean(axis=0), expected, atol=0.01)
    # the spread of a mean of two means of 30 and 20 uniform numbers
    by_theory = np.sqrt((1 / 30 + 1 / 20) / 12) / 2
    np.testing.assert_allclose(samples.std(axis=0), by_theory, rtol=0.35)
    np.testing.assert_array_equal(samples, resample(labels, Draws(2000, 0.95, seed=1)))
    assert not np.array_equal(samples, resample(labels, Draws(2000, 0.95, seed=2)))


def test_the_search_is_scored_where_others_choose_the_rule():
    """Rule 0 is better for subjects 1 and 2, rule 1 for subject 3 by far."""
    one = scores("Edema", [[0.6], [0.5]], [[0.6], [0.5]], [[0.1], [0.9]])
    held = hold_out([one])
    # of others: 1: .35 against .7 → rule 1; 2 likewise; 3: .6 against .5 → rule 0
    assert searched_iou(held, np.array([0, 1])) == pytest.approx((0.5 + 0.5 + 0.1) / 3)
    assert searched_iou(held, np.array([0])) == pytest.approx(1.3 / 3)
