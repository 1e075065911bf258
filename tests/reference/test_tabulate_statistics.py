"""Statistics against scipy, scikit-learn, statsmodels and published values; coverage."""

import numpy as np
import pytest
from scipy import stats

from gazescribe.pipeline.core.resampling import Draws, draw_clusters, interval
from gazescribe.pipeline.results.statistics import (
    auroc,
    bootstrap_p,
    delong,
    holm,
    normal_p,
    paired_t_p,
    placements,
    resampled_auroc,
    sign_p,
    t_interval,
    wilcoxon_p,
    wilson_interval,
)

RANDOM = np.random.default_rng(11)


@pytest.mark.parametrize("ties", [False, True])
def test_auroc_as_scikit_learn(ties):
    metrics = pytest.importorskip("sklearn.metrics")
    target = RANDOM.random(200) < 0.3
    score = RANDOM.normal(size=200) + target
    score = score.round(0) if ties else score
    assert auroc(target, score) == pytest.approx(metrics.roc_auc_score(target, score))
    times = draw_clusters(200, Draws(20, 0.95, 0))
    expected = [metrics.roc_auc_score(target, score, sample_weight=one) for one in times]
    np.testing.assert_allclose(resampled_auroc(target, score, times), expected)


def test_t_interval_as_scipy():
    values = RANDOM.normal(size=(5, 3))
    expected = stats.t.interval(0.9, 4, values.mean(axis=0), stats.sem(values, axis=0))
    np.testing.assert_allclose(t_interval(values, 0.9), expected)


def test_paired_tests_as_scipy():
    one, other = RANDOM.normal(0.3, 1, 40), RANDOM.normal(0, 1, 40)
    assert paired_t_p(one - other) == pytest.approx(stats.ttest_rel(one, other).pvalue)
    assert wilcoxon_p(one - other) == pytest.approx(stats.wilcoxon(one, other).pvalue)


@pytest.mark.parametrize(
    ("p_values", "expected"),
    [
        pytest.param([0.03], [0.03], id="alone"),
        pytest.param([0.01, 0.04], [0.02, 0.04], id="two"),
        # p.adjust of R
        pytest.param([0.01, 0.02, 0.03, 0.04, 0.05], [0.05, 0.08, 0.09, 0.09, 0.09], id="R"),
        pytest.param([0.9, 0.6], [1, 1], id="at most 1"),
    ],
)
def test_holm_as_published(p_values, expected):
    np.testing.assert_allclose(holm(np.array(p_values)), expected)


def test_holm_keeps_the_error_of_a_family():
    """Of 2000 families of five true hypotheses about 5 % have an adjusted p value below 0.05."""
    lowest = [holm(family).min() for family in RANDOM.random((2000, 5))]
    assert np.mean(np.array(lowest) < 0.05) == pytest.approx(0.05, abs=0.015)


def test_holm_as_statsmodels():
    """Ties and p values that grow above 1 included; to the last digit."""
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    for n in range(1, 9):
        p_values = np.random.default_rng(n).integers(0, 12, n) / 17
        expected = multitest.multipletests(p_values, method="holm")[1]
        np.testing.assert_array_equal(holm(p_values), expected)


def test_intervals_cover_the_truth():
    """Of 400 samples of 40 subjects with two images each, about 95 % hold the true mean."""
    draws = Draws(300, 0.95, 0)
    times = draw_clusters(40, draws)
    held = 0
    for _ in range(400):
        by_subject = RANDOM.normal(0.25, 0.1, (40, 1)) + RANDOM.normal(0, 0.05, (40, 2))
        low, high = interval(times @ by_subject.mean(axis=1) / 40, draws.confidence)
        held += bool(low < 0.25 < high)
    assert 0.90 < held / 400 < 0.98


def test_p_values_of_no_difference_are_spread_evenly():
    times = draw_clusters(60, Draws(400, 0.95, 0))
    p_values = [bootstrap_p(times @ RANDOM.normal(0, 0.1, 60) / 60) for _ in range(400)]
    assert np.mean(np.array(p_values) < 0.05) == pytest.approx(0.05, abs=0.035)
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.06)


def test_delong_as_published():
    """Variance of the test of github.com/yandexdataschool/roc_comparison (iris versicolor)."""
    pytest.importorskip("sklearn")
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split

    iris = load_iris()
    parts = train_test_split(iris.data, iris.target == 1, test_size=0.8, random_state=42)
    score = LogisticRegression().fit(parts[0], parts[2]).predict_proba(parts[1])[:, 1]
    found, variance = delong(parts[3], placements(parts[3], score))
    assert found == pytest.approx(auroc(parts[3], score))
    assert variance == pytest.approx(0.0015359814789736538, rel=1e-6)


def test_p_values_of_delong_are_spread_evenly():
    """Two scores of equal worth that share most of their noise."""
    target = np.arange(80) < 30
    p_values = []
    for _ in range(300):
        shared = RANDOM.normal(size=80) + target
        pair = [placements(target, shared + RANDOM.normal(0, 0.5, 80)) for _ in range(2)]
        p_values.append(normal_p(*delong(target, pair[0] - pair[1])))
    assert np.mean(np.array(p_values) < 0.05) == pytest.approx(0.05, abs=0.035)


@pytest.mark.parametrize(("n_right", "n"), [(0, 7), (64, 100), (7, 7)])
def test_wilson_as_scipy(n_right, n):
    expected = stats.binomtest(n_right, n).proportion_ci(0.9, method="wilson")
    assert wilson_interval(n_right / n, n, 0.9) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize(
    ("n_right", "n", "expected"),
    [
        (81, 263, (0.2553, 0.3662)),
        (15, 148, (0.0624, 0.1605)),
        (0, 20, (0.0, 0.1611)),
        (1, 29, (0.0061, 0.1718)),
    ],
)
def test_wilson_as_published(n_right, n, expected):
    """Newcombe 1998, Statistics in Medicine 17, Table I, method 3."""
    assert wilson_interval(n_right / n, n, 0.95) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(("share", "n"), [(0, 7), (0.25, 8), (1, 3), (2 / 3, 300), (36.5 / 48, 48)])
def test_wilson_as_statsmodels(share, n):
    """A mean over seeds is no whole number of cases: 36.5 of 48."""
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    for confidence in (0.9, 0.95):
        expected = proportion.proportion_confint(
            share * n, n, alpha=1 - confidence, method="wilson"
        )
        assert wilson_interval(share, n, confidence) == pytest.approx(expected, abs=1e-12)


def test_mcnemar_as_statsmodels():
    tables = pytest.importorskip("statsmodels.stats.contingency_tables")
    one, other = (RANDOM.random((2, 60)) < [[0.8], [0.6]]).astype(float)
    table = [[sum((one == a) & (other == b)) for b in (1, 0)] for a in (1, 0)]
    expected = tables.mcnemar(table, exact=True).pvalue
    assert sign_p(one - other) == pytest.approx(expected)
