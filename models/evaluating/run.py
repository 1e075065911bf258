"""`gazescribe evaluate`: score the trained networks that a CONFIG names.

Reads a CONFIG, the folders it names, and MODELS, what `gazescribe train` wrote. Writes for each run
OUT/<run>/: its score tables; examples.npz, where the system gives examples; model.safetensors, the
checkpoint with thresholds and scores added, since the one in MODELS stays as training left it;
scores.json. They come together, this one last: where it is, the run is scored, and a second call
leaves it alone as long as weights, data and settings of the evaluation are the same. They are kept
in the store (`models.core.store`), and come from there where OUT was emptied. One call at a time
scores a run.

A system is a module `models.<system>.evaluation` with `score(run, path, config, device) -> Scored`.
"""

import dataclasses
import importlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.models.core.checkpoint import (
    FILE,
    annotate_checkpoint,
    read_metadata,
    weights_hash,
)
from gazescribe.models.core.config import Config
from gazescribe.models.core.device import Accelerator, choose_device
from gazescribe.models.core.runs import WITHOUT_EFFECT, RunData, hash_of, portable, run_hash
from gazescribe.models.core.store import entry_of, is_whole, keeping, link_all, set_aside
from gazescribe.pipeline.core.errors import GazeError, ParamsError, SchemaError, quote
from gazescribe.pipeline.core.files import replacing_folder, write_json
from gazescribe.pipeline.core.foreign import read_json
from gazescribe.pipeline.core.tables import write_table
from gazescribe.pipeline.core.values import SPLITS

CONTENT = "scores"
SCORES = "scores.json"
EXAMPLES = "examples.npz"
WRITTEN = (SCORES, EXAMPLES, FILE, "*.parquet")
"""What a call leaves, and a later one replaces."""
SCORED_SPLITS = SPLITS[1:]  # all but train


@dataclass(frozen=True)
class Scored:
    """Scores of one run, as a system gives them.

    Attributes
    ----------
    tables : mapping of str to columns
        Score tables by their names in `pipeline.core.score_schemas`.
    about : mapping
        What `scores.json` says of them: thresholds, counts and so on.
    thresholds, metrics : mapping or None
        For the checkpoint (`models.core.checkpoint.Checkpoint`).
    examples : mapping of str to ndarray, optional
        Pictures and maps for figures.
    """

    tables: Mapping[str, Mapping[str, Any]]
    about: Mapping[str, Any]
    thresholds: dict[str, Any] | None
    metrics: dict[str, Any]
    examples: Mapping[str, NDArray[Any]] | None = None
    warnings: Sequence[str] = field(default=())


@dataclass(frozen=True)
class ScorePlace:
    """Where the scores of a checkpoint lie in the store.

    Attributes
    ----------
    key : str
        Of weights, data and how they are scored; what else the checkpoint says does not count.
    notes : tuple of str
        Warnings that do not come from scoring, but stand among those of the scores.
    """

    folder: Path
    key: str
    notes: tuple[str, ...]

    @classmethod
    def of(cls, run: Any, config: Config, models: Path, data: RunData) -> "ScorePlace":
        """Find it; raises GazeError if the checkpoint is not of this run and its settings."""
        path = models / run.name / FILE
        metadata = read_metadata(path, system=config.system)
        check_settings(portable(metadata["run"]), run, path)
        notes = []
        if run_hash(run, data.training, models) != metadata["run_hash"]:
            notes.append(f"{run.name} was trained from other data or weights than are here")
        evaluation = dataclasses.asdict(config.evaluation)
        key = hash_of(metadata["run"], weights_hash(path), evaluation, data.scoring, notes)
        return cls(entry_of(metadata["run_hash"]) / "scores" / key, key, tuple(notes))


