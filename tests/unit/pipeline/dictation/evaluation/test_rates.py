import numpy as np
import pandas as pd
import pytest

from gazescribe.pipeline.core.resampling import Draws
from gazescribe.pipeline.dictation.evaluation.rates import (
    macro_scores,
    rates,
    resample,
    score_table,
)

DRAWS = Draws(n_bootstrap=200, confidence=0.9, seed=3)
NAN = np.nan


def counted(*rows):
    return np.array(rows, float)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        pytest.param([3, 1, 2, 9], [3 / 4, 3 / 5, 6 / 9], id="all defined"),
        pytest.param([0, 0, 2, 5], [NAN, 0, 0], id="never mentioned"),
        pytest.param([0, 2, 0, 5], [0, NAN, 0], id="never there"),
        pytest.param([0, 2, 3, 5], [0, 0, 0], id="all wrong"),
        pytest.param([0, 0, 0, 7], [NAN, NAN, NAN], id="neither"),
    ],
)
def test_rates(counts, expected):
    np.testing.assert_allclose(rates(counted(counts))[0], expected)


def test_resamples_draw_whole_clusters_as_many_as_there_are():
    counts = counted([1, 0, 0, 0], [0, 10, 0, 0], [0, 0, 100, 0])[:, None]
    drawn = resample(counts, DRAWS)
    assert drawn.shape == (200, 1, 4)
    np.testing.assert_array_equal(drawn[:, 0] @ [1, 0.1, 0.01, 1], 3)
    np.testing.assert_array_equal(drawn, resample(counts, DRAWS))
    assert (drawn != resample(counts, Draws(200, 0.9, 4))).any()
    assert drawn.mean(axis=0)[0] == pytest.approx([1, 10, 100, 0], rel=0.3)


@pytest.mark.parametrize("n_clusters", [0, 1])
def test_one_cluster_has_no_interval(n_clusters):
    counts = np.ones((n_clusters, 1, 4))
    assert resample(counts, DRAWS).shape == (0, 1, 4)
    row = score_table(pd.DataFrame({"label": ["a"]}), counts, DRAWS).iloc[0]
    assert np.isnan([row["f1_low"], row["f1_high"]]).all()
    assert row["f1_resamples"] == 0
    assert row["tp"] == n_clusters
    assert macro_scores(counts, DRAWS)["f1"]["low"] is None


def test_score_table():
    counts = np.stack([counted([1, 0, 0, 1], [0, 0, 1, 1]), counted([1, 1, 0, 0], [0, 0, 0, 2])])
    table = score_table(pd.DataFrame({"label": ["a", "b"]}), counts, DRAWS)
    first, second = table.to_dict("records")
    assert (first["tp"], first["fp"], first["fn"], first["tn"]) == (2, 1, 0, 1)
    assert first["precision"] == 0.666667
    # Each draw is of the two images: precision 1 (twice the first), 2/3 or 1/2.
    assert (first["precision_low"], first["precision_high"]) == (0.5, 1.0)
    assert first["precision_resamples"] == 200
    assert np.isnan(second["precision"])
    assert second["precision_resamples"] == 0
    # Recall of b is undefined where only the second image was drawn: about a quarter of the draws.
    assert second["recall"] == 0
    assert 120 < second["recall_resamples"] < 180


def test_a_narrower_interval_lies_within():
    counts = np.random.default_rng(0).integers(0, 5, (30, 1, 4)).astype(float)
    items = pd.DataFrame({"label": ["a"]})
    wide, narrow = (
        score_table(items, counts, Draws(500, confidence, 0)).iloc[0] for confidence in (0.95, 0.5)
    )
    assert wide["f1_low"] < narrow["f1_low"] < wide["f1"] < narrow["f1_high"] < wide["f1_high"]


def test_macro_says_over_how_many():
    counts = counted([3, 1, 1, 0], [0, 0, 5, 0], [0, 0, 0, 5])[None]
    found = macro_scores(counts, DRAWS)
    assert found["precision"]["value"] == 0.75
    assert found["recall"]["value"] == 0.375
    assert [found[rate]["n_defined"] for rate in found] == [1, 2, 2]
    assert {one["n_items"] for one in found.values()} == {3}


def test_macro_of_nothing_is_null():
    found = macro_scores(np.zeros((4, 2, 4)), DRAWS)
    assert found["f1"] == {
        "value": None,
        "low": None,
        "high": None,
        "resamples": 0,
        "n_defined": 0,
        "n_items": 2,
    }
