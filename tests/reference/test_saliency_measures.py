"""Measures of saliency against independent implementations: scipy, sklearn, pysaliency's numbers.

The case of pysaliency: tests/test_saliency_map_models.py of matthias-k/pysaliency (MIT), restated;
the expected numbers are read from the shared file, which computed them with numpy and scipy.
"""

import re

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.special import logsumexp
from scipy.stats import entropy, pearsonr
from sklearn.metrics import roc_auc_score

from gazescribe.pipeline.geometry.saliency import (
    auc_judd,
    auc_shuffled,
    cc,
    hs,
    information_gain,
    kl,
    nss,
    sim,
)

FIXATIONS = (  # x, y
    np.array([(0, 10), (1, 11), (2, 12), (2, 12), (2, 12)]),
    np.array([(1, 21), (5, 25), (3, 33)]),
)
SIDE = 40


@pytest.fixture(scope="module")
def golden(shared):
    return (shared / "real" / "metric_golden.md").read_text(encoding="utf-8")


def expected(golden, before):
    """The number that follows these words."""
    found = re.search(re.escape(before) + r"\s*(-?\d+\.\d+)", golden)
    assert found, f"{before!r} is not in the golden file"
    return float(found[1])


def gold_map(fixations, *, counted, mode="reflect"):
    points = np.zeros((SIDE, SIDE))
    np.add.at(points, (fixations[:, 1], fixations[:, 0]), 1)
    points = points if counted else np.minimum(points, 1)
    return gaussian_filter(points, 10, mode=mode)


def model_map():
    y, x = np.mgrid[:SIDE, :SIDE]
    return np.exp(-0.5 * ((x - 20) ** 2 + (y - 20) ** 2) / np.hypot(SIDE, SIDE))


def mean_over(measure, **options):
    return np.mean([measure(model_map(), gold_map(one, **options)) for one in FIXATIONS])


def test_pysaliency_maps_against_gold(golden):
    def tiny(prediction, target):  # what pysaliency adds before it normalises
        return kl(prediction + 1e-20, target + 1e-20)

    assert mean_over(cc, counted=False) == pytest.approx(expected(golden, "CC(map,gold) ="))
    found = mean_over(hs, counted=False)
    assert found == pytest.approx(expected(golden, "both summing to 1 (pysaliency's SIM) ="))
    found = mean_over(sim, counted=False)
    assert found == pytest.approx(expected(golden, "MIT SIM (min-max first) ="), abs=1e-6)
    assert mean_over(tiny, counted=False) == pytest.approx(expected(golden, "KL(gold||map) ="))


def test_pysaliency_maps_against_uniform(golden):
    uniform = np.ones((SIDE, SIDE))
    found = hs(model_map(), uniform)
    assert found == pytest.approx(expected(golden, "SIM(map,uniform) ="))
    found = kl(model_map() + 1e-20, uniform)
    assert found == pytest.approx(expected(golden, "KL(uniform||map) ="))
    assert cc(uniform, model_map()) == 0
    assert nss(uniform, FIXATIONS[0]) == 0


@pytest.mark.parametrize(
    ("before", "options"),
    [
        pytest.param("duplicates instead gives CC", {"counted": True}, id="duplicates counted"),
        pytest.param(
            "instead of reflect gives CC", {"counted": False, "mode": "constant"}, id="zero padding"
        ),
    ],
)
def test_pysaliency_variants(golden, before, options):
    assert mean_over(cc, **options) == pytest.approx(expected(golden, before), abs=1e-7)
    after = golden[golden.index(before) :]
    assert mean_over(hs, **options) == pytest.approx(expected(after, "SIM"), abs=1e-7)
    assert mean_over(kl, **options) == pytest.approx(expected(after, "KL"), abs=1e-6)


@pytest.fixture(scope="module")
def drawn():
    rng = np.random.default_rng(7)
    valid = np.zeros((30, 24), bool)
    valid[3:27, 2:20] = True
    prediction = np.round(rng.random((30, 24)), 1)  # with many ties
    fixations = rng.uniform(-1, 26, (60, 2))
    return prediction, rng.random((30, 24)), fixations, rng.uniform(-1, 26, (300, 2)), valid


def on_pixels(fixations, valid):
    x, y = np.rint(fixations).astype(int).T
    inside = (x >= 0) & (y >= 0) & (x < valid.shape[1]) & (y < valid.shape[0])
    x, y = x[inside], y[inside]
    return y[valid[y, x]], x[valid[y, x]]


def test_scipy_and_sklearn_agree(drawn):
    prediction, target, fixations, others, valid = drawn
    p, y = prediction[valid], target[valid]
    assert cc(prediction, target, valid) == pytest.approx(pearsonr(p, y).statistic)
    assert kl(prediction + 0.1, target, valid) == pytest.approx(entropy(y, p + 0.1))
    at = on_pixels(fixations, valid)
    assert len(at[0]) > 20
    fixated = np.zeros(valid.shape, bool)
    fixated[at] = True
    assert auc_judd(prediction, fixations, valid) == pytest.approx(roc_auc_score(fixated[valid], p))
    z = (prediction - p.mean()) / p.std()
    assert nss(prediction, fixations, valid) == pytest.approx(z[at].mean())
    there, elsewhere = prediction[at], prediction[on_pixels(others, valid)]
    truth = np.r_[np.ones(len(there)), np.zeros(len(elsewhere))]
    found = auc_shuffled(prediction, fixations, others, valid)
    assert found == pytest.approx(roc_auc_score(truth, np.r_[there, elsewhere]))


def test_information_gain_as_pysaliency_has_it(drawn):
    """The mean of log p(x) less that of the baseline, of normalised log-densities, by ln 2."""
    prediction, prior, fixations, _, valid = drawn
    at = on_pixels(fixations, valid)

    def log_density(values):
        logs = np.where(valid, np.log(values + 0.1), -np.inf)
        return logs - logsumexp(logs)

    likelihoods = [log_density(values)[at].mean() for values in (prediction, prior)]
    found = information_gain(prediction + 0.1, prior + 0.1, fixations, valid)
    assert found == pytest.approx((likelihoods[0] - likelihoods[1]) / np.log(2))
    # The expected gain under one's own density is the divergence between the two.
    places = np.argwhere(valid)[:, ::-1]
    weights = (prediction + 0.1)[valid] / (prediction + 0.1)[valid].sum()
    gains = [
        information_gain(prediction + 0.1, prior + 0.1, place[None], valid) for place in places
    ]
    divergence = entropy((prediction + 0.1)[valid], (prior + 0.1)[valid], base=2)
    assert np.sum(weights * gains) == pytest.approx(divergence)
