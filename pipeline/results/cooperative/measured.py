"""Measures of the cooperative network and its baselines: diagnosis, and fit of maps.

In a cross-validation AUROC is the mean over the folds of each fold's own, since scores of two
networks do not compare; all other metrics are pooled over the images of all folds.
Source: `spec/cooperative.md` section 6.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.resampling import Draws, Floats, mean_of_known, ratio
from gazescribe.pipeline.results.cooperative.scores import METRICS, Aligned, CooperativeRun, Maps
from gazescribe.pipeline.results.measures import Measure, resample_subjects
from gazescribe.pipeline.results.rows import UNKNOWN
from gazescribe.pipeline.results.statistics import placements, resampled_auroc

MAIN = (
    "cooperative",
    "dual_encoder",
    "mt_unet",
    "dnet201_cl",
    "dnet201",
    "inception_resnet",
    "gazegnn",
    "res_se_unet",
    "unet_s",
)
"""Models of the paper's tables, in its order; `dual_encoder` is the second stage of the first."""

AS_PUBLISHED = "_published"
"""End of the name of a model of the paper that is as the authors' code had it."""

OURS = ("cooperative", "dual_encoder")
"""What others are compared with: the first that has been scored."""

BASELINES = {"centre": "centre_prior", "mean": "mean_map", "deepgaze": "deepgaze"}
"""Maps that no run of ours made, by kind, and the names of their rows."""


@dataclass(frozen=True)
class Diagnosed:
    """How well a model tells the diagnosis."""

    aligned: Aligned  # its test cases and probabilities
    right: Floats  # (repetitions, cases): 1 where the most probable diagnosis is the target
    placed: Floats  # (cases, classes): `placements` within each fold, mean over repetitions
    # accuracy; macro and micro AUROC; the AUROC of each class against the others
    measures: dict[str, Measure]


@dataclass(frozen=True)
class Compared:
    """How well one kind of map fits gaze on one kind of pixels."""

    aligned: Aligned  # its test cases and metrics
    measure: Measure  # mean over the cases where a metric is defined; items are those of `METRICS`
    sd: Floats  # (metrics,): population standard deviation over cases, mean over repetitions
    draws: Draws  # resamples of patients behind `measure`

    @property
    def by_case(self) -> Floats:
        """Mean over repetitions of each case, shape (cases, metrics); NaN where one is unknown."""
        means: Floats = self.aligned.scores.mean(axis=0)
        return means

    @property
    def n_defined(self) -> Floats:
        """Cases of all repetitions on which each metric is defined, shape (metrics,)."""
        counts: Floats = (~np.isnan(self.by_case)).sum(axis=0)
        return counts

    def restrict(self, cases: NDArray[np.bool_], metric: str) -> Measure:
        """One metric over these cases alone, shape (cases,)."""
        values = self.aligned.scores[:, :, [METRICS.index(metric)]]
        if np.isnan(values[:, ~cases]).all():
            return self.measure.select(metric)
        values = np.where(cases[:, None], values, np.nan)
        return _pooled(values, (metric,), self.aligned, _times(self.aligned, self.draws))


@dataclass(frozen=True)
class CooperativeModel:
    """One model: all its runs scored."""

    name: str  # what was trained, seeds aside; or one of `BASELINES`
    runs: list[CooperativeRun]  # by seed
    diagnosed: Diagnosed | None  # None where it gives no diagnosis
    maps: dict[tuple[str, str], Compared]  # by kind of map and kind of pixels
    weights: str = UNKNOWN  # what its first stage started from

    def repetitions(self) -> set[int]:
        """Numbers of the repetitions of its runs."""
        return {run.repetition for run in self.runs}


Models = Mapping[str, CooperativeModel]


def reference(models: Mapping[str, object]) -> str | None:
    """Name the model that the others are compared with."""
    return next((name for name in OURS if name in models), None)


def maps_by_model(models: Models, kind: str, pixels: str) -> dict[str, Compared]:
    """Give one kind of map by model; beside Grad-CAM, too, the maps that no run made."""
    key = kind, pixels
    maps = {name: model.maps[key] for name, model in models.items() if key in model.maps}
    if maps and kind == "gradcam":
        baselines = [name for name in BASELINES.values() if name in models]
        maps |= {name: models[name].maps["saliency", pixels] for name in baselines}
    return maps


