import json
import os

import pytest

from gazescribe.pipeline.core.errors import WriteError
from gazescribe.pipeline.core.files import entries
from gazescribe.pipeline.core.ownership import RECORD, check_ours, write_record


@pytest.fixture
def folder(tmp_path):
    """Two files of ours and their record."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "deep" / "b.txt").write_text("bb")
    write_record(tmp_path, ["a.txt", "deep"], tmp_path, [], "things")
    return tmp_path


def test_a_record_says_what_and_how_large(folder):
    record = json.loads((folder / RECORD).read_text())
    assert record["content"] == "things"
    assert {name: about["size"] for name, about in record["files"].items()} == {
        "a.txt": 1,
        "deep/b.txt": 2,
    }
    # sha256sum of the letter a
    assert record["files"]["a.txt"]["sha256"].startswith("ca978112ca1bbdcafac231b39a23dc4d")


def test_large_files_are_known_by_their_size(tmp_path):
    with (tmp_path / "large").open("wb") as file:
        file.truncate(2**24 + 1)
    write_record(tmp_path, ["large"], tmp_path, [], "things")
    assert json.loads((tmp_path / RECORD).read_text())["files"] == {"large": {"size": 2**24 + 1}}
    check_ours(tmp_path, ["large"], "things")


def test_ours_may_go(folder):
    check_ours(folder, ["a.txt", "deep", "absent"], "things")
    check_ours(folder / "absent", ["a.txt"], "things")


def test_all_strangers_are_named(folder):
    (folder / "a.txt").write_text("b")
    (folder / "deep" / "mine").touch()
    with pytest.raises(WriteError) as raised:
        check_ours(folder, ["a.txt", "deep"], "things")
    assert raised.value.faults == (
        "a.txt: changed since it was written",
        "deep/mine: not of an earlier run",
    )
    check_ours(folder, [], "things")


def test_what_stays_stays_recorded(folder, tmp_path_factory):
    staging = tmp_path_factory.mktemp("staging")
    (staging / "c.txt").write_text("c")
    write_record(staging, ["c.txt"], folder, ["a.txt"], "things")
    assert set(json.loads((staging / RECORD).read_text())["files"]) == {"c.txt", "deep/b.txt"}


@pytest.mark.parametrize(
    "content", [b"\xff", b"[" * 10**5, b'{"files": {"a": 1}}', b'{"files": 1}']
)
def test_a_damaged_record_names_no_file(folder, content):
    (folder / RECORD).write_bytes(content)
    with pytest.raises(WriteError, match="not of an earlier run"):
        check_ours(folder, entries(folder), "maps")


def test_a_record_that_is_a_pipe_is_not_waited_for(folder):
    (folder / RECORD).unlink()
    os.mkfifo(folder / RECORD)
    with pytest.raises(WriteError, match="not of an earlier run"):
        check_ours(folder, entries(folder), "maps")


@pytest.mark.parametrize("names", [[], ["b"], ["b", "a.txt", "a", 'ü"\n']])
def test_a_record_is_what_json_makes_of_it(tmp_path, names):
    staging, folder = tmp_path / "staging", tmp_path / "out"
    folder.mkdir()
    for name in names:
        place = staging / name / "deep" / "er" if name == "a" else staging
        place.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(name)
    staging.mkdir(exist_ok=True)
    write_record(staging, names, folder, [], "tables")
    text = (staging / RECORD).read_text(encoding="utf-8")
    record = json.loads(text)
    assert text == json.dumps(record, indent=1, sort_keys=True) + "\n"
    assert len(record["files"]) == len(names)
