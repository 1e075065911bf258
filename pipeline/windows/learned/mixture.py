"""The model: each fixation comes from one sentence in reach, or from search.

Three things speak for a sentence: time (odds by the bin of the sentence that the fixation falls
into), the reading's own gaze for the sentence (a kernel density that leaves the fixation out), and
where readers look who name the same label, side and zone. Search has one map for all readings.
Fitted by expectation and maximisation; the odds by the update of Hunter (Annals of Statistics
2004) for choices among several. Ours; Lanfredi et al. 2023 ask for it in their last paragraph.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.dictation.places import SIDES, ZONES
from gazescribe.pipeline.windows.learned.maps import (
    EVERYWHERE,
    GRID,
    label_densities,
    search_density,
)
from gazescribe.pipeline.windows.learned.pairs import Pairs, sums
from gazescribe.pipeline.windows.learned.settings import Learned
from gazescribe.pipeline.windows.learned.timing import PRIOR_S, START_OUTSIDE, starting_odds

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]

DECIMALS = {"odds": 6, "search_s": 4, "places_s": 4}
"""Of what is learnt: a fit says the same from memory and from its file."""


@dataclass(frozen=True)
class Learnt:
    """What is learnt: odds of each bin of time, and seconds of gaze by cell of the chest.

    `search_s` has shape (cells,), `places_s` (labels, sides, zones, cells).
    """

    odds: FloatArray
    search_s: FloatArray
    places_s: FloatArray


def begin(params: Learned, n_labels: int) -> Learnt:
    """Know nothing yet: the starting window, and no map."""
    cells = GRID * GRID
    places_s = np.zeros((n_labels, len(SIDES), len(ZONES), cells))
    return Learnt(starting_odds(params), np.zeros(cells), places_s)


def learn(pairs: Pairs, counted: Mask, params: Learned, n_labels: int) -> Learnt:
    """Fit to the readings that `counted`, shape (readings,), names."""
    learnt = begin(params, n_labels)
    share = None
    for _ in range(params.iterations):
        odds = time_odds(pairs, learnt)
        share = share_out(pairs, learnt, odds, share, params)
        learnt = _update(pairs, learnt, odds, share, counted)
    return Learnt(**{name: getattr(learnt, name).round(n) for name, n in DECIMALS.items()})


def explain(
    pairs: Pairs, learnt: Learnt, params: Learned, without_places: Mask | None = None
) -> FloatArray:
    """Share of each pair's fixation that is its sentence's, (pairs,), by what was learnt elsewhere.

    Readings of `without_places`, shape (readings,), do without the maps of labels.
    """
    odds = time_odds(pairs, learnt)
    share = None
    for _ in range(params.iterations):
        share = share_out(pairs, learnt, odds, share, params, without_places)
    assert share is not None  # noqa: S101  iterations are at least 1
    return share


def time_odds(pairs: Pairs, learnt: Learnt) -> FloatArray:
    """Odds by time alone that a fixation is its sentence's and not of search, (pairs,)."""
    return sums(
        pairs.piece_pair, learnt.odds[pairs.piece_bin] * pairs.piece_share, len(pairs.fixation)
    )


def share_out(
    pairs: Pairs,
    learnt: Learnt,
    odds: FloatArray,
    share: FloatArray | None,
    params: Learned,
    without_places: Mask | None = None,
) -> FloatArray:
    """Share each fixation out anew; `share` is how it was before, None: by time alone."""
    strength, search = odds, np.ones(pairs.n_fixations)
    if share is not None:
        strength = odds * _place(pairs, learnt, share, params, without_places)
        search = search_density(learnt.search_s, params.sigma)[pairs.cell]
    total = search + sums(pairs.fixation, strength, pairs.n_fixations)
    divided: FloatArray = strength / total[pairs.fixation]
    return divided


def _place(
    pairs: Pairs, learnt: Learnt, share: FloatArray, params: Learned, without_places: Mask | None
) -> FloatArray:
    """Density of each sentence's gaze at the fixation, (pairs,).

    Of the reading's own other fixations, weighed as in its map, and `label_s` seconds of its label.
    """
    weight_s = pairs.reach_s * share**params.exponent
    others_s = sums(pairs.sentence, weight_s, pairs.n_sentences)[pairs.sentence] - weight_s
    expected = _label_density(pairs, learnt, params.sigma)
    if without_places is not None:
        hidden = without_places[pairs.reading_of_sentence[pairs.sentence]]
        expected = np.where(hidden, EVERYWHERE, expected)
    expected_s = pairs.around(weight_s) + params.label_s * expected
    density: FloatArray = expected_s / (np.maximum(others_s, 0) + params.label_s)
    return density


def _label_density(pairs: Pairs, learnt: Learnt, sigma: float) -> FloatArray:
    """Density of the gaze of others who named the same, the mean over a sentence's labels."""
    densities = label_densities(learnt.places_s, sigma).reshape(-1, GRID * GRID)
    cell = pairs.cell[pairs.fixation[pairs.named_pair]]
    density = densities[pairs.named_place, cell] * pairs.named_share
    return sums(pairs.named_pair, density, len(pairs.fixation))


def _update(
    pairs: Pairs, learnt: Learnt, odds: FloatArray, share: FloatArray, counted: Mask
) -> Learnt:
    """Learn from how the fixations of the counted readings are shared out."""
    in_pair = counted[pairs.reading_of_sentence[pairs.sentence]]
    spent_s = np.where(in_pair, share * pairs.duration_s[pairs.fixation], 0.0)
    rest = 1 - sums(pairs.fixation, share, pairs.n_fixations)
    searched_s = np.where(counted[pairs.reading_of_fixation], rest * pairs.duration_s, 0.0)
    search_s = sums(pairs.cell, searched_s, GRID * GRID)
    return Learnt(
        _update_odds(pairs, learnt.odds, odds, spent_s, in_pair),
        search_s,
        _places_s(pairs, spent_s, learnt.places_s.shape),
    )


def _update_odds(
    pairs: Pairs, of_bins: FloatArray, odds: FloatArray, spent_s: FloatArray, in_pair: Mask
) -> FloatArray:
    """Seconds that sentences took in each bin, over those they would have taken at odds of one."""
    pair = pairs.piece_pair
    of_piece = of_bins[pairs.piece_bin] * pairs.piece_share / odds[pair]
    rivals = 1 + sums(pairs.fixation, odds, pairs.n_fixations)
    at_stake = np.where(in_pair[pair], pairs.piece_s / rivals[pairs.fixation[pair]], 0.0)
    taken_s = sums(pairs.piece_bin, spent_s[pair] * of_piece, len(of_bins))
    stake_s = sums(pairs.piece_bin, at_stake, len(of_bins))
    updated: FloatArray = (taken_s + START_OUTSIDE * PRIOR_S) / (stake_s + PRIOR_S)
    return updated


def _places_s(pairs: Pairs, spent_s: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """Seconds of gaze by label, side, zone and cell."""
    cell = pairs.cell[pairs.fixation[pairs.named_pair]]
    seconds = spent_s[pairs.named_pair] * pairs.named_share
    places_s = sums(pairs.named_place * shape[-1] + cell, seconds, math.prod(shape))
    return places_s.reshape(shape)
