import numpy as np
import pytest

from gazescribe.pipeline.results.mil.comparisons import comparisons
from tests.scores import N_PATIENTS, model

SEEDS = np.array([[0.0], [0.01], [-0.01], [0.005]])


def models(**iou):
    noise = np.random.default_rng(2)
    return {
        name: model(name, value + SEEDS + noise.normal(0, 0.001, (4, 10)), SEEDS + 0.8)
        for name, value in iou.items()
    }


@pytest.fixture(scope="module")
def table():
    found = models(unannotated=0.2, ellipse=0.34, et=0.26, ablation_4=0.24, cross_entropy=0.18)
    return comparisons(found, 0.95, 20)


def test_pairs(table):
    iou = table.frame[table.frame["metric"] == "iou"]
    assert iou[["group", "model", "other"]].to_numpy().tolist() == [
        ["paper", "ellipse", "unannotated"],
        ["paper", "et", "unannotated"],
        ["paper", "et", "ellipse"],
        ["others", "et", "ablation_4"],
        ["others", "et", "cross_entropy"],
    ]
    assert len(table.frame) == 10


def test_differences(table):
    iou = table.frame[table.frame["metric"] == "iou"]
    assert iou["difference"].tolist() == pytest.approx([0.14, 0.06, -0.08, 0.02, 0.08], abs=0.002)
    assert (iou["low"] <= iou["difference"]).all()
    assert (iou["high"] >= iou["difference"]).all()
    assert (iou["n_seeds"] == 4).all()


def test_what_differs_is_told_apart_and_what_does_not_is_not(table):
    iou, auroc = (table.frame[table.frame["metric"] == one] for one in ("iou", "auroc"))
    assert (iou[["p_subjects", "p_images", "p_seeds"]] < 0.01).all(axis=None)
    assert (auroc["p_subjects"] == 1).all()
    assert auroc[["p_images", "p_seeds"]].isna().all(axis=None)


def test_holm_within_a_group(table):
    iou = table.frame[table.frame["metric"] == "iou"]
    by_group = iou.groupby("group", sort=False)["p_images"]
    expected = iou["p_images"] * by_group.transform("size")  # equal p values
    assert iou["p_images"].nunique() == 1
    np.testing.assert_allclose(iou["p_images_holm"], expected)


def test_what_the_test_over_images_takes_for_granted(table):
    assert "takes readings for independent although subjects recur" in table.notes[0]


def test_one_model_is_no_pair():
    assert comparisons(models(ablation_4=0.2), 0.95, 20) is None
    assert comparisons(models(ablation_4=0.2, ablation_5=0.2), 0.95, 20) is None


def test_one_seed_has_no_test_over_seeds():
    found = {name: model(name, [[value]]) for name, value in (("et", 0.3), ("ellipse", 0.35))}
    frame = comparisons(found, 0.95, 20).frame
    assert frame["p_seeds"].isna().all()
    assert (frame["n_seeds"] == 1).all()


def test_few_patients_give_no_p_value():
    found = models(unannotated=0.2, ellipse=0.34, et=0.26)
    enough, few = (comparisons(found, 0.95, N_PATIENTS + more) for more in (0, 1))
    tests = [
        f"p_{name}{which}" for name in ("subjects", "images", "seeds") for which in ("", "_holm")
    ]
    assert enough.frame["p_subjects"].notna().all()
    assert few.frame[tests].isna().all(axis=None)
    assert few.frame["low"].notna().all()
    assert few.shown["p subjects"].isna().all()
    assert "fewer than 41 patients stand behind them, down to 40" in few.notes[-1]
    assert len(enough.notes) == len(few.notes) - 1
