"""Read the score tables of cooperative runs, aligned by image.

Reads: of each folder of SCORES `scores.json`, and where they are there `classification.parquet`
(table `cooperative_classification`) and `saliency.parquet` (table `cooperative_saliency`).
Drops: rows that are not of the test split.
A repetition is what one seed gives; in a cross-validation, what as many seeds as folds give.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from gazescribe.pipeline.core.errors import AlignmentError, SchemaError
from gazescribe.pipeline.core.resampling import Floats
from gazescribe.pipeline.core.values import DIAGNOSES, SALIENCY_MAPS, SPLITS
from gazescribe.pipeline.results.runs import (
    RunScores,
    ScoredRun,
    differing,
    read_runs,
    read_scores,
    refuse_other_cases,
)

PIXELS = ("valid", "all")
METRICS = (
    *("kl", "cc", "hs", "sim", "nss", "auc_judd", "auc_shuffled"),
    *("information_gain", "information_gain_mean"),
)
NO_FOLD = -1
_ALLOWED = {"split": SPLITS, "map": SALIENCY_MAPS, "pixels": PIXELS}
CHANCE = "p_"  # begins the names of columns of probabilities


class Target(BaseModel):
    """What saliency maps were drawn from, and under which Gaussian; null is not known."""

    model_config = ConfigDict(frozen=True)

    saliency_from: Literal["fixations", "samples"] | None = None
    sigma_deg: float | None = None
    sigma_px: float | None = None

    def __str__(self) -> str:
        if self.saliency_from is None:
            return "maps that do not say what they were drawn from"
        if self.saliency_from == "samples":
            message, sigma, unit = "every gaze sample", self.sigma_px, " px of the image"
        else:
            message, sigma, unit = (
                "fixations by their duration",
                self.sigma_deg,
                "° of visual angle",
            )
        spread = "unknown" if sigma is None else f"{sigma:g}{unit}"
        return f"{message}, Gaussians of σ {spread}"


class Targets(BaseModel):
    """Maps that a run was trained on, and those that it was scored against."""

    model_config = ConfigDict(frozen=True)

    trained: Target | None = None
    scored: Target | None = None


class Inference(BaseModel):
    """How long a network takes one image, and on what."""

    model_config = ConfigDict(frozen=True)

    s_an_image: float = Field(ge=0)
    n_images: int = Field(ge=1)
    machine: str


class CooperativeScores(RunScores):
    """What is used of `scores.json`; it may say more."""

    counts: dict[str, Any]
    classes: tuple[str, ...] = DIAGNOSES  # of the data; scores of EGD alone once did not say them
    gives: str | None = None
    targets: Targets = Targets()
    inference: Inference | None = None


CooperativeRun = ScoredRun[CooperativeScores]


@dataclass(frozen=True)
class Aligned:
    """Test cases of a model under all its repetitions."""

    # dicom_id, subject_id, fold (−1: none), and the target where there is one; sorted by dicom_id
    cases: pd.DataFrame
    repetitions: tuple[int, ...]  # their numbers, rising
    columns: tuple[str, ...]  # classes, or metrics
    scores: Floats  # (repetitions, cases, columns): NaN is undefined

    @property
    def folds(self) -> list[NDArray[np.intp]]:
        """Places of the cases of each fold."""
        fold = self.cases["fold"].to_numpy()
        return [np.flatnonzero(fold == number) for number in np.unique(fold)]


Maps = dict[tuple[str, str], Aligned]
"""By kind of map and kind of pixels."""


def read_cooperative_runs(
    folder: Path, names: Collection[str] | None = None
) -> dict[str, list[CooperativeRun]]:
    """Find the runs of a folder, as `read_runs` does.

    Raises
    ------
    SchemaError
        As there; all faults at once.
    AlignmentError
        If a cross-validation lacks folds.
    """
    models = read_runs(folder, CooperativeScores, ["scores.json"], _faults, names)
    _check_folds(models, folder)
    _check_classes(models, folder)
    return models


def is_of_paper(models: Mapping[str, Sequence[CooperativeRun]]) -> bool:
    """Whether all runs are of data with the paper's diagnoses, beside which its figures stand."""
    return all({*run.scores.classes} == {*DIAGNOSES} for runs in models.values() for run in runs)


