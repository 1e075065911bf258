"""`gazescribe evaluate`: once with the real system, else with one that needs no data."""

import dataclasses
import json
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from gazescribe.models.commands import evaluate as evaluate_command
from gazescribe.models.commands.configure import resolved
from gazescribe.models.cooperative.settings import CooperativeEvaluation
from gazescribe.models.core.checkpoint import (
    Checkpoint,
    annotate_checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from gazescribe.models.core.config import SCHEMA_VERSION, SYSTEMS, Config
from gazescribe.models.core.runs import RunData, run_data, run_hash
from gazescribe.models.evaluating import run as evaluate_module
from gazescribe.models.evaluating.run import Scored, check_trained, evaluate_run
from gazescribe.models.mil.settings import MilEvaluation
from gazescribe.pipeline.core.errors import ParamsError, SchemaError, WriteError
from gazescribe.pipeline.core.files import entries
from gazescribe.pipeline.core.locks import alone
from gazescribe.pipeline.core.resampling import Draws
from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.results.mil.examples import read_examples
from gazescribe.pipeline.results.mil.models import score_model
from gazescribe.pipeline.results.mil.scores import read_mil_runs
from tests.running import invoke
from tests.unit.models.cooperative import cooperative_cases
from tests.unit.models.cooperative.test_evaluation import saved
from tests.unit.models.mil import mil_cases, mil_scored

CPU = "cpu"
THRESHOLDS = {"spatial": {"Edema": 0.5}}
ROWS = {
    "run": ["small-seed0"],
    "model": ["small"],
    "seed": [0],
    "dataset": ["mimic"],
    "split": ["test"],
    "dicom_id": ["A"],
    "subject_id": [99_000_001],
    "label": ["Edema"],
    "probability": [0.25],
    "target": [True],
}


@dataclasses.dataclass(frozen=True)
class Run:
    name: str = "small-seed0"
    model: str = "small"
    seed: int = 0
    epochs: int = 2
    layers: tuple = (3, 4)
    workers: int = 0


@dataclasses.dataclass(frozen=True)
class Inputs:
    tables: str


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    """Keep what is scored below the folder of the test."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Two runs, trained; every call of `score` is counted in `config.inputs`' folder."""
    calls = []

    def score(run, path, config, device):
        calls.append(run.name)
        examples = {"image": np.zeros((1, 4, 4), np.uint8)} if run.seed == 0 else None
        metrics = {"auroc": 0.5}
        rows = {**ROWS, "run": [run.name], "seed": [run.seed]}
        tables = {"mil_classification": rows}
        return Scored(tables, {"thresholds": [0.5]}, THRESHOLDS, metrics, examples, ["it is small"])

    monkeypatch.setitem(sys.modules, "gazescribe.models.small", SimpleNamespace())
    monkeypatch.setitem(SYSTEMS, "small", "gazescribe.models.small.settings")
    names = ("training_inputs", "scoring_inputs")
    inputs_of = {name: lambda _, inputs: {"tables": inputs.tables} for name in names}
    settings = SimpleNamespace(TRAINS_AS=1, SCORES_AS=1, **inputs_of)
    monkeypatch.setitem(sys.modules, "gazescribe.models.small.settings", settings)
    system = SimpleNamespace(score=score, calls=calls)
    monkeypatch.setitem(sys.modules, "gazescribe.models.small.evaluation", system)
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "rows.parquet").write_bytes(b"rows")
    runs = Run(), Run("small-seed1", seed=1)
    found = Config("small", "demo", Inputs("tables"), runs, MilEvaluation("published", 2, 0))
    for run in runs:
        save(run, tmp_path / "models", training(found))
    return found


def training(config):
    """Hash of what each run of a CONFIG is trained on: all on the same."""
    return run_data(config, config.runs)[config.runs[0].name].training


def calls():
    return sys.modules["gazescribe.models.small.evaluation"].calls


