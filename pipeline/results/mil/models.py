"""Every model's AUROC, IoU and pointing game, and the models' parts in the experiments.

Models are told apart by their settings, not by their names, except for the three of the paper.
Thresholds are chosen on validation cases; the maps of test cases are scored with them.
Source: Lanfredi et al. 2023, Section 2.9; `spec/mil.md` sections 7 and 8.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazescribe.pipeline.core.resampling import Draws, Floats, mean_of_known, ratio
from gazescribe.pipeline.core.values import MIL_MAPS
from gazescribe.pipeline.results.measures import Measure, resample_subjects
from gazescribe.pipeline.results.mil.scores import (
    OF_NO_EFFECT,
    Classified,
    Localised,
    MilRun,
    MilScores,
    read_classification,
    read_localisation,
)
from gazescribe.pipeline.results.runs import refuse_other_cases
from gazescribe.pipeline.results.statistics import auroc, resampled_auroc

MAIN = ("unannotated", "ellipse", "et")
"""The models of the paper's tables, by name."""

PAPER_DATASET = "mimic"
"""Whose labels the paper's AUROC is scored on; of other images nothing is published."""

OWN, OTHERS = "this label", "the other labels"


@dataclass(frozen=True)
class MapScores:
    """One kind of map of one model."""

    # one row a label: label, threshold, validation_iou, n_validation, n_test, chosen_on
    thresholds: pd.DataFrame
    # IoU of validation cases at these thresholds, by run and label; without resamples
    validation: Measure
    iou: Measure  # of test cases
    hit: Measure  # of test cases
    cases: pd.DataFrame  # test cases with their IoU, mean over runs


def score_map(
    validation: Localised,
    test: Localised,
    scores: MilScores,
    seeds: tuple[int, ...],
    draws: Draws,
) -> MapScores:
    """Choose the threshold of each label on validation cases, and score test cases with it.

    Thresholds maximise the validation IoU averaged over the runs; the lowest of equals. A label
    without validation case takes the threshold that is best for the mean of the others.
    `validation` is not empty; `scores` have the thresholds that the IoU was measured at.
    """
    names = scores.labels
    labels, test_labels = (_label_numbers(part.cases, names) for part in (validation, test))
    curves = np.stack(
        [_by_label(iou, labels, len(names)) for iou in np.moveaxis(validation.iou, 2, 0)], axis=-1
    )
    mean = curves.mean(axis=0)
    has_case = ~np.isnan(mean[:, 0])
    best = np.where(has_case[:, None], mean, mean_of_known(mean, axis=0)).argmax(axis=1)
    chosen = np.take_along_axis(curves, best[None, :, None], axis=2)[..., 0]
    table = pd.DataFrame(
        {
            "label": names,
            "threshold": np.array(scores.thresholds)[best],
            "validation_iou": chosen.mean(axis=0),
            "n_validation": np.bincount(labels, minlength=len(names)),
            "n_test": np.bincount(test_labels, minlength=len(names)),
            "chosen_on": np.where(has_case, OWN, OTHERS),
        }
    )
    iou = np.take_along_axis(test.iou, best[test_labels][None, :, None], axis=2)[..., 0]
    times = resample_subjects(test.cases["subject_id"], draws)
    return MapScores(
        table,
        Measure(names, seeds, chosen, np.empty((0, *chosen.shape))),
        _measure(iou, test_labels, names, seeds, times),
        _measure(test.hit, test_labels, names, seeds, times),
        test.cases.assign(iou=iou.mean(axis=0)),
    )


def _label_numbers(cases: pd.DataFrame, names: tuple[str, ...]) -> NDArray[np.intp]:
    """Give the number of each case's label."""
    return np.array([names.index(label) for label in cases["label"]], np.intp)


def _by_label(
    values: Floats, label: NDArray[np.intp], n_labels: int, times: Floats | None = None
) -> Floats:
    """Average scores of shape (runs, cases) over the cases of each label; NaN without case.

    With `times`, (draws, cases), each case counts as often as it is in a draw: then the means have
    shape (draws, runs, labels), else (runs, labels).
    """
    means = []
    for number in range(n_labels):
        cases = label == number
        counted = np.ones((1, cases.sum())) if times is None else times[:, cases]
        means.append(ratio(counted @ values[:, cases].T, counted.sum(axis=1, keepdims=True)))
    stacked = np.stack(means, axis=-1)
    return stacked[0] if times is None else stacked


def _measure(
    values: Floats,
    label: NDArray[np.intp],
    names: tuple[str, ...],
    seeds: tuple[int, ...],
    times: Floats,
) -> Measure:
    by_run, draws = (_by_label(values, label, len(names), drawn) for drawn in (None, times))
    return Measure(names, seeds, by_run, draws)


