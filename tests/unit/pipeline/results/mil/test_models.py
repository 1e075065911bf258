import numpy as np
import pandas as pd
import pytest

from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.errors import AlignmentError
from gazescribe.pipeline.core.resampling import Draws
from gazescribe.pipeline.results.mil.models import check_cases, of_settings, score_map, score_model
from gazescribe.pipeline.results.mil.scores import Localised, MilScores, read_mil_runs
from tests.scores import model, write_scores

DRAWS = Draws(100, 0.95, 0)


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    models = {"et": {}, "unannotated": {"supervision": "none", "decoder": False}}
    folder = write_scores(tmp_path_factory.mktemp("scores"), models, seeds=(0, 1))
    return {name: score_model(runs, DRAWS) for name, runs in read_mil_runs(folder).items()}


def test_the_best_map_of_validation_is_reported(scored):
    assert {name: one.map for name, (one, _) in scored.items()} == {
        "et": "decoder",
        "unannotated": "spatial",
    }
    assert {*scored["et"][0].maps} == {"decoder", "spatial", "gradcam"}
    assert {*scored["unannotated"][0].maps} == {"spatial", "gradcam"}


def test_the_better_model_scores_better(scored):
    one, other = (scored[name][0].best.iou.macro() for name in ("et", "unannotated"))
    assert one.mean()[0] == pytest.approx(0.26, abs=0.03)
    assert other.mean()[0] == pytest.approx(0.20, abs=0.03)
    assert (one.mean_draws() > other.mean_draws()).all()


def test_auroc_as_planted(scored):
    """Positives lie 1.5 standard deviations above: Φ(1.5 / √2) = 0.856."""
    found = scored["et"][0]
    assert {*found.auroc} == {"mimic", "reflacx"}
    assert found.auroc["mimic"].macro().mean()[0] == pytest.approx(0.856, abs=0.03)
    assert found.auroc_validation.macro().mean()[0] == pytest.approx(0.856, abs=0.03)
    drawn = found.auroc["mimic"].macro().draws[..., 0]
    assert drawn.shape == (100, 2)
    np.testing.assert_allclose(drawn.mean(0), found.auroc["mimic"].macro().by_run[:, 0], atol=0.01)


def test_a_label_of_one_class_has_no_auroc(scored):
    found = scored["et"][0]
    opacity = TEN_LABELS.index("Opacity")
    assert np.isnan(found.auroc["mimic"].by_run[:, opacity]).all()
    assert np.isfinite(found.auroc_validation.by_run[:, opacity]).all()
    assert found.n_positive["mimic"][:, opacity].tolist() == [80, 0]


def test_models_are_scored_on_the_same_cases(scored, tmp_path):
    cases = {name: of for name, (_, of) in scored.items()}
    check_cases(cases, tmp_path)
    fewer = dict(cases["et"], **{"spatial maps": cases["et"]["spatial maps"].iloc[1:]})
    labels = cases["et"]["mimic labels"]
    fewer["mimic labels"] = labels.assign(Edema=~labels["Edema"])
    with pytest.raises(AlignmentError, match="on other test cases or targets") as raised:
        check_cases({"unannotated": cases["unannotated"], "et": fewer}, tmp_path)
    assert raised.value.faults == (
        "et, mimic labels: not those of unannotated",
        "et, spatial maps: not those of unannotated",
    )


def test_models_by_their_settings():
    models = {
        name: model(name, [[0.2]], **changed)
        for name, changed in {
            "et": {},
            "wide": {"backbone": "resnet18"},
            "heavy": {"lambda_annotated": 10.0},
            "fast": {"precision": "bf16-mixed", "workers": 4},
            "ellipse": {},
        }.items()
    }
    names = [one.name for one in of_settings(models, models["et"], set(), supervision="gaze")]
    assert names == ["et", "fast"]
    varied = of_settings(models, models["et"], {"lambda_annotated"}, supervision="gaze")
    assert [one.name for one in varied] == ["et", "heavy", "fast"]
    drawn = of_settings(models, models["et"], set(), supervision="ellipse")
    assert [one.name for one in drawn] == ["ellipse"]


FEW_DRAWS = Draws(50, 0.95, 0)
TRIED = (0.1, 0.5, 0.9)
SAID = MilScores(settings={}, thresholds=TRIED, counts={})


def localised(*cases, hit=None):
    """Give cases as (label, IoU of run 0 by threshold, IoU of run 1 by threshold)."""
    iou = np.array([[first, second] for _, first, second in cases], float).swapaxes(0, 1)
    frame = pd.DataFrame(
        {
            "reading_id": [f"R{at}" for at in range(len(cases))],
            "dicom_id": [f"D{at}" for at in range(len(cases))],
            "subject_id": range(len(cases)),
            "label": [label for label, *_ in cases],
        }
    )
    return Localised(frame, iou, np.zeros(iou.shape[:2]) if hit is None else np.array(hit, float))