def save(run, models, data, value=1.0):
    where = {"height": 8, "width": 8, "channels": 1, "normalise": "once"}
    settings = dataclasses.asdict(run)
    weights = {"weight": torch.full((3,), value)}
    key = run_hash(run, data, models)
    checkpoint = Checkpoint("small", settings, key, ["one"], where, {}, weights)
    path = models / run.name / "model.safetensors"
    save_checkpoint(checkpoint, path)
    return path


def scored(config, tmp_path, run=None):
    run = run or config.runs[0]
    data = run_data(config, [run])[run.name]
    return evaluate_run(run, config, tmp_path / "models", tmp_path / "out", data, CPU)


def test_what_it_writes(tmp_path, config):
    before = (tmp_path / "models" / "small-seed0" / "model.safetensors").read_bytes()
    found = scored(config, tmp_path)
    folder = tmp_path / "out" / "small-seed0"
    assert entries(folder) == {
        "classification.parquet",
        "examples.npz",
        "model.safetensors",
        "scores.json",
    }
    assert read_table(folder, "mil_classification")["probability"].to_pylist() == [0.25]
    with np.load(folder / "examples.npz", allow_pickle=False) as file:
        assert file["image"].shape == (1, 4, 4)
    written = json.loads((folder / "scores.json").read_text())
    assert {**written, "skipped": False, "linked": False} == json.loads(json.dumps(found))
    assert written["settings"]["layers"] == [3, 4]
    assert (written["thresholds"], written["metrics"]) == ([0.5], {"auroc": 0.5})
    assert written["warnings"] == ["it is small"]
    told = load_checkpoint(folder / "model.safetensors", system="small")
    assert (told.thresholds, told.metrics) == (THRESHOLDS, {"auroc": 0.5})
    assert told.weights["weight"].tolist() == [1, 1, 1]
    assert (tmp_path / "models" / "small-seed0" / "model.safetensors").read_bytes() == before


def test_scores_that_are_there_are_left_alone(tmp_path, config):
    first = scored(config, tmp_path)
    path = tmp_path / "out" / "small-seed0" / "classification.parquet"
    before = path.stat().st_mtime_ns
    again = scored(config, tmp_path)
    assert again == json.loads(json.dumps({**first, "skipped": True}))
    assert path.stat().st_mtime_ns == before
    assert calls() == ["small-seed0"]


def test_what_is_said_of_a_checkpoint_does_not_count(tmp_path, config):
    first = scored(config, tmp_path)
    told = tmp_path / "out" / "small-seed0" / "model.safetensors"
    annotate_checkpoint(told, tmp_path / "models" / "small-seed0" / "model.safetensors")
    assert scored(config, tmp_path) == json.loads(json.dumps({**first, "skipped": True}))
    assert calls() == ["small-seed0"]


def test_scores_that_out_has_lost_are_linked(tmp_path, config):
    first = scored(config, tmp_path)
    folder = tmp_path / "out" / "small-seed0"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    shutil.rmtree(tmp_path / "out")
    assert scored(config, tmp_path) == {**first, "skipped": True, "linked": True}
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert calls() == ["small-seed0"]


def test_scores_that_were_changed_in_the_store_are_made_anew(tmp_path, config):
    scored(config, tmp_path)
    path = tmp_path / "out" / "small-seed0" / "examples.npz"
    path.chmod(0o644)
    path.write_bytes(b"")
    shutil.rmtree(tmp_path / "out")
    again = scored(config, tmp_path)
    assert (again["skipped"], len(path.read_bytes()) > 0) == (False, True)
    assert "examples.npz of .runs/" in again["warnings"][1]
    assert calls() == ["small-seed0", "small-seed0"]


def change_weights(tmp_path, config):
    save(config.runs[0], tmp_path / "models", training(config), value=2.0)
    return config


