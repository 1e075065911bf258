"""What stops `predict` before a network is loaded; its outputs are tested in `predicting/`."""

import pytest

from gazescribe.models.commands.predict import _rounded
from tests.running import invoke


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"no weights")
    return path


def test_something_must_be_asked_for(checkpoint, tmp_path):
    for arguments in ([], ["--out", tmp_path / "out"], [checkpoint]):
        result = invoke("predict", checkpoint, *arguments)
        assert result.exit_code == 2
        assert "give at least one IMAGE and --out FOLDER, or --card" in result.output


@pytest.mark.parametrize("option", [["--card"], ["x.png", "--out", "out"]], ids=["card", "images"])
def test_what_is_no_checkpoint_is_refused(checkpoint, tmp_path, monkeypatch, option):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.png").write_bytes(b"")
    result = invoke("predict", checkpoint, *option)
    assert result.exit_code == 2, result.output
    assert "model.safetensors" in result.output
    assert not (tmp_path / "out").exists()


def test_unknown_parts_are_refused(checkpoint, tmp_path):
    result = invoke("predict", checkpoint, tmp_path, "--out", tmp_path / "o", "--write", "map")
    assert result.exit_code == 2
    assert "maps" in result.output


def test_means_that_are_unknown():
    assert (_rounded(None), _rounded(0.12345)) == ("unknown", "0.123")
