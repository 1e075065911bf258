"""What the networks behind a table or a picture started from: said under each of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from gazescribe.pipeline.results.runs import ScoredRun
from gazescribe.pipeline.results.writing import NetworkResults

SCRATCH = "scratch"

Starts = Mapping[str, str]
"""Of each model what it started from: the name of a file, a run, or scratch."""


def starts_of(runs_of: Mapping[str, Sequence[ScoredRun[Any]]]) -> dict[str, str]:
    """Say of each model what its weights started from: of a chain of stages, the first one."""
    runs = {run.name: run for model_runs in runs_of.values() for run in model_runs}
    return {model: weights_of(model_runs[0], runs) for model, model_runs in runs_of.items()}


def weights_of(run: ScoredRun[Any], runs: Mapping[str, ScoredRun[Any]]) -> str:
    """Name what a run's weights started from: a file, a stage before, or nothing."""
    first = run.init_from
    if first and first in runs:
        return weights_of(runs[first], runs)
    if first:
        return f"those of {first}"
    weights = run.settings.get("weights")
    return Path(weights).name if weights else SCRATCH


def say_starts(starts: Starts, models: Collection[str]) -> str:
    """Say in one sentence what these models started from, those that started alike together."""
    alike: dict[str, list[str]] = {}
    for model, start in starts.items():
        if model in models:
            alike.setdefault(start, []).append(model)
    if len(alike) == 1:
        return f"All networks started from {next(iter(alike))}."
    parts = [f"{', '.join(names)} from {start}" for start, names in alike.items()]
    return f"What networks started from: {'; '.join(parts)}."


def with_starts(
    results: NetworkResults, starts: Starts, without: Collection[str]
) -> NetworkResults:
    """Say under each table and picture what its networks started from.

    `without` names those that show no network's work.
    """
    tables = {}
    for name, table in results.tables.items():
        if table is None or name in without:
            tables[name] = table
        else:
            sentence = say_starts(starts, _models(table.frame, starts))
            tables[name] = replace(table, notes=[*table.notes, sentence])
    figures = dict(results.figures)
    for name, plate in results.drawn.items():
        table = results.tables.get(results.table_of.get(name, name))
        if name not in without:
            frame = pd.DataFrame() if table is None else table.frame
            sentence = say_starts(starts, _models(frame, starts))
            figures[name] = replace(plate, caption=f"{plate.caption} {sentence}".lstrip())
    return replace(results, tables=tables, figures=figures)


def _models(frame: pd.DataFrame, starts: Starts) -> list[str]:
    """Models that a table has rows of; all where it has no such rows."""
    models = [model for model in starts if "model" in frame and (frame["model"] == model).any()]
    return models or list(starts)
