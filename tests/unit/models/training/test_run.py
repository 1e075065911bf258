"""`gazescribe train` with a system that needs no data; the real ones have tests of their own."""

import csv
import dataclasses
import json
import math
import shutil
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from torch.utils.data import DataLoader

from gazescribe.models.commands import train as train_command
from gazescribe.models.commands.configure import resolved
from gazescribe.models.core.checkpoint import load_checkpoint
from gazescribe.models.core.config import SYSTEMS, Config
from gazescribe.models.core.device import Machine
from gazescribe.models.core.runs import run_hash
from gazescribe.models.core.store import read_state
from gazescribe.models.training import run as run_module
from gazescribe.models.training.epochs import TrainingPlan
from gazescribe.models.training.fitting import Job
from gazescribe.models.training.run import train_run
from gazescribe.models.training.sampling import EpochSampler
from gazescribe.pipeline.core.errors import AlignmentError, ParamsError, WriteError
from gazescribe.pipeline.core.files import entries
from gazescribe.pipeline.core.locks import alone
from tests.running import invoke
from tests.unit.models.small_network import Items, N, Small

CPU = partial(Machine, "cpu")


@dataclasses.dataclass(frozen=True)
class Run:
    name: str = "small-seed0"
    seed: int = 0
    epochs: int = 2
    workers: int = 0
    log: str = "csv"
    init_from: str | None = None
    weights: str | None = None


@dataclasses.dataclass(frozen=True)
class Inputs:
    tables: str
    channels: dict


def prepare(run, inputs, out, machine):
    plan = TrainingPlan(run.name, run.seed, run.epochs, monitor="val_score", mode="min")
    train = DataLoader(Items(), batch_size=6, sampler=EpochSampler(N, 6, run.seed))
    where = {"height": 8, "width": 8, "channels": 1, "normalise": "once"}
    validate = DataLoader(Items(), batch_size=6)
    return Job(Small(), train, validate, plan, ["one"], where, {"n": N}, ["it is small"])


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "gazescribe.models.small", SimpleNamespace())
    monkeypatch.setitem(SYSTEMS, "small", "gazescribe.models.small.settings")
    settings = SimpleNamespace(TRAINS_AS=1, training_inputs=lambda _, inputs: vars(inputs))
    monkeypatch.setitem(sys.modules, "gazescribe.models.small.settings", settings)
    monkeypatch.setitem(
        sys.modules, "gazescribe.models.small.training", SimpleNamespace(prepare=prepare)
    )
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "rows.parquet").write_bytes(b"rows")
    inputs = Inputs("tables", {"a": ("Edema",)})
    return Config("small", "demo", inputs, (Run(), Run("small-seed1", 1)), None)


def test_what_it_writes(tmp_path, config):
    summary = train_run(config.runs[0], config, tmp_path / "out", "data", CPU)
    folder = tmp_path / "out" / "small-seed0"
    assert entries(folder) == {"model.safetensors", "epochs.csv", "train.json"}
    written = json.loads((folder / "train.json").read_text())
    assert {**written, "skipped": False, "linked": False} == summary
    assert (written["training"], written["warnings"]) == ({"n": N}, ["it is small"])
    rows = list(csv.DictReader((folder / "epochs.csv").read_text().splitlines()))
    assert [row["epoch"] for row in rows] == ["0", "1"]
    assert float(rows[written["best_epoch"]]["val_score"]) == written["best_score"]
    checkpoint = load_checkpoint(folder / "model.safetensors", system="small")
    assert checkpoint.run == dataclasses.asdict(config.runs[0])
    assert set(checkpoint.weights) == set(Small().network.state_dict())
    assert "seconds" not in checkpoint.training
    (entry,) = (tmp_path / ".runs").iterdir()
    assert {path.name for path in entry.iterdir()} == {"run", "state.json"}
    assert (entry / "run" / "epochs.csv").samefile(folder / "epochs.csv")


def test_a_run_that_is_done_is_left_alone(tmp_path, config):
    first, _ = config.runs
    one = train_run(first, config, tmp_path / "out", "data", CPU)
    model = tmp_path / "out" / "small-seed0" / "model.safetensors"
    before = model.stat().st_mtime_ns
    again = train_run(dataclasses.replace(first, workers=3), config, tmp_path / "out", "data", CPU)
    assert again == {**one, "skipped": True}
    assert model.stat().st_mtime_ns == before
    other = train_run(first, config, tmp_path / "out", "other data", CPU)
    assert not other["skipped"]
    longer = dataclasses.replace(first, epochs=1)
    assert not train_run(longer, config, tmp_path / "out", "other data", CPU)["skipped"]


