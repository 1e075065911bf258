import dataclasses
import sys
from types import SimpleNamespace

import pytest

from gazescribe.models.core.config import SYSTEMS, Config
from gazescribe.models.core.runs import choose_runs, hash_of, run_data, run_hash, training_data
from gazescribe.pipeline.core.errors import ParamsError


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
    maps: str


def training_inputs(run, inputs):
    names = ("tables", "channels", "maps") if run.seed else ("tables", "channels")
    return {name: getattr(inputs, name) for name in names}


SETTINGS = SimpleNamespace(
    TRAINS_AS=1,
    SCORES_AS=1,
    training_inputs=training_inputs,
    scoring_inputs=lambda _, inputs: {"tables": inputs.tables, "channels": inputs.channels},
)


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(SYSTEMS, "small", "small_settings")
    monkeypatch.setitem(sys.modules, "small_settings", SETTINGS)
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "rows.parquet").write_bytes(b"rows")
    inputs = Inputs("tables", {"a": ("Edema",)}, "maps")
    return Config("small", "demo", inputs, (Run(), Run("small-seed1", 1)), None)


def test_settings_without_effect_do_not_count(tmp_path):
    before = run_hash(Run(), "data", tmp_path)
    assert run_hash(Run(workers=7, log="dvclive"), "data", tmp_path) == before
    assert run_hash(Run(epochs=3), "data", tmp_path) != before
    assert run_hash(Run(), "other data", tmp_path) != before


def test_hash_of_what_json_makes_of_it():
    assert hash_of({"b": (1, 2), "a": None}) == hash_of({"a": None, "b": [1, 2]})
    assert len({hash_of(1, 2), hash_of([1, 2]), hash_of(12)}) == 3
    assert len(hash_of(None)) == 32


def test_a_file_of_weights_counts_by_what_it_says(tmp_path):
    # As before weights counted: runs that are there stay.
    before = run_hash(Run(), "data", tmp_path)
    assert before == "a610a3519e389129c8c41c695c094ceb"
    path = tmp_path / "weights.pth"
    run, hashes = Run(weights=str(path)), [before]
    hashes.append(run_hash(run, "data", tmp_path))  # not there: missed where it is read
    for content in (b"one", b"two"):
        path.write_bytes(content)
        hashes.append(run_hash(run, "data", tmp_path))
    assert len(set(hashes)) == 4
    path.rename(tmp_path / "moved.pth")
    assert run_hash(Run(weights=str(tmp_path / "moved.pth")), "data", tmp_path) == hashes[-1]


def test_data_count_by_what_a_run_reads(tmp_path, config):
    first, second = config.runs
    before = run_data(config, config.runs)
    assert run_data(config, config.runs) == before
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "one.npy").write_bytes(b"1")
    after = run_data(config, config.runs)
    assert after[first.name] == before[first.name]  # only the second is trained on maps
    assert after[second.name].training != before[second.name].training
    assert after[second.name].scoring == before[second.name].scoring
    (tmp_path / "tables" / "rows.parquet").write_bytes(b"ROWS")
    assert run_data(config, config.runs)[first.name].training != before[first.name].training
    assert training_data(config, [first]) == {
        first.name: run_data(config, config.runs)[first.name].training
    }


def test_folders_count_by_what_they_hold(tmp_path, config):
    before = training_data(config, config.runs)
    (tmp_path / "tables").rename(tmp_path / "moved")
    moved = dataclasses.replace(config, inputs=Inputs("moved", {"a": ("Edema",)}, "maps"))
    assert training_data(moved, config.runs) == before
    other = dataclasses.replace(config, inputs=Inputs("moved", {"a": ()}, "maps"))
    assert training_data(other, config.runs) != before


def test_arithmetic_counts(config, monkeypatch):
    before = run_data(config, config.runs)
    monkeypatch.setattr(SETTINGS, "TRAINS_AS", 2)
    after = run_data(config, config.runs)
    name = config.runs[0].name
    assert after[name].training != before[name].training
    assert after[name].scoring == before[name].scoring


def test_choose_runs(config):
    assert [run.name for run in choose_runs(config, ["small-seed1"])] == ["small-seed1"]
    assert choose_runs(config, []) == list(config.runs)
    assert [run.name for run in choose_runs(config, ["1"])] == ["small-seed1"]
    assert choose_runs(config, ["0", "small-seed1"]) == list(config.runs)
    with pytest.raises(ParamsError, match="there is no run 2") as error:
        choose_runs(config, ["2"])
    assert "numbers from 0 to 1" in error.value.remedy
    with pytest.raises(ParamsError, match=r"no run nobody\. Known are small-seed0, small-seed1"):
        choose_runs(config, ["small-seed1", "nobody"])
