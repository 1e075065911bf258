"""Read the score tables of cooperative runs, aligned by image.

Reads: of each folder of SCORES `scores.json`, and where they are there `classification.parquet`
(table `cooperative_classification`) and `saliency.parquet` (table `cooperative_saliency`).
Drops: rows that are not of the test split.
A repetition is what one seed gives; in a cross-validation, what as many seeds as folds give.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from gazescribe.pipeline.core.errors import AlignmentError, SchemaError
from gazescribe.pipeline.core.resampling import Floats
from gazescribe.pipeline.core.schemas import DIAGNOSES, SALIENCY_MAPS, SPLITS
from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.core.yaml_files import explain

PIXELS = ("valid", "all")
METRICS = ("kl", "cc", "hs", "sim", "nss", "auc_judd", "auc_shuffled")
NO_FOLD = -1
_ALLOWED = {
    "split": SPLITS,
    "target": DIAGNOSES,
    "map": SALIENCY_MAPS,
    "pixels": PIXELS,
}


class Scores(BaseModel):
    """What is used of `scores.json`; it may say more."""

    model_config = ConfigDict(frozen=True)

    settings: dict[str, Any]
    counts: dict[str, Any]
    gives: str | None = None


@dataclass(frozen=True)
class Run:
    """One run: its folder, name, model, seed, fold, and `scores.json`."""

    folder: Path
    name: str
    model: str
    seed: int
    fold: int | None
    scores: Scores

    @property
    def repetition(self) -> int:
        """Number of the repetition it belongs to."""
        if self.fold is None:
            return self.seed
        return self.seed // int(self.scores.settings["n_folds"])

    @property
    def init_from(self) -> str | None:
        """Name of the run whose weights it started from."""
        first: str | None = self.scores.settings.get("init_from")
        return first

    def has(self, file: str) -> bool:
        """Whether it has this table."""
        return (self.folder / f"{file}.parquet").is_file()


@dataclass(frozen=True)
class Aligned:
    """Test cases of a model under all its repetitions.

    Attributes
    ----------
    cases : pandas.DataFrame
        dicom_id, subject_id, fold (−1: none), and what else is known of an image; sorted by
        dicom_id.
    repetitions : tuple of int
        Their numbers, rising.
    scores : ndarray of float64, shape (repetitions, cases, columns)
        NaN is undefined.
    """

    cases: pd.DataFrame
    repetitions: tuple[int, ...]
    scores: Floats

    @property
    def folds(self) -> list[NDArray[np.intp]]:
        """Places of the cases of each fold."""
        fold = self.cases["fold"].to_numpy()
        return [np.flatnonzero(fold == one) for one in np.unique(fold)]


Maps = dict[tuple[str, str], Aligned]
"""By kind of map and kind of pixels."""


def read_runs(folder: Path) -> dict[str, list[Run]]:
    """Find the runs of a folder.

    Returns
    -------
    dict of str to list of Run
        Runs of each model by seed; models in alphabetical order.

    Raises
    ------
    SchemaError
        If there is no run, or a `scores.json` is absent or not what it must be; all faults at once.
    AlignmentError
        If a cross-validation lacks folds.
    """
    folders = sorted(
        one for one in folder.iterdir() if one.is_dir() and not one.name.startswith(".")
    )
    runs: list[Run] = []
    faults: list[str] = []
    for one in folders:
        found = _read_run(one)
        if isinstance(found, Run):
            runs.append(found)
        else:
            faults += [f"{one.name}/scores.json: {fault}" for fault in found]
    faults += _circles(runs)
    if faults or not runs:
        what = "these are not whole runs." if faults else "there is no run in this folder."
        remedy = "Give the folder that `gazescribe evaluate` wrote."
        raise SchemaError(what, where=folder, remedy=remedy, faults=faults)
    models: dict[str, list[Run]] = {}
    for run in sorted(runs, key=lambda one: (one.model, one.seed)):
        models.setdefault(run.model, []).append(run)
    _check_folds(models, folder)
    return models


def _circles(runs: Sequence[Run]) -> list[str]:
    """Name the runs that start from themselves, also by way of others."""
    first = {run.name: run.init_from for run in runs}
    faults = []
    for name in first:
        passed: list[str] = []
        at: str | None = name
        while at in first and at not in passed:
            passed.append(at)
            at = first[at]
        if at == name:
            way = " ← ".join([*passed, name])
            faults.append(f"{name}/scores.json: it starts from itself: {way}")
    return faults


def _check_folds(models: Mapping[str, Sequence[Run]], folder: Path) -> None:
    """Refuse repetitions without all their folds: their test images would not be all images."""
    faults = []
    for model, runs in models.items():
        of_folds = [run for run in runs if run.fold is not None]
        for repetition in sorted({run.repetition for run in of_folds}):
            own = [run for run in of_folds if run.repetition == repetition]
            n_folds = max(run.scores.settings["n_folds"] for run in own)
            if absent := sorted({*range(n_folds)} - {run.fold for run in own}):
                named = ", ".join(map(str, absent))
                faults.append(f"{model}, repetition {repetition}: no fold {named} of {n_folds}")
    if faults:
        what = "a cross-validation needs all its folds."
        remedy = "Train and score those of the seeds that are not there: seed k holds out fold k."
        raise AlignmentError(what, where=folder, remedy=remedy, faults=faults)


def _read_run(folder: Path) -> Run | list[str]:
    """Read `scores.json`; or give its faults."""
    try:
        content = json.loads((folder / "scores.json").read_text(encoding="utf-8"))
        scores = Scores.model_validate(content)
    except FileNotFoundError:
        return ["not found"]
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        return [f"this is not JSON ({error})"]
    except ValidationError as error:
        return [explain(one, Scores) for one in error.errors(include_url=False)]
    keys = ("name", "model", "seed", "fold", "n_folds")
    name, model, seed, fold, n_folds = (scores.settings.get(key) for key in keys)
    if not isinstance(seed, int) or name != folder.name or name != f"{model}-seed{seed}":
        return [f"settings name the run {name!r} of model {model!r} and seed {seed!r}"]
    if fold is not None and not (
        isinstance(n_folds, int) and n_folds > 1 and fold in range(n_folds)
    ):
        return [f"settings name fold {fold!r} of {n_folds!r}"]
    starts = {key: scores.settings.get(key) for key in ("init_from", "weights")}
    faults = [
        f"settings name {value!r} as {key}, which must be a name or null"
        for key, value in starts.items()
        if not isinstance(value, str | None)
    ]
    return faults or Run(folder, folder.name, str(model), seed, fold, scores)


def read_classification(runs: Sequence[Run]) -> Aligned | None:
    """Read the test probabilities of a model's runs; columns are those of `DIAGNOSES`.

    Returns
    -------
    Aligned or None
        cases have a column target; None where the runs have no such table.

    Raises
    ------
    SchemaError
        If a run lacks the table that others have, or it has no test rows, another run's rows, an
        unknown name, or an image twice.
    AlignmentError
        If the repetitions were scored on different cases.
    """
    table = _read(runs, "classification")
    if table is None:
        return None
    return _aligned(table, ["dicom_id"], ["target"], [f"p_{name}" for name in DIAGNOSES], runs)


def read_saliency(runs: Sequence[Run]) -> Maps:
    """Read the test fits of a model's maps; columns are those of `METRICS`; raises as above."""
    table = _read(runs, "saliency")
    if table is None:
        return {}
    keys = ["dicom_id", "reading_id"]
    return {
        (str(kind), str(pixels)): _aligned(own, keys, [], list(METRICS), runs)
        for (kind, pixels), own in table.groupby(["map", "pixels"], sort=True)
    }