@dataclass(frozen=True)
class MilModel:
    """One model: all its runs scored."""

    name: str  # what was trained, seeds aside
    runs: list[MilRun]  # by seed
    auroc: dict[str, Measure]  # of test images, by data set
    auroc_validation: Measure  # of the reported images' validation; without resamples
    # test images with each label, and without it, by data set; shape (2, labels)
    n_positive: dict[str, NDArray[np.int64]]
    maps: dict[str, MapScores]  # by kind of map
    # the kind with the best mean IoU on validation cases; None without validation cases
    map: str | None
    n_patients: dict[str, int]  # behind each of `measures`

    @property
    def scores(self) -> MilScores:
        """What its first run says: runs differ in name and seed only."""
        return self.runs[0].scores

    @property
    def settings(self) -> dict[str, Any]:
        """How it was trained."""
        return self.scores.settings

    @property
    def images(self) -> str:
        """Name of the reported images."""
        return self.scores.unannotated[0]

    @property
    def best(self) -> MapScores | None:
        """Scores of the kind of map that is reported."""
        return self.maps[self.map] if self.map else None

    def measures(self) -> dict[str, Measure]:
        """Give the reported measures that the model has, by label: auroc, iou, pointing."""
        measures = {}
        if self.images in self.auroc:
            measures["auroc"] = self.auroc[self.images]
        if self.best:
            measures |= {"iou": self.best.iou, "pointing": self.best.hit}
        return measures

    def differs(self, other: "MilModel") -> set[str]:
        """Names of the settings in which two models differ, technical ones aside."""
        keys = set(self.settings) | set(other.settings)
        differing = {key for key in keys if self.settings.get(key) != other.settings.get(key)}
        return differing - OF_NO_EFFECT


def score_model(runs: list[MilRun], draws: Draws) -> tuple[MilModel, dict[str, pd.DataFrame]]:
    """Score a model's runs; give also its test cases of each kind, for `check_cases`."""
    classified = read_classification(runs)
    localised = read_localisation(runs)
    seeds, run_scores = tuple(run.seed for run in runs), runs[0].scores
    tested = {
        name: classified[name, "test"]
        for name in run_scores.datasets
        if (name, "test") in classified
    }
    maps = {
        kind: score_map(
            localised[kind, "validate"],
            localised[kind, "test"],
            run_scores,
            seeds,
            draws,
        )
        for kind in MIL_MAPS
        if {(kind, "validate"), (kind, "test")} <= localised.keys()
    }
    reported = run_scores.unannotated[0]
    validation = classified.get((reported, "validate"))
    unknown = np.full((len(seeds), len(run_scores.labels)), np.nan)
    auroc_validation = unknown if validation is None else _auroc_values(validation)
    means = {kind: float(scores.validation.macro().mean()[0]) for kind, scores in maps.items()}
    n_patients = {}
    if reported in tested:
        n_patients["auroc"] = tested[reported].cases["subject_id"].nunique()
    for scores in maps.values():  # all kinds are of the same cases
        n_patients |= dict.fromkeys(("iou", "pointing"), scores.cases["subject_id"].nunique())
    model = MilModel(
        runs[0].model,
        runs,
        {
            name: _auroc_measure(images, run_scores.labels, seeds, draws)
            for name, images in tested.items()
        },
        Measure(run_scores.labels, seeds, auroc_validation, np.empty((0, *unknown.shape))),
        {
            name: np.stack([images.target.sum(0), (~images.target).sum(0)])
            for name, images in tested.items()
        },
        maps,
        # of equal kinds the first
        max(means, key=lambda kind: means[kind]) if means else None,
        n_patients,
    )
    return model, _cases(tested, localised, run_scores.labels)


def _auroc_values(images: Classified) -> Floats:
    """AUROC of each run and label."""
    values = np.empty(images.probability.shape[::2])
    for (run, label), _ in np.ndenumerate(values):
        values[run, label] = auroc(images.target[:, label], images.probability[run, :, label])
    return values


def _auroc_measure(
    images: Classified, labels: tuple[str, ...], seeds: tuple[int, ...], draws: Draws
) -> Measure:
    times = resample_subjects(images.cases["subject_id"], draws)
    resampled: Floats = np.empty((len(times), len(seeds), len(labels)))
    for label in range(len(labels)):
        for run, probability in enumerate(images.probability):
            score = probability[:, label]
            resampled[:, run, label] = resampled_auroc(images.target[:, label], score, times)
    return Measure(labels, seeds, _auroc_values(images), resampled)


def _cases(
    classified: Mapping[str, Classified],
    localised: Mapping[tuple[str, str], Localised],
    labels: tuple[str, ...],
) -> dict[str, pd.DataFrame]:
    cases = {
        f"{name} labels": images.cases.join(pd.DataFrame(images.target, columns=list(labels)))
        for name, images in classified.items()
    }
    for (kind, split), maps in localised.items():
        if split == "test":
            cases[f"{kind} maps"] = maps.cases
    return cases


def check_cases(models: Mapping[str, Mapping[str, pd.DataFrame]], folder: Path) -> None:
    """Check that all models were scored on the same test cases, as paired tests need."""
    first: dict[str, tuple[str, pd.DataFrame]] = {}
    faults = []
    for name, kinds in models.items():
        for kind, cases in kinds.items():
            # all kinds of map are scored on the same cases
            group = "maps" if kind.endswith("maps") else kind
            model, expected = first.setdefault(group, (name, cases))
            if not cases.equals(expected):
                faults.append(f"{name}, {kind}: not those of {model}")
    refuse_other_cases("models were scored on other test cases or targets.", folder, faults)


def of_settings(
    models: Mapping[str, MilModel], reference: MilModel, allowed: set[str], **settings: object
) -> list[MilModel]:
    """Models that have these settings, and differ from the reference only where they may.

    Supervision counts by its kind, whatever data sets it names.
    """
    fitting = []
    for model in models.values():
        all_settings = model.settings | {"supervision": kind_of(model.settings["supervision"])}
        has_all = all(all_settings.get(key) == value for key, value in settings.items())
        if has_all and model.differs(reference) <= allowed | set(settings):
            fitting.append(model)
    return fitting


def kind_of(supervision: str | dict[str, list[str]]) -> str:
    """Give the word for what a run learns from, where data sets are named: gaze or ellipse."""
    return supervision if isinstance(supervision, str) else "+".join(supervision)
