"""Learn from the training readings, and share out the fixations of all.

A training reading is explained by what the readings of other subjects teach (folds by subject); one
of validation or test by what all training readings teach. Nothing is explained by a place that was
learnt from its own subject.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.windows.learned.mixture import Learnt, Mask, explain, learn
from gazescribe.pipeline.windows.learned.observed import Observed
from gazescribe.pipeline.windows.learned.pairs import Pairs, pair_up
from gazescribe.pipeline.windows.learned.settings import Learned
from gazescribe.pipeline.windows.parts import Shares


@dataclass(frozen=True)
class Fit:
    """What was learnt, of which labels and from whom."""

    params: Learned
    labels: tuple[str, ...]
    subjects: frozenset[str]
    n_readings: int
    learnt: Learnt


def learn_by_folds(
    observed: Sequence[Observed], labels: Sequence[str], params: Learned
) -> tuple[Fit, dict[str, Shares]]:
    """Fit to all training readings, and share out the fixations of all readings.

    Parameters
    ----------
    observed : sequence of Observed
        In any order: what is learnt is the same to the last bit.
    labels : sequence of str
        The channels that sentences can mention.
    params : Learned
        Settings of the model; `folds` are as many as there are training subjects, at most.

    Returns
    -------
    tuple of Fit and dict of dict
        What all training readings teach; and by reading, for each of its sentences, the shares of
        its fixations, of shape (fixations,).

    Raises
    ------
    GazeError
        If there is too little to learn from.
    """
    observed = in_order(observed)
    _check_gaze(observed)
    pairs = pair_up(observed, labels, params.sigma)
    fold = assign_folds(observed, params.folds)
    share = np.zeros(len(pairs.fixation))
    for held_out in np.unique(fold[fold >= 0]):
        fit = _fit(observed, pairs, (fold >= 0) & (fold != held_out), labels, params)
        _explain_into(share, observed, pairs, fold == held_out, fit)
    whole = _fit(observed, pairs, fold >= 0, labels, params)
    _explain_into(share, observed, pairs, fold < 0, whole)
    return whole, shares_by_reading(observed, pairs, share)


def apply_fit(observed: Sequence[Observed], fit: Fit) -> tuple[dict[str, Shares], int]:
    """Share out fixations by a fit to other data; also count the readings of its own subjects.

    These do without the maps of labels: what such a map holds there came from themselves. Labels
    that the fit does not know have no map of their own.
    """
    observed = in_order(observed)
    named = {
        label for reading in observed for sentence in reading.said for label in sentence.labels
    }
    labels = [*fit.labels, *sorted(named - {*fit.labels})]
    unknown = np.zeros((len(labels) - len(fit.labels), *fit.learnt.places_s.shape[1:]))
    learnt = replace(fit.learnt, places_s=np.concatenate([fit.learnt.places_s, unknown]))
    pairs = pair_up(observed, labels, fit.params.sigma)
    known = np.array([reading.subject in fit.subjects for reading in observed], bool)
    share = explain(pairs, learnt, fit.params, known)
    return shares_by_reading(observed, pairs, share), int(known.sum())


def in_order(observed: Sequence[Observed]) -> list[Observed]:
    """Sort readings: sums depend on their order in the last bit."""
    return sorted(observed, key=lambda reading: reading.reading_id)


def assign_folds(observed: Sequence[Observed], n_folds: int) -> NDArray[np.intp]:
    """Fold of each training reading, -1 for the others; a subject's readings share one."""
    subjects = sorted({reading.subject for reading in observed if reading.split == "train"})
    if len(subjects) < 2:
        message = f"{len(subjects)} training subjects with gaze: too few to learn from."
        remedy = "Use --method window, or give what other data taught with --fit."
        raise GazeError(message, remedy=remedy)
    fold_of = {subject: number % n_folds for number, subject in enumerate(subjects)}
    folds = [
        fold_of[observation.subject] if observation.split == "train" else -1
        for observation in observed
    ]
    return np.array(folds, np.intp)


def _check_gaze(observed: Sequence[Observed]) -> None:
    """Refuse training readings without a mention, or whose gaze lasts no time."""
    training = [reading for reading in observed if reading.split == "train" and reading.said]
    if not any((reading.offset_s > reading.onset_s).any() for reading in training):
        message = "no training reading has both mentions and a fixation that lasts."
        remedy = "Use --method window, or give what other data taught with --fit."
        raise GazeError(message, remedy=remedy)


def _fit(
    observed: Sequence[Observed],
    pairs: Pairs,
    counted: Mask,
    labels: Sequence[str],
    params: Learned,
) -> Fit:
    subjects = frozenset(
        reading.subject for reading, is_in in zip(observed, counted, strict=True) if is_in
    )
    learnt = learn(pairs, counted, params, len(labels))
    return Fit(params, tuple(labels), subjects, int(counted.sum()), learnt)


def _explain_into(
    share: NDArray[np.float64],
    observed: Sequence[Observed],
    pairs: Pairs,
    judged: Mask,
    fit: Fit,
) -> None:
    """Put the shares of the judged readings in their places; refuse a fit that has seen them."""
    seen = [
        reading.subject in fit.subjects
        for reading, is_in in zip(observed, judged, strict=True)
        if is_in
    ]
    if any(seen):
        message = f"{sum(seen)} readings would be explained by what their own subject taught."
        raise AssertionError(message)
    is_judged = judged[pairs.reading_of_sentence[pairs.sentence]]
    share[is_judged] = explain(pairs, fit.learnt, fit.params)[is_judged]


def shares_by_reading(
    observed: Sequence[Observed], pairs: Pairs, share: NDArray[np.float64]
) -> dict[str, Shares]:
    """Cut the shares of all pairs into those of each reading."""
    n_fixations = [len(reading.onset_s) for reading in observed]
    before = np.cumsum(n_fixations) - n_fixations
    bounds = np.searchsorted(pairs.sentence, np.arange(pairs.n_sentences + 1))
    shares: dict[str, Shares] = {}
    number = 0
    for reading, n, first in zip(observed, n_fixations, before, strict=True):
        of_reading: Shares = {}
        for sentence in reading.said:
            of_sentence = slice(bounds[number], bounds[number + 1])
            of_reading[sentence.sentence] = np.zeros(n)
            of_reading[sentence.sentence][pairs.fixation[of_sentence] - first] = share[of_sentence]
            number += 1
        shares[reading.reading_id] = of_reading
    return shares
