"""Read the score tables of MIL runs, and check that all runs were scored on the same cases.

Reads: of each folder of SCORES `scores.json`, `classification.parquet` (table `mil_classification`)
and `localisation.parquet` (table `mil_localisation`).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.errors import AlignmentError, SchemaError
from gazescribe.pipeline.core.resampling import Floats
from gazescribe.pipeline.core.schemas import MIL_DATASETS, MIL_MAPS, SPLITS
from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.core.yaml_files import explain

FILES = ("scores.json", "classification.parquet", "localisation.parquet")
OF_NO_EFFECT = {"name", "model", "seed", "precision", "channels_last", "compile", "workers", "log"}
"""Settings that leave two models the same."""


class Split(BaseModel):
    """What one split of one data set holds for a run."""

    model_config = ConfigDict(frozen=True)

    images: int = Field(ge=0)
    positive: dict[str, int]


class Egd(BaseModel):
    """What the paper counts of EGD, in the images that a run could use."""

    model_config = ConfigDict(frozen=True)

    images: int = Field(ge=0)
    gaze_begins_late: int = Field(ge=0)
    pneumothorax: int = Field(ge=0)


class Scores(BaseModel):
    """What is used of `scores.json`; it may say more."""

    model_config = ConfigDict(frozen=True)

    settings: dict[str, Any]
    thresholds: list[float] = Field(min_length=1)
    counts: dict[str, dict[str, Split]]
    egd: Egd | None = None


@dataclass(frozen=True)
class Run:
    """One run: its folder, name, model, seed, and `scores.json`."""

    folder: Path
    name: str
    model: str
    seed: int
    scores: Scores


@dataclass(frozen=True)
class Classified:
    """One data set and split under all runs of a model.

    Attributes
    ----------
    cases : pandas.DataFrame
        dicom_id, reading_id ('' for mimic), subject_id; one row an image.
    target : ndarray of bool, shape (images, labels)
        In the order of `TEN_LABELS`.
    probability : ndarray of float64, shape (runs, images, labels)
    """

    cases: pd.DataFrame
    target: NDArray[np.bool_]
    probability: Floats


@dataclass(frozen=True)
class Localised:
    """One split under one kind of map of all runs of a model.

    Attributes
    ----------
    cases : pandas.DataFrame
        reading_id, dicom_id, subject_id, label; one row for each reading and label with an ellipse.
    iou : ndarray of float64, shape (runs, cases, thresholds)
    hit : ndarray of float64, shape (runs, cases)
        1 where the map's maximum lies inside, else 0.
    """

    cases: pd.DataFrame
    iou: Floats
    hit: Floats


def read_runs(folder: Path) -> dict[str, list[Run]]:
    """Find the runs of a folder.

    Returns
    -------
    dict of str to list of Run
        Runs of each model by seed; models in alphabetical order.

    Raises
    ------
    SchemaError
        If there is no run, a file of one is absent or not what it must be, or the runs of a model
        differ in a setting or in the thresholds they were scored at; all faults at once.
    """
    folders = sorted(
        one for one in folder.iterdir() if one.is_dir() and not one.name.startswith(".")
    )
    faults = [
        f"{one.name}/{name}: not found"
        for one in folders
        for name in FILES
        if not (one / name).is_file()
    ]
    runs = []
    if not faults:
        for one in folders:
            found = _read_run(one)
            if isinstance(found, Run):
                runs.append(found)
            else:
                faults += [f"{one.name}/scores.json: {fault}" for fault in found]
    if faults or not runs:
        what = "these are not whole runs." if faults else "there is no run in this folder."
        remedy = "Give the folder that `gazescribe evaluate` wrote."
        raise SchemaError(what, where=folder, remedy=remedy, faults=faults)
    models: dict[str, list[Run]] = {}
    for run in sorted(runs, key=lambda one: (one.model, one.seed)):
        models.setdefault(run.model, []).append(run)
    if uneven := [fault for of in models.values() for fault in _uneven(of)]:
        what = "runs of one model differ in more than their seed."
        remedy = "Train or score them again alike, or take those of other settings out."
        raise SchemaError(what, where=folder, remedy=remedy, faults=uneven)
    return models


def _uneven(runs: Sequence[Run]) -> list[str]:
    """Say in what the runs of a model differ from its first, what has no effect aside."""
    first, faults = runs[0], []
    for run in runs[1:]:
        own, others = run.scores.settings, first.scores.settings
        faults += [
            f"{run.name}: {key} is {own.get(key)!r}, in {first.name} {others.get(key)!r}"
            for key in sorted({*own, *others} - OF_NO_EFFECT)
            if own.get(key) != others.get(key)
        ]
        if run.scores.thresholds != first.scores.thresholds:
            faults.append(f"{run.name}: scored at other thresholds than {first.name}")
    return faults


def _read_run(folder: Path) -> Run | list[str]:
    """Read `scores.json`; or give its faults."""
    try:
        content = json.loads((folder / "scores.json").read_text(encoding="utf-8"))
        scores = Scores.model_validate(content)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        return [f"this is not JSON ({error})"]
    except ValidationError as error:
        return [explain(one, Scores) for one in error.errors(include_url=False)]
    name, model, seed = (scores.settings.get(key) for key in ("name", "model", "seed"))
    if not isinstance(seed, int) or name != folder.name or name != f"{model}-seed{seed}":
        return [f"settings name the run {name!r} of model {model!r} and seed {seed!r}"]
    if sorted(set(scores.thresholds)) != scores.thresholds:
        return [f"thresholds do not rise: {scores.thresholds}"]
    return Run(folder, folder.name, str(model), seed, scores)


def read_classification(runs: Sequence[Run]) -> dict[tuple[str, str], Classified]:
    """Read the probabilities of a model's runs, by data set and split.

    Raises
    ------
    SchemaError
        If a table has another run's rows, an unknown name, a case twice, or lacks a label of one.
    AlignmentError
        If the runs were scored on different cases or targets.
    """
    keys = ["dataset", "split", "dicom_id", "reading_id"]
    n_labels = len(TEN_LABELS)
    tables, probabilities = [], []
    for run in runs:
        table = _table(run, "mil_classification", {"dataset": MIL_DATASETS})
        table["reading_id"] = table["reading_id"].fillna("")
        table["place"] = table["label"].map(TEN_LABELS.index)
        table = _unique(table, [*keys, "label"], run).sort_values([*keys, "place"])
        cases = table[[*keys, "subject_id"]].iloc[::n_labels].reset_index(drop=True)
        if len(table) != n_labels * len(table[keys].drop_duplicates()):
            what = "an image of classification.parquet lacks some of the ten labels."
            raise SchemaError(what, where=run.folder)
        target = table["target"].to_numpy(bool).reshape(-1, n_labels)
        tables.append(cases.join(pd.DataFrame(target, columns=TEN_LABELS)))
        probabilities.append(table["probability"].to_numpy(float).reshape(-1, n_labels))
    _check_same(tables, runs, "classification.parquet")
    probability = np.stack(probabilities)
    return {
        (dataset, split): Classified(
            tables[0].loc[rows, ["dicom_id", "reading_id", "subject_id"]].reset_index(drop=True),
            tables[0].loc[rows, list(TEN_LABELS)].to_numpy(bool),
            probability[:, rows],
        )
        for dataset, split, rows in _parts(tables[0], ["dataset", "split"])
    }


def read_localisation(runs: Sequence[Run]) -> dict[tuple[str, str], Localised]:
    """Read the IoU of a model's runs, by kind of map and split; raises as above."""
    keys = ["map", "split", "reading_id", "label"]
    tables = []
    for run in runs:
        table = _table(run, "mil_localisation", {"map": MIL_MAPS})
        n = len(run.scores.thresholds)
        if (table["iou"].map(len) != n).any():
            what = f"localisation.parquet has not {n} values of IoU a row, one a threshold."
            raise SchemaError(what, where=run.folder)
        tables.append(_unique(table, keys, run).set_index([*keys, "dicom_id", "subject_id"]))
    _check_same([table["area_px"].to_frame() for table in tables], runs, "localisation.parquet")
    cases = tables[0].index.to_frame(index=False)
    if cases.empty:
        return {}
    names = ["reading_id", "dicom_id", "subject_id", "label"]
    iou = np.stack([np.stack(list(table["iou"])).astype(float) for table in tables])
    hit = np.stack([table["hit"].to_numpy(float) for table in tables])
    return {
        (kind, split): Localised(
            cases.loc[rows, names].reset_index(drop=True), iou[:, rows], hit[:, rows]
        )
        for kind, split, rows in _parts(cases, ["map", "split"])
    }


