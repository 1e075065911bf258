"""What all networks share of reading runs; each network's own checks have their own tests."""

import json

import pandas as pd
import pytest

from gazescribe.pipeline.core.errors import AlignmentError, SchemaError
from gazescribe.pipeline.results.runs import (
    RunScores,
    ScoredRun,
    differing,
    main_first,
    names_in_config,
    read_runs,
    read_scores,
    refuse_other_cases,
    seed_notes,
)
from tests.cooperative_scores import MODELS, write_scores


def write_run(folder, **settings):
    folder.mkdir()
    (folder / "scores.json").write_text(json.dumps({"settings": settings}))


def read(folder, check=lambda runs: []):
    return read_runs(folder, RunScores, ["scores.json"], check)


def test_runs_by_model_and_seed(tmp_path):
    for model, seed in (("b", 10), ("b", 2), ("a", 0)):
        write_run(
            tmp_path / f"{model}-seed{seed}", name=f"{model}-seed{seed}", model=model, seed=seed
        )
    (tmp_path / ".partial").mkdir()
    models = read(tmp_path)
    assert {name: [run.seed for run in runs] for name, runs in models.items()} == {
        "a": [0],
        "b": [2, 10],
    }
    (run,) = models["a"]
    assert (run.name, run.model, run.fold, run.repetition) == ("a-seed0", "a", None, 0)


def test_runs_that_were_asked_for(tmp_path):
    for name in ("a-seed0", "a-seed1", "b-seed0"):
        model, seed = name.split("-seed")
        write_run(tmp_path / name, name=name, model=model, seed=int(seed))

    def names_of(asked):
        models = read_runs(tmp_path, RunScores, ["scores.json"], lambda _: [], asked)
        return [run.name for runs in models.values() for run in runs]

    assert names_of(["b-seed0", "a-seed1"]) == ["a-seed1", "b-seed0"]
    with pytest.raises(SchemaError) as caught:
        names_of(["a-seed1", "c-seed0"])
    assert caught.value.faults == ("c-seed0: not found",)


def test_names_in_a_config(tmp_path):
    path = tmp_path / "config.json"
    path.write_text('{"runs": [{"name": "a-seed0"}, {"name": "a-seed1"}]}')
    assert names_in_config(path) == ["a-seed0", "a-seed1"]
    for text in ("{}", '{"runs": []}', '{"runs": [{}]}', '{"runs": 3}', '{"runs": [3]}'):
        path.write_text(text)
        with pytest.raises(SchemaError, match="this CONFIG names no runs"):
            names_in_config(path)


def test_faults_of_all_runs_at_once(tmp_path):
    write_run(tmp_path / "a-seed0", name="a-seed0", model="a", seed=0)
    write_run(tmp_path / "a-seed1", name="a-seed0", model="a", seed=0)
    (tmp_path / "empty").mkdir()
    with pytest.raises(SchemaError, match="these are not whole runs") as raised:
        read(tmp_path, check=lambda runs: [f"{run.name}: checked" for run in runs])
    assert raised.value.faults == (
        "a-seed1/scores.json: settings name the run 'a-seed0' of model 'a' and seed 0",
        "empty/scores.json: not found",
        "a-seed0: checked",
    )


@pytest.mark.parametrize(("fold", "repetition"), [(None, 7), (1, 2)])
def test_repetition(tmp_path, fold, repetition):
    settings = {"model": "a", "seed": 7, "fold": fold, "n_folds": 3, "init_from": "b-seed7"}
    run = ScoredRun(tmp_path / "a-seed7", RunScores(settings=settings))
    assert (run.repetition, run.init_from) == (repetition, "b-seed7")


def test_names_that_a_column_may_have(tmp_path):
    write_scores(tmp_path, {"cooperative": MODELS["cooperative"]}, seeds=[0], images=range(3))
    settings = {"name": "cooperative-seed0", "model": "cooperative", "seed": 0}
    run = ScoredRun(tmp_path / "cooperative-seed0", RunScores(settings=settings))
    table = read_scores(run, "cooperative_classification", {"split": ["test"], "absent": []})
    assert len(table) == 3
    with pytest.raises(SchemaError, match="has names unknown here") as raised:
        read_scores(run, "cooperative_classification", {"target": ["chf", "normal"]})
    assert raised.value.faults == ("target: pneumonia",)


def test_tables_that_differ_from_the_first(tmp_path):
    frame = pd.DataFrame({"a": [1]})
    assert differing({}) == []
    faults = differing({"x": frame, "y": frame.copy(), "z": frame + 1})
    assert faults == ["z"]
    refuse_other_cases("other cases.", tmp_path, [])
    with pytest.raises(AlignmentError, match=r"other cases\. Score all models on the same tables"):
        refuse_other_cases("other cases.", tmp_path, faults)


def test_models_of_the_paper_come_first():
    names = ["b", "et", "a", "unannotated"]
    assert main_first(names, ("unannotated", "et", "c")) == ["unannotated", "et", "a", "b"]


def test_models_of_one_seed_are_named():
    assert seed_notes({"et": 1, "ellipse": 2, "wide": 1}) == [
        "One seed, so no interval over seeds: et, wide."
    ]
    assert seed_notes({"et": 3}) == []
