"""Every model's AUROC, IoU and pointing game, and the models' parts in the experiments.

Models are told apart by their settings, not by their names, except for the three of the paper.
Source: `spec/mil.md` sections 7 and 8.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.errors import AlignmentError
from gazescribe.pipeline.core.resampling import Draws, Floats, draw_clusters
from gazescribe.pipeline.core.schemas import MIL_DATASETS, MIL_MAPS
from gazescribe.pipeline.results.measures import Measure
from gazescribe.pipeline.results.mil.localisation import MapScores, score_map
from gazescribe.pipeline.results.mil.scores import (
    OF_NO_EFFECT,
    Classified,
    Egd,
    Localised,
    Run,
    Split,
    read_classification,
    read_localisation,
)
from gazescribe.pipeline.results.statistics import auroc, resampled_auroc

MAIN = ("unannotated", "ellipse", "et")
"""The models of the paper's tables, by name."""

PAPER_DATASET = "mimic"
"""Whose labels the paper's AUROC is scored on."""


@dataclass(frozen=True)
class Model:
    """One model: all its runs scored.

    Attributes
    ----------
    name : str
        What was trained, seeds aside.
    runs : list of Run
        By seed.
    auroc : dict of str to Measure
        Of test images, by data set.
    auroc_validation : Measure
        Of MIMIC's validation images; without resamples.
    n_positive : dict of str to ndarray of int64
        Test images with each label, and without it, by data set; shape (2, labels).
    maps : dict of str to MapScores
        By kind of map.
    map : str or None
        The kind with the best mean IoU on validation cases; None without validation cases.
    """

    name: str
    runs: list[Run]
    auroc: dict[str, Measure]
    auroc_validation: Measure
    n_positive: dict[str, np.ndarray]
    maps: dict[str, MapScores]
    map: str | None

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of its runs; they differ in name and seed only."""
        return self.runs[0].scores.settings

    @property
    def counts(self) -> Mapping[str, Mapping[str, Split]]:
        """Images of each data set and split, and how many have each label."""
        return self.runs[0].scores.counts

    @property
    def egd(self) -> Egd | None:
        """Counts of EGD, where its gaze supervises."""
        return self.runs[0].scores.egd

    @property
    def best(self) -> MapScores | None:
        """Scores of the kind of map that is reported."""
        return self.maps[self.map] if self.map else None

    @property
    def shown(self) -> tuple[str, ...]:
        """Name, and kind of map."""
        return self.name, self.map or ""

    def differs(self, other: "Model") -> set[str]:
        """Names of the settings in which two models differ, technical ones aside."""
        keys = set(self.settings) | set(other.settings)
        own, others = self.settings, other.settings
        return {key for key in keys if own.get(key) != others.get(key)} - OF_NO_EFFECT


def ordered(names: Sequence[str]) -> list[str]:
    """Put the models of the paper first, in its order."""
    first = [name for name in MAIN if name in names]
    return first + sorted(name for name in names if name not in MAIN)


def score_model(runs: list[Run], draws: Draws) -> tuple[Model, dict[str, pd.DataFrame]]:
    """Score a model's runs.

    Returns
    -------
    model : Model
        Its scores.
    cases : dict of str to pandas.DataFrame
        Test cases of each kind, for `check_cases`.
    """
    classified = read_classification(runs)
    localised = read_localisation(runs)
    seeds = tuple(run.seed for run in runs)
    of_test = {one: classified[one, "test"] for one in MIL_DATASETS if (one, "test") in classified}
    validation = classified.get((PAPER_DATASET, "validate"))
    maps = {
        kind: score_map(
            localised[kind, "validate"],
            localised[kind, "test"],
            runs[0].scores.thresholds,
            seeds,
            draws,
        )
        for kind in MIL_MAPS
        if {(kind, "validate"), (kind, "test")} <= localised.keys()
    }
    model = Model(
        runs[0].model,
        runs,
        {dataset: _auroc_measure(one, seeds, draws) for dataset, one in of_test.items()},
        _auroc_values(validation, seeds),
        {one: np.stack([of.target.sum(0), (~of.target).sum(0)]) for one, of in of_test.items()},
        maps,
        _best_map(maps),
    )
    return model, _cases(of_test, localised)


def _best_map(maps: Mapping[str, MapScores]) -> str | None:
    """Give the kind whose mean validation IoU is best; of equals the first."""
    means = {kind: float(one.validation.macro().mean()[0]) for kind, one in maps.items()}
    return max(means, key=lambda kind: means[kind]) if means else None


def _auroc_values(one: Classified | None, seeds: tuple[int, ...]) -> Measure:
    values = np.full((len(seeds), len(TEN_LABELS)), np.nan)
    if one is not None:
        values = np.array(
            [
                [auroc(one.target[:, at], of_run[:, at]) for at in range(len(TEN_LABELS))]
                for of_run in one.probability
            ]
        )
    return Measure(TEN_LABELS, seeds, values, np.empty((0, *values.shape)))


def _auroc_measure(one: Classified, seeds: tuple[int, ...], draws: Draws) -> Measure:
    everybody, subject = np.unique(one.cases["subject_id"], return_inverse=True)
    times = draw_clusters(len(everybody), draws)[:, subject]
    resampled: Floats = np.empty((len(times), len(seeds), len(TEN_LABELS)))
    for at in range(len(TEN_LABELS)):
        for run, probability in enumerate(one.probability):
            resampled[:, run, at] = resampled_auroc(one.target[:, at], probability[:, at], times)
    return Measure(TEN_LABELS, seeds, _auroc_values(one, seeds).by_run, resampled)


def _cases(
    of_test: Mapping[str, Classified], localised: Mapping[tuple[str, str], Localised]
) -> dict[str, pd.DataFrame]:
    cases = {
        f"{dataset} labels": one.cases.join(pd.DataFrame(one.target, columns=TEN_LABELS))
        for dataset, one in of_test.items()
    }
    for (kind, split), one in localised.items():
        if split == "test":
            cases[f"{kind} maps"] = one.cases
    return cases


def check_cases(models: Mapping[str, Mapping[str, pd.DataFrame]], folder: Path) -> None:
    """Check that all models were scored on the same test cases, as paired tests need.

    Raises
    ------
    AlignmentError
        With all models that were not.
    """
    first: dict[str, tuple[str, pd.DataFrame]] = {}
    faults = []
    for name, kinds in models.items():
        for kind, cases in kinds.items():
            what = "maps" if kind.endswith("maps") else kind
            known, expected = first.setdefault(what, (name, cases))
            if not cases.equals(expected):
                faults.append(f"{name}, {kind}: not those of {known}")
    if faults:
        what = "models were scored on other test cases or targets."
        remedy = "Score all models on the same tables."
        raise AlignmentError(what, where=folder, remedy=remedy, faults=faults)


def of_settings(
    models: Mapping[str, Model], reference: Model, allowed: set[str], **settings: object
) -> list[Model]:
    """Models that have these settings, and differ from the reference only where they may."""
    return [
        model
        for model in models.values()
        if model.differs(reference) <= allowed | set(settings)
        and all(model.settings.get(key) == value for key, value in settings.items())
    ]
