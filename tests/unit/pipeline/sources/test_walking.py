import os

import pytest

from gazescribe.pipeline.sources.loading import load_manifest
from gazescribe.pipeline.sources.walking import (
    absence,
    entries_below,
    existing,
    levels,
    names_in,
)


def test_existing_takes_the_plain_file_first(tmp_path):
    assert existing(tmp_path / "a.csv") is None
    (tmp_path / "a.csv.gz").touch()
    assert existing(tmp_path / "a.csv") == tmp_path / "a.csv.gz"
    (tmp_path / "a.csv").touch()
    assert existing(tmp_path / "a.csv") == tmp_path / "a.csv"


def make_folder(path):
    path.mkdir()


def make_pipe(path):
    os.mkfifo(path)


def make_loop(path):
    path.symlink_to(path)


def make_other_case(path):
    path.with_name("A.CSV.gz").touch()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        pytest.param(make_folder, "this is a folder, where a file is needed", id="folder"),
        pytest.param(make_pipe, "this is a pipe or a device, where a file is needed", id="pipe"),
        pytest.param(make_loop, "this is a link that leads nowhere", id="loop"),
        pytest.param(
            make_other_case,
            "there is no such file, but A.CSV.gz: the case of letters counts",
            id="case",
        ),
        pytest.param(lambda _: None, "there is no such file", id="nothing"),
    ],
)
def test_why_a_file_is_not_there(tmp_path, make, reason):
    make(tmp_path / "a.csv")
    assert existing(tmp_path / "a.csv") is None
    assert absence(tmp_path / "a.csv") == reason


def test_entries_of_every_kind(tmp_path):
    root = tmp_path / "root"
    elsewhere = tmp_path / "elsewhere"
    for folder in (root / "inner", elsewhere):
        folder.mkdir(parents=True)
        (folder / "file").write_text("abc")
    (root / "linked").symlink_to(elsewhere)
    (root / "inner" / "back").symlink_to(root)
    (root / "broken").symlink_to("nowhere")
    (root / "loop").symlink_to("loop")
    os.mkfifo(root / "pipe")
    assert sorted(entries_below(root)) == [
        ("broken", "link that leads nowhere", 0),
        ("inner/back", "link back", 0),
        ("inner/file", "file", 3),
        ("linked/file", "file", 3),
        ("loop", "link that leads nowhere", 0),
        ("pipe", "pipe or device", 0),
    ]


def test_a_folder_that_cannot_be_entered_is_said(tmp_path):
    assert list(entries_below(tmp_path / "absent")) == [(".", "unreadable", 0)]
    assert names_in(tmp_path / "absent") == []


def test_levels_end_at_circles(tmp_path):
    inner = tmp_path / "a"
    inner.mkdir()
    (inner / "back").symlink_to(tmp_path)
    found = list(levels(tmp_path, load_manifest("egd")))
    assert found[:2] == [[tmp_path], [inner]]
    assert not any(found[2:])