def change_evaluation(tmp_path, config):
    return dataclasses.replace(config, evaluation=MilEvaluation("all", 2, 0))


def change_data(tmp_path, config):
    (tmp_path / "tables" / "rows.parquet").write_bytes(b"more rows")
    return config


@pytest.mark.parametrize("change", [change_weights, change_evaluation, change_data])
def test_what_changes_scores_makes_them_anew(tmp_path, config, change):
    scored(config, tmp_path)
    assert not scored(change(tmp_path, config), tmp_path)["skipped"]
    assert calls() == ["small-seed0", "small-seed0"]


def test_scores_that_somebody_changed_are_not_lost(tmp_path, config):
    scored(config, tmp_path)
    scores = tmp_path / "out" / "small-seed0" / "scores.json"
    scores.chmod(0o644)  # it cannot be written to by mistake
    scores.write_text('{"hash": ')
    with pytest.raises(WriteError, match="no scores of an earlier run") as caught:
        scored(config, tmp_path)
    assert caught.value.faults == ("scores.json: changed since it was written",)


def test_a_run_that_fails_leaves_the_old_scores_whole(tmp_path, config, monkeypatch):
    scored(config, tmp_path)
    folder = tmp_path / "out" / "small-seed0"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    save(config.runs[0], tmp_path / "models", training(config), value=2.0)

    def killed(*_, **__):
        raise RuntimeError("killed")

    monkeypatch.setattr(evaluate_module, "annotate_checkpoint", killed)
    with pytest.raises(RuntimeError, match="killed"):
        scored(config, tmp_path)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir()] == ["small-seed0"]


def test_two_calls_at_once(tmp_path, config):
    with (
        alone(tmp_path / "out" / "small-seed0"),
        pytest.raises(WriteError, match="another run is writing here: process"),
    ):
        scored(config, tmp_path)
    assert calls() == []
    assert not scored(config, tmp_path)["skipped"]


def test_other_data_than_it_was_trained_on(tmp_path, config):
    change_data(tmp_path, config)
    warnings = scored(config, tmp_path)["warnings"]
    assert warnings[1:] == ["small-seed0 was trained from other data or weights than are here"]


def test_other_settings_than_it_was_trained_with(tmp_path, config):
    longer = dataclasses.replace(config.runs[0], epochs=9, workers=7, layers=(4,))
    with pytest.raises(SchemaError, match="trained with other settings") as caught:
        scored(config, tmp_path, longer)
    assert caught.value.faults == (
        "epochs: 2 found, 9 in CONFIG",
        "layers: [3, 4] found, [4] in CONFIG",
    )
    assert not scored(config, tmp_path, dataclasses.replace(config.runs[0], workers=7))["skipped"]


def test_another_system(tmp_path, config):
    other = dataclasses.replace(config, system="cooperative")
    models, out, data = tmp_path / "models", tmp_path / "out", RunData("", "")
    with pytest.raises(SchemaError, match="a cooperative network expected, small found"):
        evaluate_run(config.runs[0], other, models, out, data, CPU)


def test_runs_that_are_not_trained_are_all_named(tmp_path, config):
    check_trained(config.runs, tmp_path / "models")
    runs = [*config.runs, Run("small-seed2", seed=2), Run("small-seed3", seed=3)]
    with pytest.raises(ParamsError, match="2 of 4 runs are not trained") as caught:
        check_trained(runs, tmp_path / "models")
    assert caught.value.faults == ("small-seed2", "small-seed3")


