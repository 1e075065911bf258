"""Kills are tried at every step: the calls that change a file are counted, and one is the last."""

import errno
import fcntl
import json
import os
import shutil
import subprocess
import threading
from contextlib import nullcontext
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from gazescribe.pipeline.core import files as module
from gazescribe.pipeline.core import locks
from gazescribe.pipeline.core.errors import GazeError, SchemaError, WriteError
from gazescribe.pipeline.core.files import (
    JOURNAL,
    entries,
    replacing,
    replacing_folder,
    settle,
    write_json,
)
from gazescribe.pipeline.core.ownership import RECORD
from gazescribe.pipeline.core.shards import open_shards
from gazescribe.pipeline.core.tables import TableWriter, read_table, write_table
from tests.unit.pipeline.core.test_shards import write as write_shards

STEPS = ("replace", "rename", "unlink", "mkdir", "rmdir")
OLD = {"index.json": "old", "gone.txt": "old", "both.txt": "old", "deep/a.txt": "old"}
NEW = {"index.json": "new", "come.txt": "new", "both.txt": "new", "deep/b.txt": "new"}


def fill(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def content(folder):
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and path.name != RECORD
    }


def visible(folder):
    return {name: text for name, text in content(folder).items() if not name.startswith(".")}


def replace_all(out, files=NEW, fingerprint=None, **options):
    options |= {"mark": "index.json", "fingerprint": fingerprint}
    with replacing_folder(out, "things", **options) as folder:
        fill(folder, files)


KILLS = count()


class Killed(BaseException):
    """The process is no more."""


def killed_after(n, work, *arguments):
    """Let no step after the n-th happen, not even one that cleans up; tell whether any was due."""
    done = 0

    def counted(call):
        def step(*arguments, **options):
            nonlocal done
            done += 1
            if done > n:
                raise Killed
            return call(*arguments, **options)

        return step

    with pytest.MonkeyPatch.context() as patch:
        # As the lock of a process that is no more: no process of this number started then.
        patch.setattr(locks, "_start_of", lambda pid, start=str(next(KILLS)): start)  # noqa: B008  a new start for each kill
        for name in STEPS:
            patch.setattr(os, name, counted(getattr(os, name)))
        try:
            work(*arguments)
        except Killed:
            return True
    return False


def until_half_moved(out, work):
    """Kill runs one step later each time, until one has left a journal."""
    n = 0
    while not (out / JOURNAL).exists():
        assert killed_after(n, work, out)
        n += 1


def all_kills(make, work):
    """Give the place of each run that was killed one step later than that before."""
    for n in range(1000):
        place = make(n)
        if not killed_after(n, work, place):
            assert n > 5
            return
        yield place
    raise AssertionError("it never ends")


@pytest.mark.parametrize("where", ["beside", "inside"])
def test_a_kill_at_any_step_leaves_the_old_or_the_new(tmp_path, mounted, where):
    if where == "inside":
        tmp_path = mounted(size="1m")

    def make(n):
        place = tmp_path if where == "inside" else tmp_path / str(n)
        for path in place.iterdir() if where == "inside" else ():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        replace_all(place / "out" if where == "beside" else place, OLD)
        return place / "out" if where == "beside" else place

    seen = []
    for out in all_kills(make, replace_all):
        has_mark = (out / "index.json").exists()
        assert not has_mark or visible(out) in (OLD, NEW)
        settle(out)
        assert not (out / JOURNAL).exists()
        assert visible(out) in (OLD, NEW)
        seen.append(visible(out) == NEW)
        replace_all(out, OLD)
        assert content(out) == OLD
        if where == "beside":
            assert [path.name for path in out.parent.iterdir()] == ["out"]
    assert seen == sorted(seen), "from one step on it is the new"
    assert {*seen} == {True, False}


def test_a_kill_at_any_step_of_what_comes_after_a_kill(tmp_path):
    """Whoever finishes a killed run can be killed, too."""

    def make(n):
        out = tmp_path / str(n) / "out"
        replace_all(out, OLD)
        until_half_moved(out, replace_all)
        return out

    for out in all_kills(make, settle):
        settle(out)
        assert content(out) == NEW


