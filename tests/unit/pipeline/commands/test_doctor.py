"""`doctor` tells what is wrong from what could be better."""

import json
import os
import stat
import sys

import pytest

from gazescribe.pipeline.commands import doctor
from tests.conftest import ROOT
from tests.running import gazescribe, invoke


def found(name, folder=ROOT, **environment):
    environment = {"PATH": os.environ["PATH"], **environment}
    return [one for one in doctor.examine(folder, environment) if one.what == name]


def test_this_machine_is_well():
    shown = json.loads(gazescribe("doctor", "--json"))["findings"]
    names = [one["what"] for one in shown]
    shared = ["shared memory"] if sys.platform == "linux" else []
    assert names[: 4 + len(shared)] == ["python", "cores", "memory", *shared, "disk"]
    assert {"torch", "dvc", "spacy", "data"} <= set(names)
    assert [one for one in shown if one["state"] == "wrong"] == []


def test_text_has_a_line_for_each_and_no_colour_off_a_terminal():
    lines = gazescribe("doctor").splitlines()
    assert any(line.startswith("✓ python") for line in lines)
    assert lines[-1].endswith("could be better")
    assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize(
    ("finding", "state"),
    [
        pytest.param(doctor._cores(64), "ok", id="many-cores"),
        pytest.param(doctor._cores(2), "hint", id="few-cores"),
        pytest.param(doctor._memory(64), "ok", id="much-memory"),
        pytest.param(doctor._memory(2), "hint", id="little-memory"),
        pytest.param(*doctor._shared_memory(2 * 10**9), "ok", id="much-shared-memory"),
        pytest.param(*doctor._shared_memory(64 * 10**6), "hint", id="as-in-a-container"),
        pytest.param(doctor._disk(500), "ok", id="much-disk"),
        pytest.param(doctor._disk(10), "hint", id="little-disk"),
        pytest.param(doctor._disk(50), "hint", id="too-little-for-maps"),
        pytest.param(doctor._disk(50, 0), "ok", id="maps-are-drawn"),
    ],
)
def test_advice_comes_where_something_lacks(finding, state):
    assert finding.state == state
    assert bool(finding.advice) == (state != "ok")


def test_little_shared_memory_has_its_remedy():
    (finding,) = doctor._shared_memory(64 * 10**6)
    assert finding.found == "64 MB free in /dev/shm"
    assert "--shm-size" in finding.advice
    assert list(doctor._shared_memory(None)) == [], "systems that have none"


def test_a_library_that_is_absent_is_wrong():
    absent = doctor._library("no-such-library")
    assert (absent.found, absent.state) == ("not installed", "wrong")


def test_gpu_is_asked_of_its_driver(tmp_path):
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'Some Card, 80000 MiB, 600.1'\n")
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    assert found("gpu", PATH=f"{tmp_path}:{os.environ['PATH']}")[0].found.startswith("Some Card")
    assert found("gpu", PATH=str(tmp_path / "empty"))[0].state == "hint"


def test_a_folder_without_project_is_said(tmp_path):
    assert found("project", tmp_path)[0].found == "no dvc.yaml here"
    (tmp_path / "dvc.yaml").touch()
    assert found("project", tmp_path)[0].found == "no git repository"
    (tmp_path / ".git").mkdir()
    assert found("project", tmp_path)[0].state == "ok"


def test_raw_data_is_found_below_the_root(tmp_path):
    assert found("data")[0].state == "hint"
    assert found("data", GAZE_DATA_ROOT=str(tmp_path / "none"))[0].state == "wrong"
    inner = tmp_path / "files" / "egd-cxr"
    inner.mkdir(parents=True)
    (inner / doctor.load_manifest("egd").signature).touch()
    there = found("egd", GAZE_DATA_ROOT=str(tmp_path))[0]
    assert there.found == str(inner)
    assert there.advice == f"Check it: gazescribe verify egd {inner}"
    assert found("reflacx", GAZE_DATA_ROOT=str(tmp_path))[0].state == "hint"


def test_wrong_parameters_are_wrong(tmp_path, monkeypatch):
    (tmp_path / "params.yaml").write_text("associate: {lag: 1}\n")
    monkeypatch.chdir(tmp_path)
    result = invoke("doctor")
    assert result.exit_code == 2
    assert "params.yaml        not valid" in result.output
