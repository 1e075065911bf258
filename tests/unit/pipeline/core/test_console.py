import io
import itertools
import sys
import time

import pytest

from gazescribe.pipeline.core.console import plural, progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("counted", "text"),
    [
        pytest.param((0, "shard"), "0 shards", id="none"),
        pytest.param((1, "shard"), "1 shard", id="singular"),
        pytest.param((2000, "shard"), "2,000 shards", id="thousands"),
        pytest.param((1, "study", "studies"), "1 study", id="singular of an odd plural"),
        pytest.param((3, "study", "studies"), "3 studies", id="odd plural"),
    ],
)
def test_plural(counted, text):
    assert plural(*counted) == text


def drawn(monkeypatch, stream, seconds_an_item):
    """Pass three items on a clock that goes on by so much with each look at it."""
    clock = itertools.count(0, seconds_an_item)
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")  # on a dumb one no bar can be drawn
    assert list(progress(iter("abc"), "counting", total=3)) == ["a", "b", "c"]
    return stream.getvalue()


def test_no_bar_where_nobody_looks(monkeypatch):
    assert drawn(monkeypatch, io.StringIO(), 10) == ""


def test_a_bar_comes_after_two_seconds(monkeypatch):
    assert "counting" in drawn(monkeypatch, Terminal(), 10)
    assert "counting" not in drawn(monkeypatch, Terminal(), 0)


def test_items_are_passed_one_by_one():
    """Endless work must not be read ahead."""
    assert list(itertools.islice(progress(itertools.count(), "endless"), 3)) == [0, 1, 2]