def test_an_interrupt_at_any_step_leaves_the_old_or_the_new(tmp_path, monkeypatch):
    """Unlike a killed process, an interrupted one cleans up."""
    for n in range(1000):
        out = tmp_path / str(n)
        replace_all(out, OLD)
        steps = iter(range(n))

        def interrupted(call, steps=steps):
            def step(*arguments, **options):
                if next(steps, None) is None:
                    monkeypatch.undo()  # what cleans up is not interrupted again
                    raise KeyboardInterrupt
                return call(*arguments, **options)

            return step

        monkeypatch.setattr(locks, "_start_of", lambda pid: "before")  # interrupted, it will end
        for name in STEPS:
            monkeypatch.setattr(os, name, interrupted(getattr(os, name)))
        try:
            replace_all(out)
        except KeyboardInterrupt:
            settle(out)
            assert visible(out) in (OLD, NEW)
            replace_all(out, OLD)
            assert content(out) == OLD
            assert [path.name for path in tmp_path.glob(".*")] == []
        else:
            break
    assert n > 10


def write_pair(out, value):
    with (
        replacing_folder(out, "windows", obsolete=(), mark="associate.json") as folder,
        TableWriter(folder, "attributes") as first,
        TableWriter(folder, "regions") as second,
    ):
        first.write({"reading_id": ["R"], "name": ["run"], "value": [value]})
        box = {f"{side}_px": [0.0] for side in ("xmin", "ymin", "xmax", "ymax")}
        second.write({"reading_id": ["R"], "region": [value], **box})
        write_json({"run": value}, folder / "associate.json")


def test_tables_that_belong_together_are_of_one_run(tmp_path):
    """A reader after a kill never finds the windows of one run and Gaussians of another."""

    def make(n):
        write_pair(tmp_path / str(n), "old")
        (tmp_path / str(n) / "note.txt").write_text("not ours")
        return tmp_path / str(n)

    seen = set()
    for out in all_kills(make, lambda out: write_pair(out, "new")):
        value = read_table(out, "attributes")["value"].to_pylist()
        assert read_table(out, "regions")["region"].to_pylist() == value
        assert json.loads((out / "associate.json").read_text()) == {"run": value[0]}
        assert (out / "note.txt").read_text() == "not ours"
        seen.add(value[0])
    assert seen == {"old", "new"}


def test_shards_and_index_are_of_one_run(tmp_path):
    def make(n):
        write_shards(tmp_path / str(n), 5)
        return tmp_path / str(n)

    for out in all_kills(make, lambda out: write_shards(out, 1)):
        assert len(open_shards(out)) in (5, 1)


def test_a_kill_while_one_file_is_written(tmp_path):
    path = tmp_path / "x.json"
    write_json({"run": 1}, path)
    for n in range(10):
        if not killed_after(n, write_json, {"run": 2}, path):
            break
        assert json.loads(path.read_text())["run"] in (1, 2)
    assert n > 0
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


def test_a_folder_that_is_not_there_comes_whole(tmp_path):
    with replacing_folder(tmp_path / "a" / "out", "things") as folder:
        fill(folder, NEW)
        assert not (tmp_path / "a" / "out").exists()
    assert content(tmp_path) == {f"a/out/{name}": text for name, text in NEW.items()}


def test_a_hidden_file_is_a_file(tmp_path):
    with replacing_folder(tmp_path / "out", "things") as folder:
        fill(folder, {".bidsignore": "new"})
    assert content(tmp_path) == {"out/.bidsignore": "new"}


@pytest.mark.parametrize(
    ("obsolete", "stay"),
    [
        pytest.param(("*",), set(), id="all goes"),
        pytest.param((), {"gone.txt", ".hidden"}, id="nothing goes"),
        pytest.param(("g*.txt",), {".hidden"}, id="some go"),
    ],
)
def test_what_stays(tmp_path, obsolete, stay):
    replace_all(tmp_path / "out", OLD | {".hidden": "old"})
    replace_all(tmp_path / "out", obsolete=obsolete)
    assert content(tmp_path / "out") == NEW | dict.fromkeys(stay, "old")


