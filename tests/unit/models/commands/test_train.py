"""What stops training before it starts; the rest is in `training/`."""

import json

import pytest

from tests.running import gazescribe, invoke


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("config") / "mil.json"
    gazescribe("configure", "mil", path)
    return path


def test_an_unknown_run_names_the_nearest(config, tmp_path):
    result = invoke("train", config, tmp_path / "out", "--run", "et-seed00")
    assert result.exit_code == 2
    assert "et-seed0" in result.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("", "JSON", id="empty"),
        pytest.param("[]", "", id="list"),
        pytest.param("{}", "", id="no keys"),
    ],
)
def test_a_config_of_another_form(tmp_path, content, message):
    path = tmp_path / "config.json"
    path.write_text(content)
    result = invoke("train", path, tmp_path / "out")
    assert result.exit_code == 2, result.output
    assert str(path) in result.output
    assert message in result.output
    assert not (tmp_path / "out").exists()


def test_a_config_of_another_version_is_said(config, tmp_path):
    path = tmp_path / "config.json"
    content = json.loads(config.read_text())
    path.write_text(json.dumps({**content, "schema_version": "0"}))
    result = invoke("train", path, tmp_path / "out")
    assert result.exit_code == 2
    assert "version" in result.output