def test_a_run_that_is_done_needs_its_checkpoint_alone(tmp_path, config):
    one = train_run(config.runs[0], config, tmp_path / "out", "data", CPU)
    (tmp_path / "out" / "small-seed0" / "train.json").unlink()
    again = train_run(config.runs[0], config, tmp_path / "out", "data", CPU)
    assert again["skipped"]
    assert set(one) - set(again) == {
        *("images_a_second", "seconds", "prepare_s", "peak_memory_mib"),
    }
    assert {**one, **again} == {**one, "skipped": True}


def test_a_killed_run_gives_the_same_bytes(tmp_path, config, monkeypatch):
    first, _ = config.runs
    train_run(first, config, tmp_path / "whole", "data", CPU)
    shutil.rmtree(tmp_path / ".runs")

    def killed(*arguments):
        job = prepare(*arguments)
        job.module.fail_at = (1, 2)
        return job

    monkeypatch.setattr(sys.modules["gazescribe.models.small.training"], "prepare", killed)
    with pytest.raises(RuntimeError, match="killed"):
        train_run(first, config, tmp_path / "out", "data", CPU)
    (state,) = (tmp_path / ".runs").glob("*/resume/epoch.pt")
    assert read_state(state.parent.parent) | {"run": None} == {
        "system": "small",
        "run": None,
        "status": "failed",
        "error": "killed",
        "epoch": 1,
        "epochs_begun": 2,
        "seconds": pytest.approx(0, abs=9),
    }
    assert list((tmp_path / "out").iterdir()) == []
    so_far = state.with_name("epochs.csv").read_bytes()
    monkeypatch.setattr(sys.modules["gazescribe.models.small.training"], "prepare", prepare)
    train_run(first, config, tmp_path / "out", "data", CPU)
    for name in ("model.safetensors", "epochs.csv"):
        whole, resumed = (tmp_path / out / "small-seed0" / name for out in ("whole", "out"))
        assert whole.read_bytes() == resumed.read_bytes()
    assert len(so_far.splitlines()) == 1 + 1
    assert whole.read_bytes().startswith(so_far), "epochs.csv, which grew in the store"
    assert not state.parent.exists()


def test_the_rows_of_a_state_that_was_deleted_go(tmp_path, config, monkeypatch):
    first, _ = config.runs

    def killed(epoch):
        def prepare_killed(*arguments):
            job = prepare(*arguments)
            job.module.fail_at = (epoch, 0)
            return job

        module = sys.modules["gazescribe.models.small.training"]
        monkeypatch.setattr(module, "prepare", prepare_killed)
        with pytest.raises(RuntimeError, match="killed"):
            train_run(first, config, tmp_path / "out", "data", CPU)

    killed(epoch=1)
    (rows,) = (tmp_path / ".runs").glob("*/resume/epochs.csv")
    rows.with_name("epoch.pt").unlink()
    killed(epoch=0)
    assert not rows.exists()


def test_a_run_that_out_has_lost_is_linked(tmp_path, config, monkeypatch):
    first, _ = config.runs
    train_run(first, config, tmp_path / "out", "data", CPU)
    folder = tmp_path / "out" / "small-seed0"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    shutil.rmtree(tmp_path / "out")  # as DVC does before a stage

    def never(*_):
        raise AssertionError("trained again")

    monkeypatch.setattr(sys.modules["gazescribe.models.small.training"], "prepare", never)
    again = train_run(first, config, tmp_path / "out", "data", CPU)
    assert (again["skipped"], again["linked"], again["warnings"]) == (True, True, ["it is small"])
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    # A second OUT is as good a place, and other data are another run.
    assert train_run(first, config, tmp_path / "more", "data", CPU)["linked"]
    with pytest.raises(AssertionError, match="trained again"):
        train_run(first, config, tmp_path / "out", "other data", CPU)


def test_a_run_that_was_changed_in_the_store_is_trained_again(tmp_path, config):
    first, _ = config.runs
    train_run(first, config, tmp_path / "out", "data", CPU)
    path = tmp_path / "out" / "small-seed0" / "model.safetensors"
    before = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(before[:-4] + bytes(4))  # through the link
    shutil.rmtree(tmp_path / "out")
    again = train_run(first, config, tmp_path / "out", "data", CPU)
    assert (again["skipped"], again["linked"]) == (False, False)
    assert "model.safetensors of .runs/" in again["warnings"][1]
    assert "changed after it was written: moved to run.damaged and not used" in again["warnings"][1]
    assert path.read_bytes() == before
    shutil.rmtree(tmp_path / "out")
    assert train_run(first, config, tmp_path / "out", "data", CPU)["linked"]


