import pytest

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.resources import resource, shipped
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