def _check_classes(models: Mapping[str, Sequence[CooperativeRun]], folder: Path) -> None:
    """Refuse runs of data with other classes: what one cannot say compares with nothing."""
    classes = {run.name: run.scores.classes for runs in models.values() for run in runs}
    first = next(iter(classes))
    faults = [
        f"{name}: {', '.join(of_run) or 'no classes'}"
        for name, of_run in classes.items()
        if of_run != classes[first]
    ]
    if faults:
        message = f"these runs are of other classes than {first}: {', '.join(classes[first])}."
        remedy = "Tabulate the runs of one data set, or name them by --config."
        raise AlignmentError(message, where=folder, remedy=remedy, faults=faults)


def _faults(runs: Sequence[CooperativeRun]) -> list[str]:
    """Say which folds and first stages cannot be."""
    faults, sound = [], []
    for run in runs:
        of_run = []
        fold, n_folds = run.fold, run.settings.get("n_folds")
        if fold is not None and not (
            isinstance(n_folds, int) and n_folds > 1 and fold in range(n_folds)
        ):
            of_run.append(f"settings name fold {fold!r} of {n_folds!r}")
        else:
            for key in ("init_from", "weights"):
                value = run.settings.get(key)
                if not isinstance(value, str | None):
                    of_run.append(f"settings name {value!r} as {key}, which must be a name or null")
        faults += [f"{run.name}/scores.json: {fault}" for fault in of_run]
        if not of_run:
            sound.append(run)
    # a chain of stages can only be followed where each names its first stage soundly
    return faults + _circles(sound)


def _circles(runs: Sequence[CooperativeRun]) -> list[str]:
    """Name the runs that start from themselves, also by way of others."""
    first_stage = {run.name: run.init_from for run in runs}
    faults = []
    for name in first_stage:
        passed: list[str] = []
        stage: str | None = name
        while stage in first_stage and stage not in passed:
            passed.append(stage)
            stage = first_stage[stage]
        if stage == name:
            way = " ← ".join([*passed, name])
            faults.append(f"{name}/scores.json: it starts from itself: {way}")
    return faults


def _check_folds(models: Mapping[str, Sequence[CooperativeRun]], folder: Path) -> None:
    """Refuse repetitions without all their folds: their test images would not be all images."""
    faults = []
    for model, runs in models.items():
        repetitions: dict[int, list[CooperativeRun]] = {}
        for run in runs:
            if run.fold is not None:
                repetitions.setdefault(run.repetition, []).append(run)
        for repetition, parts in sorted(repetitions.items()):
            n_folds = max(run.settings["n_folds"] for run in parts)
            absent = sorted({*range(n_folds)} - {run.fold for run in parts})
            if absent:
                named = ", ".join(map(str, absent))
                faults.append(f"{model}, repetition {repetition}: no fold {named} of {n_folds}")
    if faults:
        message = "a cross-validation needs all its folds."
        remedy = "Train and score those of the seeds that are not there: seed k holds out fold k."
        raise AlignmentError(message, where=folder, remedy=remedy, faults=faults)


def read_classification(runs: Sequence[CooperativeRun]) -> Aligned | None:
    """Read the test probabilities of a model's runs; None where they have no such table.

    Columns are the classes that the runs name; the cases have a column target.

    Raises
    ------
    SchemaError
        If a run lacks the table that others have, or it has no test rows, another run's rows, an
        unknown name, a column too few, or an image twice.
    AlignmentError
        If the repetitions were scored on different cases.
    """
    table = _read_tables(runs, "classification")
    if table is None:
        return None
    keys, classes = ["dicom_id"], tuple(runs[0].scores.classes)
    return _aligned(table, keys, [*keys, "subject_id", "fold", "target"], classes, CHANCE, runs)


def read_saliency(runs: Sequence[CooperativeRun]) -> Maps:
    """Read the test fits of a model's maps; columns are those of `METRICS`; raises as above."""
    table = _read_tables(runs, "saliency")
    if table is None:
        return {}
    keys = ["dicom_id", "reading_id"]
    return {
        (str(kind), str(pixels)): _aligned(
            rows, keys, [*keys, "subject_id", "fold"], METRICS, "", runs
        )
        for (kind, pixels), rows in table.groupby(["map", "pixels"], sort=True)
    }