def test_files_and_folders_take_each_others_place(tmp_path):
    replace_all(tmp_path / "out", {"a": "old", "b/x": "old", "b/y": "old"})
    with replacing_folder(tmp_path / "out", "things", obsolete=()) as folder:
        fill(folder, {"a/x": "new", "b": "new"})
    assert content(tmp_path / "out") == {"a/x": "new", "b": "new"}


def fail(out, error, fingerprint=None, seen=()):
    with replacing_folder(out, "things", fingerprint=fingerprint) as folder:
        seen += type(seen)(entries(folder))
        fill(folder, {"part.txt": "1", ".note": "1"})
        raise error("it fails")


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GazeError])
def test_a_block_that_fails_changes_nothing(tmp_path, error):
    replace_all(tmp_path / "out", OLD)
    with pytest.raises(error):
        fail(tmp_path / "out", error)
    assert content(tmp_path) == {f"out/{name}": text for name, text in OLD.items()}


def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path):
    replace_all(tmp_path / "disk" / "target", OLD)
    (tmp_path / "out").symlink_to(tmp_path / "disk" / "target")
    with replacing_folder(tmp_path / "out", "things") as folder:
        assert folder == tmp_path / "disk" / ".target.partial"
        fill(folder, NEW)
    assert (tmp_path / "out").is_symlink()
    assert content(tmp_path / "disk") == {f"target/{name}": text for name, text in NEW.items()}


def test_a_link_inside_is_replaced_and_not_followed(tmp_path):
    """DVC puts links to its cache in the place of what we wrote."""
    replace_all(tmp_path / "out", OLD)
    fill(tmp_path, {"cache/x": "old"})
    for name in ("both.txt", "deep/a.txt"):
        (tmp_path / "out" / name).unlink()
        (tmp_path / "out" / name).symlink_to(tmp_path / "cache" / "x")
    replace_all(tmp_path / "out")
    assert content(tmp_path / "out") == NEW
    assert content(tmp_path / "cache") == {"x": "old"}


def test_a_mount_point(mounted):
    out = mounted(size="1m")
    replace_all(out, OLD)
    with replacing_folder(out, "things") as folder:
        assert folder.parent == out
        fill(folder, NEW)
    assert content(out) == NEW


def test_a_link_to_a_mount_point(tmp_path, mounted):
    disk = mounted(size="1m")
    replace_all(disk, OLD)
    (tmp_path / "out").symlink_to(disk)
    replace_all(tmp_path / "out")
    assert content(disk) == NEW
    assert (tmp_path / "out").is_symlink()


def test_a_bind_mount_of_the_same_disk(mounted):
    """It looks like any folder, and refuses a rename from beside."""
    disk = mounted(size="1m")
    replace_all(disk / "source", OLD)
    (disk / "out").mkdir()
    subprocess.run(["mount", "--bind", disk / "source", disk / "out"], check=True)
    try:
        assert not (disk / "out").is_mount()
        replace_all(disk / "out")
        assert content(disk / "out") == NEW
        assert entries(disk) == {"source", "out"}
    finally:
        subprocess.run(["umount", disk / "out"], check=True)


@pytest.mark.parametrize("leftover", [".out.partial", "out/.partial"])
def test_leftovers_of_a_dead_run_are_cleared(tmp_path, leftover):
    replace_all(tmp_path / "out", OLD)
    fill(tmp_path / leftover, {"half.txt": "half"})
    (tmp_path / "out" / f".{JOURNAL}.tmp").write_text("{")
    assert entries(tmp_path / "out") == {name.partition("/")[0] for name in OLD}
    replace_all(tmp_path / "out")
    assert content(tmp_path) == {f"out/{name}": text for name, text in NEW.items()}


