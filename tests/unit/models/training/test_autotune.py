"""`gazescribe train --autotune` with a system that needs no data."""

import dataclasses
import json
import sys
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Literal

import pytest
from torch.utils.data import DataLoader

from gazescribe.models.core.checkpoint import read_metadata
from gazescribe.models.core.config import SYSTEMS, read_config
from gazescribe.models.core.runs import run_data
from gazescribe.models.evaluating.run import ScorePlace, check_settings
from gazescribe.models.training import ways
from gazescribe.models.training.epochs import TrainingPlan
from gazescribe.models.training.fitting import Job
from gazescribe.models.training.sampling import EpochSampler
from gazescribe.models.training.ways import PLAIN, Trial, Way
from tests.running import gazescribe, invoke
from tests.unit.models.small_network import Items, N, Small

FAST = Way("bf16-mixed", channels_last=True, compile=False)


@dataclass(frozen=True)
class Run:
    name: str
    model: str
    seed: int
    batch_size: int
    epochs: int
    precision: str
    channels_last: bool
    compile: bool
    log: str
    workers: int


@dataclass(frozen=True)
class Inputs:
    tables: str


@dataclass(frozen=True)
class Evaluation:
    batch_size: int


def prepare(run, inputs, out, machine):
    chosen = {name: getattr(run, name) for name in ("precision", "channels_last", "compile")}
    plan = TrainingPlan(run.name, run.seed, run.epochs, monitor="val_score", mode="min", **chosen)
    order = EpochSampler(N, run.batch_size, run.seed)
    train = DataLoader(Items(), batch_size=run.batch_size, sampler=order)
    size = {"height": 8, "width": 8, "channels": 1, "normalise": "once"}
    return Job(Small(), train, DataLoader(Items(), batch_size=6), plan, ["one"], size, {})


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Two seeds of one model, and one of another."""
    monkeypatch.chdir(tmp_path)
    settings = SimpleNamespace(
        TRAINS_AS=1,
        SCORES_AS=1,
        PACE=("batch_size", "precision", "channels_last", "compile", "workers"),
        PARTS={"inputs": Inputs, "runs": tuple[Run, ...], "evaluation": Evaluation},
        training_inputs=lambda _, inputs: vars(inputs),
        scoring_inputs=lambda _, inputs: vars(inputs),
    )
    name = "gazescribe.models.small"
    monkeypatch.setitem(SYSTEMS, "small", f"{name}.settings")
    monkeypatch.setitem(sys.modules, name, SimpleNamespace())
    monkeypatch.setitem(sys.modules, f"{name}.settings", settings)
    monkeypatch.setitem(sys.modules, f"{name}.training", SimpleNamespace(prepare=prepare))
    (tmp_path / "tables").mkdir()
    runs = [
        dataclasses.asdict(Run(f"{model}-seed{seed}", model, seed, size, 3, "32", *off, "csv", 0))
        for model, seed, size in (("a", 0, 6), ("a", 1, 6), ("b", 0, 4))
        for off in [(False, False)]
    ]
    content = {"schema_version": 1, "system": "small", "profile": "demo", "runs": runs}
    content |= {"inputs": {"tables": "tables"}, "evaluation": {"batch_size": 2}}
    path = tmp_path / "small.json"
    path.write_text(json.dumps(content))
    return path


@pytest.fixture
def fast(monkeypatch):
    """Let FAST be twice as fast as the others; give which runs were tried."""
    tried = []

    def try_ways(job, machine, **_):
        tried.append(job.plan.name)
        return [Trial(PLAIN, 1.0, 1.0, 0.7, 0.0), Trial(FAST, 1.0, 0.5, 0.71, 0.01)]

    monkeypatch.setattr(ways, "try_ways", try_ways)
    return tried


def ways_in(path):
    names = ("precision", "channels_last", "compile")
    return [Way(*(getattr(run, name) for name in names)) for run in read_config(path).runs]


def test_without_the_option_nothing_is_tried(config, fast):
    before = config.read_bytes()
    gazescribe("train", config, "out", "--accelerator", "cpu")
    assert (config.read_bytes(), fast) == (before, [])


def test_the_choice_stands_in_config_for_all_that_cost_the_same(config, fast):
    result = invoke(
        "train", config, "out", "--autotune", "--accelerator", "cpu", "--run", "a-seed0", "--json"
    )
    assert result.exit_code == 0, result.output
    assert ways_in(config) == [FAST, FAST, PLAIN]
    assert "chosen: bf16-mixed, channels last" in result.stderr
    assert "1.0e-02" in result.stderr
    figures = json.loads(result.stdout)["a-seed0"]["autotune"]
    assert figures["runs"] == ["a-seed0", "a-seed1"]
    assert [trial["step_s"] for trial in figures["trials"]] == [1.0, 0.5]
    gazescribe("train", config, "out", "--autotune", "--accelerator", "cpu")
    assert fast == ["a-seed0", "b-seed0"], "seeds of a model are trained alike"
    read = read_config(config)
    data = run_data(read, read.runs)
    for run in read.runs:
        path = config.parent / "out" / run.name / "model.safetensors"
        metadata = read_metadata(path)
        check_settings(metadata["run"], run, path)
        place = ScorePlace.of(run, read, config.parent / "out", data[run.name])
        assert place.notes == (), "evaluation knows the run by its hash"


def test_a_killed_run_goes_on_in_the_chosen_way(config, fast, monkeypatch):
    asked = ("train", config, "out", "--accelerator", "cpu", "--run", "a-seed0")
    gazescribe(*asked, "--autotune")
    whole = (config.parent / "out/a-seed0/model.safetensors").read_bytes()
    (config.parent / "out").rename(config.parent / "kept")
    (config.parent / ".runs").rename(config.parent / "kept-store")
    training = sys.modules["gazescribe.models.small.training"]

    def killed(*arguments):
        job = prepare(*arguments)
        job.module.fail_at = (1, 2)
        return job

    monkeypatch.setattr(training, "prepare", killed)
    assert invoke(*asked).exit_code == 1
    monkeypatch.setattr(training, "prepare", prepare)
    again = invoke(*asked, "--autotune")
    assert again.exit_code == 0, again.output
    assert "a-seed0 has begun so" in again.stderr
    assert fast == ["a-seed0"]
    assert (config.parent / "out/a-seed0/model.safetensors").read_bytes() == whole


def test_what_has_begun_without_it_stays(config, fast):
    gazescribe("train", config, "out", "--accelerator", "cpu", "--run", "a-seed1")
    before = config.read_bytes()
    gazescribe("train", config, "out", "--accelerator", "cpu", "--autotune", "--run", "a-seed0")
    assert (config.read_bytes(), fast) == (before, [])


def test_features_that_are_computed_once_leave_nothing_to_choose(config, fast, monkeypatch):
    training = sys.modules["gazescribe.models.small.training"]
    monkeypatch.setattr(training, "uses_cache", lambda run: run.model == "b", raising=False)
    result = invoke("train", config, "out", "--accelerator", "cpu", "--autotune")
    assert "b-seed0: trains on features that are computed once" in result.stderr
    assert fast == ["a-seed0"]


def test_a_frozen_encoder_is_tried_with_its_features_kept(config, fast, monkeypatch):
    tried = []

    def try_keeping(job, machine, way, reference):
        tried.append((job.module.keeps, way, reference))
        kept = dataclasses.replace(way, keeps=True)
        return Trial(kept, 1.0, 0.1, 0.71, 0.01, extra_s=0.5, kept_bytes=2 * 10**9)

    @dataclass(frozen=True)
    class Frozen(Run):
        cache_features: bool | str

    def prepared(run, inputs, out, machine):
        job = prepare(run, inputs, out, machine)
        job.module.keeps = run.cache_features == "all"
        return job

    training = sys.modules["gazescribe.models.small.training"]
    monkeypatch.setattr(ways, "try_keeping", try_keeping)
    monkeypatch.setattr(training, "prepare", prepared)
    monkeypatch.setattr(training, "can_keep", lambda run: run.model == "b", raising=False)
    settings = sys.modules["gazescribe.models.small.settings"]
    settings.PARTS["runs"] = tuple[Frozen, ...]
    Frozen.__annotations__["cache_features"] = Literal[True, False, "all"]
    content = json.loads(config.read_text())
    for run in content["runs"]:
        run["cache_features"] = True
    config.write_text(json.dumps(content))
    result = invoke("train", config, "out", "--autotune", "--accelerator", "cpu")
    assert result.exit_code == 0, result.output
    assert tried == [(True, FAST, 0.7)]
    assert "bf16-mixed, channels last, features kept" in result.stderr
    assert "the first epoch takes 0 s more; 2,000.0 MB of main memory" in result.stderr
    assert [run.cache_features for run in read_config(config).runs] == [True, True, "all"]
    assert ways_in(config) == [FAST] * 3


def test_several_devices_are_refused(config):
    result = invoke("train", config, "out", "--autotune", "--accelerator", "cpu", "--devices", "2")
    assert result.exit_code == 2
    assert "without --devices first" in result.output
