"""Kill commands at a counted step, fill their disk, make it read-only, or run two at once."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gazescribe.pipeline.core.files import JOURNAL
from tests.faults.commands import Command
from tests.faults.runs import Outcome, Snapshot, listing, run, snapshot, start, workplace

EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def step_counter(folder: Path, at: int, act: Callable[[int], object]) -> Callable[[], None]:
    """Make what counts the steps that change files of a folder, and acts before one of them."""

    def install() -> None:
        n_steps = 0

        def watch(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal n_steps
            if event not in EVENTS or not isinstance(arguments[0], str | bytes | os.PathLike):
                return
            if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & WRITING):
                return
            if not Path(os.fsdecode(arguments[0])).absolute().is_relative_to(folder):
                return
            n_steps += 1
            if n_steps == at or at == 0:
                act(n_steps)

        sys.addaudithook(watch)

    return install


def count_steps(base: Path, command: Command, root: Path) -> int:
    """Count the steps of a run over an older OUT that change files."""
    with workplace(base, command, root) as folder:
        make_older(command, folder)
        note = root / "steps"
        run(command.line, folder, step_counter(folder, 0, lambda n: os.truncate(note_file, n)))
        return note.stat().st_size


def make_older(command: Command, folder: Path) -> Snapshot:
    """Write another content to OUT, and give it."""
    outcome = run(f"{command.line} {command.older}", folder)
    assert outcome.exit == 0, outcome
    return snapshot(folder / command.out)
