import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.windows.tune.candidates import (
    FINE_LAGS_S,
    beyond,
    context_weights,
    overlap,
    search_rules,
    soft_weights,
    window_name,
    window_weights,
)
from gazescribe.pipeline.windows.tune.cases import Spoken
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


PAPER = {"start": "startofsentence", "lag_s": 1.5, "end": "lastmention"}


def switched(**used):
    tune = load_params().tune
    changed = {
        name: getattr(tune, name).model_copy(update={"used": on}) for name, on in used.items()
    }
    return beyond(tune.model_copy(update=changed))


def test_all_is_off_as_shipped():
    assert beyond(load_params().tune) == []


@pytest.mark.parametrize(
    ("idea", "stage", "count"),
    [
        pytest.param("soft", "soft window", 2 * 6 * 3, id="soft"),
        pytest.param("contrast", "contrast", 2 * len(FINE_LAGS_S), id="contrast"),
        pytest.param("context", "context", 2 * len(FINE_LAGS_S), id="context"),
    ],
)
def test_each_is_switched_on_alone(idea, stage, count):
    candidates = switched(**{idea: True})
    assert len(candidates) == count
    assert {candidate.stage for candidate in candidates} == {stage}
    assert {bool(candidate.contrast) for candidate in candidates} == {idea == "contrast"}
    everything = [*search_rules(), *switched(soft=True, contrast=True, context=True)]
    assert len({candidate.name for candidate in everything}) == len(everything)


def test_box_is_a_window_with_edges():
    found = soft_weights(case(), shape="box", onset_s=-2.0, width_s=3.0)  # 4 to 7 s
    np.testing.assert_allclose(found, [[0, 0.5, 2, 0]])


@pytest.mark.parametrize("shape", ["box", "triangle", "hann"])
def test_shapes_have_the_same_area_and_symmetry(shape):
    one = case(onset_s=(4, 5, 5.5, 6), offset_s=(5, 5.5, 6, 7))
    (found,) = soft_weights(one, shape=shape, onset_s=-2.0, width_s=3.0)  # 4 to 7 s
    assert found.sum() == pytest.approx(3.0)
    np.testing.assert_allclose(found, found[::-1])
    assert (found[1] > 0.5 + 1e-9) == (shape != "box")


def test_a_triangle_by_hand():
    """Height 2 in the middle: of 4 to 6 s, a quarter lies before 4.5 s less one eighth."""
    one = case(onset_s=(4.0,), offset_s=(4.5,))
    found = soft_weights(one, shape="triangle", onset_s=-2.0, width_s=2.0)
    np.testing.assert_allclose(found, [[2 * 0.25**2 * 2]])


def test_soft_windows_reach_beyond_the_previous_sentence():
    late = case((Spoken(2, 11.0, 12.0, ("Edema",)),))
    found = soft_weights(late, shape="box", onset_s=-10.0, width_s=10.0)  # 1 to 11 s
    np.testing.assert_allclose(found, [[1, 1.5, 2, 1.5]])


@pytest.mark.parametrize(
    ("weight", "expected"),
    [
        pytest.param(0.0, [0, 1, 2, 0.5], id="none"),
        # neighbours: [0, 4] (the first sentence has no sentence before it) and [8.5, 13]
        pytest.param(0.5, [1, 1.5, 2, 0.75], id="added"),
        pytest.param(-0.5, [0, 0.5, 2, 0.25], id="taken away"),
    ],
)
def test_context(weight, expected):
    found = context_weights(case(), **PAPER, weight=weight)
    np.testing.assert_allclose(found, [expected])
    if not weight:
        np.testing.assert_allclose(found, window_weights(case(), **PAPER))


def test_context_of_the_last_sentence():
    late = case((Spoken(2, 11.0, 12.0, ("Edema",)),))
    own = window_weights(late, **PAPER)  # 8.5 to 12 s
    found = context_weights(late, **PAPER, weight=1.0)
    np.testing.assert_allclose(own, [[0, 0, 0, 0.5]])
    np.testing.assert_allclose(found - own, [[0, 1, 2, 1.5]])  # 3.5 to 9 s


def test_nothing_spoken_beyond():
    assert soft_weights(case(()), shape="hann", onset_s=-1, width_s=1).shape == (0, 4)
    assert context_weights(case(()), **PAPER, weight=1.0).shape == (0, 4)
