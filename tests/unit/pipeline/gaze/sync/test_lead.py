import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazescribe.pipeline.gaze.sync.lead import arrival_s, curve_of, estimate, peak_s, shifts_of
from tests.synthetic import columns_of, fixation
from tests.unit.pipeline.gaze.sync.dictations import BOXES, SAID, SYNC, dictated


@settings(max_examples=15, deadline=None)
@given(steps=st.integers(-20, 20), seed=st.integers(0, 1000))
def test_any_offset_of_whole_steps_shifts_the_curve(steps, seed):
    rng = np.random.default_rng(seed)
    row, gaze, _ = dictated(rng, "R1", 1.0)
    fixations = columns_of(gaze, "fixations")
    order = [region for line in row["text"].split(" . ") for region in SAID if line in SAID[region]]
    spoken = [(6.05 + 6 * k, np.array([BOXES[name]])) for k, name in enumerate(order[:2])]
    moved = [(at_s + 0.1 * steps, boxes) for at_s, boxes in spoken]
    one, other = (curve_of(fixations, phrases, SYNC) for phrases in (spoken, moved))
    middle = slice(20, -20)
    shifted = slice(20 + steps, len(one.excess) - 20 + steps)
    np.testing.assert_allclose(other.excess[shifted], one.excess[middle], atol=1e-9)
    assert one.n.any()


def test_gaze_that_looks_anywhere_is_no_more_than_chance():
    rng = np.random.default_rng(1)
    p = []
    for _ in range(15):
        curves = []
        for _ in range(8):
            gaze = [
                fixation(k, k / 4, k / 4 + 0.24, x_px=float(rng.choice([10, 40, 70, 100])))
                for k in range(100)
            ]
            spoken = [(at_s, np.array([(0, 0, 20, 80)])) for at_s in rng.uniform(5, 20, 3)]
            curves.append(curve_of(columns_of(gaze, "fixations"), spoken, SYNC))
        p.append(estimate(curves, peak_s, SYNC)["p"])
    assert np.mean(np.array(p) < 0.05) <= 0.2
    assert 0.25 < np.mean(p) < 0.75


def test_excess_is_the_share_inside_less_that_of_the_whole_reading():
    gaze = columns_of([fixation(0, 0, 1, x_px=10.0), fixation(1, 1, 4, x_px=90.0)], "fixations")
    curve = curve_of(gaze, [(2.05, np.array([(0, 0, 20, 80)]))], SYNC)
    seen = dict(zip(shifts_of(SYNC), curve.excess / np.maximum(curve.n, 1), strict=True))
    assert seen[1.5] == pytest.approx(0.75)  # at 0.55 s; a quarter of the gaze is inside
    assert seen[0.5] == pytest.approx(-0.25)
    assert curve.n[shifts_of(SYNC) > 2.1].sum() == 0  # there is no gaze before the reading


def test_arrival_is_half_of_the_rise_and_unknown_beyond_the_grid():
    shifts_s = np.array([-1.0, 0.0, 1.0, 2.0, 3.0])
    rise = np.array([0, 0.8, 0.8, 0.1, -0.1])  # half way from -0.1 to 0.8 is 0.35
    assert arrival_s(rise, shifts_s) == pytest.approx(1 + 0.45 / 0.7)
    assert np.isnan(arrival_s(np.array([0, 0.8, 0.8, 0.7, 0.6]), shifts_s))
