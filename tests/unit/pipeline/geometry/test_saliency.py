import numpy as np
import pytest

from gazescribe.pipeline.core.errors import ArrayError
from gazescribe.pipeline.geometry.saliency import (
    auc_judd,
    auc_shuffled,
    cc,
    hs,
    information_gain,
    kl,
    nss,
    scores,
    sim,
)

MAP = np.array([[1.0, 2.0], [3.0, 4.0]])
OTHER = np.array([[4.0, 3.0], [2.0, 1.0]])
FLAT = np.ones((2, 2))
FIRST = np.array([[0.0, 0.0]])
LAST = np.array([[1.0, 1.0]])
LEFT = np.array([[True, False], [True, False]])


@pytest.mark.parametrize(
    ("measure", "target", "expected"),
    [
        pytest.param(kl, MAP, 0, id="KL of equal maps"),
        pytest.param(kl, OTHER, 0.3 * np.log(4) + 0.1 * np.log(1.5), id="KL"),
        pytest.param(cc, 7 * MAP + 5, 1, id="CC of maps that differ in scale"),
        pytest.param(cc, OTHER, -1, id="CC of opposite maps"),
        pytest.param(cc, FLAT, 0, id="CC with a constant"),
        pytest.param(hs, 7 * MAP, 1, id="HS of equal maps"),
        pytest.param(hs, OTHER, 0.6, id="HS"),
        pytest.param(hs, FLAT, 0.1 + 0.2 + 0.25 + 0.25, id="HS with a constant"),
        pytest.param(sim, 7 * MAP + 5, 1, id="SIM takes the minimum off"),
        pytest.param(sim, OTHER, 1 / 3, id="SIM"),
    ],
)
def test_maps_against_maps(measure, target, expected):
    assert measure(MAP, target) == pytest.approx(expected, abs=1e-12)


def test_kl_is_of_the_target_from_the_prediction():
    target = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert kl(FLAT, target) == pytest.approx(np.log(2))
    assert kl(target, FLAT) == np.inf
    assert kl(target, FLAT, convention="mit") == pytest.approx(0.5 * np.log(0.25 / 2**-52), rel=0.1)


def test_kl_of_uniform_is_what_entropy_lacks_to_the_logarithm_of_pixels():
    target = np.random.default_rng(0).random((6, 5))
    y = target / target.sum()
    entropy = -np.sum(y * np.log(y))
    assert kl(np.ones((6, 5)), target) == pytest.approx(np.log(30) - entropy)
    both = kl(np.ones((6, 5)), target, convention="mit")
    assert both == pytest.approx(np.log(30) - entropy, abs=1e-12)


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        pytest.param(kl, 0, id="KL"),
        pytest.param(hs, 1, id="HS"),
        pytest.param(cc, 1, id="CC"),
        pytest.param(sim, 1, id="SIM"),
    ],
)
def test_only_valid_pixels_count(measure, expected):
    prediction, target = MAP.copy(), MAP.copy()
    prediction[:, 1] = 9, 70
    assert measure(prediction, target) != pytest.approx(expected)
    assert measure(prediction, target, LEFT) == pytest.approx(expected, abs=1e-12)


def test_nss_is_the_standardised_map_at_fixations():
    sd = np.sqrt(1.25)
    assert nss(MAP, LAST) == pytest.approx(1.5 / sd)
    twice = np.array([[1.0, 1.0], [1.0, 1.0], [0.0, 0.0]])
    assert nss(MAP, twice) == pytest.approx((1.5 + 1.5 - 1.5) / 3 / sd)
    assert nss(MAP, np.array([[0, 1.0]]), LEFT) == pytest.approx(1)
    assert nss(FLAT, LAST) == 0


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        pytest.param((0.49, -0.5), 0, id="first pixel"),
        pytest.param((0.5, 0), 1 / 3, id="nearest, halves go up"),
        pytest.param((1.49, 1.49), 1, id="last pixel"),
        pytest.param((1.5, 1), np.nan, id="right of the map"),
        pytest.param((0, -0.51), np.nan, id="above the map"),
    ],
)
def test_fixations_count_at_the_nearest_pixel(place, expected):
    assert auc_judd(MAP, np.array([place])) == pytest.approx(expected, nan_ok=True)


def test_auc_judd_counts_pixels_once_and_ties_half():
    assert auc_judd(MAP, LAST) == 1
    assert auc_judd(FLAT, LAST) == 0.5
    both = np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    assert auc_judd(MAP, both) == pytest.approx(0.5)  # (0 + 1) / 2, not (0 + 1 + 1) / 3
    assert auc_judd(MAP, np.array([[0.0, 1.0]]), LEFT) == 1


