from dataclasses import replace
from pathlib import Path

import pytest

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.resources import Project, resource, run_in_project, shipped
from tests.conftest import ROOT


def test_the_working_folder_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert resource("params.yaml").samefile(ROOT / "params.yaml")
    (tmp_path / "params.yaml").write_text("")
    assert resource("params.yaml") == tmp_path / "params.yaml"
    assert shipped("params.yaml").samefile(ROOT / "params.yaml")


def test_folders_are_found_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert (resource("rules") / "labels.yaml").is_file()


def test_a_resource_that_nobody_ships(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(GazeError, match=rf"nothing\.yaml is neither in {tmp_path} nor in the"):
        resource("nothing.yaml")


def test_tasks_look_where_their_run_was_started(tmp_path, monkeypatch):
    """Workers of a cluster have a working folder of their own, which may be anybody's."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for folder in (ours, theirs):
        (folder / "rules").mkdir(parents=True)
    monkeypatch.chdir(ours)
    project = Project.here()
    monkeypatch.chdir(theirs)
    assert run_in_project("rules", resource, project) == ours / "rules"
    assert resource("rules") == theirs / "rules"
    empty = replace(project, names=(), folder=tmp_path)
    assert run_in_project("rules", resource, empty) == shipped("rules")


def test_machines_that_do_not_fit_together(tmp_path, monkeypatch):
    (tmp_path / "rules").mkdir()
    monkeypatch.chdir(tmp_path)
    project = Project.here()
    with pytest.raises(GazeError, match=r"worker on .*: gazescribe .* is installed here, and 0"):
        run_in_project("rules", resource, replace(project, version="0.0"))
    with pytest.raises(GazeError, match=r"rules of /not/here cannot be seen here\. Work in a fold"):
        run_in_project("rules", resource, replace(project, folder=Path("/not/here")))
