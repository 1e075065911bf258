import numpy as np
import pytest

from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.errors import AlignmentError
from gazescribe.pipeline.core.resampling import Draws
from gazescribe.pipeline.results.mil.models import check_cases, of_settings, score_model
from gazescribe.pipeline.results.mil.scores import read_mil_runs
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
