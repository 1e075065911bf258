"""Time and memory over the stages of a run, and files that are not there."""

import json

import pytest

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.resampling import Draws
from gazescribe.pipeline.results.cooperative.joint import joint_table, read_trained, taking_part
from gazescribe.pipeline.results.cooperative.measured import (
    CooperativeModel,
    score_diagnosis,
    score_maps,
)
from gazescribe.pipeline.results.cooperative.scores import (
    read_classification,
    read_cooperative_runs,
    read_saliency,
)
from tests.cooperative_scores import MODELS, write_scores, write_training

DRAWS = Draws(10, 0.95, 0)
STAGES = ("contrastive", "dual_encoder", "cooperative", "joint_sum")


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """Models and runs."""
    folder = tmp_path_factory.mktemp("scores")
    found = read_cooperative_runs(
        write_scores(folder, {name: MODELS[name] for name in STAGES}, seeds=[0])
    )
    models = {}
    for name in ("cooperative", "dual_encoder", "joint_sum"):
        classes, maps = read_classification(found[name]), read_saliency(found[name])
        diagnosed = None if classes is None else score_diagnosis(classes, DRAWS)
        models[name] = CooperativeModel(name, found[name], diagnosed, score_maps(maps, DRAWS))
    return models, {run.name: run for of in found.values() for run in of}


def test_cost_is_that_of_all_stages(scored, tmp_path):
    models, runs = scored
    write_training(tmp_path, [f"{name}-seed0" for name in STAGES])
    frame = joint_table(models, runs, read_trained(models, runs, tmp_path)).frame
    frame = frame.set_index("model")
    assert frame["stages"].tolist() == [
        "contrastive, dual_encoder, cooperative",
        "contrastive, dual_encoder",
        "joint_sum",
    ]
    assert frame["total_s"].tolist() == [33, 22, 11]
    assert frame["peak_memory_mib"].tolist() == [502, 501, 503]
    assert frame["accuracy"].notna().tolist() == [True, False, True]
    assert frame["kl"].notna().all()


def test_without_a_folder_of_models(scored):
    table = joint_table(*scored, {})
    assert table.frame["total_s"].isna().all()
    assert "need `--models`" in table.notes[0]


def test_without_a_joint_model(scored):
    models, runs = scored
    assert taking_part({"cooperative": models["cooperative"]}) == []
    assert joint_table({"cooperative": models["cooperative"]}, runs, {}) is None


def test_training_that_is_not_whole(scored, tmp_path):
    models, runs = scored
    write_training(tmp_path, [f"{name}-seed0" for name in STAGES[1:]])
    (tmp_path / "cooperative-seed0" / "epochs.csv").unlink()
    (tmp_path / "joint_sum-seed0" / "train.json").write_text(json.dumps({"seconds": -1}))
    with pytest.raises(SchemaError, match="as `gazescribe train` leaves them") as raised:
        read_trained(models, runs, tmp_path)
    missing = ["contrastive-seed0: train.json not found", "cooperative-seed0: epochs.csv not found"]
    assert list(raised.value.faults[:2]) == missing
    assert raised.value.faults[2].startswith("joint_sum-seed0: seconds: Input should be greater")
