"""One writer at a time: a file beside what is written names who writes it.

The file is made in one step, on network disks too. It goes when its owner ends; where the owner was
killed, the next run on the same machine finds no such process and takes its place.
"""

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.errors import WriteError
from gazescribe.pipeline.core.foreign import read_json

_LONG_ENOUGH_S = 5.0
"""A lock is empty for an instant, between its making and its writing; an older one was cut off."""


def lock_path(place: Path) -> Path:
    """Where the lock of a file or folder lies: beside it, or inside.

    What lies beside a mount point is another disk, which other machines need not see; and in a
    folder of ours whose parent is not ours, inside is the only place.
    """
    if place.is_dir() and (os.path.ismount(place) or not os.access(place.parent, os.W_OK)):
        return place / ".lock"
    return place.with_name(f".{place.name}.lock")


@contextmanager
def alone(place: Path) -> Iterator[None]:
    """Hold the lock of a file or folder while it is written.

    Raises
    ------
    WriteError
        If another run holds it; its process, host and start are named.
    """
    path = lock_path(place)
    path.parent.mkdir(parents=True, exist_ok=True)
    while not _take(path):
        owner = _read(path)
        if owner is None:  # it has just gone, or is just being written
            time.sleep(0.01)
        elif is_alive(owner):
            raise _refusal(path, place, owner)
        else:
            _break(path, owner)
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def writer_of(place: Path) -> str | None:
    """Say which process writes a file or folder now, as far as that can be known; None if none."""
    owner = _read(lock_path(place))
    if owner is None or not is_alive(owner):
        return None
    return who(owner)


def _take(path: Path) -> bool:
    try:
        lock = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    except FileExistsError:
        return False
    with os.fdopen(lock, "w", encoding="utf-8") as file:
        json.dump(this_process(), file)
    return True


def this_process() -> dict[str, Any]:
    """Say of this process what tells it from others, here and on other machines."""
    return {
        "pid": os.getpid(),
        "started": _start_of(os.getpid()),
        "host": socket.gethostname(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _read(path: Path) -> dict[str, Any] | None:
    """Say who holds a lock; nobody that can be named where it was cut off as it was written."""
    try:
        age_s = time.time() - path.stat().st_mtime
        return dict(read_json(path, WriteError, remedy=f"Remove {path}."))
    except FileNotFoundError:
        return None
    except WriteError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return None
        if isinstance(error.__cause__, OSError) or not path.is_file():
            raise  # whoever cannot read it cannot know that its owner is gone
        return {} if age_s > _LONG_ENOUGH_S else None


def is_alive(owner: dict[str, Any]) -> bool:
    """Tell whether the owner still runs; of another machine that cannot be known."""
    if not owner:
        return False
    if owner.get("host") != socket.gethostname():
        return True
    pid = owner.get("pid")
    try:
        os.kill(int(str(pid)), 0)
    except (ProcessLookupError, ValueError, OverflowError):
        return False
    except PermissionError:  # of another user
        return True
    # Numbers of processes are used again; the moment at which one started tells them apart.
    return _start_of(int(str(pid))) == owner.get("started")


def _start_of(pid: int) -> str | None:
    """Clock ticks from the machine's start to that of a process, where the system tells."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None


def _break(path: Path, owner: dict[str, Any]) -> None:
    """Remove the lock of a dead run, and no other: two runs may try this at once.

    Who removes it holds the file open and locked by the system: so nobody else can have removed it
    and put his own there since its owner was read.
    """
    with suppress(FileNotFoundError), path.open("rb") as lock:
        with suppress(OSError):  # of disks that cannot: two runs at once are rare
            fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.samestat(os.fstat(lock.fileno()), path.stat()) and _read(path) == owner:
            path.unlink()


def _refusal(path: Path, place: Path, owner: dict[str, Any]) -> WriteError:
    remedy = "Wait for it, or name another place."
    if owner.get("host") != socket.gethostname():
        remedy = "Wait for it, or name another place; if it has ended there, remove"
        remedy += f" {path.absolute()}."
    return WriteError(f"another run is writing here: {who(owner)}.", where=place, remedy=remedy)


def who(owner: dict[str, Any]) -> str:
    """Name the process that holds a lock."""
    return f"process {owner.get('pid')} on {owner.get('host')} (since {owner.get('since')})"
