import json

import pytest

from gazescribe.models.commands.configure import config_of
from gazescribe.models.core.store import entry_of, write_state
from gazescribe.models.core.study import run_hashes
from tests.running import gazescribe, invoke


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder without data; parameters are the packaged ones."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def trained(folder):
    """Hash of a run that is done."""
    run_hash = run_hashes(config_of("mil"))["et-seed0"]
    entry = entry_of(run_hash)
    write_state(entry, run={"name": "et-seed0"}, epoch=2)
    (entry / "run").mkdir()
    (entry / "run" / "model.safetensors").write_bytes(bytes(2000))
    return run_hash


def test_it_lists_both_networks(trained):
    printed = gazescribe("runs")
    rows = [line.split() for line in printed.splitlines()]
    assert ["mil", "et-seed0", "done", "2/2", "0.0"] in rows
    assert ["cooperative", "mt_unet-seed0", "missing", "0/2", "?"] in rows
    n_runs = sum(len(config_of(system).runs) for system in ("mil", "cooperative"))
    last = printed.splitlines()[-1]
    assert last.startswith(f"1 done, {n_runs - 1} missing; 0.0 hours left; {n_runs - 1} of which")


def test_as_json(trained):
    listed = json.loads(gazescribe("runs", "--json"))["runs"]
    (done,) = (run for run in listed if run["state"] == "done")
    assert (done["name"], done["run_hash"]) == ("et-seed0", trained)


def test_it_lists_the_runs_of_a_config(trained, folder):
    gazescribe("configure", "mil", "configs")
    line = gazescribe("runs", "--config", "configs/et-seed0.json").splitlines()[-1]
    assert line == "1 done; 0.0 hours left"


def test_prune_asks_and_leaves_what_is_asked_for(trained, folder):
    assert "0 folders removed" in gazescribe("runs", "prune")
    write_state(entry_of("old"), run={"name": "other-seed0"})
    refused = invoke("runs", "prune")
    assert ".runs/old: other-seed0, 0.0 MB, 0.0 of them here alone" in refused.output
    assert refused.exit_code == 1
    assert entry_of("old").exists()
    removed = json.loads(gazescribe("runs", "prune", "--yes", "--json"))["removed"]
    assert removed == [".runs/old"]
    assert not entry_of("old").exists()
    assert entry_of(trained).exists()


def test_stages_need_the_project(folder):
    result = invoke("runs", "dvc")
    assert result.exit_code == 2
    assert "Call it in the folder of the project." in result.output
    assert not (folder / "runs").exists()