def score_diagnosis(aligned: Aligned, draws: Draws) -> Diagnosed:
    """Score the probabilities of a model, as `read_classification` gives them."""
    classes, every = aligned.columns, list(range(len(aligned.columns)))
    truth = aligned.cases["target"].to_numpy()[:, None] == np.array(classes)
    times = _times(aligned, draws)
    right = truth[np.arange(len(truth)), aligned.scores.argmax(axis=2)].astype(float)
    by_class = _auroc_measure(classes, [[column] for column in every], truth, aligned, times)
    measures = {
        "accuracy": _pooled(right[:, :, None], ("accuracy",), aligned, times),
        "macro": by_class.macro(),
        "micro": _auroc_measure(("micro",), [every], truth, aligned, times),
        **{name: by_class.select(name) for name in classes},
    }
    return Diagnosed(aligned, right, _placed(truth, aligned), measures)


def _times(aligned: Aligned, draws: Draws) -> Floats:
    """How often each case is in each resample of patients."""
    return resample_subjects(aligned.cases["subject_id"], draws)


def _auroc_measure(
    items: tuple[str, ...],
    columns: list[list[int]],
    truth: NDArray[np.bool_],
    aligned: Aligned,
    times: Floats,
) -> Measure:
    """AUROC of each item: of its columns together, mean over the folds."""
    samples = np.vstack([np.ones(len(truth)), times])  # the cases as they are, then resamples
    values = np.empty((len(samples), len(aligned.scores), len(items)))
    for repetition, score in enumerate(aligned.scores):
        for item, subset in enumerate(columns):
            by_fold = []
            for fold in aligned.folds:
                pairs = np.ix_(fold, np.array(subset))
                times_of_pairs = samples[:, fold].repeat(len(subset), axis=1)
                by_fold.append(
                    resampled_auroc(truth[pairs].ravel(), score[pairs].ravel(), times_of_pairs)
                )
            values[:, repetition, item] = mean_of_known(np.stack(by_fold), 0)
    return Measure(items, aligned.repetitions, values[0], values[1:])


def _placed(truth: NDArray[np.bool_], aligned: Aligned) -> Floats:
    """Placements of each case among those of its fold, mean over repetitions."""
    placed = np.empty(aligned.scores.shape)
    for repetition, score in enumerate(aligned.scores):
        for fold in aligned.folds:
            for column in range(truth.shape[1]):
                placed[repetition, fold, column] = placements(
                    truth[fold, column], score[fold, column]
                )
    means: Floats = placed.mean(axis=0)
    return means


def _pooled(values: Floats, items: tuple[str, ...], aligned: Aligned, times: Floats) -> Measure:
    """Mean over cases where a value is known, of shape (repetitions, cases, items)."""
    is_defined = (~np.isnan(values)).astype(float)
    filled = np.where(np.isnan(values), 0, values)
    total, n = (np.einsum("dc,rci->dri", times, part) for part in (filled, is_defined))
    return Measure(items, aligned.repetitions, mean_of_known(values, 1), ratio(total, n))


def score_maps(maps: Maps, draws: Draws) -> dict[tuple[str, str], Compared]:
    """Score each kind of map on each kind of pixels, as `read_saliency` gives them."""
    scored = {}
    for kind, aligned in maps.items():
        pooled = _pooled(aligned.scores, METRICS, aligned, _times(aligned, draws))
        centred = aligned.scores - mean_of_known(aligned.scores, 1)[:, None]
        sd = np.sqrt(mean_of_known(centred**2, 1)).mean(axis=0)
        scored[kind] = Compared(aligned, pooled, sd, draws)
    return scored


def baseline(maps: Maps, kind: str, draws: Draws) -> CooperativeModel:
    """Score a map that is the same under all seeds: the first repetition's, as a model."""
    first = {
        ("saliency", pixels): Aligned(aligned.cases, (), aligned.columns, aligned.scores[:1])
        for (name, pixels), aligned in maps.items()
        if name == kind
    }
    return CooperativeModel(BASELINES[kind], [], None, score_maps(first, draws))
