import dataclasses

import pytest

from gazescribe.models.core import runs
from gazescribe.models.core.config import Config
from gazescribe.models.core.runs import choose_runs, data_hash, hash_of, run_hash
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


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "rows.parquet").write_bytes(b"rows")
    inputs = Inputs("tables", {"a": ("Edema",)})
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


def test_data_hash(tmp_path, config):
    before = data_hash(config)
    assert data_hash(config) == before
    (tmp_path / "tables" / "rows.parquet").write_bytes(b"ROWS")
    changed = data_hash(config)
    (tmp_path / "tables" / "more.npy").write_bytes(b"1")
    assert len({before, changed, data_hash(config)}) == 3


def test_large_files_count_by_size(tmp_path, config, monkeypatch):
    monkeypatch.setattr(runs, "HASHED_BYTES", 3)
    before = data_hash(config)
    (tmp_path / "tables" / "rows.parquet").write_bytes(b"ROWS")
    assert data_hash(config) == before
    (tmp_path / "tables" / "rows.parquet").write_bytes(b"ROWS+")
    assert data_hash(config) != before


def test_choose_runs(config):
    assert [run.name for run in choose_runs(config, ["small-seed1"])] == ["small-seed1"]
    assert choose_runs(config, []) == list(config.runs)
    with pytest.raises(ParamsError, match=r"no run nobody\. Known are small-seed0, small-seed1"):
        choose_runs(config, ["small-seed1", "nobody"])
