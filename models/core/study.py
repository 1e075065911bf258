"""Where the runs of a CONFIG stand, as the store tells: done, running, failed, or not begun."""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from gazescribe.models.core.checkpoint import FILE
from gazescribe.models.core.config import SYSTEMS, Config, settings_of
from gazescribe.models.core.runs import run_hash_after, training_data
from gazescribe.models.core.store import DAMAGED, STORE, entry_of, read_state
from gazescribe.pipeline.core.locks import writer_of

HOUR_S = 3600
Pace = tuple[str, str]
"""A system, and the settings that decide how long an epoch of it takes, as JSON."""


@dataclass(frozen=True)
class RunStatus:
    """Where a run stands.

    Attributes
    ----------
    state : {'done', 'running', 'failed', 'stopped', 'missing'}
        stopped: by a signal or a kill; it goes on when it is trained again.
    epoch, epochs : int
        Whole epochs so far, and how many there are at most.
    hours_left : float, optional
        None where no epoch of its like was measured.
    note : str
        What stopped it, or which process trains it.
    run_hash : str, optional
        None where it starts from a run that CONFIG does not have.
    """

    system: str
    name: str
    state: Literal["done", "running", "failed", "stopped", "missing"]
    epoch: int
    epochs: int
    hours_left: float | None
    note: str
    run_hash: str | None


def run_hashes(config: Config) -> dict[str, str | None]:
    """Identify all runs of a CONFIG as training does, whether they are trained or not."""
    data = training_data(config, config.runs)
    hashes: dict[str, str | None] = {}
    for run in config.runs:  # a run comes after the one that it starts from
        first = getattr(run, "init_from", None)
        first_hash = hashes.get(first) if first else None
        is_known = not first or first_hash is not None
        hashes[run.name] = run_hash_after(run, data[run.name], first_hash) if is_known else None
    return hashes


def statuses(config: Config) -> list[RunStatus]:
    """Tell where each run of a CONFIG stands, in its order."""
    paces = _paces()
    hashes = run_hashes(config)
    return [_status(run, config.system, hashes[run.name], paces) for run in config.runs]


def _status(run: Any, system: str, run_hash: str | None, paces: Mapping[Pace, float]) -> RunStatus:
    state = read_state(entry_of(run_hash)) if run_hash else {}
    epoch = int(state.get("epoch", 0))
    pace_s = paces.get(_pace(system, asdict(run)))
    if state.get("seconds") and epoch:
        pace_s = state["seconds"] / epoch
    writer = writer_of(entry_of(run_hash)) if run_hash else None
    note = ""
    if run_hash and (entry_of(run_hash) / "run" / FILE).is_file():
        kind, pace_s = "done", 0.0
    elif writer:
        kind, note = "running", writer
    elif not state:
        kind = "missing"
    elif state.get("status") == "failed":
        kind, note = "failed", str(state.get("error"))
    else:
        kind = "stopped"
    hours = None if pace_s is None else (run.epochs - epoch) * pace_s / HOUR_S
    return RunStatus(system, run.name, kind, epoch, run.epochs, hours, note, run_hash)  # type: ignore[arg-type]  # one of the five


def _paces() -> dict[Pace, float]:
    """Seconds an epoch, as runs of the store were measured; of several alike their mean."""
    measured: dict[Pace, list[float]] = {}
    for entry in entries():
        state = read_state(entry)
        if state.get("epoch") and state.get("seconds") and state.get("system") in SYSTEMS:
            key = _pace(state["system"], state["run"])
            measured.setdefault(key, []).append(state["seconds"] / state["epoch"])
    return {key: sum(seconds) / len(seconds) for key, seconds in measured.items()}


def _pace(system: str, settings: Mapping[str, Any]) -> Pace:
    decisive = {name: settings.get(name) for name in settings_of(system).PACE}
    return system, json.dumps(decisive, sort_keys=True)


def entries() -> Iterator[Path]:
    """List the runs of the store."""
    for path in sorted(STORE.glob("*")):
        if path.is_dir() and not path.name.startswith("."):
            yield path


@dataclass(frozen=True)
class Leftover:
    """A folder of the store that nobody asks for.

    Attributes
    ----------
    name : str
        The run it is of.
    size, freed : int
        Bytes of its files, and of those that lie nowhere else: links in OUT hold the others.
    """

    folder: Path
    name: str
    size: int
    freed: int


def leftovers(hashes: Iterable[str]) -> list[Leftover]:
    """List runs of other hashes, but for those that are being trained, and what was damaged."""
    wanted = set(hashes)
    folders = []
    for entry in entries():
        if entry.name in wanted:
            damaged = sorted(path for path in entry.rglob(f"*{DAMAGED}") if path.is_dir())
            folders += [(path, entry) for path in damaged]
        elif writer_of(entry) is None:
            folders.append((entry, entry))
    return [_leftover(folder, entry) for folder, entry in folders]


def _leftover(folder: Path, entry: Path) -> Leftover:
    about = [path.stat() for path in folder.rglob("*") if path.is_file()]
    name = read_state(entry).get("run", {}).get("name", "unknown")
    size = sum(file.st_size for file in about)
    freed = sum(file.st_size for file in about if file.st_nlink == 1)
    return Leftover(folder, str(name), size, freed)


def remove(folders: Sequence[Leftover]) -> None:
    """Remove these folders."""
    for leftover in folders:
        shutil.rmtree(leftover.folder)
