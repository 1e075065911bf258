"""The runs that a CONFIG names: choose some, and tell whether what is there came of the same.

A run has a hash of all that decides its weights. Training and evaluation write it into what they
leave, and a second call does again only what has another hash.
"""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gazescribe.models.core.checkpoint import FILE, read_metadata
from gazescribe.models.core.config import Config, settings_of
from gazescribe.models.core.file_hashes import file_hash, folder_hashes
from gazescribe.models.core.starting_weights import file_of
from gazescribe.models.core.store import MEMORY
from gazescribe.pipeline.core.errors import ParamsError

WITHOUT_EFFECT = ("workers", "log", "iou_every", "checkpointing")
"""Settings that leave the weights as they are."""


class RunData(NamedTuple):
    """Hashes of what a run is trained on, and of what it is scored on."""

    training: str
    scoring: str


def choose_runs(config: Config, names: Sequence[str]) -> list[Any]:
    """Choose the runs of these names, or numbers from 0 in CONFIG; all where there are no names.

    Raises ParamsError for those that CONFIG does not have.
    """
    runs = {run.name: run for run in config.runs}
    by_number = {str(number): name for number, name in enumerate(runs)}
    chosen = {by_number.get(name, name) for name in names}
    unknown = sorted(chosen - set(runs))
    if unknown:
        message = f"there is no run {', '.join(unknown)}."
        remedy = f"Known are {', '.join(runs)}, or their numbers from 0 to {len(runs) - 1}."
        raise ParamsError(message, remedy=remedy)
    return [run for name, run in runs.items() if name in chosen or not names]


def training_data(config: Config, runs: Sequence[Any]) -> dict[str, str]:
    """Identify, by the names of runs, what each is trained on, and by which arithmetic."""
    settings = settings_of(config.system)
    return _data(config, runs, settings.training_inputs, settings.TRAINS_AS)


def run_data(config: Config, runs: Sequence[Any]) -> dict[str, RunData]:
    """Identify, by the names of runs, what each is trained on and scored on."""
    settings = settings_of(config.system)
    trained = training_data(config, runs)
    scored = _data(config, runs, settings.scoring_inputs, settings.SCORES_AS)
    return {name: RunData(trained[name], scored[name]) for name in trained}


def _data(
    config: Config,
    runs: Sequence[Any],
    inputs_of: Callable[[Any, Any], Mapping[str, Any]],
    version: int,
) -> dict[str, str]:
    read = {run.name: inputs_of(run, config.inputs) for run in runs}
    values = [value for inputs in read.values() for value in inputs.values()]
    hashes = folder_hashes(sorted({value for value in values if isinstance(value, str)}), MEMORY)
    # Folders count by what they hold, not by where they lie; all else by its value.
    return {
        run: hash_of(
            version,
            {name: hashes[v] if isinstance(v, str) else v for name, v in inputs.items()},
        )
        for run, inputs in read.items()
    }


def run_hash(run: Any, data: str, models: Path) -> str:
    """Identify a run: by its settings, by `training_data`, and by the weights it starts from.

    Those of an earlier run in `models` count by its own hash, those of a file by its bytes; one
    that is not there is missed where the network is built. Raises ParamsError if that run is not
    trained yet.
    """
    first = getattr(run, "init_from", None)
    if not first:
        return run_hash_after(run, data, None)
    path = models / first / FILE
    if not path.is_file():
        message = f"{run.name} starts from the weights of {first}, which is not trained yet."
        raise ParamsError(message, where=path, remedy=f"Train {first} first.")
    return run_hash_after(run, data, read_metadata(path)["run_hash"])


def run_hash_after(run: Any, data: str, first_hash: str | None) -> str:
    """Identify a run that starts from one of this hash, or from none."""
    settings = dataclasses.asdict(run)
    decisive = {name: value for name, value in settings.items() if name not in WITHOUT_EFFECT}
    file = file_of(decisive.get("weights"))
    if file and file.is_file():
        decisive["weights"] = file_hash(file)
    return hash_of(decisive, data, first_hash)


def portable(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Give settings as results keep them: of a weight file the name, not where it lay."""
    weights = settings.get("weights")
    if not weights or not Path(weights).is_absolute():
        return dict(settings)
    return {**settings, "weights": Path(weights).name}


def hash_of(*parts: Any) -> str:
    """Identify content that fits JSON, by 32 hexadecimal digits."""
    text = json.dumps(parts, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
