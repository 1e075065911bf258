import os

import pytest

from gazescribe.models.predicting.pictures import Picture
from gazescribe.models.predicting.resuming import (
    fingerprint,
    read_note,
    resumable_folder,
    write_note,
)
from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.files import entries


@pytest.fixture
def part(tmp_path):
    paths = [tmp_path / name for name in ("a.png", "b.png", "absent.png")]
    for path in paths[:2]:
        path.write_bytes(b"1")
    return [Picture(path.stem, path, path.name) for path in paths]


def begin(out, mark, part, error):
    with resumable_folder(out, mark) as folder:
        (folder / "done").write_text("done")
        write_note(folder, 0, part, {"n": 3})
        raise error


def cut_off(out, mark, part, error):
    with pytest.raises(type(error)):
        begin(out, mark, part, error)


def test_work_goes_on_where_it_was_cut_off(tmp_path, part):
    cut_off(tmp_path / "out", "mark", part, KeyboardInterrupt())
    assert not (tmp_path / "out").exists()
    with resumable_folder(tmp_path / "out", "mark") as folder:
        assert read_note(folder, 0, part)["n"] == 3
        assert read_note(folder, 1, part) is None
    assert entries(tmp_path / "out") == {"done"}
    assert not list(tmp_path.glob(".*"))


def test_other_work_starts_anew(tmp_path, part):
    cut_off(tmp_path / "out", "mark", part, KeyboardInterrupt())
    with resumable_folder(tmp_path / "out", "other") as folder:
        assert read_note(folder, 0, part) is None
        assert not (folder / "done").exists()


def test_a_mistake_leaves_nothing(tmp_path, part):
    cut_off(tmp_path / "out", "mark", part, GazeError("wrong"))
    assert not list(tmp_path.glob(".*"))


def test_earlier_work_is_replaced_whole(tmp_path, part):
    with resumable_folder(tmp_path / "out", "earlier") as folder:
        (folder / "masks").mkdir()
        (folder / "masks" / "old.png").touch()
    with resumable_folder(tmp_path / "out", "mark") as folder:
        (folder / "new").write_text("new")
        assert (tmp_path / "out" / "masks" / "old.png").exists()
    assert entries(tmp_path / "out") == {"new"}


@pytest.mark.parametrize("which", [0, 2])
def test_a_part_whose_files_changed_is_not_done(tmp_path, part, which):
    write_note(tmp_path, 0, part, {})
    assert read_note(tmp_path, 0, part) is not None
    path = part[which].path
    path.write_bytes(b"2")
    os.utime(path, ns=(0, 1))
    assert read_note(tmp_path, 0, part) is None


def test_fingerprint(tmp_path, part):
    file = part[0].path
    marks = [
        fingerprint([file], part, {"a": 1}),
        fingerprint([file], part, {"a": 2}),
        fingerprint([file], part[:2], {"a": 1}),
        fingerprint([file, part[1].path], part, {"a": 1}),
    ]
    assert fingerprint([file], list(part), {"a": 1}) == marks[0]
    file.write_bytes(b"other weights")
    assert len({*marks, fingerprint([file], part, {"a": 1})}) == 5


@pytest.mark.parametrize("content", ["", "[]", "{}", "{"])
def test_a_part_whose_note_is_damaged_is_done_again(tmp_path, part, content):
    write_note(tmp_path, 0, part, {"n": 3})
    (note,) = tmp_path.glob(".part*.json")
    note.write_text(content)
    assert read_note(tmp_path, 0, part) is None