def test_the_finished_work_of_a_killed_run_is_ours(tmp_path):
    out = tmp_path / "out"
    replace_all(out, OLD)
    until_half_moved(out, replace_all)
    replace_all(out, OLD)
    assert content(out) == OLD


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        pytest.param({"mine.txt": "mine"}, "mine.txt: not of an earlier run", id="added"),
        pytest.param({"deep/mine.txt": "mine"}, "deep/mine.txt: not of", id="added below"),
        pytest.param({"both.txt": "mine"}, "both.txt: changed since it was written", id="changed"),
    ],
)
@pytest.mark.parametrize("obsolete", [("*",), ("deep", "mine.txt")], ids=["all", "some"])
def test_files_of_others_are_never_replaced(tmp_path, spoil, named, obsolete):
    out = tmp_path / "out"
    replace_all(out, OLD)
    fill(out, spoil)
    with pytest.raises(WriteError, match=f"no things of an earlier run; nothing (.|\n)*{named}"):
        replace_all(out, obsolete=obsolete)
    assert content(out) == OLD | spoil
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_without_record_is_not_ours(tmp_path):
    fill(tmp_path / "out", {"index.json": "mine"})
    with pytest.raises(WriteError, match=r"index\.json: not of an earlier run"):
        replace_all(tmp_path / "out", obsolete=())
    assert content(tmp_path) == {"out/index.json": "mine"}


def test_two_kinds_of_content_do_not_share_a_folder(tmp_path):
    replace_all(tmp_path / "out", OLD)
    message = "holds things; stuff would mix with them"
    with pytest.raises(WriteError, match=message), replacing_folder(tmp_path / "out", "stuff"):
        pass
    shutil.rmtree(tmp_path / "out" / "deep")
    for name in ("index.json", "gone.txt", "both.txt"):
        (tmp_path / "out" / name).unlink()
    with replacing_folder(tmp_path / "out", "stuff") as folder:
        fill(folder, {"b": "new"})
    assert content(tmp_path / "out") == {"b": "new"}


@pytest.mark.parametrize("record", ["{", "[]", '{"files": 1}', "[" * 10**5], ids=range(4))
def test_a_damaged_record_names_no_file(tmp_path, record):
    replace_all(tmp_path / "out", OLD)
    (tmp_path / "out" / RECORD).write_text(record)
    with pytest.raises(WriteError, match="not of an earlier run"):
        replace_all(tmp_path / "out")


def test_two_runs_do_not_write_to_one_place(tmp_path):
    out = tmp_path / "out"
    with replacing_folder(out, "things") as folder:
        with pytest.raises(WriteError, match=rf"out: another run .* process {os.getpid()} on "):
            replace_all(out)
        fill(folder, OLD)
    assert content(tmp_path) == {f"out/{name}": text for name, text in OLD.items()}
    with replacing(tmp_path / "x.txt") as beside:
        with pytest.raises(WriteError, match="another run"):
            write_json({}, tmp_path / "x.txt")
        beside.write_text("first")
    assert (tmp_path / "x.txt").read_text() == "first"


def begin(out, fingerprint, error=KeyboardInterrupt):
    """Leave two files of work; give what an earlier run left."""
    seen = []
    with pytest.raises(error):
        fail(out, error, fingerprint, seen)
    return {*seen} - {".fingerprint", ".old"}


def test_work_is_found_by_a_run_of_the_same_fingerprint(tmp_path):
    assert begin(tmp_path / "out", "a") == set()
    assert begin(tmp_path / "out", "a", GazeError) == {"part.txt", ".note"}
    assert begin(tmp_path / "out", "a") == {"part.txt", ".note"}
    assert begin(tmp_path / "out", "b") == set()
    with replacing_folder(tmp_path / "out", "things", fingerprint="b"):
        pass
    assert content(tmp_path) == {"out/part.txt": "1"}
    assert begin(tmp_path / "out", "b") == set()


def test_work_that_was_moved_in_part_is_not_resumed(tmp_path):
    """As when DVC empties an out whose stage was killed while it moved its files."""
    out = tmp_path / "out"
    n = 0
    while not (out / "come.txt").exists():
        assert killed_after(n, replace_all, out, NEW, "a")
        n += 1
    shutil.rmtree(out)
    assert begin(out, "a") == set()


