from threading import Event

import pytest

from gazescribe.pipeline.images import ahead
from gazescribe.pipeline.images.ahead import AHEAD, read_ahead

SOON_S = 10


@pytest.fixture
def paths(tmp_path):
    paths = [tmp_path / f"{number}" for number in range(20)]
    for path in paths:
        path.write_text(path.name)
    return paths


def test_contents_come_in_order(paths):
    assert list(read_ahead(paths)) == [path.name.encode() for path in paths]
    assert list(read_ahead([])) == []


def test_what_cannot_be_read_leaves_a_gap(paths, tmp_path, monkeypatch):
    monkeypatch.setattr(ahead, "MAX_BYTES", 1)
    listed = [None, paths[1], tmp_path / "absent", tmp_path, paths[11], paths[2]]
    assert list(read_ahead(listed)) == [None, b"1", None, None, None, b"2"]


def test_the_next_files_are_read_while_one_is_decoded_and_no_more(paths, monkeypatch):
    """A disk that answers late: file 0 is in hand, and all of the next ones wait for it at once."""
    begun = {path: Event() for path in paths}
    disk = Event()

    def slow(path):
        begun[path].set()
        if path != paths[0]:
            assert disk.wait(SOON_S)
        return path.name

    monkeypatch.setattr(ahead, "_content", slow)
    contents = read_ahead(paths)
    assert next(contents) == "0"
    assert all(begun[path].wait(SOON_S) for path in paths[1 : AHEAD + 1])
    assert not any(begun[path].is_set() for path in paths[AHEAD + 1 :])
    disk.set()
    assert list(contents) == [path.name for path in paths[1:]]


def test_nobody_asks_for_the_rest(paths, monkeypatch):
    asked = []
    monkeypatch.setattr(ahead, "_content", lambda path: asked.append(path) or path.name)
    contents = read_ahead(paths)
    next(contents)
    contents.close()
    assert len(asked) <= AHEAD + 1
