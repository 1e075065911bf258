from dataclasses import replace

import numpy as np
import pytest

from gazescribe.pipeline.windows.learned.maps import EVERYWHERE, search_density
from gazescribe.pipeline.windows.learned.mixture import (
    Learnt,
    begin,
    explain,
    learn,
    share_out,
    time_odds,
)
from gazescribe.pipeline.windows.learned.pairs import pair_up
from gazescribe.pipeline.windows.learned.timing import PRIOR_S, START_OUTSIDE, centres
from gazescribe.pipeline.windows.learned.weights import weigh
from tests.unit.pipeline.windows.learned.learned_readings import (
    LABELS,
    PLACES,
    observed,
    settings,
    several,
)

PARAMS = settings(iterations=8)
OBSERVED = several(6)
PAIRS = pair_up(OBSERVED, LABELS, PARAMS.sigma)
ALL = np.ones(6, bool)


@pytest.fixture(scope="module")
def learnt():
    return learn(PAIRS, ALL, PARAMS, len(LABELS))


def test_shares_of_a_fixation_and_search_are_all_of_it(learnt):
    share = explain(PAIRS, learnt, PARAMS)
    assert (share >= 0).all()
    spent_s = np.bincount(PAIRS.fixation, share, PAIRS.n_fixations) * PAIRS.duration_s
    assert (spent_s <= PAIRS.duration_s * (1 + 1e-12)).all()
    # What is learnt adds up to all gaze of the readings it is learnt from.
    total_s = learnt.search_s.sum() + learnt.places_s.sum()
    assert total_s == pytest.approx(PAIRS.duration_s.sum(), abs=0.1)


def test_with_the_starting_kernel_and_no_place_it_is_the_window():
    """Nothing but the window to look at: certain inside, impossible outside, one look at time."""
    params = settings(before_s=1.5, after_s=0.0, iterations=1)
    readings = several(4, params=params)
    pairs = pair_up(readings, LABELS, params.sigma)
    empty = begin(params, len(LABELS))
    certain = replace(empty, odds=np.where(empty.odds > 1, 1e12, 0.0))
    weight_s = weigh(pairs.reach_s, explain(pairs, certain, params), params)
    expected = []
    for reading in readings:
        for onset_s, offset_s in ((6.0, 9.0), (18.0, 21.0)):
            begins = np.maximum(reading.onset_s, onset_s - 1.5)
            overlap_s = np.minimum(reading.offset_s, offset_s) - begins
            expected += overlap_s[overlap_s > 0].tolist()
    assert weight_s == pytest.approx(expected, rel=1e-9)


def test_it_finds_the_planted_places_and_lag(learnt):
    share = explain(PAIRS, learnt, PARAMS)
    x, y = PAIRS.x[PAIRS.fixation], PAIRS.y[PAIRS.fixation]
    for number, label in enumerate(LABELS):
        own = PAIRS.sentence % 2 == number
        near = np.hypot(x - PLACES[label][0], y - PLACES[label][1]) < 0.12
        assert share[own & near].mean() > 0.9
        assert share[own & ~near].mean() < 0.1
    before = centres(PARAMS) < 0
    arrives = np.argmax(learnt.odds[before] > 1) * 0.25 - PARAMS.before_s
    assert arrives == pytest.approx(-1, abs=0.26)


def test_one_step_is_the_formulas(learnt):
    """Against loops: shares by time and place, then odds by Hunter's update."""
    odds = time_odds(PAIRS, learnt)
    before = share_out(PAIRS, learnt, odds, None, PARAMS)
    plain = replace(learnt, places_s=np.zeros_like(learnt.places_s))  # maps of labels say nothing
    share = share_out(PAIRS, plain, odds, before, PARAMS, ALL)
    search = search_density(plain.search_s, PARAMS.sigma)[PAIRS.cell]
    for pair in range(0, len(share), 37):
        fixation = PAIRS.fixation[pair]
        strengths = {}
        for rival in np.flatnonzero(PAIRS.fixation == fixation):
            others = np.flatnonzero(PAIRS.sentence == PAIRS.sentence[rival])
            others = others[others != rival]
            weight_s = PAIRS.reach_s[others] * before[others] ** 2
            at = PAIRS.fixation[others]
            squared = (PAIRS.x[at] - PAIRS.x[fixation]) ** 2
            squared += (PAIRS.y[at] - PAIRS.y[fixation]) ** 2
            variance = PARAMS.sigma**2
            kernel = np.exp(-squared / (2 * variance)) / (2 * np.pi * variance)
            made = (weight_s * kernel).sum() + PARAMS.label_s * EVERYWHERE
            strengths[rival] = odds[rival] * made / (weight_s.sum() + PARAMS.label_s)
        expected = strengths[pair] / (search[fixation] + sum(strengths.values()))
        assert share[pair] == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_odds_move_as_hunters_update():
    """One reading, one sentence, one bin with all gaze: seconds taken over seconds at stake."""
    params = settings(iterations=1, before_s=6.0)
    one = observed(0)
    one = replace(one, said=one.said[:1])
    pairs = pair_up([one], LABELS, params.sigma)
    start = begin(params, 2)
    odds = time_odds(pairs, start)
    share = share_out(pairs, start, odds, None, params)
    found = learn(pairs, np.ones(1, bool), params, 2)
    taken, stake = np.zeros(len(start.odds)), np.zeros(len(start.odds))
    for pair, in_bin, seconds in zip(pairs.piece_pair, pairs.piece_bin, pairs.piece_s, strict=True):
        whole_s = pairs.duration_s[pairs.fixation[pair]]
        part = start.odds[in_bin] * seconds / whole_s / odds[pair]
        taken[in_bin] += share[pair] * whole_s * part
        stake[in_bin] += seconds / (1 + odds[pair])
    expected = (taken + START_OUTSIDE * PRIOR_S) / (stake + PRIOR_S)
    assert found.odds == pytest.approx(expected, abs=1e-5)


def test_readings_that_are_not_counted_teach_nothing():
    counted = np.array([True] * 5 + [False])
    other = [*OBSERVED[:5], observed(99, places={"Edema": (0.9, 0.1), "Fracture": (0.1, 0.1)})]
    first, second = (
        learn(pair_up(readings, LABELS, PARAMS.sigma), counted, PARAMS, len(LABELS))
        for readings in (OBSERVED, other)
    )
    for name in ("odds", "search_s", "places_s"):
        assert np.array_equal(getattr(first, name), getattr(second, name)), name


def test_labels_can_be_left_out(learnt):
    hidden = explain(PAIRS, learnt, PARAMS, ALL)
    emptied = Learnt(learnt.odds, learnt.search_s, learnt.places_s * 0)
    assert explain(PAIRS, emptied, PARAMS, ALL) == pytest.approx(hidden)
    assert np.abs(explain(PAIRS, learnt, PARAMS) - hidden).max() > 1e-3
