import numpy as np
import pytest

from gazescribe.pipeline.results.statistics import (
    auroc,
    bootstrap_p,
    delong,
    holm,
    matching_share,
    normal_p,
    paired_t_p,
    paper_interval,
    placements,
    resampled_auroc,
    sign_p,
    t_interval,
    wilcoxon_p,
    wilson_interval,
)

NAN = np.nan


def test_the_papers_interval_by_hand():
    """Five runs with population sd √2: 1.96 · √2 / √5."""
    values = np.arange(1.0, 6)[:, None] * [1, 10]
    low, high = paper_interval(values)
    half = 1.96 * np.sqrt(2) / np.sqrt(5)
    np.testing.assert_allclose(low, [3 - half, 30 - 10 * half])
    np.testing.assert_allclose(high, [3 + half, 30 + 10 * half])


def test_the_t_interval_is_wider_by_what_the_spec_says():
    values = np.array([[0.2], [0.22], [0.25], [0.21], [0.27]])
    paper, student = paper_interval(values), t_interval(values, 0.95)
    assert (student[1] - student[0]) / (paper[1] - paper[0]) == pytest.approx(1.58, abs=0.005)


@pytest.mark.parametrize("n", [0, 1])
def test_one_run_has_no_interval_over_runs(n):
    values = np.ones((n, 3))
    for low, high in (paper_interval(values), t_interval(values, 0.95)):
        assert low.shape == high.shape == (3,)
        assert np.isnan([low, high]).all()


def test_auroc_by_hand():
    target = np.array([True, False, True, False])
    # of four pairs the positives win two and draw one
    assert auroc(target, np.array([0.9, 0.5, 0.5, 0.6])) == (2 + 0.5) / 4
    assert auroc(~target, np.array([0.9, 0.5, 0.5, 0.6])) == (1 + 0.5) / 4


@pytest.mark.parametrize("alike", [True, False])
def test_one_class_has_no_auroc(alike):
    assert np.isnan(auroc(np.full(3, alike), np.arange(3.0)))


def test_a_resample_without_positives_is_unknown():
    target, score = np.array([True, False, False]), np.array([0.3, 0.2, 0.4])
    times = np.array([[1, 1, 1], [0, 2, 1], [3, 0, 0], [1, 2, 0]], float)
    np.testing.assert_array_equal(resampled_auroc(target, score, times), [0.5, NAN, NAN, 1])


@pytest.mark.parametrize(
    ("differences", "expected"),
    [
        pytest.param([1.0] * 99, 0.02, id="never beyond 0"),
        pytest.param([-1.0] * 99, 0.02, id="the other way"),
        pytest.param([1.0] * 50 + [-1.0] * 49, 1.0, id="half beyond"),
        pytest.param([1.0] * 95 + [-1.0] * 4, 0.1, id="some beyond"),
        pytest.param([0.0] * 99, 1.0, id="all 0"),
        pytest.param([NAN, 1, 1, 1], 0.5, id="unknown left out"),
        pytest.param([NAN], NAN, id="nothing known"),
    ],
)
def test_bootstrap_p(differences, expected):
    found = bootstrap_p(np.array(differences, float))
    assert found == pytest.approx(expected, nan_ok=True)


def test_tests_without_difference():
    assert wilcoxon_p(np.zeros(8)) == 1
    assert np.isnan(wilcoxon_p(np.array([NAN])))
    assert np.isnan(paired_t_p(np.array([0.3])))
    assert np.isnan(paired_t_p(np.array([0.5, 0.5])))


def test_holm_by_hand():
    found = holm(np.array([0.01, NAN, 0.04, 0.03, 0.5]))
    np.testing.assert_allclose(found, [0.04, NAN, 0.09, 0.09, 0.5])
    assert holm(np.array([])).shape == (0,)


SHARES = np.array([0.0, 0.1, 0.3, 1.0])


@pytest.mark.parametrize(
    ("curve", "value", "expected"),
    [
        pytest.param([0.2, 0.3, 0.4, 0.5], 0.25, 0.05, id="first piece"),
        pytest.param([0.2, 0.3, 0.4, 0.5], 0.4, 0.3, id="on a point"),
        pytest.param([0.2, 0.3, 0.4, 0.5], 0.45, 0.65, id="last piece"),
        pytest.param([0.2, 0.3, 0.4, 0.5], 0.2, 0.0, id="at the first"),
        pytest.param([0.2, 0.3, 0.4, 0.5], 0.1, -np.inf, id="below"),
        pytest.param([0.2, 0.3, 0.4, 0.5], 0.6, np.inf, id="above"),
        pytest.param([0.2, 0.4, 0.3, 0.5], 0.35, 0.1, id="dip is levelled: .2 .35 .35 .5"),
        pytest.param([0.3, 0.3, 0.3, 0.3], 0.3, 0.0, id="flat"),
    ],
)
def test_matching_share(curve, value, expected):
    assert matching_share(SHARES, np.array(curve), value) == pytest.approx(expected)


def test_placements_by_hand():
    target = np.array([True, False, True, False])
    placed = placements(target, np.array([0.9, 0.5, 0.5, 0.6]))
    assert placed.tolist() == [1, 0.75, 0.25, 0.5]
    assert np.isnan(placements(target | True, np.arange(4.0))).all()


def test_delong_by_hand_and_with_too_few():
    target = np.array([True, False, True, False])
    placed = np.array([1, 0.75, 0.25, 0.5])
    found, variance = delong(target, placed)
    assert found == 0.625
    assert variance == pytest.approx(0.75**2 / 2 / 2 + 0.25**2 / 2 / 2)
    found, variance = delong(target[1:], placed[1:])
    assert found == 0.25
    assert np.isnan(variance)
    assert np.isnan(delong(np.array([False, False]), placed[:2])).all()


def test_normal_p():
    assert normal_p(-1.959964, 1) == pytest.approx(0.05, abs=1e-6)
    assert np.isnan(normal_p(0.1, 0))
    assert np.isnan(normal_p(0.1, NAN))


@pytest.mark.parametrize(
    ("differences", "expected"),
    [
        pytest.param([1, 1, 1, 0, 0], 0.25, id="three to none"),
        pytest.param([1, -1, 0.5, -0.5], 1, id="even"),
        pytest.param([0, 0], 1, id="none differs"),
    ],
)
def test_sign_p(differences, expected):
    assert sign_p(np.array(differences, float)) == pytest.approx(expected)


def test_wilson_without_cases():
    assert np.isnan(wilson_interval(0.5, 0, 0.95)).all()