def _read(runs: Sequence[Run], file: str) -> pd.DataFrame | None:
    """Put the test rows of all runs together, with their repetition."""
    absent = [run.name for run in runs if not run.has(file)]
    if len(absent) == len(runs):
        return None
    if absent:
        what = f"these runs have no {file}.parquet, others of the model have."
        remedy = "Score them again."
        raise SchemaError(what, where=runs[0].folder.parent, remedy=remedy, faults=absent)
    tables = {run.name: _table(run, f"cooperative_{file}") for run in runs}
    empty = [name for name, table in tables.items() if table.empty]
    if empty:
        what = f"{file}.parquet of these runs has no test images."
        remedy = "Score them on data with test images, or take their folders out."
        raise SchemaError(what, where=runs[0].folder.parent, remedy=remedy, faults=empty)
    return pd.concat(tables.values(), ignore_index=True)


def _table(run: Run, name: str) -> pd.DataFrame:
    table: pd.DataFrame = read_table(run.folder, name).to_pandas()
    table["fold"] = table["fold"].fillna(NO_FOLD).astype(int)
    fold = NO_FOLD if run.fold is None else run.fold
    allowed = {**_ALLOWED, "run": (run.name,), "fold": (fold,)}
    faults = [
        f"{column}: {', '.join(sorted(map(str, strange)))}"
        for column, names in allowed.items()
        if column in table and (strange := set(table[column]) - set(names))
    ]
    if faults:
        raise SchemaError(f"table {name} has names unknown here.", where=run.folder, faults=faults)
    return table[table["split"] == "test"].assign(repetition=run.repetition)


def _aligned(
    table: pd.DataFrame, keys: list[str], more: list[str], columns: list[str], runs: Sequence[Run]
) -> Aligned:
    where = runs[0].folder.parent
    twice = table.duplicated(["repetition", *keys])
    if twice.any():
        first = table.loc[twice, ["run", "dicom_id"]].iloc[0]
        what = f"{int(twice.sum())} test images occur twice, first {first['dicom_id']}"
        raise SchemaError(f"{what} in {first['run']}.", where=where)
    parts = {
        repetition: table[table["repetition"] == repetition]
        .sort_values(keys)
        .reset_index(drop=True)
        for repetition in sorted({run.repetition for run in runs})
    }
    named = [*keys, "subject_id", "fold", *more]
    cases = {repetition: own[named] for repetition, own in parts.items()}
    first_cases = next(iter(cases.values()))
    differing = [str(one) for one, own in cases.items() if not own.equals(first_cases)]
    if differing:
        what = f"seeds of {runs[0].model} were scored on different test images or folds."
        remedy = "Score all on the same tables."
        faults = [f"repetition {one}" for one in differing]
        raise AlignmentError(what, where=where, remedy=remedy, faults=faults)
    values = np.stack([own[columns].to_numpy(float) for own in parts.values()])
    return Aligned(first_cases, tuple(parts), values)


def check_cases(models: Mapping[str, Aligned], folder: Path) -> None:
    """Check that all models were scored on the same images, as paired tests need.

    Raises
    ------
    AlignmentError
        With all models that were not.
    """
    if not models:
        return
    first, expected = next(iter(models.items()))
    faults = [
        f"{name}: {len(one.cases)} images, not those of {first} ({len(expected.cases)})"
        for name, one in models.items()
        if not one.cases.equals(expected.cases)
    ]
    if faults:
        what = "models were scored on other test images, diagnoses or folds."
        remedy = "Score all models on the same tables."
        raise AlignmentError(what, where=folder, remedy=remedy, faults=faults)
