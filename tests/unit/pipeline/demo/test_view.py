import numpy as np
import pytest

from gazescribe.pipeline.demo.gaze import Gaze, Visit
from gazescribe.pipeline.demo.view import NEXT_BUTTON, full_px_per_deg, press_next, show

NATIVE = (2544, 3056)
VISIT = Visit(0, 1.5, 1.0, 3.0, ((0.3, 0.3, 0.05, 0.05),))
N = 12


def gaze(x=700.0):
    onset = np.arange(N) * 0.35
    visit = np.where((onset >= 1.0) & (onset < 3.0), 0, -1)
    return Gaze(onset, onset + 0.3, np.full(N, x), np.full(N, 900.0), visit)


def test_the_first_view_is_that_of_the_interface():
    view = show(np.random.default_rng(0), gaze(), (), NATIVE, 0.0)
    assert view.shown_px.tolist() == [[0, 0, 2544, 3056]] * N
    assert view.screen_px.tolist() == [[1021, 0, 2819, 2160]] * N  # spec REFLACX A12
    assert np.abs(view.px_per_deg - 133).max() <= 3
    assert full_px_per_deg(*NATIVE) == pytest.approx(133, abs=0.5)


def test_zoom_shrinks_the_shown_part_and_the_degree():
    seen = 0
    for seed in range(20):
        view = show(np.random.default_rng(seed), gaze(), (VISIT,), NATIVE, 1.0)
        width = view.shown_px[:, 2] - view.shown_px[:, 0]
        height = view.shown_px[:, 3] - view.shown_px[:, 1]
        zoomed = height < 3056
        seen += int(zoomed.sum())
        assert not zoomed[:3].any()
        assert not zoomed[9:].any()
        assert (view.shown_px >= 0).all()
        assert (view.shown_px[:, 2] <= 2544).all()
        assert (view.shown_px[:, 3] <= 3056).all()
        assert (width > 0).all()
        scale = (view.screen_px[:, 2] - view.screen_px[:, 0]) / width
        assert view.px_per_deg[:, 0] * scale == pytest.approx(94, rel=0.04)
        assert (view.screen_px[:, 0] >= 660).all()
        assert (view.screen_px[:, 2] <= 3180).all()
        assert (view.screen_px[:, 1] >= 0).all()
        assert (view.screen_px[:, 3] <= 2160).all()
        ellipse = np.array([0.25 * 2544, 0.25 * 3056, 0.35 * 2544, 0.35 * 3056])
        assert (view.shown_px[zoomed, :2] <= ellipse[:2] + 80).all()
        assert (view.shown_px[zoomed, 2:] >= ellipse[2:] - 80).all()
    assert seen > 0


def test_eyes_stay_on_what_is_shown_while_zoomed():
    view = show(np.random.default_rng(1), gaze(x=2400.0), (VISIT,), NATIVE, 1.0)
    zoomed = view.shown_px[:, 3] - view.shown_px[:, 1] < 3056
    assert zoomed.any()
    assert (view.x_px[zoomed] < view.shown_px[zoomed, 2]).all()
    assert (view.x_px[~zoomed] == 2400.0).all()


def test_the_last_fixations_are_on_the_next_button():
    before = gaze()
    after = press_next(np.random.default_rng(0), before, NATIVE)
    new = after.onset_s.size - N
    assert 2 <= new <= 4
    assert (after.onset_s[1:] > after.offset_s[:-1]).all()
    assert (after.visit[N:] == -1).all()
    x_screen = after.x_px[N:] * 0.7068 + 1021
    assert (x_screen >= NEXT_BUTTON[0] - 2).all()
    assert (x_screen <= NEXT_BUTTON[2] + 2).all()
    assert (after.x_px[N:] < -500).all()  # spec REFLACX A12: about -1430 to -525