def test_work_that_is_gone_is_said(tmp_path):
    out = tmp_path / "out"
    until_half_moved(out, replace_all)
    shutil.rmtree(tmp_path / ".out.partial")
    for look in (settle, replace_all, lambda out: read_table(out, "windows"), open_shards):
        with pytest.raises(SchemaError, match=r"cut off .*\.out\.partial is gone\. Empty this"):
            look(out)


@pytest.mark.parametrize("name", ["../mine.txt", "/etc", "a/b", "", "..", "."])
def test_a_journal_names_files_of_its_folder_only(tmp_path, name):
    (tmp_path / ".out.partial").mkdir()
    replace_all(tmp_path / "out", OLD)
    fill(tmp_path, {"mine.txt": "mine"})
    plan = {"inside": False, "mark": None, "old": [name], "new": []}
    (tmp_path / "out" / JOURNAL).write_text(json.dumps(plan))
    with pytest.raises(SchemaError, match="no journal of ours"):
        settle(tmp_path / "out")
    assert (tmp_path / "mine.txt").exists()


def test_a_reader_waits_for_a_run_that_moves_its_files(tmp_path):
    """The live run holds the lock; the journal is gone when it lets go."""
    out = tmp_path / "out"
    until_half_moved(out, replace_all)
    with (out / JOURNAL).open() as live:
        fcntl.flock(live, fcntl.LOCK_EX)
        reader = threading.Thread(target=settle, args=(out,))
        reader.start()
        reader.join(0.3)
        assert reader.is_alive()
        (out / JOURNAL).unlink()
    reader.join()
    assert "come.txt" not in content(out)


def test_a_full_disk_leaves_the_old_file(mounted):
    disk = mounted()
    (disk / "x.txt").write_text("old")
    message = r"x\.txt: the disk is full\. Free some space"
    with pytest.raises(WriteError, match=message), replacing(disk / "x.txt") as beside:
        beside.write_bytes(bytes(2**20))
    assert content(disk) == {"x.txt": "old"}


def write_numbers(folder):
    """Write with numpy, whose error has no number."""
    np.save(folder / "a.npy", np.zeros(2**20))


def write_rows(folder):
    names = [os.urandom(64).hex() for _ in range(4096)]
    rows = {"reading_id": names, "name": names, "value": names}
    write_table(rows, folder, "attributes")


@pytest.mark.parametrize("work", [write_numbers, write_rows])
def test_a_full_disk_leaves_the_old_folder(mounted, work):
    disk = mounted()
    replace_all(disk / "out", OLD)
    message = r"mounted0/out.*: the disk is full\. Free some space"
    with (
        pytest.raises(WriteError, match=message),
        replacing_folder(disk / "out", "things") as folder,
    ):
        work(folder)
    assert content(disk) == {f"out/{name}": text for name, text in OLD.items()}


def test_a_disk_that_can_only_be_read(mounted):
    disk = mounted()
    replace_all(disk / "out", OLD)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    message = r"mounted0/{}: this disk can only be read\. Name a place on another disk"
    for name in ("new", "out"):
        with pytest.raises(WriteError, match=message.format(name)):
            replace_all(disk / name)
    with pytest.raises(WriteError, match=message.format(r"out/x\.json")):
        write_json({}, disk / "out" / "x.json")
    assert content(disk) == {f"out/{name}": text for name, text in OLD.items()}


def test_unfinished_work_on_a_disk_that_can_only_be_read(mounted):
    disk = mounted(size="1m")
    replace_all(disk / "out", OLD)
    until_half_moved(disk / "out", replace_all)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    with pytest.raises(WriteError, match="can only be read"):
        read_table(disk / "out", "windows")


def refuse_writes(monkeypatch, folder):
    """Refuse as to others than root: whoever the tests run as, no new name comes into a folder."""
    for name in ("mkdir", "replace", "touch"):
        call = getattr(Path, name)

        def checked(path, *arguments, call=call, **options):
            for place in (path, *arguments):
                if place.parent == folder and not place.exists():
                    raise PermissionError(errno.EACCES, "Permission denied", str(place))
            return call(path, *arguments, **options)

        monkeypatch.setattr(Path, name, checked)