def test_auc_shuffled_compares_with_fixations_elsewhere():
    others = np.array([[0.0, 0.0], [0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
    assert auc_shuffled(MAP, LAST, others) == pytest.approx((3 + 0.5) / 4)
    assert auc_shuffled(MAP, np.vstack([LAST, LAST, FIRST]), others) == pytest.approx(
        (3.5 + 3.5 + 1) / 12
    )
    assert auc_shuffled(MAP, FIRST, others, LEFT) == 0.5


def test_information_gain_is_in_bits_a_fixation():
    prediction = np.array([[1.0, 1.0], [2.0, 4.0]])
    assert information_gain(prediction, FLAT, LAST) == pytest.approx(1)  # 4/8 against 1/4
    assert information_gain(prediction, FLAT, np.vstack([LAST, FIRST])) == pytest.approx(0)
    assert information_gain(prediction, 7 * prediction, LAST) == 0
    # Densities are over the valid pixels: 2/3 against 1/2.
    below = np.array([[0.0, 1.0]])
    assert information_gain(prediction, FLAT, below, LEFT) == pytest.approx(np.log2(4 / 3))
    nowhere = np.array([[1.0, 1.0], [1.0, 0.0]])
    assert information_gain(nowhere, FLAT, LAST) == -np.inf


@pytest.mark.parametrize(
    ("found"),
    [
        pytest.param(kl(MAP, 0 * MAP), id="KL with a target without gaze"),
        pytest.param(kl(0 * MAP, MAP, convention="mit"), id="KL of nothing, MIT"),
        pytest.param(hs(0 * MAP, MAP), id="HS of nothing"),
        pytest.param(sim(MAP, FLAT), id="SIM with a constant target"),
        pytest.param(sim(FLAT, FLAT), id="SIM of constants"),
        pytest.param(nss(MAP, np.empty((0, 2))), id="NSS without fixation"),
        pytest.param(auc_judd(MAP, np.array([[1.0, 0.0]]), LEFT), id="fixation on no valid pixel"),
        pytest.param(auc_shuffled(MAP, LAST, np.empty((0, 2))), id="no other fixations"),
        pytest.param(auc_shuffled(MAP, np.empty((0, 2)), LAST), id="no fixation of this image"),
        pytest.param(information_gain(MAP, FLAT, np.empty((0, 2))), id="gain without fixation"),
        pytest.param(information_gain(MAP, 0 * FLAT, LAST), id="gain over a prior of nothing"),
        pytest.param(information_gain(0 * MAP, FLAT, LAST), id="gain of nothing"),
    ],
)
def test_undefined_is_nan(found):
    assert np.isnan(found)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param((MAP, np.ones((2, 3))), r"got \(2, 2\), \(2, 3\)", id="other shape"),
        pytest.param((MAP, MAP, np.ones((3, 2), bool)), r"got \(2, 2\), \(3, 2\)", id="other mask"),
        pytest.param((MAP[0], MAP[0]), r"got \(2,\)", id="no map"),
        pytest.param((MAP, -MAP), "has negative values", id="negative"),
        pytest.param((MAP * np.nan, MAP), "not finite", id="not a number"),
        pytest.param((MAP, MAP, np.zeros((2, 2), bool)), "no pixel", id="nothing valid"),
    ],
)
def test_bad_maps_are_refused(arguments, message):
    with pytest.raises(ArrayError, match=message):
        kl(*arguments)


def test_half_precision_maps_are_computed_in_double():
    rng = np.random.default_rng(0)
    prediction, target = (rng.random((640, 512)).astype(np.float16) for _ in range(2))
    exact = hs(prediction.astype(float), target.astype(float))
    assert hs(prediction, target) == exact
    assert 0 < exact < 1


def test_a_constant_prediction_scores_as_knowing_nothing():
    found = scores(3 * FLAT, MAP, LAST, FIRST, FLAT, MAP)
    assert {name: found[name] for name in ("cc", "sim", "nss")} == {"cc": 0, "sim": 0, "nss": 0}
    assert found["auc_judd"] == found["auc_shuffled"] == 0.5


def test_scores_names_every_measure():
    found = scores(MAP, OTHER, LAST, FIRST, FLAT, OTHER, LEFT | True)
    assert found["kl"] == kl(MAP, OTHER)
    assert found["auc_shuffled"] == auc_shuffled(MAP, LAST, FIRST) == 1
    assert found["information_gain"] == information_gain(MAP, FLAT, LAST) > 0
    assert found["information_gain_mean"] == information_gain(MAP, OTHER, LAST)
    fit = ["kl", "cc", "hs", "sim", "nss", "auc_judd", "auc_shuffled"]
    assert list(found) == [*fit, "information_gain", "information_gain_mean"]
    assert found["sim"] != found["hs"]