VALIDATION = localised(
    ("Edema", [0.2, 0.3, 0.1], [0.2, 0.5, 0.9]),  # mean .2 .4 .5
    ("Edema", [0.2, 0.1, 0.1], [0.2, 0.3, 0.1]),  # mean .2 .2 .1; of both: .2 .3 .3
    ("Fracture", [0.4, 0.0, 0.0], [0.4, 0.0, 0.0]),
)
TEST = localised(
    ("Edema", [0.1, 0.2, 0.3], [0.4, 0.5, 0.6]),
    ("Fracture", [0.7, 0.8, 0.9], [0.1, 0.2, 0.3]),
    ("Opacity", [0.3, 0.4, 0.5], [0.5, 0.6, 0.7]),
    ("Edema", [0.0, 0.4, 0.0], [0.0, 0.1, 0.0]),
    hit=[[1, 0, 1, 0], [1, 1, 0, 0]],
)


@pytest.fixture(scope="module")
def by_hand():
    return score_map(VALIDATION, TEST, SAID, (3, 4), FEW_DRAWS)


def test_thresholds_by_hand(by_hand):
    """Means over runs choose, the lowest of equals; the other labels choose for who has no case."""
    found = by_hand.thresholds.set_index("label")
    assert found.loc["Edema", "threshold"] == 0.5
    assert found.loc["Fracture", "threshold"] == 0.1
    # mean of Edema and Fracture: .3 .15 .15
    assert found.loc["Opacity", "threshold"] == 0.1
    assert found.loc["Opacity", "chosen_on"] == "the other labels"
    assert found.loc["Edema", "chosen_on"] == "this label"
    assert found.loc["Edema", "validation_iou"] == pytest.approx(0.3)
    assert np.isnan(found.loc["Opacity", "validation_iou"])
    assert found["n_validation"].sum() == 3
    assert found.loc["Edema", ["n_validation", "n_test"]].tolist() == [2, 2]


def test_test_cases_by_hand(by_hand):
    edema, opacity, fracture = (TEN_LABELS.index(one) for one in ("Edema", "Opacity", "Fracture"))
    assert by_hand.iou.seeds == (3, 4)
    np.testing.assert_allclose(by_hand.iou.by_run[:, edema], [0.3, 0.3])
    np.testing.assert_allclose(by_hand.iou.by_run[:, fracture], [0.7, 0.1])
    np.testing.assert_allclose(by_hand.iou.by_run[:, opacity], [0.3, 0.5])
    np.testing.assert_allclose(by_hand.hit.by_run[:, edema], [0.5, 0.5])
    assert np.isnan(by_hand.iou.by_run).sum() == 14
    np.testing.assert_allclose(by_hand.iou.macro().by_run[:, 0], [1.3 / 3, 0.9 / 3])
    np.testing.assert_allclose(by_hand.cases["iou"], [0.35, 0.4, 0.4, 0.25])


def test_resamples_draw_subjects(by_hand):
    draws = by_hand.iou.draws
    assert draws.shape == (50, 2, 10)
    fracture = draws[:, 0, TEN_LABELS.index("Fracture")]
    assert np.isnan(fracture).any()  # a resample without that subject
    np.testing.assert_allclose(fracture[~np.isnan(fracture)], 0.7)
    edema = draws[:, :, TEN_LABELS.index("Edema")]
    np.testing.assert_array_equal(np.isnan(edema[:, 0]), np.isnan(edema[:, 1]))
    known = edema[~np.isnan(edema[:, 0])]
    # cases of .2 and .4 under run 0, of .5 and .1 under run 1, drawn together
    np.testing.assert_allclose(known[:, 1], 0.5 - 2 * (known[:, 0] - 0.2), atol=1e-12)
    assert len(np.unique(known[:, 0].round(9))) > 2


def test_resamples_are_the_same_for_all_maps():
    one = score_map(VALIDATION, TEST, SAID, (3, 4), FEW_DRAWS)
    better = Localised(TEST.cases, TEST.iou + 0.1, TEST.hit)
    other = score_map(VALIDATION, better, SAID, (3, 4), FEW_DRAWS)
    moved = other.iou.draws - one.iou.draws
    assert np.isfinite(moved).any()
    np.testing.assert_allclose(moved[np.isfinite(moved)], 0.1)


def test_no_label_has_a_validation_case_twice_over():
    """One label only: all others take its threshold."""
    found = score_map(localised(("Edema", [0, 0, 1], [0, 0, 1])), TEST, SAID, (0, 1), FEW_DRAWS)
    assert set(found.thresholds["threshold"]) == {0.9}
