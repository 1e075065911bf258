import numpy as np
import pytest

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.windows.learned import learn
from gazescribe.pipeline.windows.learned.learn import apply_fit, assign_folds, learn_by_folds
from tests.unit.pipeline.windows.learned.learned_readings import (
    LABELS,
    observed,
    settings,
    several,
)

PARAMS = settings(iterations=4, folds=3)


def mixed():
    return [*several(7), observed(7, "validate"), observed(8, "test")]


def same(first, second):
    return all(np.array_equal(first[key], second[key]) for key in first | second)


@pytest.fixture(scope="module")
def shared():
    return learn_by_folds(mixed(), LABELS, PARAMS)


def test_folds_hold_subjects_together():
    readings = [observed(number, subject=f"S{number // 2}") for number in range(8)]
    assert assign_folds(readings, 3).tolist() == [0, 0, 1, 1, 2, 2, 0, 0]
    assert assign_folds([*readings, observed(9, "test")], 9).tolist()[-1] == -1


def test_validation_and_test_are_explained_by_the_training_fit(shared):
    fit, shares = shared
    assert fit.n_readings == len(fit.subjects) == 7
    applied, n_known = apply_fit(mixed()[7:], fit)
    assert n_known == 0
    for reading_id in ("R007", "R008"):
        assert same(applied[reading_id], shares[reading_id])


def test_no_training_reading_is_explained_by_itself(shared):
    """Other gaze of one reading changes its own shares, and those of other folds, not its fit's."""
    far = {"Edema": (0.9, 0.05), "Fracture": (0.05, 0.05)}
    changed = mixed()
    changed[0] = observed(0, places=far)
    _, shares = learn_by_folds(changed, LABELS, PARAMS)
    assert assign_folds(changed, 3).tolist() == [0, 1, 2, 0, 1, 2, 0, -1, -1]
    for name in ("R003", "R006"):  # of the fold of R000: what explains them has not seen it
        assert same(shares[name], shared[1][name])
    assert not same(shares["R001"], shared[1]["R001"])  # what explains this one has


def test_the_order_of_readings_does_not_matter(shared):
    fit, shares = learn_by_folds(mixed()[::-1], LABELS, PARAMS)
    assert all(same(shares[name], own) for name, own in shared[1].items())
    for name in ("odds", "search_s", "places_s"):
        assert np.array_equal(getattr(fit.learnt, name), getattr(shared[0].learnt, name))


def test_a_planted_leak_is_caught(monkeypatch):
    """All folds are taught by all training readings."""
    fit = learn._fit

    def leaky(observed, pairs, counted, labels, params):
        return fit(observed, pairs, np.ones_like(counted), labels, params)

    monkeypatch.setattr(learn, "_fit", leaky)
    with pytest.raises(AssertionError, match="3 readings would be explained by what their own"):
        learn_by_folds(mixed(), LABELS, PARAMS)


def test_a_fit_of_the_same_subjects_is_used_without_its_places(shared):
    fit, _ = shared
    shares, n_known = apply_fit(mixed(), fit)
    assert n_known == 7
    without = learn.replace(fit, learnt=learn.replace(fit.learnt, places_s=fit.learnt.places_s * 0))
    assert same(apply_fit(mixed(), without)[0]["R000"], shares["R000"])
    strangers = [observed(0, subject="somebody else")]
    assert not same(apply_fit(strangers, fit)[0]["R000"], shares["R000"])


def test_a_fit_knows_no_map_of_a_new_label(shared):
    fit, _ = shared
    renamed = learn.replace(fit, labels=("Edema", "Mass"))
    strangers = [observed(0, subject="somebody else")]
    of_known, of_new = (apply_fit(strangers, one)[0]["R000"] for one in (fit, renamed))
    assert not np.array_equal(of_known[2], of_new[2])


@pytest.mark.parametrize(
    ("readings", "message"),
    [
        pytest.param([], "no training reading has both mentions and a fixation", id="none"),
        pytest.param([observed(0, "test")], "no training reading has both", id="test alone"),
        pytest.param([observed(0)], "1 training subjects with gaze: too few", id="one subject"),
    ],
)
def test_too_little_to_learn_from(readings, message):
    with pytest.raises(GazeError, match=message):
        learn_by_folds(readings, LABELS, PARAMS)
