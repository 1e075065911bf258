import dataclasses
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from gazescribe.models.core.config import SYSTEMS, Config
from gazescribe.models.core.store import entry_of, write_state
from gazescribe.models.core.study import entries, leftovers, remove, run_hashes, statuses
from gazescribe.pipeline.core.locks import alone


@dataclasses.dataclass(frozen=True)
class Run:
    name: str
    epochs: int = 10
    size: int = 64
    init_from: str | None = None


@dataclasses.dataclass(frozen=True)
class Inputs:
    tables: str


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = SimpleNamespace(
        TRAINS_AS=1, training_inputs=lambda _, inputs: vars(inputs), PACE=("size",)
    )
    monkeypatch.setitem(SYSTEMS, "small", "small_settings")
    monkeypatch.setitem(sys.modules, "small_settings", settings)
    runs = Run("a"), Run("b", epochs=20), Run("c", size=128), Run("d", init_from="a")
    return Config("small", "demo", Inputs("tables"), runs, None)


def begin(config, name, **state):
    (run,) = (run for run in config.runs if run.name == name)
    entry = entry_of(run_hashes(config)[name])
    write_state(entry, system="small", run=dataclasses.asdict(run), **state)
    return entry


def finish(entry):
    (entry / "run").mkdir(parents=True)
    (entry / "run" / "model.safetensors").write_bytes(bytes(100))


def test_before_anything_is_trained(config):
    found = statuses(config)
    assert [(status.name, status.state, status.hours_left) for status in found] == [
        (name, "missing", None) for name in "abcd"
    ]
    hashes = run_hashes(config)
    assert len(set(hashes.values())) == 4
    alone_config = dataclasses.replace(config, runs=config.runs[3:])
    assert run_hashes(alone_config) == {"d": None}  # what it starts from is not known
    assert statuses(alone_config)[0].state == "missing"


def test_what_the_store_tells(config):
    finish(begin(config, "a", status="done", epoch=8, seconds=8 * 3600.0))
    begin(config, "b", status="failed", error="the disk is full.", epoch=2, seconds=2 * 1800.0)
    begin(config, "c", status="running", epoch=3, seconds=0.0)
    a, b, c, d = statuses(config)
    assert (a.state, a.epoch, a.hours_left) == ("done", 8, 0)
    # By its own pace; d by the mean of a and b, whose size it has; of size 128 no epoch ended.
    assert (b.state, b.note, b.hours_left) == ("failed", "the disk is full.", 9)
    assert (c.state, c.epoch, c.hours_left) == ("stopped", 3, None)
    assert (d.state, d.hours_left) == ("missing", 7.5)


def test_a_run_that_is_being_trained(config):
    entry = begin(config, "b", status="running", epoch=5, seconds=500.0)
    with alone(entry):
        status = statuses(config)[1]
    assert (status.state, status.epoch) == ("running", 5)
    assert status.note.startswith("process ")
    assert statuses(config)[1].state == "stopped"


def test_what_nobody_asks_for(config):
    finish(begin(config, "a", status="done"))
    old = entry_of("old")
    write_state(old, run={"name": "z"})
    finish(old)
    asked = [value for value in run_hashes(config).values() if value]
    damaged = entry_of(asked[0]) / "run.damaged"
    damaged.mkdir()
    (damaged / "model.safetensors").hardlink_to(old / "run" / "model.safetensors")
    first, second = sorted(leftovers(asked), key=lambda leftover: leftover.name)
    assert (first.folder, first.name, first.size, first.freed) == (damaged, "a", 100, 0)
    assert (second.folder, second.name) == (old, "z")
    with alone(old):
        assert [leftover.folder for leftover in leftovers(asked)] == [damaged]
    remove([first, second])
    assert list(entries()) == [entry_of(asked[0])]
    assert leftovers(asked) == []
    assert not Path(damaged).exists()