def check_trained(runs: Sequence[Any], models: Path) -> None:
    """Check that all runs have a checkpoint; raises ParamsError naming all that have none."""
    untrained = [run.name for run in runs if not (models / run.name / FILE).is_file()]
    if untrained:
        message = f"{len(untrained)} of {len(runs)} runs are not trained."
        remedy = "Train them, or name the others with --run."
        raise ParamsError(message, where=models, remedy=remedy, faults=untrained)


def evaluate_run(
    run: Any, config: Config, models: Path, out: Path, data: RunData, accelerator: Accelerator
) -> dict[str, Any]:
    """Score one run, unless its scores are in OUT or in the store already.

    `models` and `out` are the folders of all checkpoints, and of all scores. Gives what
    `scores.json` says; `skipped`, where nothing was scored; `linked`, where it comes from the
    store. Raises GazeError if the checkpoint is of other settings, or what it is scored on is not
    what it must be.
    """
    place, folder = ScorePlace.of(run, config, models, data), out / run.name
    if (earlier := read_scores(folder, place.key)) is not None:
        return {**earlier, "skipped": True, "linked": False}
    is_scored = is_whole(place.folder)
    warnings = []
    with replacing_folder(folder, CONTENT, obsolete=WRITTEN, mark=SCORES) as staging:
        if not is_scored:
            if place.folder.exists():
                warnings.append(set_aside(place.folder))
            with keeping(place.folder, CONTENT, SCORES) as scores_kept:
                _score(run, models / run.name / FILE, config, place, scores_kept, accelerator)
        link_all(place.folder, staging)
    summary: dict[str, Any] = read_json(folder / SCORES)
    summary["warnings"] = [*summary["warnings"], *warnings]
    return {**summary, "skipped": is_scored, "linked": is_scored}


def _score(
    run: Any,
    path: Path,
    config: Config,
    place: ScorePlace,
    folder: Path,
    accelerator: Accelerator,
) -> None:
    """Score the checkpoint at `path`, and write into a folder what comes of it."""
    began = time.perf_counter()
    system = importlib.import_module(f"gazescribe.models.{config.system}.evaluation")
    scored: Scored = system.score(run, path, config, choose_device(accelerator))
    summary = {
        "settings": portable(dataclasses.asdict(run)),
        **scored.about,
        "metrics": scored.metrics,
        "warnings": [*scored.warnings, *place.notes],
        "hash": place.key,
        "seconds": time.perf_counter() - began,
    }
    write_scores(scored, summary, path, folder)


def check_settings(trained: Mapping[str, Any], run: Any, path: Path) -> None:
    """Refuse a checkpoint of other settings than CONFIG has now, naming all that differ."""
    # Through JSON, as the checkpoint has been: tuples are lists there.
    expected = json.loads(json.dumps(portable(dataclasses.asdict(run))))
    faults = [
        f"{name}: {quote(trained.get(name))} found, {quote(expected.get(name))} in CONFIG"
        for name in sorted(set(expected) | set(trained))
        if name not in WITHOUT_EFFECT and trained.get(name) != expected.get(name)
    ]
    if faults:
        message = "this network was trained with other settings."
        raise SchemaError(message, where=path, remedy="Train it again.", faults=faults)


def read_scores(folder: Path, key: str) -> dict[str, Any] | None:
    """Read `scores.json` where it is of this hash."""
    try:
        summary: dict[str, Any] = read_json(folder / SCORES)
    except GazeError:  # absent or damaged: the run is scored again
        return None
    return summary if summary.get("hash") == key else None


def write_scores(scored: Scored, summary: Mapping[str, Any], path: Path, folder: Path) -> None:
    """Write the scores of a run into a folder that replaces that of an earlier call."""
    for name, columns in scored.tables.items():
        write_table(columns, folder, name)
    if scored.examples is not None:
        with (folder / EXAMPLES).open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **scored.examples)
    notes = {"thresholds": scored.thresholds, "metrics": scored.metrics}
    annotate_checkpoint(path, folder / FILE, **notes)
    write_json(summary, folder / SCORES)
