"""Kill a command before a counted step, fill its disk, make it read-only, or run it twice at once.

Steps are what Python's audit hooks tell: files opened for writing, renamed, removed, folders made.
What is found wrong is said in sentences.
"""

import mmap
import os
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from gazescribe.pipeline.core.files import JOURNAL
from tests.faults.commands import LINES, Command
from tests.faults.fuzz import Fuzzer
from tests.faults.runs import Snapshot, listing, run, start, strays, workplace, written

STEPS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
WRITERS = [name for name, command in LINES.items() if command.mark or command.older]
OVERLAP_S = 2  # so long a run is let alone with one that stands still


class Steps:
    """Counts the steps of a child that change a folder; sends it a signal before one of them."""

    def __init__(self, folder: Path, at: int = 0, number: int = 0) -> None:
        self.folder, self.at, self.signal = folder, at, number
        self._count = mmap.mmap(-1, 8)  # shared with the child

    @property
    def n(self) -> int:
        """How many there were."""
        return int(struct.unpack("q", self._count[:8])[0])

    def watch(self) -> None:
        """Begin to count, in the child."""
        sys.addaudithook(self._see)

    def _see(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in STEPS or not isinstance(arguments[0], str | bytes | os.PathLike):
            return
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & WRITING):
            return
        if not Path(os.fsdecode(arguments[0])).absolute().is_relative_to(self.folder):
            return
        self._count[:8] = struct.pack("q", self.n + 1)
        if self.n == self.at:
            os.kill(os.getpid(), self.signal)


@dataclass(frozen=True)
class Undisturbed:
    """What runs give that nobody disturbs: over nothing, and over an older OUT."""

    older: Snapshot
    alone: Snapshot
    newer: Snapshot
    n_steps: int


class Interrupter:
    """Disturbs commands on the base of a fuzzer, which knows what they give alone."""

    def __init__(self, fuzzer: Fuzzer, root: Path) -> None:
        self.fuzzer, self.base = fuzzer, fuzzer.base
        self.root, self.saved = root / "case", root / "saved"
        self._undisturbed: dict[str, Undisturbed] = {}

    def undisturbed(self, name: str) -> Undisturbed:
        """Run a command over an older OUT, once."""
        if name not in self._undisturbed:
            command = LINES[name]
            _, alone = self.fuzzer.healthy(name)
            with workplace(self.base, command, self.root) as folder:
                if command.older:
                    _succeed(command.older_line, folder)
                for path in folder.glob("OUT*"):
                    _copy(path, self.saved / name / path.name)
                older, steps = written(folder), Steps(folder)
                _succeed(command.line, folder, steps.watch)
                self._undisturbed[name] = Undisturbed(older, alone, written(folder), steps.n)
        return self._undisturbed[name]

    def draw(self, random: Random, names: list[str]) -> tuple[str, str, float]:
        """Choose how to disturb which command, and where."""
        name, how = random.choice(names), random.choice(("kill", "kill", "fill", "overlap"))
        if how == "fill":
            return how, name, random.choice((0, round(random.random(), 2)))
        return how, name, random.randint(1, self.undisturbed(name).n_steps)

    def disturb(self, how: str, name: str, where: float) -> list[str]:
        """Kill a run or stop it at a step, or leave a share of the space."""
        if how == "fill":
            return self.fill(name, where)
        return self.kill(name, int(where)) if how == "kill" else self.overlap(name, int(where))

    @contextmanager
    def _over_older(self, name: str) -> Iterator[tuple[Path, Undisturbed, Command]]:
        """Give a workplace in which an older OUT lies."""
        expected = self.undisturbed(name)
        with workplace(self.base, LINES[name], self.root) as folder:
            self._restore(name, folder)
            yield folder, expected, LINES[name]

    def _restore(self, name: str, folder: Path) -> None:
        for path in (self.saved / name).glob("*"):
            _copy(path, folder / path.name)

    def kill(self, name: str, at: int) -> list[str]:
        """Kill a run before a step, look at what is left, and run it again."""
        with self._over_older(name) as (folder, expected, command):
            before = listing(self.root)
            run(command.line, folder, Steps(folder, at, signal.SIGKILL).watch)
            problems = _changed_inputs(before, listing(self.root))
            left = {path: sha256 for path, sha256 in written(folder).items() if "/.." not in path}
            is_open = any(Path(path).name == JOURNAL for path in left)
            is_whole = not command.mark or {command.mark, f"{command.out}/{command.mark}"} & set(
                left
            )
            if is_whole and not is_open and left not in (expected.older, expected.newer):
                problems.append(f"OUT is neither old nor new: {_differences(left, expected.newer)}")
            return problems + _run_again(command, folder, before, expected)

    def fill(self, name: str, share: float) -> list[str]:
        """Run a command on a disk that holds a part of what it writes, and again with more space.

        A share of 0 makes the disk read-only instead.
        """
        command, expected = LINES[name], self.undisturbed(name)
        with workplace(self.base, command, self.root) as folder, _disk(folder / "disk") as disk:
            self._restore(name, disk)
            on_disk = command.on("disk/")
            before = listing(self.root)
            size = sum(path.stat().st_size for path in disk.rglob("*") if path.is_file())
            little = _little_space(disk, int(share * size)) if share else _read_only(disk)
            with little as limit:
                outcome = run(on_disk.line, folder, limit)
            problems = _changed_inputs(before, listing(self.root))
            said = "disk is full|no file of that size" if share else "only be read|no right"
            if outcome.exit != 0 and not re.search(said, outcome.output):
                problems.append(f"exit {outcome.exit}: {outcome.fault or outcome.output}")
            if outcome.exit != 0 and written(disk) != expected.older:
                problems.append(f"OUT has changed: {_differences(written(disk), expected.older)}")
            return problems + _run_again(on_disk, folder, before, expected)

    def overlap(self, name: str, at: int) -> list[str]:
        """Stop a run before a step, run another into the same place, and let the first go on."""
        with self._over_older(name) as (folder, expected, command):
            before = listing(self.root)
            first = start(command.line, folder, Steps(folder, at, signal.SIGSTOP).watch)
            outcomes = [first.wait(until_stopped=True)]
            if outcomes[0] is None:
                second = start(command.older_line, folder, name="second")
                waited = second.wait(OVERLAP_S, kill=False)  # it may, while files are moved
                os.kill(first.pid, signal.SIGCONT)
                outcomes = [first.wait(), waited or second.wait()]
            problems = _changed_inputs(before, listing(self.root))
            for outcome in outcomes:
                if outcome is None or outcome.exit not in (0, 2):
                    problems.append(f"one of two runs gives {outcome}")
            if written(folder) not in (expected.older, expected.alone, expected.newer):
                problems.append(f"a mixture: {_differences(written(folder), expected.newer)}")
            return problems + strays(before, listing(self.root))


