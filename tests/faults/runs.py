"""Run a command in a child of this process, so that it can hang, run out of memory or be killed.

The child is forked: what was imported once need not be imported again. It calls click's runner.
"""

import faulthandler
import gc
import hashlib
import importlib
import json
import os
import re
import resource
import shlex
import shutil
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from tests.faults.commands import Command
from tests.running import invoke

LIMIT_S = 60
MEMORY = 3 * 2**30  # bytes that a command may ask for on so small inputs
VOLATILE = re.compile(rb'"(seconds|prepare_s|peak_memory_mib|images_a_second|s_an_image)": [\d.]+')
TIMING = re.compile(rb'"timing\.json": \{[^}]*\}')
OURS = (".written.json", ".bidsignore", ".maps.json")  # hidden, but part of OUT
LEFT = (".runs", ".OUT.partial")  # work that the next run takes up
Snapshot = dict[str, str]


@dataclass(frozen=True)
class Outcome:
    """What came of a run; no exit code where it was killed."""

    exit: int | None
    output: str
    fault: str = ""  # of an exception that nobody caught: its type, and where in the project
    peak_mib: float = 0.0
    is_hung: bool = False


@dataclass
class Child:
    """A command that runs."""

    pid: int
    answer: Path
    screen: Path
    begin: float

    def wait(
        self, limit_s: float = LIMIT_S, *, until_stopped: bool = False, kill: bool = True
    ) -> Outcome | None:
        """Wait for the end; kill what takes too long; None where it has stopped, or goes on."""
        flags = os.WNOHANG | (os.WUNTRACED if until_stopped else 0)
        is_hung = False
        while True:
            pid, status, usage = os.wait4(self.pid, flags)
            if pid and os.WIFSTOPPED(status):
                return None
            if pid:
                break
            is_late = time.monotonic() - self.begin > limit_s
            if is_late and not kill:
                return None
            if is_late and not is_hung:
                os.kill(self.pid, signal.SIGKILL)
                is_hung = True
            time.sleep(0.002)
        peak_mib = usage.ru_maxrss / 2**10
        if not self.answer.exists():
            screen = self.screen.read_text("utf-8", "replace")
            place = _place(re.findall(r'File "(.+)", line \d+ in (\w+)', screen)[::-1])
            return Outcome(None, screen, f"killed {place}" if place else "", peak_mib, is_hung)
        content = json.loads(self.answer.read_text())
        for name in content.pop("modules"):  # so that the next child finds them imported
            if name not in sys.modules:
                with suppress(Exception):
                    importlib.import_module(name)
                gc.freeze()
        return Outcome(**content, peak_mib=peak_mib)


def start(
    line: str, folder: Path, before: Callable[[], Any] | None = None, *, name: str = "answer"
) -> Child:
    """Start a command line in a working folder; `before` is called first in the child.

    Its answer lies in the parent of the working folder.
    """
    answer, screen = folder.parent / f"{name}.json", folder.parent / name
    answer.unlink(missing_ok=True)
    screen.write_text("")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that threads are not copied, which no command needs
        pid = os.fork()
    if pid:
        return Child(pid, answer, screen, time.monotonic())
    try:
        content = json.dumps(_in_child(line, folder, screen, before))
        most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))  # `before` may have set less
        answer.write_text(content)
    finally:
        os._exit(0)


def run(line: str, folder: Path, before: Callable[[], Any] | None = None) -> Outcome:
    """Run a command line to its end."""
    outcome = start(line, folder, before).wait()
    assert outcome is not None
    return outcome


def _in_child(
    line: str, folder: Path, screen: Path, before: Callable[[], Any] | None
) -> dict[str, Any]:
    descriptor = os.open(screen, os.O_WRONLY | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    faulthandler.enable(descriptor)
    faulthandler.dump_traceback_later(LIMIT_S - 1, file=descriptor)
    os.chdir(folder)
    os.environ.update(GAZE_WORKERS="1")
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    warnings.simplefilter("ignore")
    imported = set(sys.modules)
    if before:
        before()
    result = invoke(*shlex.split(line))
    fault = ""
    if result.exit_code == 1 and (error := result.exception) is not None:
        frames = [
            (frame.filename, frame.name) for frame in traceback.extract_tb(error.__traceback__)
        ]
        fault = f"{type(error).__name__} {_place(frames)}: {str(error)[:200]}"
    modules = [name for name in sys.modules if name not in imported]
    return {"exit": result.exit_code, "output": result.output, "fault": fault, "modules": modules}


def _place(frames: list[tuple[str, str]]) -> str:
    """Say where in the project a stack has its last frame."""
    ours = [
        (Path(path), name) for path, name in frames if str(ROOT) in path and "/tests/" not in path
    ]
    ours = [(path, name) for path, name in ours if ".venv" not in path.parts]
    if not ours:
        return ""
    path, name = ours[-1]
    parts = path.parts
    room = next((at for at, part in enumerate(parts) if part in ("pipeline", "models")), -2)
    return f"in {'/'.join(parts[room:])} {name}"


@contextmanager
def workplace(base: Path, command: Command, root: Path) -> Iterator[Path]:
    """Give a folder with links to what a command reads; all below `root` goes in the end."""
    shutil.rmtree(root, ignore_errors=True)
    folder = root / "work"
    folder.mkdir(parents=True)
    for name in command.inputs(base):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if (folder / name).exists():
            continue
        if (base / name).is_dir():
            shutil.copytree(base / name, folder / name, copy_function=os.link)
        else:
            os.link(base / name, folder / name)
    try:
        yield folder
    finally:
        shutil.rmtree(root, ignore_errors=True)


def written(folder: Path) -> Snapshot:
    """Give the hash of each file of OUT in a folder."""
    found = {}
    for path in sorted(path for out in folder.glob("OUT*") for path in (out, *out.rglob("*"))):
        if path.is_file():
            content = path.read_bytes()
            if path.suffix == ".json":
                content = VOLATILE.sub(b"", content)
            # Of what this run did, which goes on with another's; of when files were changed.
            if path.name in ("timing.json", ".maps.json"):
                content = b""
            if path.name == ".written.json":  # hashes, also of files that tell the time
                content = TIMING.sub(b"", content)
            found[str(path.relative_to(folder))] = hashlib.sha256(content).hexdigest()
    return found


def listing(root: Path) -> dict[str, tuple[int, int]]:
    """Give inode and time of all that lies below a folder, but for the harness's own files."""
    found = {}
    for path in sorted(root.rglob("*")):
        if path.parent != root:
            status = path.lstat()
            name = str(path.relative_to(root / "work"))
            found[name] = (0, 0) if path.is_dir() else (status.st_ino, status.st_mtime_ns)
    return found


def strays(before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]) -> list[str]:
    """Name what was changed or left beside OUT, but work that the next run takes up."""
    names = [name for name in before if "OUT" not in name and after.get(name) != before[name]]
    for name in set(after) - set(before):
        parts = Path(name).parts
        hidden = [part for part in parts if part.startswith(".") and part not in OURS]
        if hidden or not any(part.startswith("OUT") for part in parts[:2]):
            names.append(name)
    return sorted(name for name in names if not set(Path(name).parts) & set(LEFT))
