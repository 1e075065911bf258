import json
import os
from pathlib import Path

import pytest

from gazescribe.models.core import file_hashes
from gazescribe.models.core.file_hashes import file_hash, folder_hashes


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a" / "below").mkdir(parents=True)
    (tmp_path / "a" / "one").write_bytes(b"one")
    (tmp_path / "a" / "below" / "two").write_bytes(b"two")
    return tmp_path / "a"


def hash_of(folder):
    return folder_hashes([str(folder)], Path("memory.json"))[str(folder)]


def test_names_and_bytes_count(folder):
    hashes = [hash_of(folder)]
    (folder / "one").write_bytes(b"ONE")
    hashes.append(hash_of(folder))
    (folder / "one").rename(folder / "three")
    hashes.append(hash_of(folder))
    (folder / "more").touch()
    hashes.append(hash_of(folder))
    assert len(set(hashes)) == 4
    assert not Path("memory.json").exists()  # no file is large


def test_neither_places_nor_hidden_files_count(folder):
    before = hash_of(folder)
    assert hash_of(folder.rename(folder.with_name("b"))) == before
    (folder.with_name("b") / ".written.json").touch()
    assert hash_of(folder.with_name("b")) == before


def test_a_folder_that_is_not_there_is_an_empty_one(tmp_path, folder):
    (tmp_path / "empty").mkdir()
    assert hash_of(tmp_path / "empty") == hash_of(tmp_path / "nothing") != hash_of(folder)


@pytest.fixture
def large(folder, monkeypatch):
    """A file that is large and older than the last seconds; its hashings are counted."""
    hashed = []

    def counted(path):
        hashed.append(path.name)
        return file_hash(path)

    monkeypatch.setattr(file_hashes, "LARGE", 3)
    monkeypatch.setattr(file_hashes, "file_hash", counted)
    (folder / "below" / "two").unlink()
    os.utime(folder / "one", ns=(0, 10**9))
    return folder / "one", hashed


def test_large_files_are_read_once(folder, large):
    path, hashed = large
    before = hash_of(folder)
    assert hash_of(folder) == before
    assert hashed == ["one"]
    path.write_bytes(b"two")  # of the same size
    os.utime(path, ns=(0, 2 * 10**9))
    after = hash_of(folder)
    assert (after != before, hashed) == (True, ["one", "one"])


def test_a_file_that_was_just_written_is_not_remembered(folder, large):
    path, hashed = large
    path.write_bytes(b"two")
    hash_of(folder)
    hash_of(folder)
    assert hashed == ["one", "one"]


@pytest.mark.parametrize("memory", ["", "[1]", '{"NAME": 3}'])
def test_a_damaged_memory_is_not_used(folder, large, memory):
    path, _ = large
    expected = hash_of(folder)
    Path("memory.json").write_text(memory.replace("NAME", str(path)))
    assert hash_of(folder) == expected
    assert list(json.loads(Path("memory.json").read_text())) == [str(path)]