def _succeed(line: str, folder: Path, before: Callable[[], Any] | None = None) -> None:
    outcome = run(line, folder, before)
    assert outcome.exit == 0, (line, outcome)


def _copy(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(path, target) if path.is_dir() else shutil.copy2(path, target)


def _changed_inputs(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    names = [
        name for name in before if not {"OUT", "disk"} & set(name.replace(".", "/").split("/"))
    ]
    return [f"{name} was changed or lost" for name in names if after.get(name) != before[name]]


def _differences(left: Snapshot, right: Snapshot) -> list[str]:
    return sorted(name for name in {*left, *right} if left.get(name) != right.get(name))


def _run_again(command: Command, folder: Path, before: Any, expected: Undisturbed) -> list[str]:
    outcome = run(command.line, folder)
    place = (folder / command.out).parent
    if outcome.exit != 0:
        return [f"the next run gives {outcome}"]
    problems = []
    if written(place) not in (expected.newer, expected.alone):
        problems.append(
            f"the next run gives other bytes: {_differences(written(place), expected.newer)}"
        )
    return problems + [f"left: {name}" for name in strays(before, listing(folder.parent))]


@contextmanager
def _disk(folder: Path) -> Iterator[Path]:
    """Mount a small disk where we may; otherwise the folder is as any other."""
    folder.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder))
    is_mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield folder
    finally:
        if is_mounted:
            subprocess.run(("umount", str(folder)), check=True)


@contextmanager
def _little_space(disk: Path, n_bytes: int) -> Iterator[Callable[[], None] | None]:
    """Leave so little space on a disk; where it is no disk of its own, allow files of that size.

    The second is for the child to call: we write files ourselves, as does pytest.
    """
    if not os.path.ismount(disk):
        most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        yield partial(resource.setrlimit, resource.RLIMIT_FSIZE, (n_bytes, most))
        return
    filler = disk / "filler"
    filler.write_bytes(bytes(max(shutil.disk_usage(disk).free - n_bytes, 0)))
    yield
    filler.unlink()


@contextmanager
def _read_only(disk: Path) -> Iterator[None]:
    if os.path.ismount(disk):
        subprocess.run(("mount", "-o", "remount,ro", str(disk)), check=True)
        yield
        subprocess.run(("mount", "-o", "remount,rw", str(disk)), check=True)
        return
    disk.chmod(0o555)
    yield
    disk.chmod(0o755)
