"""Digests of the files of a tree, read by workers and noted, so that they are read once.

Reads: files. Writes: the state, a file outside of the tree with the digests of files by size and
time of change. A later run reads only what is new or has changed, and one that was cut off goes on.
"""

import hashlib
import json
import os
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

from gazescribe.pipeline.core.errors import GazeError, SchemaError, WriteError, quote
from gazescribe.pipeline.core.files import stamp
from gazescribe.pipeline.core.foreign import parse_json
from gazescribe.pipeline.core.foreign_tables import unpacked
from gazescribe.pipeline.core.locks import alone
from gazescribe.pipeline.core.parallel import map_tasks
from gazescribe.pipeline.core.system_errors import explain_system, is_out_of_handles
from gazescribe.pipeline.sources.walking import absence

BATCH_BYTES, BATCH_FILES = 2**26, 256  # a task of a worker, after which the state is written
_HEAD = "digests of a raw tree, by gazescribe verify --checksums"

Mode = Literal["whole", "unpacked", "crc32"]  # SHA-256 of a file, of what it unpacks to; CRC


class Task(NamedTuple):
    """A file to read."""

    path: str
    mode: Mode


class Digest(NamedTuple):
    """What was read of a file.

    `stamp` is its size and time of change; None where it cannot be read.
    """

    task: Task
    stamp: list[int] | None
    digest: str  # or why it cannot be read


@dataclass
class Digests:
    """Digests by task, the files that cannot be read with the reason, and how many were read."""

    by_task: dict[Task, str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    n_read: int = 0  # now; the others were known


def default_state(root: Path) -> Path:
    """Give the place of a tree's state in the user's cache: raw trees are often read-only."""
    cache = os.environ.get("XDG_CACHE_HOME", "")
    try:
        if sys.platform == "darwin":
            folder = Path.home() / "Library" / "Caches"
        else:
            folder = Path(cache) if Path(cache).is_absolute() else Path.home() / ".cache"
    except RuntimeError as error:
        message = "no home folder is known, which the state would lie in."
        raise GazeError(message, remedy="Name a file with --state.") from error
    name = hashlib.sha256(os.fsencode(root)).hexdigest()[:16]
    return folder / "gazescribe" / "checksums" / f"{name}.jsonl"


def read_digests(
    root: Path,
    tasks: Iterable[Task],
    sizes: Mapping[str, int],
    state: Path,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
) -> Digests:
    """Give the digests of files: those that the state knows, the others are read and noted.

    `sizes` are bytes by path; `workers` and `scheduler` as in `map_tasks`. A GazeError if the state
    cannot be written, or is a file of something else.
    """
    digests = Digests()
    with _opened_state(state, root) as (known, file):
        unread = []
        for task in tasks:
            noted = known.get(task)
            if noted is not None and noted.stamp == stamp(root / task.path):
                digests.by_task[task] = noted.digest
            else:
                unread.append(task)
        digests.n_read = len(unread)
        batches = list(_batches(unread, sizes))
        read = partial(_read_batch, root)
        for batch in map_tasks(
            read, batches, workers=workers, scheduler=scheduler, description="checksums"
        ):
            for result in batch:
                if result.stamp is None:
                    digests.unreadable[result.task.path] = result.digest
                    continue
                digests.by_task[result.task] = result.digest
                file.write(json.dumps([*result.task, *result.stamp, result.digest]) + "\n")
            file.flush()
    return digests


def _batches(tasks: Iterable[Task], sizes: Mapping[str, int]) -> Iterator[list[Task]]:
    batch: list[Task] = []
    n_bytes = 0
    for task in tasks:
        batch.append(task)
        n_bytes += sizes[task.path]
        if n_bytes >= BATCH_BYTES or len(batch) >= BATCH_FILES:
            yield batch
            batch, n_bytes = [], 0
    if batch:
        yield batch


def _read_batch(root: Path, batch: Sequence[Task]) -> list[Digest]:
    results = []
    for task in batch:
        path = root / task.path
        before = stamp(path)
        try:
            digest = _digest(path, task.mode)
        except OSError as error:
            if is_out_of_handles(error):
                raise
            results.append(Digest(task, None, f"this cannot be read: {explain_system(error)[0]}"))
            continue
        except SchemaError as error:
            results.append(Digest(task, None, f"this cannot be read: {error.what}"))
            continue
        if before is None or before != stamp(path):
            message = "this was changed while it was read; run this again"
            results.append(Digest(task, None, message))
        else:
            results.append(Digest(task, before, digest))
    return results


def _digest(path: Path, mode: Mode) -> str:
    sha256, crc = hashlib.sha256(), 0
    for block in unpacked(path) if mode == "unpacked" else _blocks(path):
        if mode == "crc32":
            crc = zlib.crc32(block, crc)
        else:
            sha256.update(block)
    return f"{crc:08x}" if mode == "crc32" else sha256.hexdigest()


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(2**20):
            yield block


@contextmanager
def _opened_state(path: Path, root: Path) -> Iterator[tuple[dict[Task, Digest], IO[str]]]:
    """Give the digests of a state, and the file to add to; one run at a time has it."""
    with ExitStack() as stack:
        try:
            stack.enter_context(alone(path))
            lines = _lines_of(path)
            known = _read_state(lines, path, root)
            file = stack.enter_context(path.open("a", encoding="utf-8"))
            if not lines:
                file.write(json.dumps([_HEAD, str(root)]) + "\n")
            elif not lines[-1].endswith("\n"):  # of a run that was killed
                file.write("\n")
        except OSError as error:
            message, _ = explain_system(error)
            remedy = "Name a file elsewhere with --state."
            raise WriteError(message, where=path, remedy=remedy) from error
        yield known, file


def _lines_of(path: Path) -> list[str]:
    if not path.exists():
        return []
    if not path.is_file():
        raise WriteError(f"{absence(path)}.", where=path, remedy="Name another with --state.")
    return path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)


def _read_state(lines: Sequence[str], path: Path, root: Path) -> dict[Task, Digest]:
    """Read a state; lines that a killed run left half are passed over."""
    known: dict[Task, Digest] = {}
    head = _parsed(lines[0]) if lines else [_HEAD, str(root)]
    if head[:1] != [_HEAD]:
        message = "this is no state of checksums, so nothing is written to it."
        raise WriteError(message, where=path, remedy="Name another file with --state.")
    if head[1:] != [str(root)]:
        message = f"this state is of another tree, {quote(head[1:])}; {root} was given."
        remedy = "Name another file with --state, or remove it."
        raise WriteError(message, where=path, remedy=remedy)
    for line in lines[1:]:
        match _parsed(line):
            case [str(name), ("whole" | "unpacked" | "crc32") as mode, int(), int(), str()] as row:
                task = Task(name, mode)
                known[task] = Digest(task, row[2:4], row[4])
    return known


def _parsed(line: str) -> list[Any]:
    try:
        row: list[Any] = parse_json(line, where="a line", top=list)
    except SchemaError:
        return []
    return row
