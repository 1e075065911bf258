import gzip
import hashlib
import json
import os
import zlib
from pathlib import Path

import pytest

from gazescribe.pipeline.core.errors import GazeError, WriteError
from gazescribe.pipeline.core.locks import alone
from gazescribe.pipeline.ingest import digests as module
from gazescribe.pipeline.ingest.digests import Task, default_state, read_digests

TASKS = [Task("a", "whole"), Task("b c.gz", "unpacked"), Task("d", "crc32")]


@pytest.fixture
def read(tmp_path):
    """Make a tree and read the digests of its files, or of some of them."""
    root, state = tmp_path / "root", tmp_path / "cache" / "state"
    root.mkdir()
    for name in "ad":
        (root / name).write_text(name)
    with gzip.open(root / "b c.gz", "wb") as file:
        file.write(b"b")

    def run(tasks=TASKS, **options):
        sizes = dict.fromkeys((task.path for task in tasks), 1)
        return read_digests(root, tasks, sizes, state, workers=1, **options)

    run.root, run.state = root, state
    return run


def test_digests_of_every_mode(read):
    digests = read()
    assert digests.by_task == {
        TASKS[0]: hashlib.sha256(b"a").hexdigest(),
        TASKS[1]: hashlib.sha256(b"b").hexdigest(),
        TASKS[2]: f"{zlib.crc32(b'd'):08x}",
    }
    assert digests.n_read == 3


def test_a_later_run_reads_what_is_new_or_has_changed(read):
    first = read(TASKS[:2])
    again = read(TASKS)
    assert (again.n_read, {**again.by_task, **first.by_task}) == (1, again.by_task)
    (read.root / "a").write_text("A longer one")
    os.utime(read.root / "d", ns=(1, 1))
    changed = read()
    assert changed.n_read == 2
    assert changed.by_task[TASKS[0]] == hashlib.sha256(b"A longer one").hexdigest()
    assert read().n_read == 0


def test_two_modes_of_one_file_are_two(read):
    read([Task("d", "whole")])
    assert read([Task("d", "crc32")]).n_read == 1


def test_what_a_killed_run_read_is_known_to_the_next(read, monkeypatch):
    monkeypatch.setattr(module, "BATCH_FILES", 1)
    read()
    whole = read.state.read_bytes()
    read.state.write_bytes(whole[:-10])  # it was killed as it wrote the last line
    assert read().n_read == 1
    assert read().n_read == 0


def test_results_are_written_batch_by_batch(read, monkeypatch):
    monkeypatch.setattr(module, "BATCH_FILES", 1)
    read_batch = module._read_batch

    def fail_at_d(root, batch):
        if batch[0].path == "d":
            raise KeyboardInterrupt
        return read_batch(root, batch)

    monkeypatch.setattr(module, "_read_batch", fail_at_d)
    with pytest.raises(KeyboardInterrupt):
        read()
    monkeypatch.undo()
    assert read().n_read == 1


def test_files_that_cannot_be_read_are_named(read):
    (read.root / "b c.gz").write_bytes(gzip.compress(b"b")[:-4])
    (read.root / "d").unlink()
    digests = read()
    assert list(digests.by_task) == [TASKS[0]]
    assert digests.unreadable["d"] == "this cannot be read: there is no such file or folder."
    assert "this is not a whole gzip file (Compressed file ended" in digests.unreadable["b c.gz"]


@pytest.mark.usefixtures("two_workers")
def test_bytes_do_not_depend_on_workers(read, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BATCH_FILES", 1)
    tasks = [*TASKS, Task("d", "whole")]
    sizes = dict.fromkeys((task.path for task in tasks), 1)
    alone_, together = (
        read_digests(read.root, tasks, sizes, tmp_path / f"state{workers}", workers=workers)
        for workers in (1, 2)
    )
    assert alone_ == together
    assert (tmp_path / "state1").read_bytes() == (tmp_path / "state2").read_bytes()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("my notes\n", id="text"),
        pytest.param("[]\n", id="json"),
        pytest.param("\n", id="blank"),
    ],
)
def test_a_file_of_something_else_is_left(read, content):
    read.state.parent.mkdir()
    read.state.write_text(content)
    with pytest.raises(WriteError, match=r"this is no state of checksums.*--state"):
        read()
    assert read.state.read_text() == content


def test_the_state_of_another_tree_is_refused(read):
    read()
    lines = read.state.read_text().splitlines(keepends=True)
    head = json.loads(lines[0])
    lines[0] = json.dumps([head[0], "/another/tree"]) + "\n"
    read.state.write_text("".join(lines))
    with pytest.raises(WriteError, match=r"of another tree.*/another/tree.*or remove it"):
        read()


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_a_state_that_is_no_file_is_refused(read, kind):
    read.state.parent.mkdir()
    if kind == "pipe":
        os.mkfifo(read.state)
    else:
        read.state.mkdir()
    with pytest.raises(WriteError, match=rf"this is a .*{kind}.*--state"):
        read()


def test_a_place_where_nothing_can_be_written(read, monkeypatch):
    def refuse(*_arguments, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(WriteError, match=r"no right to read or write.*--state"):
        read()


def test_one_run_at_a_time(read):
    read()
    with alone(read.state), pytest.raises(WriteError, match="another run is writing here"):
        read()


def test_the_state_lies_in_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    state = default_state(tmp_path / "a")
    assert state.parent == tmp_path / "gazescribe" / "checksums"
    assert state != default_state(tmp_path / "b")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_state(tmp_path / "a").is_relative_to(tmp_path / ".cache")
    monkeypatch.setattr("sys.platform", "darwin")
    assert default_state(tmp_path / "a").is_relative_to(tmp_path / "Library" / "Caches")


def test_without_a_home_a_place_is_asked_for(monkeypatch, tmp_path):
    def fail():
        raise RuntimeError

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", fail)
    with pytest.raises(GazeError, match="Name a file with --state"):
        default_state(tmp_path)
