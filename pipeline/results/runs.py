"""Runs that were scored: one folder each, with `scores.json` and score tables."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from gazescribe.pipeline.core.errors import AlignmentError, GazeError, SchemaError, quote
from gazescribe.pipeline.core.foreign import read_json
from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.core.yaml_files import explain


class RunScores(BaseModel):
    """What is used of `scores.json`; it may say more."""

    model_config = ConfigDict(frozen=True)

    settings: dict[str, Any]


Content = TypeVar("Content", bound=RunScores)


@dataclass(frozen=True)
class ScoredRun(Generic[Content]):
    """One run: its folder, and `scores.json`."""

    folder: Path
    scores: Content

    @property
    def name(self) -> str:
        """Model and seed; the folder's name, too."""
        return self.folder.name

    @property
    def settings(self) -> dict[str, Any]:
        """How it was trained."""
        return self.scores.settings

    @property
    def model(self) -> str:
        """What was trained, seeds aside."""
        return str(self.settings["model"])

    @property
    def seed(self) -> int:
        """Of the training."""
        return int(self.settings["seed"])

    @property
    def fold(self) -> int | None:
        """Part of the data that a cross-validation holds out; None without one."""
        fold: int | None = self.settings.get("fold")
        return fold

    @property
    def repetition(self) -> int:
        """Number of the repetition: the seed; in a cross-validation as many seeds as folds."""
        return self.seed if self.fold is None else self.seed // int(self.settings["n_folds"])

    @property
    def init_from(self) -> str | None:
        """Name of the run whose weights it started from."""
        name: str | None = self.settings.get("init_from")
        return name


def read_runs(
    folder: Path,
    content: type[Content],
    files: Sequence[str],
    check: Callable[[Sequence[ScoredRun[Content]]], list[str]],
    names: Collection[str] | None = None,
) -> dict[str, list[ScoredRun[Content]]]:
    """Find the runs of a folder: those of each model by seed, models in alphabetical order.

    Parameters
    ----------
    folder : pathlib.Path
        What `gazescribe evaluate` wrote.
    content : type
        What `scores.json` must say.
    files : sequence of str
        Files that each run must have.
    check : function
        Gives what is wrong with runs that can be read, as `run/file: fault`.
    names : collection of str, optional
        Runs to read, all of which must be there; by default all that are.

    Raises
    ------
    SchemaError
        If there is no run, a file of one is absent or not what it must be; all faults at once.
    """
    runs: list[ScoredRun[Content]] = []
    faults = [f"{name}: not found" for name in sorted(names or []) if not (folder / name).is_dir()]
    for path in sorted(folder.iterdir()):
        if not path.is_dir() or path.name.startswith("."):
            continue
        if names is not None and path.name not in names:
            continue
        run = _read_run(path, content, files)
        if isinstance(run, ScoredRun):
            runs.append(run)
        else:
            faults += [f"{path.name}/{fault}" for fault in run]
    faults += check(runs)
    if faults or not runs:
        message = "these are not whole runs." if faults else "there is no run in this folder."
        remedy = "Give the folder that `gazescribe evaluate` wrote."
        raise SchemaError(message, where=folder, remedy=remedy, faults=faults)
    models: dict[str, list[ScoredRun[Content]]] = {}
    for run in sorted(runs, key=lambda run: (run.model, run.seed)):
        models.setdefault(run.model, []).append(run)
    return models


def names_in_config(path: Path) -> list[str]:
    """Name the runs of a CONFIG; raises SchemaError if it names none."""
    runs = read_json(path).get("runs")
    names = []
    for run in runs if isinstance(runs, list) else []:
        name = run.get("name") if isinstance(run, dict) else None
        if isinstance(name, str):
            names.append(name)
    if not names or len(names) < len(runs):
        remedy = "Give what `gazescribe configure` wrote."
        raise SchemaError("this CONFIG names no runs.", where=path, remedy=remedy)
    return names


def _read_run(
    folder: Path, content: type[Content], files: Sequence[str]
) -> ScoredRun[Content] | list[str]:
    """Read `scores.json`; or give the faults of the run."""
    absent = [f"{name}: not found" for name in files if not (folder / name).is_file()]
    if absent:
        return absent
    try:
        scores = content.model_validate(read_json(folder / "scores.json"))
    except ValidationError as error:
        faults = error.errors(include_url=False)
        return [f"scores.json: {explain(fault, content)}" for fault in faults]
    except GazeError as error:
        return [f"scores.json: {error.what.rstrip('.')}"]
    name, model, seed = (scores.settings.get(key) for key in ("name", "model", "seed"))
    if not isinstance(seed, int) or name != folder.name or name != f"{model}-seed{seed}":
        named = (
            f"settings name the run {quote(name)} of model {quote(model)} and seed {quote(seed)}"
        )
        return [f"scores.json: {named}"]
    return ScoredRun(folder, scores)


def read_scores(
    run: ScoredRun[Any], name: str, allowed: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """Read a score table of a run; refuse rows of another run, and names that are not allowed."""
    table: pd.DataFrame = read_table(run.folder, name).to_pandas()
    faults = []
    for column, names in {"run": (run.name,), **allowed}.items():
        strange = set(table[column]) - set(names) if column in table else set()
        if strange:
            faults.append(f"{column}: {', '.join(sorted(map(str, strange)))}")
    if faults:
        raise SchemaError(f"table {name} has names unknown here.", where=run.folder, faults=faults)
    return table


def main_first(names: Iterable[str], main: Sequence[str]) -> list[str]:
    """Put the models of the paper first, in its order; the others by name."""
    in_order = sorted(names)
    return [name for name in main if name in in_order] + [
        name for name in in_order if name not in main
    ]


def seed_notes(n_seeds: Mapping[str, int]) -> list[str]:
    """Say which models have one seed alone."""
    alone = [name for name, n in n_seeds.items() if n < 2]
    return [f"One seed, so no interval over seeds: {', '.join(alone)}."] if alone else []


def differing(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Name the tables that do not equal the first."""
    first = next(iter(tables.values()), pd.DataFrame())
    return [name for name, table in tables.items() if not table.equals(first)]


def refuse_other_cases(message: str, where: Path, faults: Sequence[str]) -> None:
    """Refuse models that were not scored on the same cases, as paired tests need."""
    if faults:
        remedy = "Score all models on the same tables."
        raise AlignmentError(message, where=where, remedy=remedy, faults=faults)
