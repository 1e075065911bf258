import json

import pytest

from tests.running import gazescribe, invoke


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.parquet").write_text(name)


def test_a_change_in_a_folder_changes_its_line(tmp_path):
    gazescribe("fingerprint", "out/maps.json", "other", "one")
    before = json.loads((tmp_path / "out" / "maps.json").read_text())
    assert list(before) == ["one", "other"]
    (tmp_path / "one" / "a.parquet").write_text("new")
    line = gazescribe("fingerprint", "out/maps.json", "one", "other")
    after = json.loads((tmp_path / "out" / "maps.json").read_text())
    assert line == "2 folders → out/maps.json\n"
    assert before["one"] != after["one"]
    assert before["other"] == after["other"]


def test_all_folders_that_are_not_there():
    result = invoke("fingerprint", "maps.json", "gone")
    assert result.exit_code == 2
    assert "'gone' does not exist" in result.output
