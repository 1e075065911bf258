"""Thresholds and macro means: as the paper has them, and cross-validated by subject.

The paper chooses the threshold of each label on the cases that it scores, which flatters every
rule. Cross-validated, the threshold for a subject's cases comes from all other subjects.
Source: `spec/mil.md` section 3; the order of averaging is the paper's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.resampling import Draws, draw_clusters, mean_of_known, ratio
from gazescribe.pipeline.windows.tune.curve_file import CurveFile

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class LabelScores:
    """What one label's cases score under each rule, summed by subject."""

    label: str
    subjects: NDArray[np.int64]  # (s,), those with a case, rising
    n: NDArray[np.int64]  # (s, rules), cases of each
    iou: FloatArray | CurveFile  # (s, rules, thresholds), their summed IoU

    @cached_property
    def total(self) -> FloatArray:
        """Summed IoU of all cases, shape (rules, thresholds)."""
        return self._add_up(np.ones(len(self.subjects), bool))

    def mean(self) -> FloatArray:
        """Mean IoU over cases, shape (rules, thresholds); NaN for a rule without a case."""
        return ratio(self.total, self.n.sum(axis=0)[:, None])

    def mean_without(self, subject: int) -> FloatArray:
        """Mean IoU over the cases of all other subjects."""
        counted = self.subjects != subject
        return ratio(self._add_up(counted), self.n[counted].sum(axis=0)[:, None])

    def _add_up(self, counted: NDArray[np.bool_]) -> FloatArray:
        """Sum the curves of some subjects, one after another: they may lie in a file."""
        total = np.zeros_like(self.iou[0])
        for row in np.flatnonzero(counted).tolist():
            total += self.iou[row]
        return total


@dataclass(frozen=True)
class HeldOut:
    """One label's cases, each subject scored at the thresholds that the other subjects choose."""

    scores: LabelScores
    iou_of_others: FloatArray  # (s, rules), their best mean; NaN where none of them has the label
    iou: FloatArray  # (s, rules), the subject's summed IoU at the threshold of that best

    def mean(self) -> FloatArray:
        """Mean IoU over cases, shape (rules,)."""
        return ratio(self.iou.sum(axis=0), self.scores.n.sum(axis=0))


def best_thresholds(scores: LabelScores) -> tuple[NDArray[np.intp], FloatArray]:
    """Choose each rule's threshold on the cases that it scores: the paper's way.

    Numbers of the thresholds, the lowest of equals, and the mean IoU there, each of shape (rules,).
    """
    mean = scores.mean()
    best = np.nan_to_num(mean).argmax(axis=1)
    return best, mean[np.arange(len(best)), best]


def hold_out(labels: Sequence[LabelScores]) -> list[HeldOut]:
    """Score each subject at the thresholds that all others choose.

    Where no other subject has the label, the others' mean over the other labels chooses.
    """
    return [_hold_out(scores, labels) for scores in labels]


def _hold_out(scores: LabelScores, labels: Sequence[LabelScores]) -> HeldOut:
    elsewhere = [other for other in labels if other is not scores]
    total, n = scores.total, scores.n.sum(axis=0)
    iou_of_others, iou_held_out = np.empty(scores.n.shape), np.empty(scores.n.shape)
    rules = np.arange(len(total))
    for row, subject in enumerate(scores.subjects):
        curves = scores.iou[row]
        mean = ratio(total - curves, (n - scores.n[row])[:, None])
        chosen_by = mean
        if np.isnan(mean).all() and elsewhere:
            chosen_by = macro([label_scores.mean_without(subject) for label_scores in elsewhere])
        best = np.nan_to_num(chosen_by).argmax(axis=1)
        iou_of_others[row], iou_held_out[row] = mean[rules, best], curves[rules, best]
    return HeldOut(scores, iou_of_others, iou_held_out)


def macro(by_label: Sequence[FloatArray]) -> FloatArray:
    """Unweighted mean over labels; labels without a value are left out."""
    return mean_of_known(np.stack(by_label), axis=0)


def resample(labels: Sequence[HeldOut], draws: Draws) -> FloatArray:
    """Cross-validated macro means of resamples of subjects, shape (n_bootstrap, rules).

    All readings of a subject are drawn together. A label that a resample misses is left out of its
    mean; thresholds stay as they were chosen.
    """
    everybody = np.unique(np.concatenate([label.scores.subjects for label in labels]))
    drawn = draw_clusters(len(everybody), draws)
    by_label = []
    for label in labels:
        times = drawn[:, np.searchsorted(everybody, label.scores.subjects)]
        by_label.append(ratio(times @ label.iou, times @ label.scores.n))
    return macro(by_label)


def searched_iou(labels: Sequence[HeldOut], ranked: NDArray[np.intp]) -> float:
    """Score the search itself: rule and thresholds for a subject are chosen on all others.

    The labels have two subjects or more; `ranked` are the rules to choose from.
    """
    everybody = np.unique(np.concatenate([label.scores.subjects for label in labels]))
    in_sample = [best_thresholds(label.scores)[1] for label in labels]
    total, n = np.zeros(len(labels)), np.zeros(len(labels))
    for subject in everybody:
        places = [np.flatnonzero(label.scores.subjects == subject) for label in labels]
        of_others = [
            label.iou_of_others[place[0]] if len(place) else whole
            for label, place, whole in zip(labels, places, in_sample, strict=True)
        ]
        chosen = ranked[np.argmax(macro(of_others)[ranked])]
        for number, (label, place) in enumerate(zip(labels, places, strict=True)):
            total[number] += label.iou[place, chosen].sum()
            n[number] += label.scores.n[place, chosen].sum()
    return float(np.mean(total / n))
