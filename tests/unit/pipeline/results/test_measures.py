import numpy as np
import pytest

from gazescribe.pipeline.results.measures import ALL, NOTHING, Measure

NAN = np.nan


def measure(by_run, seeds=None, draws=None):
    values = np.array(by_run, float)
    drawn = np.empty((0, *values.shape)) if draws is None else np.array(draws, float)
    items = tuple("abc"[: values.shape[1]])
    return Measure(items, tuple(seeds or range(len(values))), values, drawn)


def test_macro_is_taken_within_a_run_first():
    found = measure([[0.2, 0.4, NAN], [0.6, 0.8, NAN]]).macro()
    assert found.items == (ALL,)
    np.testing.assert_allclose(found.by_run, [[0.3], [0.7]])
    np.testing.assert_allclose(found.mean(), [0.5])


def test_an_item_that_a_resample_misses_keeps_its_value():
    draws = [[[0.1, 0.5, NAN]], [[NAN, 0.5, NAN]], [[NAN, NAN, NAN]]]
    found = measure([[0.2, 0.4, NAN]], draws=draws).macro()
    np.testing.assert_allclose(found.mean_draws(), [[0.3], [0.35], [0.3]])


def test_one_item():
    found = measure([[0.2, 0.4, 0.5]], draws=[[[0.1, 0.3, 0.6]]]).select("b")
    assert found.items == ("b",)
    np.testing.assert_array_equal(found.by_run, [[0.4]])
    np.testing.assert_array_equal(found.draws, [[[0.3]]])


def test_summary():
    draws = np.linspace(0, 1, 101)[:, None, None] * [[1, 2]]
    found = measure([[0.2, 0.4], [0.4, NAN]], draws=draws.repeat(2, axis=1)).summary(0.9)
    assert found.columns.tolist() == [
        *("item", "mean", "n_seeds"),
        *("paper_low", "paper_high", "t_low", "t_high", "subjects_low", "subjects_high"),
    ]
    first, second = found.to_dict("records")
    assert first["mean"] == pytest.approx(0.3)
    half = 1.96 * 0.1 / np.sqrt(2)
    assert (first["paper_low"], first["paper_high"]) == pytest.approx((0.3 - half, 0.3 + half))
    assert (first["subjects_low"], first["subjects_high"]) == pytest.approx((0.05, 0.95))
    assert (second["subjects_low"], second["subjects_high"]) == pytest.approx((0.1, 1.9))
    assert np.isnan(second["mean"])
    assert np.isnan(second["paper_low"])


def test_a_model_that_was_not_trained():
    (row,) = NOTHING.summary(0.95).to_dict("records")
    assert (row["item"], row["n_seeds"]) == (ALL, 0)
    assert np.isnan([value for name, value in row.items() if name not in ("item", "n_seeds")]).all()
