import numpy as np
import pytest

from gazescribe.pipeline.windows.learned.timing import (
    bin_edges_s,
    centres,
    starting_odds,
    support_s,
)
from tests.unit.pipeline.windows.learned.learned_readings import SENTENCES, settings


def test_edges_are_quarters_of_a_second_and_tenths_of_the_sentence():
    edges = bin_edges_s(2, SENTENCES, settings(before_s=0.5, after_s=0.5))
    inside = np.linspace(18, 21, 11)
    assert edges == pytest.approx([17.5, 17.75, *inside, 21.25, 21.5])


def test_time_does_not_reach_before_the_sentence_before():
    assert bin_edges_s(1, SENTENCES, settings(before_s=8.0))[:9].tolist() == [6.0] * 9
    assert support_s(1, SENTENCES, settings(before_s=8.0, after_s=2.0)) == (6.0, 17.0)
    assert support_s(0, SENTENCES, settings(before_s=8.0, after_s=0.0)) == (0.0, 9.0)


def test_odds_start_from_the_window():
    params = settings(before_s=3.0, after_s=1.0, start_lag_s=1.5)
    odds = starting_odds(params)
    is_high = odds > 1
    assert is_high.tolist() == [False] * 6 + [True] * 6 + [True] * 10 + [False] * 4
    assert len(centres(params)) == len(odds)
    assert (np.diff(centres(params)) > 0).all()
    longer = starting_odds(settings(before_s=1.0, after_s=0.0, start_lag_s=1.5))
    assert (longer > 1).all()