def _parts(cases: pd.DataFrame, names: list[str]) -> list[tuple[str, str, NDArray[np.intp]]]:
    """Give the rows of each pair of values of two columns."""
    both = cases[names].to_numpy(str)
    pairs = np.unique(both, axis=0)
    rows = [np.flatnonzero((both == pair).all(axis=1)) for pair in pairs]
    return [(str(one), str(other), of) for (one, other), of in zip(pairs, rows, strict=True)]


def _table(run: Run, name: str, known: dict[str, tuple[str, ...]]) -> pd.DataFrame:
    """Read a table of a run; refuse another run's rows and names that nobody knows."""
    table: pd.DataFrame = read_table(run.folder, name).to_pandas()
    allowed = {"run": (run.name,), "label": TEN_LABELS, "split": SPLITS[1:], **known}
    faults = [
        f"{column}: {', '.join(sorted(strange))}"
        for column, names in allowed.items()
        if (strange := set(table[column]) - set(names))
    ]
    if faults:
        raise SchemaError(f"table {name} has names unknown here.", where=run.folder, faults=faults)
    return table


def _unique(table: pd.DataFrame, keys: list[str], run: Run) -> pd.DataFrame:
    twice = table.duplicated(keys)
    if twice.any():
        first = ", ".join(filter(None, table.loc[twice, keys].iloc[0]))
        raise SchemaError(f"{int(twice.sum())} rows occur twice, first: {first}.", where=run.folder)
    return table.sort_values(keys)


def _check_same(tables: Sequence[pd.DataFrame], runs: Sequence[Run], file: str) -> None:
    differing = [
        run.name for run, table in zip(runs, tables, strict=True) if not table.equals(tables[0])
    ]
    if differing:
        what = f"{file}: other cases or targets than in {runs[0].name}."
        raise AlignmentError(what, remedy="Score all runs on the same tables.", faults=differing)