def test_the_command_says_what_it_did(tmp_path, config, monkeypatch):
    monkeypatch.setattr(evaluate_command, "read_config", lambda _: config)
    (tmp_path / "config.json").write_text("{}")
    arguments = ("evaluate", "config.json", "models", "out")
    first = invoke(*arguments, "--run", "small-seed1", "--accelerator", "cpu")
    assert first.exit_code == 0, first.output
    assert "1 networks scored in 0 s, 0 were there already → out" in first.output
    assert first.output.count("warning: it is small") == 1
    assert not (tmp_path / "out" / "small-seed1" / "examples.npz").exists()
    both = json.loads(invoke(*arguments, "--json").stdout)
    assert {name: one["skipped"] for name, one in both.items()} == {
        "small-seed0": False,
        "small-seed1": True,
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["--run", "nobody-seed0"], "there is no run nobody-seed0", id="run"),
        pytest.param(["--accelerator", "tpu"], "'tpu' is not one of 'cpu', 'gpu'", id="device"),
        pytest.param([], "runs are not trained. Train them, or name", id="untrained"),
    ],
)
def test_bad_options(tmp_path, options, message):
    (tmp_path / "config.json").write_text(json.dumps(resolved("mil")))
    (tmp_path / "models").mkdir()
    out = tmp_path / "out"
    result = invoke("evaluate", tmp_path / "config.json", tmp_path / "models", out, *options)
    assert result.exit_code == 2
    assert message in result.output
    assert not out.exists()


def test_tabulate_reads_what_is_written(tmp_path):
    inputs = mil_scored.world(tmp_path / "world").write()
    runs = [mil_cases.run(name=f"et-seed{seed}", seed=seed) for seed in range(2)]
    config = mil_scored.config(inputs, *runs)
    for run in runs:
        mil_scored.save(run, tmp_path / "models")
        scored(config, tmp_path, run)
    (of_model,) = read_mil_runs(tmp_path / "out").values()
    assert [run.name for run in of_model] == ["et-seed0", "et-seed1"]
    model, cases = score_model(of_model, Draws(10, 0.95, 0))
    assert set(model.maps) == {"decoder", "spatial", "gradcam"}
    assert set(model.auroc) == {"mimic", "reflacx"}
    assert len(cases["decoder maps"]) == 3
    assert len(read_examples(model).cases) == 3
    path = tmp_path / "out" / "et-seed0" / "model.safetensors"
    told = load_checkpoint(path, system="mil")
    written = json.loads(path.with_name("scores.json").read_text())
    assert told.metrics == written["metrics"]
    assert set(told.thresholds) == set(model.maps)


ABSENT = (
    *("pydantic", "pandera", "dvc", "dvclive", "dask", "distributed", "spacy", "sklearn"),
    *("pydicom", "pytorch_metric_learning", "captum", "zarr"),
)
"""What docs/real-data.md does not ask of a machine with a GPU. matplotlib, too, need not be there;
but torchmetrics imports it wherever it is installed."""


def mil_config(folder):
    inputs = mil_scored.world(folder / "world").write()
    mil_scored.save(mil_cases.run(), folder / "models")
    return mil_scored.config(inputs, mil_cases.run())


def cooperative_config(folder):
    inputs = cooperative_cases.balanced_world(folder / "world").write()
    run = cooperative_cases.small_run("joint")
    saved(run, folder / "models")
    return Config("cooperative", "demo", inputs, (run,), CooperativeEvaluation(4))


@pytest.mark.slow  # imports torch in a process of its own
def test_it_runs_where_there_is_little(tmp_path):
    folders = []
    for config_of in (mil_config, cooperative_config):
        folder = tmp_path / config_of.__name__
        folder.mkdir()
        config = {"schema_version": SCHEMA_VERSION, **dataclasses.asdict(config_of(folder))}
        (folder / "config.json").write_text(json.dumps(config))
        folders.append(folder)
    code = f"""
import sys
sys.modules.update(dict.fromkeys({ABSENT}))
from gazescribe.models.commands.evaluate import evaluate
for folder in sys.argv[1:]:
    words = [f"{{folder}}/{{name}}" for name in ("config.json", "models", "out")]
    evaluate(words, standalone_mode=False)
"""
    command = [sys.executable, "-c", code, *map(str, folders)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("1 networks scored") == len(folders), done.stderr
