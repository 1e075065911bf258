"""The one way to write: a file, or a folder's files together, whole or not at all.

What is new is written beside its place first, and then renamed. Several renames are not one step,
so a journal that lists them is put into the folder before the first: a run that is killed earlier
has changed nothing, and what one that is killed later has left undone is done by whoever opens the
folder next (`settle`). This holds for power cuts, too: content is on the disk before the name that
stands for it.
All names are fixed, so that a run finds, and clears, what a killed one left. One run at a time
writes to a place (`locks`), and no file goes that we did not write (`ownership`).
"""

import errno
import fcntl
import json
import os
import shutil
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent import futures
from contextlib import contextmanager, nullcontext, suppress
from itertools import islice
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.errors import SchemaError, WriteError
from gazescribe.pipeline.core.foreign import check_file, read_json
from gazescribe.pipeline.core.locks import alone, lock_path
from gazescribe.pipeline.core.ownership import RECORD, check_ours, write_record
from gazescribe.pipeline.core.system_errors import is_out_of_handles

JOURNAL = ".replacing.json"
_UNFINISHED_JOURNAL = f".{JOURNAL}.tmp"
_STAGING = ".partial"
_OLD = ".old"  # in the staging folder: what was replaced, until it is removed
_FINGERPRINT = ".fingerprint"
_REASONS = {
    errno.ENOSPC: ("the disk is full.", "Free some space there, or name a place on another disk."),
    errno.EDQUOT: ("your share of this disk is used up.", "Free some space there."),
    errno.EROFS: ("this disk can only be read.", "Name a place on another disk."),
    errno.EACCES: ("you have no right to write here.", "Name another place, or ask its owner."),
    errno.EPERM: ("you have no right to write here.", "Name another place, or ask its owner."),
    errno.EISDIR: ("this is a folder, where a file is to be written.", "Name another place."),
    errno.ENOTDIR: ("this lies in a file, where a folder is needed.", "Name another place."),
    errno.EEXIST: ("this is a file, where a folder is needed.", "Name another place."),
}
_NO_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EROFS, errno.EBADF, errno.EACCES}
_LITTLE_SPACE = 2**16  # bytes
SYNCED_AT_ONCE = 32
_STRANGE = "Remove it, and run the stage that writes this folder again."


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path to write to, and move it to `path` when the block ends well.

    Raises
    ------
    WriteError
        If the disk is full, the system refuses, or another run writes the same file.
    """
    locked = any(_is_staging(folder) for folder in path.parents)
    with (
        _explained(path, lock_path(path)),
        nullcontext() if locked else alone(path),
        _explained(path, path.with_name(f".{path.name}.tmp")),
    ):
        settle(path.parent)
        path.parent.mkdir(parents=True, exist_ok=True)
        # What is part of a folder to come is brought to the disk with it.
        with _swapping(path, is_part=locked) as beside:
            yield beside


@contextmanager
def _swapping(path: Path, *, is_part: bool = False) -> Iterator[Path]:
    beside = path.with_name(f".{path.name}.tmp")
    try:
        yield beside
        if not is_part:
            _sync(beside)
        beside.replace(path)
        if not is_part:
            _sync(path.parent)
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk, unless that knows no such thing."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        if is_out_of_handles(error):
            raise
        return  # a file that its writer alone may not read, or a link that leads nowhere
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:  # a disk may say only now that it is full
            raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        os.close(descriptor)


def _sync_all(staging: Path, names: Iterable[str]) -> None:
    """Bring some files and folders of a staging folder to the disk, and their names."""
    paths = _all_paths(staging, names)
    # The disk takes what waits together in one step: 20 times as fast where files are many.
    with futures.ThreadPoolExecutor(SYNCED_AT_ONCE) as pool:
        while some := [*islice(paths, 100 * SYNCED_AT_ONCE)]:
            deque(pool.map(_sync, some), maxlen=0)


def _all_paths(staging: Path, names: Iterable[str]) -> Iterator[Path]:
    for name in sorted(names):
        for folder, _, files in os.walk(staging / name):  # nothing if it is a file
            yield from (Path(folder, file) for file in files)
            yield Path(folder)
        yield staging / name
    yield staging


def write_json(content: Mapping[str, Any], path: Path) -> None:
    """Write a summary as JSON: sorted keys, no clock, whole or not at all."""
    with replacing(path) as beside:
        beside.write_text(_as_json(content), encoding="utf-8")


def write_headline(folder: Path, name: str, numbers: Mapping[str, float | None]) -> None:
    """Write the few numbers that `dvc exp show` compares, under the name of what they are of."""
    write_json({name: numbers}, folder / "headline.json")


def _as_json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=2, sort_keys=True) + "\n"


@contextmanager
def replacing_folder(
    out: Path,
    content: str,
    *,
    obsolete: Sequence[str] = ("*",),
    mark: str | None = None,
    fingerprint: str | None = None,
) -> Iterator[Path]:
    """Give a folder to write to, and move its content to `out` when the block ends well.

    Parameters
    ----------
    out : pathlib.Path
        A folder that need not exist, a mount point, or a link to a folder, which stays a link.
    content : str
        What is written, a plural. A folder with files of other content of ours is refused.
    obsolete : sequence of str
        Patterns of what goes from `out` unless it is written anew; by default all that is there.
        It goes only if we wrote it, as what is written anew replaces our own files only.
    mark : str, optional
        The file by which others tell that `out` is whole: the first to go and the last to come.
    fingerprint : str, optional
        Stands for all that the content is made from. A block that is cut off then leaves its work,
        and one of the same fingerprint finds it; hidden files are then notes of the work, which do
        not come to `out`. Without it every run starts anew.

    Raises
    ------
    WriteError
        If `out` is a file or holds files that we did not write, another run writes to it, the disk
        is full or the system refuses.
    SchemaError
        If a killed run left `out` half replaced, and its work is gone.
    """
    folder = out.resolve()
    with _explained(out, lock_path(folder)), alone(folder):
        settle(folder)
        check_ours(folder, _obsolete(folder, obsolete), content)
        with _replacing_folder(out, folder, content, obsolete, mark, fingerprint) as staging:
            yield staging


@contextmanager
def _replacing_folder(
    out: Path,
    folder: Path,
    content: str,
    obsolete: Sequence[str],
    mark: str | None,
    fingerprint: str | None,
) -> Iterator[Path]:
    """Do as `replacing_folder` does, where this run holds the lock."""
    staging = _choose_staging(folder)
    try:
        with _explained(out, staging):
            _open_staging(staging, fingerprint)
            yield staging
            notes = {_OLD} if fingerprint is None else {path.name for path in staging.glob(".*")}
            new = {path.name for path in staging.iterdir()} - notes
            old = _obsolete(folder, obsolete) - new
            check_ours(folder, new | old, content)
            write_record(staging, new, folder, old, content)
            record = {RECORD} & {path.name for path in staging.iterdir()}
            _commit(staging, folder, new | record, old, mark)
    except BaseException:
        # Once the journal is there, the work is needed to bring `out` to its new state.
        if fingerprint is None and not (folder / JOURNAL).exists():
            shutil.rmtree(staging, ignore_errors=True)
        raise


def stamp(path: Path | None) -> list[int] | None:
    """Size and time of change of a file, by which what was made from it is known to be stale."""
    try:
        about = path.stat() if path else None
    except OSError:
        about = None
    return about and [about.st_size, about.st_mtime_ns]


def entries(folder: Path) -> set[str]:
    """Name what lies in a folder, but for our notes and what a killed run left there."""
    hidden = {JOURNAL, _UNFINISHED_JOURNAL, _STAGING, RECORD, lock_path(folder).name}
    return {path.name for path in folder.iterdir()} - hidden


def _obsolete(folder: Path, patterns: Sequence[str]) -> set[str]:
    if not folder.is_dir():
        return set()
    return {path.name for pattern in patterns for path in folder.glob(pattern)} & entries(folder)


def settle(folder: Path) -> None:
    """Finish what a killed run began to move into a folder; do nothing where there is no journal.

    Raises
    ------
    SchemaError
        If the work of that run is gone.
    WriteError
        If the system refuses.
    """
    path = folder / JOURNAL
    try:
        is_there = path.exists()
    except OSError:  # of a folder that this run may not look into, which is said where it is read
        return
    if not is_there:
        return
    check_file(path, remedy=_STRANGE)
    try:
        journal = path.open(encoding="utf-8")
    except FileNotFoundError:
        return
    folder = folder.resolve()
    with journal, _explained(folder, _stagings(folder)[0]):
        # A live run holds the lock while it moves; the system frees that of a killed one. Disks
        # without locks have none: then only readers that come within these milliseconds collide.
        with suppress(OSError):
            fcntl.flock(journal, fcntl.LOCK_EX)
        if (folder / JOURNAL).exists():
            _move_all(folder, _read_plan(folder / JOURNAL))


def _read_plan(path: Path) -> Mapping[str, Any]:
    plan: Mapping[str, Any] = read_json(path, remedy=_STRANGE)
    moves = [plan.get("old"), plan.get("new")]
    names = [name for part in moves for name in (part if isinstance(part, list) else [None])]
    mark = plan.get("mark")
    is_ours = isinstance(plan.get("inside"), bool) and isinstance(mark, str | None)
    if not is_ours or not all(isinstance(name, str) and _is_name(name) for name in names):
        raise SchemaError("this is no journal of ours.", where=path, remedy=_STRANGE)
    return plan


def _is_name(name: str) -> bool:
    """Tell whether a name is of a file in the folder itself, and not of one elsewhere."""
    return Path(name).name == name and name not in ("", "..")


def _stagings(folder: Path) -> tuple[Path, Path]:
    return folder.with_name(f".{folder.name}{_STAGING}"), folder / _STAGING


def _is_staging(folder: Path) -> bool:
    return folder.name.startswith(".") and folder.name.endswith(_STAGING)


def _choose_staging(folder: Path) -> Path:
    """Choose a place beside the folder, for DVC empties it; inside where the two are two disks."""
    beside, inside = _stagings(folder)
    staging, other = (beside, inside) if _can_move(beside, folder) else (inside, beside)
    shutil.rmtree(other, ignore_errors=True)
    return staging


def _can_move(beside: Path, folder: Path) -> bool:
    """Try a rename, which is refused between bind mounts even of one disk."""
    if not folder.exists():
        return True
    probe = _UNFINISHED_JOURNAL
    try:
        beside.mkdir(exist_ok=True)
        (beside / probe).touch()
        (beside / probe).replace(folder / probe)
    except OSError:
        return False
    finally:
        with suppress(OSError):
            (folder / probe).unlink(missing_ok=True)
    return True


def _open_staging(staging: Path, fingerprint: str | None) -> None:
    """Empty it, unless it holds the work of a run of the same fingerprint."""
    note = staging / _FINGERPRINT
    if fingerprint is None or not note.is_file() or note.read_bytes() != fingerprint.encode():
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        if fingerprint is not None:
            note.write_text(fingerprint)
    # Made now, so that a disk that is full later does not stop the renames half way.
    (staging / _OLD).mkdir(exist_ok=True)


def _commit(staging: Path, folder: Path, new: set[str], old: set[str], mark: str | None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    plan = {
        "inside": staging.parent == folder,
        "mark": mark,
        "old": sorted(old, key=lambda name: (name != mark, name)),
        "new": sorted(new, key=lambda name: (name == mark, name)),
    }
    _sync_all(staging, new)
    # The rename of the journal decides: before it the old content holds, after it the new.
    with _swapping(folder / JOURNAL) as beside:
        beside.write_text(_as_json(plan), encoding="utf-8")
    settle(folder)


def _move_all(folder: Path, plan: Mapping[str, Any]) -> None:
    """Do what a journal says; each step is skipped where a killed run has done it."""
    staging = _stagings(folder)[plan["inside"]]
    if not staging.is_dir():
        message = f"a run was cut off while it moved its files here, and {staging} is gone."
        remedy = "Empty this folder and run the stage that writes it again."
        raise SchemaError(message, where=folder, remedy=remedy)
    # First, because work of which a part is moved already is not to be resumed.
    (staging / _FINGERPRINT).unlink(missing_ok=True)
    mark = plan["mark"]
    if mark and (staging / mark).exists():
        _move_away(folder / mark, staging)
    for name in plan["old"]:
        _move_away(folder / name, staging)
    for name in plan["new"]:
        if (staging / name).exists():
            if (folder / name).is_dir() or (staging / name).is_dir():
                _move_away(folder / name, staging)
            (staging / name).replace(folder / name)
    _sync(folder)
    (folder / JOURNAL).unlink()
    shutil.rmtree(staging, ignore_errors=True)


def _move_away(path: Path, staging: Path) -> None:
    # Removing takes long for a large folder, a rename does not.
    with suppress(FileNotFoundError):
        path.replace(staging / _OLD / path.name)


@contextmanager
def _explained(place: Path, staging: Path) -> Iterator[None]:
    """Turn what the system refuses at `place` or `staging` into an error that says what to do."""

    def final(path: Path) -> Path:
        return place / path.relative_to(staging) if path.is_relative_to(staging) else path

    try:
        yield
    except WriteError as error:  # of a file in the staging, whose name tells people nothing
        where = final(Path(str(error.where)))
        raise WriteError(
            error.what, where=where, remedy=error.remedy, faults=error.faults
        ) from error
    except OSError as error:
        path = final(Path(error.filename) if isinstance(error.filename, str) else staging)
        code = error.errno
        disk = next(folder for folder in place.parents if folder.exists())
        if code is None and shutil.disk_usage(disk).free < _LITTLE_SPACE:
            code = errno.ENOSPC  # numpy says only how many bytes it wrote
        # Other files, such as inputs, are named by the system well enough.
        nested = path.is_relative_to(place) or place.is_relative_to(path)
        if code not in _REASONS or not (nested or path.is_relative_to(place.resolve())):
            raise
        message, remedy = _REASONS[code]
        raise WriteError(message, where=path, remedy=remedy) from error
