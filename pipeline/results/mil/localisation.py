"""Thresholds chosen on validation cases, and what the maps score with them on test cases.

Source: Lanfredi et al. 2023, Section 2.9; `spec/mil.md` section 7.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.resampling import Draws, Floats, mean_of_known, ratio
from gazescribe.pipeline.results.measures import Measure, resample_subjects
from gazescribe.pipeline.results.mil.scores import Localised

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
    thresholds: Sequence[float],
    seeds: tuple[int, ...],
    draws: Draws,
) -> MapScores:
    """Choose the threshold of each label on validation cases, and score test cases with it.

    Thresholds maximise the validation IoU averaged over the runs; the lowest of equals. A label
    without validation case takes the threshold that is best for the mean of the others.

    Parameters
    ----------
    validation, test : Localised
        Cases of the two splits under all runs of a model; the first is not empty.
    thresholds : sequence of float
        Those that the IoU was measured at.
    seeds : tuple of int
        Of the runs.
    draws : Draws
        How subjects are resampled.
    """
    labels, test_labels = _label_numbers(validation.cases), _label_numbers(test.cases)
    curves = np.stack(
        [_by_label(iou, labels) for iou in np.moveaxis(validation.iou, 2, 0)], axis=-1
    )
    mean = curves.mean(axis=0)
    has_case = ~np.isnan(mean[:, 0])
    best = np.where(has_case[:, None], mean, mean_of_known(mean, axis=0)).argmax(axis=1)
    chosen = np.take_along_axis(curves, best[None, :, None], axis=2)[..., 0]
    table = pd.DataFrame(
        {
            "label": TEN_LABELS,
            "threshold": np.array(thresholds)[best],
            "validation_iou": chosen.mean(axis=0),
            "n_validation": np.bincount(labels, minlength=len(TEN_LABELS)),
            "n_test": np.bincount(test_labels, minlength=len(TEN_LABELS)),
            "chosen_on": np.where(has_case, OWN, OTHERS),
        }
    )
    iou = np.take_along_axis(test.iou, best[test_labels][None, :, None], axis=2)[..., 0]
    times = resample_subjects(test.cases["subject_id"], draws)
    return MapScores(
        table,
        Measure(TEN_LABELS, seeds, chosen, np.empty((0, *chosen.shape))),
        _measure(iou, test_labels, seeds, times),
        _measure(test.hit, test_labels, seeds, times),
        test.cases.assign(iou=iou.mean(axis=0)),
    )


def _label_numbers(cases: pd.DataFrame) -> NDArray[np.intp]:
    """Give the number of each case's label."""
    return np.array([TEN_LABELS.index(label) for label in cases["label"]], np.intp)


def _by_label(values: Floats, label: NDArray[np.intp], times: Floats | None = None) -> Floats:
    """Average scores of shape (runs, cases) over the cases of each label; NaN without case.

    With `times`, (draws, cases), each case counts as often as it is in a draw: then the means have
    shape (draws, runs, labels), else (runs, labels).
    """
    means = []
    for number in range(len(TEN_LABELS)):
        cases = label == number
        counted = np.ones((1, cases.sum())) if times is None else times[:, cases]
        means.append(ratio(counted @ values[:, cases].T, counted.sum(axis=1, keepdims=True)))
    stacked = np.stack(means, axis=-1)
    return stacked[0] if times is None else stacked


def _measure(
    values: Floats, label: NDArray[np.intp], seeds: tuple[int, ...], times: Floats
) -> Measure:
    return Measure(TEN_LABELS, seeds, _by_label(values, label), _by_label(values, label, times))