def _read_tables(runs: Sequence[CooperativeRun], file: str) -> pd.DataFrame | None:
    """Put the test rows of all runs together, with their repetition."""
    absent = [run.name for run in runs if not (run.folder / f"{file}.parquet").is_file()]
    if len(absent) == len(runs):
        return None
    folder = runs[0].folder.parent
    if absent:
        message = f"these runs have no {file}.parquet, others of the model have."
        raise SchemaError(message, where=folder, remedy="Score them again.", faults=absent)
    tables = {run.name: _read_table(run, f"cooperative_{file}") for run in runs}
    empty = [name for name, table in tables.items() if table.empty]
    if empty:
        message = f"{file}.parquet of these runs has no test images."
        remedy = "Score them on data with test images, or take their folders out."
        raise SchemaError(message, where=folder, remedy=remedy, faults=empty)
    return pd.concat(tables.values(), ignore_index=True)


def _read_table(run: CooperativeRun, name: str) -> pd.DataFrame:
    table = read_scores(run, name, {**_ALLOWED, "target": run.scores.classes})
    expected = {f"{CHANCE}{label}" for label in run.scores.classes}
    chance_columns = {name for name in map(str, table.columns) if name.startswith(CHANCE)}
    if "target" in table and chance_columns != expected:
        faults = [f"{column}: only in the table" for column in sorted(chance_columns - expected)]
        faults += [f"{column}: not in the table" for column in sorted(expected - chance_columns)]
        message = f"table {name} has not the classes that scores.json names."
        raise SchemaError(message, where=run.folder, remedy="Score it again.", faults=faults)
    table["fold"] = table["fold"].fillna(NO_FOLD).astype(int)
    strange = sorted(set(table["fold"]) - {NO_FOLD if run.fold is None else run.fold})
    if strange:
        fault = f"fold: {', '.join(map(str, strange))}"
        message = f"table {name} has names unknown here."
        raise SchemaError(message, where=run.folder, faults=[fault])
    return table[table["split"] == "test"].assign(repetition=run.repetition)


def _aligned(
    table: pd.DataFrame,
    keys: list[str],
    case_columns: list[str],
    columns: tuple[str, ...],
    prefix: str,
    runs: Sequence[CooperativeRun],
) -> Aligned:
    """Sort the cases of each repetition, and check that all have the same."""
    folder = runs[0].folder.parent
    twice = table.duplicated(["repetition", *keys])
    if twice.any():
        first = table.loc[twice, ["run", "dicom_id"]].iloc[0]
        message = f"{int(twice.sum())} test images occur twice, first {first['dicom_id']}"
        raise SchemaError(f"{message} in {first['run']}.", where=folder)
    parts = {
        repetition: table[table["repetition"] == repetition].sort_values(keys, ignore_index=True)
        for repetition in sorted({run.repetition for run in runs})
    }
    faults = differing({f"repetition {name}": rows[case_columns] for name, rows in parts.items()})
    if faults:
        message = f"seeds of {runs[0].model} were scored on different test images or folds."
        remedy = "Score all on the same tables."
        raise AlignmentError(message, where=folder, remedy=remedy, faults=faults)
    cases = next(iter(parts.values()))[case_columns]
    names = [f"{prefix}{column}" for column in columns]
    scores = np.stack([rows[names].to_numpy(float) for rows in parts.values()])
    return Aligned(cases, tuple(parts), columns, scores)


def check_cases(models: Mapping[str, Aligned], folder: Path) -> None:
    """Check that all models were scored on the same images, as paired tests need."""
    names = differing({name: aligned.cases for name, aligned in models.items()})
    sizes = {name: len(aligned.cases) for name, aligned in models.items()}
    first = next(iter(models), "")
    faults = [
        f"{name}: {sizes[name]} images, not those of {first} ({sizes[first]})" for name in names
    ]
    refuse_other_cases(
        "models were scored on other test images, diagnoses or folds.", folder, faults
    )
