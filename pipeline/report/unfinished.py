"""Runs that `train` has begun and not finished, as the store of a project folder knows them.

What lies there is described in `models/core/store.py`. It changes while somebody reads: what cannot
be read at this moment is a run without curves, or one that is not there yet.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.foreign import read_json
from gazescribe.pipeline.core.locks import writer_of
from gazescribe.pipeline.report.sheets import read_csv
from gazescribe.pipeline.report.written import WrittenJson

STATES = ".runs/*/state.json"


class StateRun(WrittenJson):
    """Settings of a run, as far as they say which it is and how long it takes."""

    name: str
    epochs: int


class State(WrittenJson):
    """How far a run is."""

    system: str
    run: StateRun
    status: str
    epoch: int = 0


@dataclass(frozen=True)
class Unfinished:
    """A run that is not done; `rows` are those of its `epochs.csv` so far."""

    system: str
    name: str
    note: str
    is_running: bool
    rows: list[dict[str, str]]


def read_unfinished(folder: Path) -> dict[tuple[str, str], Unfinished]:
    """Read by system and name the unfinished runs of a project folder.

    Of several runs of a name, which have other settings or data, it is the one that is being
    trained, else the one that was last.
    """
    runs = []
    for path in folder.glob(STATES):
        with suppress(GazeError, ValidationError, OSError):
            # The order counts: a run that ends meanwhile has its result before its lock goes.
            writer = writer_of(path.parent)
            time_s = path.stat().st_mtime
            state = State.model_validate(read_json(path))
            if not (path.parent / "run").exists():
                runs.append(
                    (writer is not None, time_s, str(path), _described(path, state, writer))
                )
    return {(run.system, run.name): run for *_, run in sorted(runs, key=lambda row: row[:3])}


def _described(path: Path, state: State, writer: str | None) -> Unfinished:
    rows: list[dict[str, str]] = []
    with suppress(GazeError, OSError):  # before the end of the first epoch
        rows = read_csv(path.parent / "resume" / "epochs.csv")
    word = "failed" if state.status == "failed" else "stopped"
    note = f"{word if writer is None else 'running'}, epoch {state.epoch} of {state.run.epochs}"
    return Unfinished(state.system, state.run.name, note, writer is not None, rows)


def drawn_beside(
    finished: Mapping[str, object], runs: Mapping[tuple[str, str], Unfinished], system: str
) -> dict[str, Unfinished]:
    """Choose by name what is drawn beside the finished runs of a system.

    A run that stopped and has the name of a finished one was of other settings or data.
    """
    return {
        name: run
        for (of_system, name), run in sorted(runs.items())
        if of_system == system and (run.is_running or name not in finished)
    }
