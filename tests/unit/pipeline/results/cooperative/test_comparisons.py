"""Paired tests by hand; families of Holm's correction."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gazescribe.pipeline.core.resampling import Draws
from gazescribe.pipeline.core.values import DIAGNOSES
from gazescribe.pipeline.results.cooperative.comparisons import diagnosis_tests, map_tests
from gazescribe.pipeline.results.cooperative.measured import (
    CooperativeModel,
    score_diagnosis,
    score_maps,
)
from gazescribe.pipeline.results.cooperative.scores import METRICS, NO_FOLD, Aligned
from gazescribe.pipeline.results.statistics import holm

DRAWS = Draws(50, 0.95, 0)
N = 30
CASES = pd.DataFrame(
    {
        "dicom_id": [f"i{at:02d}" for at in range(N)],
        "subject_id": range(N),
        "fold": NO_FOLD,
        "target": ["normal", "chf", "pneumonia"] * (N // 3),
    }
)
RANDOM = np.random.default_rng(5)


def diagnosing(name, wrong):
    """A model that is wrong on these images only."""
    truth = CASES["target"].to_numpy()[:, None] == ["normal", "chf", "pneumonia"]
    chances = 0.1 + 0.6 * truth + RANDOM.random((N, 3)) / 10
    chances[wrong] = chances[wrong][:, [1, 2, 0]]
    diagnosed = score_diagnosis(Aligned(CASES, (0,), DIAGNOSES, chances[None]), DRAWS)
    return CooperativeModel(name, [], diagnosed, {})


def seeing(name, shift, *, seeds=(0,), kind="saliency"):
    values = np.random.default_rng(1).normal(0.5, 0.1, (len(seeds), N, len(METRICS))) + shift
    maps = {(kind, on): Aligned(CASES, seeds, METRICS, values) for on in ("valid", "all")}
    return CooperativeModel(name, [], None, score_maps(maps, DRAWS))


def named(*models):
    return {one.name: one for one in models}


def test_mcnemar_by_hand():
    """Ours is wrong on one image that the other has right, the other on eight that ours has."""
    ours, other = diagnosing("cooperative", [0, 1]), diagnosing("mt_unet", [1, *range(10, 18)])
    found = diagnosis_tests(named(ours, other), 0.95, 5).frame.set_index("metric")
    accuracy = found.loc["accuracy"]
    assert accuracy["difference"] == pytest.approx(7 / N)
    assert accuracy["p_mcnemar"] == pytest.approx(2 * (1 + 9) / 2**9)
    assert found["p_delong"].notna().tolist() == [False, False, True, True, True, False]
    assert (found.loc[["normal", "chf", "pneumonia"], "p_delong"] < 0.2).all()


def test_families_of_the_diagnosis():
    models = named(
        diagnosing("cooperative", [0]),
        diagnosing("dnet201_cl", [1, 2, 3, 4]),
        diagnosing("dnet201", [*range(5, 15)]),
    )
    frame = diagnosis_tests(models, 0.95, 5).frame
    pairs = list(zip(frame["model"], frame["other"], strict=True))[:3]
    ours = ("cooperative", "dnet201_cl"), ("cooperative", "dnet201")
    assert pairs == [*ours, ("dnet201_cl", "dnet201")]
    accuracy = frame[frame["metric"] == "accuracy"]
    expected = holm(accuracy["p_mcnemar"].to_numpy())
    assert (expected > accuracy["p_mcnemar"]).any()
    np.testing.assert_allclose(accuracy["p_mcnemar_holm"], expected)
    classes = frame[frame["family"] == "classes"]
    assert len(classes) == 9
    np.testing.assert_allclose(classes["p_delong_holm"], holm(classes["p_delong"].to_numpy()))


def test_tests_of_maps_as_scipy():
    shifts = RANDOM.normal(0, 0.05, (1, N, len(METRICS)))
    ours, other = seeing("cooperative", 0.03), seeing("unet_s", shifts)
    frame = map_tests(named(ours, other), "saliency", 0.95, 5).frame
    at = METRICS.index("cc")
    pair = [one.maps["saliency", "valid"].by_case[:, at] for one in (ours, other)]
    (row,) = frame[(frame["metric"] == "cc") & (frame["pixels"] == "valid")].to_dict("records")
    assert row["p_t"] == pytest.approx(stats.ttest_rel(*pair).pvalue)
    assert row["p_wilcoxon"] == pytest.approx(stats.wilcoxon(*pair).pvalue)
    assert row["difference"] == pytest.approx(np.mean(pair[0] - pair[1]))
    assert frame.groupby("family").size().to_dict() == {
        "all further": 6,
        "all paper": 3,
        "valid further": 6,
        "valid paper": 3,
    }


def test_maps_are_compared_on_the_images_that_both_have():
    """Ours is better on every image, and has no value on the ten best."""
    level, at = np.linspace(-0.4, 0.4, N)[:, None], METRICS.index("sim")
    shape = 1, N, len(METRICS)
    ours, other = level + 0.02 + np.zeros(shape), level + RANDOM.normal(0, 0.005, shape)
    ours[0, -10:, at] = np.nan
    ours, other = seeing("cooperative", ours), seeing("unet_s", other)
    values = [one.maps["saliency", "valid"] for one in (ours, other)]
    assert values[0].measure.mean()[at] < values[1].measure.mean()[at]
    known = np.arange(N) < 20
    expected = np.mean([one.by_case[known, at] for one in values], axis=1)
    frame = map_tests(named(ours, other), "saliency", 0.95, 5).frame.set_index(["pixels", "metric"])
    row = frame.loc[("valid", "sim")]
    assert row["n_images"] == 20
    assert row["difference"] == pytest.approx(expected[0] - expected[1])
    assert 0 < row["low"] < row["difference"] < row["high"]
    assert row["p_subjects"] < 0.05
    assert (frame["n_images"].drop("sim", level=1) == N).all()


def test_gradcam_is_compared_with_maps_that_know_nothing():
    models = named(
        seeing("cooperative", 0.1, kind="gradcam"),
        seeing("unet_s", 0.2),
        seeing("centre_prior", 0),
    )
    frame = map_tests(models, "gradcam", 0.95, 5).frame
    assert set(zip(frame["model"], frame["other"], strict=True)) == {
        ("cooperative", "centre_prior")
    }
    assert frame["difference"].to_numpy() == pytest.approx(0.1)
    del models["cooperative"]
    assert map_tests(models, "gradcam", 0.95, 5) is None


def test_ours_is_not_tested_against_its_own_stage():
    models = named(seeing("cooperative", 0), seeing("dual_encoder", 0), seeing("unet_s", 0.1))
    frame = map_tests(models, "saliency", 0.95, 5).frame
    assert set(zip(frame["model"], frame["other"], strict=True)) == {("cooperative", "unet_s")}
    del models["cooperative"]
    frame = map_tests(models, "saliency", 0.95, 5).frame
    assert set(zip(frame["model"], frame["other"], strict=True)) == {("dual_encoder", "unet_s")}


def test_seeds_that_both_have():
    models = named(
        seeing("cooperative", np.array([0, 0.1, 0.3])[:, None, None], seeds=(0, 1, 2)),
        seeing("unet_s", 0, seeds=(1, 2)),
    )
    frame = map_tests(models, "saliency", 0.95, 5).frame
    assert set(frame["n_seeds"]) == {2}
    assert frame["p_seeds"].notna().all()


def test_nothing_to_compare():
    assert map_tests(named(seeing("unet_s", 0)), "saliency", 0.95, 5) is None
    assert diagnosis_tests(named(seeing("cooperative", 0), seeing("unet_s", 0)), 0.95, 5) is None


def test_few_patients_give_no_p_value_and_none_to_correct():
    """Of ten patients with and twenty without each diagnosis the fewer count, for its AUROC."""
    models = named(diagnosing("cooperative", [0, 1]), diagnosing("mt_unet", range(10, 18)))
    table = diagnosis_tests(models, 0.95, 11)
    frame = table.frame.set_index("metric")
    classes = ["normal", "chf", "pneumonia"]
    assert frame["n_patients"].to_dict() == dict.fromkeys(frame.index, N) | dict.fromkeys(
        classes, 10
    )
    assert frame.loc[classes, ["p_subjects", "p_delong", "p_delong_holm"]].isna().all(axis=None)
    assert frame.loc[["macro", "accuracy", "micro"], "p_subjects"].notna().all()
    assert frame.loc[classes, "low"].notna().all()
    assert "DeLong, Holm" in table.shown  # the column stays, with dashes
    assert "in 3 of 6 rows: fewer than 11 patients stand behind them, down to 10" in table.notes[-1]


def test_patients_are_counted_where_both_maps_have_a_value():
    values = np.full((1, N, len(METRICS)), 0.1)
    values[0, 4:, METRICS.index("nss")] = np.nan
    models = named(
        seeing("cooperative", values), seeing("unet_s", RANDOM.normal(0, 0.1, values.shape))
    )
    frame = map_tests(models, "saliency", 0.95, 5).frame.set_index(["pixels", "metric"])
    assert frame["n_patients"].xs("valid").to_dict() == dict.fromkeys(METRICS, N) | {"nss": 4}
    assert frame["p_t"].isna().to_numpy().sum() == 2
    assert pd.isna(frame.loc[("all", "nss"), "p_t_holm"])
