"""Accuracy, AUROC and fit of maps by hand, in one split and in folds."""

import numpy as np
import pandas as pd
import pytest

from gazescribe.pipeline.core.resampling import Draws
from gazescribe.pipeline.core.values import DIAGNOSES
from gazescribe.pipeline.results.cooperative.measured import score_diagnosis, score_maps
from gazescribe.pipeline.results.cooperative.scores import METRICS, NO_FOLD, Aligned

DRAWS = Draws(40, 0.95, 0)
TRUTH = ("normal", "normal", "chf", "chf", "pneumonia", "pneumonia")


def aligned(scores, truth=TRUTH, fold=NO_FOLD, subjects=None, columns=DIAGNOSES):
    scores = np.asarray(scores, float)
    n = scores.shape[1]
    cases = pd.DataFrame(
        {
            "dicom_id": [f"i{at}" for at in range(n)],
            "subject_id": range(n) if subjects is None else subjects,
            "fold": fold,
            "target": truth,
        }
    )
    return Aligned(cases, tuple(range(len(scores))), columns, scores)


def certain(*names):
    """Probabilities of a network that is sure of these diagnoses."""
    return [[0.8 if name == one else 0.1 for one in DIAGNOSES] for name in names]


def test_accuracy_and_auroc_by_hand():
    """Five of six are right; the wrong normal one looks like heart failure."""
    found = score_diagnosis(aligned([certain("normal", "chf", *TRUTH[2:])]), DRAWS)
    mean = {name: one.mean()[0] for name, one in found.measures.items()}
    assert found.right.tolist() == [[1, 0, 1, 1, 1, 1]]
    assert mean["accuracy"] == pytest.approx(5 / 6)
    # of the eight pairs: normal wins four and draws four; heart failure loses none, draws two
    assert mean["normal"] == pytest.approx((4 + 4 / 2) / 8)
    assert mean["chf"] == pytest.approx((6 + 2 / 2) / 8)
    assert mean["pneumonia"] == 1
    assert mean["macro"] == pytest.approx((0.75 + 0.875 + 1) / 3)
    # six positives, five at 0.8 and one at 0.1; twelve negatives, one at 0.8 and eleven at 0.1
    assert mean["micro"] == pytest.approx((5 * 11 + 5 / 2 + 11 / 2) / 72)


def test_the_class_named_first_wins_a_draw():
    found = score_diagnosis(aligned([np.full((6, 3), 1 / 3)]), DRAWS)
    assert found.right.tolist() == [[1, 1, 0, 0, 0, 0]]
    assert found.measures["macro"].mean() == [0.5]


def test_seeds_are_averaged_and_resampled_by_patient():
    all_right, none_right = certain(*TRUTH), certain(*TRUTH[2:], *TRUTH[:2])
    patients = [1, 1, 2, 2, 3, 3]
    found = score_diagnosis(aligned([all_right, none_right], subjects=patients), DRAWS)
    accuracy = found.measures["accuracy"]
    assert accuracy.by_run.tolist() == [[1], [0]]
    assert accuracy.mean() == [0.5]
    assert (accuracy.mean_draws() == 0.5).all()
    half = certain("chf", "normal", "chf", "normal", "pneumonia", "chf")
    one = score_diagnosis(aligned([half], subjects=patients), DRAWS).measures["accuracy"]
    assert (one.draws == 0.5).all()  # each patient has one right and one wrong image
    alone = score_diagnosis(aligned([half]), DRAWS).measures["accuracy"]
    assert alone.draws.std() > 0.1


def test_auroc_of_folds_compares_within_a_fold_only():
    """The second fold's network is less sure of everything; within folds all is in order."""
    fold = np.repeat([0, 1], 6)
    scores = [[*certain(*TRUTH), *(np.array(certain(*TRUTH)) / 100).tolist()]]
    of_folds = score_diagnosis(aligned(scores, TRUTH * 2, fold), DRAWS)
    pooled = score_diagnosis(aligned(scores, TRUTH * 2), DRAWS)
    assert of_folds.measures["macro"].mean() == [1]
    assert pooled.measures["macro"].mean()[0] < 0.9
    assert of_folds.measures["accuracy"].mean() == [1]


def test_fit_by_hand():
    """Mean and population sd over images where a metric is defined, then over seeds."""
    values = np.ones((2, 4, len(METRICS)))
    at = METRICS.index("nss")
    values[0, :, at] = [1, 3, np.nan, 2]
    values[1, :, at] = [3, 5, np.nan, 4]
    fits = {("saliency", "valid"): aligned(values, "chf", columns=METRICS)}
    (found,) = score_maps(fits, DRAWS).values()
    assert found.measure.by_run[:, at].tolist() == [2, 4]
    assert found.measure.mean()[at] == 3
    assert found.sd[at] == pytest.approx(np.sqrt(2 / 3))
    assert found.n_defined.tolist() == [3 if name == "nss" else 4 for name in METRICS]
    np.testing.assert_array_equal(found.by_case[:, at], [2, 4, np.nan, 3])
    others = [place for place in range(len(METRICS)) if place != at]
    assert (found.measure.draws[..., others] == 1).all()
    assert found.sd[others].tolist() == [0] * len(others)
