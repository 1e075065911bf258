import os
from threading import Event

import pytest

from gazescribe.pipeline.images import ahead as module
from gazescribe.pipeline.images.ahead import AHEAD, ahead, content_of

SOON_S = 10


def test_results_come_in_order():
    assert list(ahead(str, range(20))) == [str(number) for number in range(20)]
    assert list(ahead(str, [])) == []


def test_the_next_files_are_read_while_one_is_decoded_and_no_more():
    """A disk that answers late: file 0 is in hand, and all of the next ones wait for it at once."""
    begun = [Event() for _ in range(20)]
    disk = Event()

    def slow(number):
        begun[number].set()
        assert number == 0 or disk.wait(SOON_S)
        return number

    results = ahead(slow, range(20))
    assert next(results) == 0
    assert all(event.wait(SOON_S) for event in begun[1 : AHEAD + 1])
    assert not any(event.is_set() for event in begun[AHEAD + 1 :])
    disk.set()
    assert list(results) == [*range(1, 20)]


def test_nobody_asks_for_the_rest():
    asked = []
    results = ahead(asked.append, range(20))
    next(results)
    results.close()
    assert len(asked) <= AHEAD + 1


def test_what_is_wrong_is_raised_where_it_is_asked_for():
    results = ahead(lambda number: 1 / number, [1, 0, 1])
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_contents(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_BYTES", 3)
    for name, content in (("a", b"abc"), ("large", b"abcd")):
        (tmp_path / name).write_bytes(content)
    os.mkfifo(tmp_path / "pipe")
    assert content_of(tmp_path / "a") == b"abc"
    for path in (None, *(tmp_path / name for name in ("large", "pipe", "absent", "."))):
        assert content_of(path) is None