def test_a_folder_of_ours_in_one_that_is_not(tmp_path, monkeypatch):
    """An administrator made OUT; nothing can be written beside it."""
    replace_all(tmp_path / "out", OLD)
    refuse_writes(monkeypatch, tmp_path)
    replace_all(tmp_path / "out")
    assert content(tmp_path) == {f"out/{name}": text for name, text in NEW.items()}


def test_a_new_folder_where_nothing_may_be_written(tmp_path, monkeypatch):
    refuse_writes(monkeypatch, tmp_path)
    message = r"out: you have no right to write here\. Name another place"
    with pytest.raises(WriteError, match=message):
        replace_all(tmp_path / "out")


def test_a_file_in_the_way(tmp_path):
    fill(tmp_path, {"out": "mine"})
    with pytest.raises(WriteError, match=r"out: this .* a folder is needed"):
        replace_all(tmp_path / "out")
    with pytest.raises(WriteError, match=r"out: this .* a folder is needed"):
        write_json({}, tmp_path / "out" / "x.json")
    (tmp_path / "x.json").mkdir()
    with pytest.raises(WriteError, match=r"x\.json: this is a folder, where a file"):
        write_json({}, tmp_path / "x.json")
    assert content(tmp_path) == {"out": "mine"}


def test_an_input_that_cannot_be_read_is_not_taken_for_the_place(tmp_path):
    refused = PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "input.csv"))
    with (
        pytest.raises(PermissionError, match="input"),
        replacing_folder(tmp_path / "out", "things"),
    ):
        raise refused
    with pytest.raises(OSError, match="bad weather"), replacing(tmp_path / "out.csv"):
        raise OSError("bad weather")


@pytest.mark.parametrize("content", [b"\xff", b"[" * 10**5, b"{}", b'{"inside": 1}', None])
def test_a_journal_of_others(tmp_path, content):
    """Damaged, of something else, or a pipe, which would be waited for without end."""
    journal = tmp_path / JOURNAL
    if content is None:
        os.mkfifo(journal)
    else:
        journal.write_bytes(content)
    with pytest.raises(SchemaError, match=r"\.replacing\.json: .* Remove it, and run the stage"):
        settle(tmp_path)


def test_content_is_on_the_disk_before_its_name(tmp_path, monkeypatch):
    """A power cut may lose whatever the disk was not told to keep."""
    steps = []
    replace = Path.replace

    def note_replace(path, target):
        steps.append(("rename", Path(target).name))
        return replace(path, target)

    monkeypatch.setattr(module, "_sync", lambda path: steps.append(("sync", path.name)))
    monkeypatch.setattr(Path, "replace", note_replace)
    with replacing_folder(tmp_path / "out", "things", mark="mark") as folder:
        (folder / "a").write_text("a")
        (folder / "sub").mkdir()
        (folder / "sub" / "b").write_text("b")
        (folder / "mark").write_text("mark")
    names = [name for _, name in steps]
    first = names.index(JOURNAL)
    assert {"a", "b", "sub", "mark", RECORD, ".out.partial"} <= {*names[:first]}
    assert steps[first - 1 : first + 2] == [
        ("sync", f".{JOURNAL}.tmp"),
        ("rename", JOURNAL),
        ("sync", "out"),
    ]
    assert steps[-2:] == [("rename", "mark"), ("sync", "out")]


def test_a_single_file_is_on_the_disk_before_its_name(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(module, "_sync", lambda path: synced.append(path.name))
    with replacing(tmp_path / "a.json") as beside:
        beside.write_text("a")
    assert synced == [".a.json.tmp", tmp_path.name]


@pytest.mark.parametrize(
    ("code", "message"), [(errno.ENOSPC, "the disk is full"), (errno.EINVAL, "")]
)
def test_a_disk_that_is_full_may_say_so_late(tmp_path, monkeypatch, code, message):
    def fail(_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(WriteError, match=message) if message else nullcontext():
        replace_all(tmp_path / "out", {"a": "new"})
    assert (tmp_path / "out" / "a").exists() == (not message)
