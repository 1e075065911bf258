import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gazescribe.pipeline.windows.tune.candidates import (
    FINE_LAGS_S,
    overlap,
    search_rules,
    window_name,
    window_weights,
)
from gazescribe.pipeline.windows.windows import Window, fixation_overlap
from tests.unit.pipeline.windows.tune.tune_cases import case

TIME = st.floats(-5, 15)


def test_both_stages_have_67_rules():
    rules = search_rules()
    assert len({rule.name for rule in rules}) == len(rules) == 67
    assert sum("coarse" in rule.stage for rule in rules) == 56
    assert sorted(rule.lag_s for rule in rules if "fine" in rule.stage) == list(FINE_LAGS_S)
    assert [rule.name for rule in rules if rule.stage == "coarse and fine"] == [
        "2.5s_startofsentence_lastmention",
        "5.0s_startofsentence_lastmention",
    ]


def test_published_rules():
    """35 of the first stage and 13 of the second; two of them are the same."""
    rules = [rule for rule in search_rules() if rule.published]
    assert len(rules) == 35 + 13 - 2
    assert sum("coarse" in rule.stage for rule in rules) == 35
    assert {rule.name for rule in rules if rule.start == "endofsentence"} == {
        f"{lag_s}s_endofsentence_endofsentence" for lag_s in (2.5, 5.0, 7.5)
    }


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        pytest.param(("mention", 5, "firstmention"), "5.0s_mention_firstmention", id="whole"),
        pytest.param(("mention", 0.75, "lastmention"), "0.75s_mention_lastmention", id="part"),
        pytest.param(("all", None, "endofsentence"), "all_endofsentence", id="no delay"),
    ],
)
def test_name(rule, name):
    assert window_name(*rule) == name


@given(st.lists(st.tuples(TIME, TIME), min_size=1, max_size=6))
def test_overlap_is_that_of_associate(bounds):
    one = case()
    found = overlap(one, np.array(bounds))
    for window, seconds in zip(bounds, found, strict=True):
        expected = np.zeros(len(seconds))
        opened = Window("sentence", None, None, None, *window)
        counted, within = fixation_overlap(
            one.gaussians["onset_s"], one.gaussians["offset_s"], opened
        )
        expected[counted] = within
        np.testing.assert_allclose(seconds, expected, atol=1e-12)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        pytest.param(("startofsentence", 1.5, "lastmention"), [0, 1, 2, 0.5], id="paper"),
        pytest.param(("startofsentence", 7.5, "lastmention"), [2, 1.5, 2, 0.5], id="bounded"),
        pytest.param(("mention", 2.5, "firstmention"), [0, 1, 1, 0], id="mention"),
        pytest.param(("andpause", 0, "endofsentence"), [0, 0.5, 2, 1.5], id="pause"),
        pytest.param(("single", 0, "startofsentence"), [0, 0, 0, 0], id="no time"),
        pytest.param(("endofsentence", 2.5, "startofsentence"), [0, 0, 0, 0], id="reversed"),
    ],
)
def test_seconds_of_each_fixation(rule, expected):
    start, lag_s, end = rule
    found = window_weights(case(), start=start, lag_s=lag_s, end=end)
    np.testing.assert_allclose(found, [expected])


def test_nothing_spoken():
    found = window_weights(case(spoken=()), start="single", lag_s=0, end="lastmention")
    assert found.shape == (0, 4)
