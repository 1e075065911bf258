import os

import pytest

from gazescribe.models.core import store
from gazescribe.models.core.store import (
    entry_of,
    is_whole,
    keeping,
    link_all,
    read_state,
    set_aside,
    write_state,
)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Two files that are kept."""
    monkeypatch.chdir(tmp_path)
    place = entry_of("abc") / "run"
    with keeping(place, "things", "mark") as folder:
        (folder / "mark").write_text("mark")
        (folder / "more").write_text("more")
    return place


def test_what_is_kept_is_linked(tmp_path, place):
    assert is_whole(place)
    link_all(place, tmp_path)
    assert (tmp_path / "more").samefile(place / "more")
    assert (tmp_path / "mark").read_text() == "mark"
    assert (tmp_path / "mark").stat().st_mode & 0o222 == 0


def test_copies_where_there_are_no_links(tmp_path, place, monkeypatch):
    def refuse(*_):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    link_all(place, tmp_path)
    assert (tmp_path / "more").read_text() == "more"
    assert not (tmp_path / "more").samefile(place / "more")


def test_a_block_that_fails_keeps_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with (
        pytest.raises(ZeroDivisionError),
        keeping(tmp_path / "run", "things", "mark") as folder,
    ):
        (folder / "mark").write_text(str(1 // 0))
    assert not is_whole(tmp_path / "run")


@pytest.mark.parametrize("name", ["more", ".sha256.json"])
@pytest.mark.parametrize("is_lost", [False, True])
def test_what_has_changed_is_set_aside(place, name, is_lost):
    (place / name).chmod(0o644)
    (place / name).write_text("MORE")
    if is_lost:
        (place / name).unlink()
    assert not is_whole(place)
    warning = set_aside(place)
    assert warning.startswith(f"{name} of .runs/abc/run changed after it was written")
    assert not place.exists()
    assert (place.parent / "run.damaged" / "mark").exists()


def test_the_state_of_a_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    entry = entry_of("abc")
    assert read_state(entry) == {}
    write_state(entry, status="running", epoch=1)
    write_state(entry, epoch=2)
    assert read_state(entry) == {"status": "running", "epoch": 2}
    for text in ("", "[]", "{"):
        (entry / store.STATE).write_text(text)
        assert read_state(entry) == {}
