import numpy as np
import pandas as pd
import pytest

from gazescribe.pipeline.results.measures import Measure
from gazescribe.pipeline.results.paired import compare, correct, p_value, show_tests


def measure(values, moves):
    by_run = np.array(values, float)[:, None]
    return Measure(("all",), tuple(range(len(values))), by_run, by_run + moves[:, None, None])


def test_a_difference_by_hand():
    moves = np.linspace(-1, 1, 99)
    better, other = measure([0.5, 0.7, 0.9], 0.1 * moves), measure([0.3, 0.4], np.zeros(99))
    test = compare(better, other, 0.9)
    assert test["difference"] == pytest.approx(0.35)
    assert (test["low"], test["high"]) == pytest.approx((0.26, 0.44), abs=0.001)
    assert test["n_seeds"] == 2
    assert test["p_subjects"] == pytest.approx(0.02)  # never beyond 0
    # differences of .2 and .3: t = .25 / .05 = 5 with one degree of freedom
    assert test["p_seeds"] == pytest.approx(2 * (0.5 - np.arctan(5) / np.pi))


def test_seeds_are_paired_by_number():
    """Of seeds 0, 1, 5 and 5, 1 two are shared, with differences of .4 and .8."""
    one, other = (
        Measure(("all",), seeds, np.array(values)[:, None], np.empty((0, len(values), 1)))
        for seeds, values in (((0, 1, 5), [0.5, 0.6, 0.9]), ((5, 1), [0.1, 0.2]))
    )
    test = compare(one, other, 0.9)
    assert test["n_seeds"] == 2
    # t = .6 / .2 = 3 with one degree of freedom
    assert test["p_seeds"] == pytest.approx(2 * (0.5 - np.arctan(3) / np.pi))
    alone = Measure(("all",), (7,), np.array([[0.1]]), np.empty((0, 1, 1)))
    assert compare(one, alone, 0.9)["n_seeds"] == 0


FRAME = pd.DataFrame(
    {
        "metric": "iou",
        "model": "et",
        "other": ["a", "b", "c"],
        "difference": [0.1, 0.2, np.nan],
        "low": [0.05, 0.1, np.nan],
        "high": [0.15, 0.3, np.nan],
        "p_subjects": [0.01, 0.0004, np.nan],
        "family": ["x", "x", "y"],
    }
)


def test_holm_goes_over_a_family():
    frame = correct(FRAME.copy(), ["subjects"], ["family"])
    np.testing.assert_allclose(frame["p_subjects_holm"], [0.01, 0.0008, np.nan])


def test_form_of_the_page():
    shown, formats = show_tests(
        correct(FRAME.copy(), ["subjects"], ["family"]), "over", {"subjects": "s"}
    )
    assert shown.columns.tolist() == [
        "metric",
        "model",
        "other",
        "difference",
        "over",
        "p s",
        "s, Holm",
    ]
    assert shown["over"].tolist() == ["[0.050, 0.150]", "[0.100, 0.300]", "–"]
    assert formats == {"p s": p_value, "s, Holm": p_value}
    assert [p_value(value) for value in (0.0004, 0.02)] == ["< 0.001", "0.020"]