def test_two_calls_at_once(tmp_path, config):
    first, second = config.runs
    with (
        alone(tmp_path / "out" / "small-seed0"),
        pytest.raises(WriteError, match="another run is writing here: process"),
    ):
        train_run(first, config, tmp_path / "out", "data", CPU)
    with alone(tmp_path / "out" / "small-seed0"):
        assert not train_run(second, config, tmp_path / "out", "data", CPU)["skipped"]
    # The same run elsewhere would share the state to resume from.
    entry = Path(".runs") / run_hash(first, "data", tmp_path / "out")
    with alone(entry), pytest.raises(WriteError, match="another run is writing here: process"):
        train_run(first, config, tmp_path / "other", "data", CPU)


def test_a_run_that_fails_leaves_the_old_one_whole(tmp_path, config, monkeypatch):
    folder = tmp_path / "out" / "small-seed0"
    train_run(config.runs[0], config, tmp_path / "out", "data", CPU)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def killed(*_):
        raise RuntimeError("killed")

    monkeypatch.setattr(run_module, "save_checkpoint", killed)
    with pytest.raises(RuntimeError, match="killed"):
        train_run(config.runs[0], config, tmp_path / "out", "other data", CPU)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir()] == ["small-seed0"]


def test_texts_of_the_system_lie_beside_the_checkpoint(tmp_path, config, monkeypatch):
    def with_text(*arguments):
        return dataclasses.replace(prepare(*arguments), files={"split.csv": "split\n"})

    system = sys.modules["gazescribe.models.small.training"]
    monkeypatch.setattr(system, "prepare", with_text)
    train_run(config.runs[0], config, tmp_path / "out", "data", CPU)
    assert (tmp_path / "out" / "small-seed0" / "split.csv").read_text() == "split\n"
    monkeypatch.setattr(system, "prepare", prepare)
    train_run(config.runs[0], config, tmp_path / "out", "other data", CPU)
    assert not (tmp_path / "out" / "small-seed0" / "split.csv").exists()


def test_no_epoch_with_a_score_gives_no_checkpoint(tmp_path, config, monkeypatch):
    def without_score(*arguments):
        job = prepare(*arguments)
        job.module.scores = (math.nan, math.nan)
        return job

    system = sys.modules["gazescribe.models.small.training"]
    monkeypatch.setattr(system, "prepare", without_score)
    with pytest.raises(AlignmentError, match="val_score of small-seed0, which chooses its epoch"):
        train_run(config.runs[0], config, tmp_path / "out", "data", CPU)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_checkpoint_does_not_say_where_weights_lay(tmp_path, config):
    run = Run(weights=str(tmp_path / "imagenet.pth"))
    train_run(run, config, tmp_path / "out", "data", CPU)
    path = tmp_path / "out" / "small-seed0" / "model.safetensors"
    assert load_checkpoint(path).run["weights"] == "imagenet.pth"
    assert str(tmp_path) not in path.read_bytes().decode("latin-1")


def test_a_run_that_starts_from_another(tmp_path, config):
    first, _ = config.runs
    second = Run("small-seed2", 2, init_from="small-seed0")
    with pytest.raises(ParamsError, match="small-seed2 starts from the weights of small-seed0"):
        run_hash(second, "data", tmp_path / "out")
    train_run(first, config, tmp_path / "out", "data", CPU)
    before = run_hash(second, "data", tmp_path / "out")
    train_run(dataclasses.replace(first, epochs=1), config, tmp_path / "out", "data", CPU)
    assert run_hash(second, "data", tmp_path / "out") != before


def test_the_command_says_what_it_did(config, monkeypatch, tmp_path):
    monkeypatch.setattr(train_command, "read_config", lambda _: config)
    (tmp_path / "config.json").write_text("{}")
    first = invoke("train", tmp_path / "config.json", "out", "--run", "small-seed1")
    assert first.exit_code == 0, first.output
    assert "1 networks trained in " in first.output
    assert first.output.count("warning: it is small") == 1
    both = json.loads(invoke("train", tmp_path / "config.json", "out", "--json").stdout)
    assert {name: one["skipped"] for name, one in both.items()} == {
        "small-seed0": False,
        "small-seed1": True,
    }
    shutil.rmtree("out")
    again = invoke("train", tmp_path / "config.json", "out")
    line = "0 networks trained in 0 s, 0 were there already, 2 linked, trained before → out"
    assert line in again.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["--run", "nobody-seed0"], "there is no run nobody-seed0", id="run"),
        pytest.param(["--accelerator", "tpu"], "'tpu' is not one of 'cpu', 'gpu'", id="device"),
        pytest.param(["--devices", "0"], "0 is not in the range", id="devices"),
        pytest.param(
            ["--accelerator", "gpu", "--devices", "99"], "99 GPUs were asked for", id="gpus"
        ),
    ],
)
def test_bad_options(tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)  # away from runs that `make demo` trained
    (tmp_path / "config.json").write_text(json.dumps(resolved("mil")))
    result = invoke("train", tmp_path / "config.json", tmp_path / "out", *options)
    assert result.exit_code == 2
    assert message in result.output
    assert not (tmp_path / "out").exists()
