"""Read the score tables of MIL runs, and check that all runs were scored on the same cases.

Reads: of each folder of SCORES `scores.json`, `classification.parquet` (table `mil_classification`)
and `localisation.parquet` (table `mil_localisation`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.errors import AlignmentError, SchemaError, quote
from gazescribe.pipeline.core.resampling import Floats
from gazescribe.pipeline.core.values import MIL_MAPS, SPLITS
from gazescribe.pipeline.results.runs import (
    RunScores,
    ScoredRun,
    differing,
    read_runs,
    read_scores,
)

FILES = ("scores.json", "classification.parquet", "localisation.parquet")
OF_NO_EFFECT = {"name", "model", "seed", "precision", "channels_last", "compile", "workers", "log"}
"""Settings that leave two models the same."""

_SETTINGS: dict[str, tuple[type, ...]] = {
    "annotated_share": (float, int),
    "balanced": (str,),
    "decoder": (bool,),
    "grid": (int,),
    "lambda_annotated": (float, int),
    "lambda_decoder": (float, int),
    "layers": (list,),
    "share_rule": (str,),
    "supervision": (str, dict),
    "weights": (str, type(None)),
}
"""Settings by which models find their part in the experiments, and their types."""
LONG_NAMES = {"mimic": "MIMIC-CXR-JPG", "reflacx": "REFLACX", "egd": "EGD"}


class SplitCounts(BaseModel):
    """What one split of one data set holds for a run."""

    model_config = ConfigDict(frozen=True)

    images: int = Field(ge=0)
    positive: dict[str, int]


class EgdImages(BaseModel):
    """What the paper counts of EGD, in the images that a run could use."""

    model_config = ConfigDict(frozen=True)

    images: int = Field(ge=0)
    gaze_begins_late: int = Field(ge=0)
    pneumothorax: int | None = Field(ge=0)


class MilScores(RunScores):
    """What is used of `scores.json`; it may say more, and older ones say nothing of the last three.

    `unannotated` are the lists of images with labels alone, of which the first is reported;
    `scored_by` says of data sets of readings whether maps are held against ellipses or gaze.
    """

    thresholds: list[float] = Field(min_length=1)
    counts: dict[str, dict[str, SplitCounts]]
    egd: EgdImages | None = None
    labels: tuple[str, ...] = Field(TEN_LABELS, min_length=1)
    unannotated: tuple[str, ...] = Field(("mimic",), min_length=1)
    scored_by: dict[str, Literal["ellipse", "gaze"]] = Field({"reflacx": "ellipse"}, min_length=1)

    @property
    def datasets(self) -> tuple[str, ...]:
        """All that is classified, the reported images first."""
        return (*self.unannotated, *self.scored_by)

    @property
    def images_name(self) -> str:
        """The reported images, in words."""
        return LONG_NAMES.get(self.unannotated[0], self.unannotated[0])

    @property
    def readings_name(self) -> str:
        """The readings that maps are scored on, in words."""
        kinds = set(self.scored_by.values())
        names = [name for name, kind in self.scored_by.items() if len(kinds) == 1 or kind != "gaze"]
        return ", ".join(LONG_NAMES.get(name, name) for name in names)

    @property
    def is_by_gaze(self) -> bool:
        """Whether maps are scored against maps of gaze, for want of ellipses."""
        return set(self.scored_by.values()) == {"gaze"}


MilRun = ScoredRun[MilScores]


@dataclass(frozen=True)
class Classified:
    """One data set and split under all runs of a model."""

    cases: pd.DataFrame  # dicom_id, reading_id ('' for mimic), subject_id; one row an image
    target: NDArray[np.bool_]  # (images, labels): in the order of `MilScores.labels`
    probability: Floats  # (runs, images, labels)


@dataclass(frozen=True)
class Localised:
    """One split under one kind of map of all runs of a model."""

    # reading_id, dicom_id, subject_id, label; one row for each reading and label with an ellipse
    cases: pd.DataFrame
    iou: Floats  # (runs, cases, thresholds)
    hit: Floats  # (runs, cases): 1 where the map's maximum lies inside, else 0


def read_mil_runs(folder: Path, names: Collection[str] | None = None) -> dict[str, list[MilRun]]:
    """Find the runs of a folder, as `read_runs` does.

    Raises
    ------
    SchemaError
        As there; or if the runs of a model differ in a setting or in the thresholds they were
        scored at; all faults at once.
    AlignmentError
        If runs are of other labels than the first, or were scored on other data sets.
    """
    models = read_runs(folder, MilScores, FILES, _faults, names)
    _check_alike([run for runs in models.values() for run in runs], folder)
    faults = [fault for runs in models.values() for fault in _uneven(runs)]
    if faults:
        message = "runs of one model differ in more than their seed."
        remedy = "Train or score them again alike, or take those of other settings out."
        raise SchemaError(message, where=folder, remedy=remedy, faults=faults)
    return models


def _check_alike(runs: Sequence[MilRun], folder: Path) -> None:
    """Refuse runs that no table can set side by side."""
    first, faults = runs[0], []
    for run in runs[1:]:
        for name in ("labels", "unannotated", "scored_by"):
            value, expected = getattr(run.scores, name), getattr(first.scores, name)
            if value != expected:
                faults.append(f"{run.name}: {name} {', '.join(value)}; not {', '.join(expected)}")
    if faults:
        message = f"runs are of other labels or data sets than {first.name}."
        remedy = "Keep the scores of each set of labels in a folder of their own."
        raise AlignmentError(message, where=folder, remedy=remedy, faults=faults)


def _allowed(scores: MilScores) -> dict[str, Sequence[str]]:
    datasets, labels = scores.datasets, scores.labels
    return {"label": labels, "split": SPLITS[1:], "dataset": datasets, "map": MIL_MAPS}


def _faults(runs: Sequence[MilRun]) -> list[str]:
    """Say which settings and thresholds cannot be."""
    faults = []
    for run in runs:
        for name, kind in _SETTINGS.items():
            value = run.settings.get(name)
            if type(value) not in kind:
                faults.append(f"{run.name}/scores.json: settings name {quote(value)} as {name}")
        if sorted(set(run.scores.thresholds)) != run.scores.thresholds:
            thresholds = quote(run.scores.thresholds)
            faults.append(f"{run.name}/scores.json: thresholds do not rise: {thresholds}")
    return faults


def _uneven(runs: Sequence[MilRun]) -> list[str]:
    """Say in what the runs of a model differ from its first, what has no effect aside."""
    first, faults = runs[0], []
    for run in runs[1:]:
        for key in sorted({*run.settings, *first.settings} - OF_NO_EFFECT):
            value, expected = run.settings.get(key), first.settings.get(key)
            if value != expected:
                faults.append(f"{run.name}: {key} is {value!r}, in {first.name} {expected!r}")
        if run.scores.thresholds != first.scores.thresholds:
            faults.append(f"{run.name}: scored at other thresholds than {first.name}")
    return faults


def read_classification(runs: Sequence[MilRun]) -> dict[tuple[str, str], Classified]:
    """Read the probabilities of a model's runs, by data set and split.

    Raises
    ------
    SchemaError
        If a table has another run's rows, an unknown name, a case twice, or lacks a label of one.
    AlignmentError
        If the runs were scored on different cases or targets.
    """
    keys = ["dataset", "split", "dicom_id", "reading_id"]
    labels = runs[0].scores.labels
    n_labels = len(labels)
    tables, probabilities = [], []
    for run in runs:
        table = read_scores(run, "mil_classification", _allowed(run.scores))
        table["reading_id"] = table["reading_id"].fillna("")
        table["label_number"] = table["label"].map(labels.index)
        table = table.sort_values([*keys, "label_number"])
        if len(table) != n_labels * len(table[keys].drop_duplicates()):
            message = f"an image of classification.parquet lacks some of the {n_labels} labels."
            raise SchemaError(message, where=run.folder)
        cases = table[[*keys, "subject_id"]].iloc[::n_labels].reset_index(drop=True)
        target = table["target"].to_numpy(bool).reshape(-1, n_labels)
        tables.append(cases.join(pd.DataFrame(target, columns=labels)))
        probabilities.append(table["probability"].to_numpy(float).reshape(-1, n_labels))
    _check_same(tables, runs, "classification.parquet")
    probability = np.stack(probabilities)
    names = ["dicom_id", "reading_id", "subject_id"]
    return {
        part: Classified(
            tables[0].loc[rows, names].reset_index(drop=True),
            tables[0].loc[rows, list(labels)].to_numpy(bool),
            probability[:, rows],
        )
        for part, rows in _places(tables[0], "dataset").items()
    }


def read_localisation(runs: Sequence[MilRun]) -> dict[tuple[str, str], Localised]:
    """Read the IoU of a model's runs, by kind of map and split; raises as above."""
    keys = ["map", "split", "reading_id", "label"]
    tables = []
    for run in runs:
        table = read_scores(run, "mil_localisation", _allowed(run.scores))
        n = len(run.scores.thresholds)
        if (table["iou"].map(len) != n).any():
            message = f"localisation.parquet has not {n} values of IoU a row, one a threshold."
            raise SchemaError(message, where=run.folder)
        table = table.sort_values(keys)
        tables.append(table.set_index([*keys, "dicom_id", "subject_id"]))
    _check_same([table["area_px"].to_frame() for table in tables], runs, "localisation.parquet")
    cases = tables[0].index.to_frame(index=False)
    if cases.empty:
        return {}
    names = ["reading_id", "dicom_id", "subject_id", "label"]
    iou = np.stack([np.stack(list(table["iou"])).astype(float) for table in tables])
    hit = np.stack([table["hit"].to_numpy(float) for table in tables])
    return {
        part: Localised(cases.loc[rows, names].reset_index(drop=True), iou[:, rows], hit[:, rows])
        for part, rows in _places(cases, "map").items()
    }


def _places(cases: pd.DataFrame, kind: str) -> dict[tuple[str, str], NDArray[np.intp]]:
    """Rows of each data set or kind of map, and split."""
    groups = cases.groupby([kind, "split"], sort=True)
    return {(str(name), str(split)): rows.index.to_numpy() for (name, split), rows in groups}


def _check_same(tables: Sequence[pd.DataFrame], runs: Sequence[MilRun], file: str) -> None:
    faults = differing({run.name: table for run, table in zip(runs, tables, strict=True)})
    if faults:
        message = f"{file}: other cases or targets than in {runs[0].name}."
        raise AlignmentError(message, remedy="Score all runs on the same tables.", faults=faults)
