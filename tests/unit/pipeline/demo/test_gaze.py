import numpy as np
import pytest

from gazescribe.pipeline.demo.cases import Lesion, draw_anatomy
from gazescribe.pipeline.demo.gaze import Visit, draw_lags, look, plan_visits
from gazescribe.pipeline.demo.reports import Report, Sentence
from tests.planted import planted

ANATOMY = draw_anatomy(np.random.default_rng(0), 2544 / 3056, [])
SIZE = (424, 509)
PRECISE = planted(tracker_error_deg=0, wander_rate=0, off_image_rate=0)
NODULE = Lesion("nodule", "right", 0.3, 0.4, 0.05, 0.04, 5)
VISITS = (
    Visit(0, 1.5, 6.0, 9.0, ((0.3, 0.4, 0.05, 0.04),)),
    Visit(1, 1.2, 9.0, 12.0, ((0.7, 0.6, 0.1, 0.1), (0.3, 0.6, 0.1, 0.1))),
)


def gaze(settings=PRECISE, seed=0, visits=VISITS):
    return look(
        np.random.default_rng(seed), ANATOMY, SIZE, visits, (0.3, 15.0),
        settings=settings, px_per_deg=22.0,
    )  # fmt: skip


def inside(found, ellipse):
    x, y, rx, ry = ellipse
    across = (found.x_px + 0.5) / SIZE[0] - x
    down = (found.y_px + 0.5) / SIZE[1] - y
    return (across / rx) ** 2 + (down / ry) ** 2 <= 1


def test_lags_have_the_planted_mean_and_spread():
    lags = draw_lags(np.random.default_rng(0), 5000, planted(lag_s=2.0, lag_spread_s=0.4))
    assert lags.mean() == pytest.approx(2.0, abs=0.02)
    assert lags.std() == pytest.approx(0.4, abs=0.02)
    short = draw_lags(np.random.default_rng(0), 5000, planted(lag_s=0.1, lag_spread_s=0.4))
    assert short.min() == 0.1


def test_fixations_are_in_order_and_of_the_right_length():
    found = gaze()
    assert (found.onset_s < found.offset_s).all()
    assert (found.onset_s[1:] - found.offset_s[:-1] >= 0.029).all()
    lengths = np.concatenate(
        [one.offset_s - one.onset_s for one in (gaze(seed=seed) for seed in range(30))]
    )
    assert lengths.mean() == pytest.approx(0.26, abs=0.02)


def test_eyes_arrive_exactly_when_planned_and_stay():
    found = gaze()
    for number, visit in enumerate(VISITS):
        there = np.flatnonzero(found.visit == number)
        assert there.size > 5
        assert found.onset_s[there[0]] == visit.onset_s
        assert found.offset_s[there[-1]] <= visit.offset_s
        assert np.array_equal(there, np.arange(there[0], there[-1] + 1))
        assert np.any([inside(found, ellipse)[there] for ellipse in visit.ellipses], axis=0).all()
    both = [inside(found, ellipse)[found.visit == 1].any() for ellipse in VISITS[1].ellipses]
    assert both == [True, True]


def test_the_search_covers_the_whole_chest():
    found = gaze()
    early = found.onset_s < VISITS[0].onset_s
    assert (found.visit[early] == -1).all()
    x, y = found.x_px[early] / SIZE[0], found.y_px[early] / SIZE[1]
    for xmin, ymin, xmax, ymax in (ANATOMY.right_lung, ANATOMY.left_lung):
        assert ((x > xmin) & (x < xmax) & (y > ymin) & (y < ymax)).sum() >= 3


def test_wandering_and_off_image_rates():
    settings = planted(wander_rate=0.3, off_image_rate=0.1, tracker_error_deg=0)
    found = [gaze(settings, seed) for seed in range(60)]
    during = np.concatenate([one.visit[(one.onset_s >= 6) & (one.onset_s < 12)] for one in found])
    assert np.mean(during == -1) == pytest.approx(0.3, abs=0.05)
    outside = np.concatenate(
        [
            (one.x_px < 0) | (one.x_px > SIZE[0]) | (one.y_px < 0) | (one.y_px > SIZE[1])
            for one in found
        ]
    )
    assert np.mean(outside) == pytest.approx(0.11, abs=0.03)
    assert (np.concatenate([one.visit for one in found])[outside] == -1).all()


def test_gaze_without_visits_is_search_only():
    found = gaze(visits=())
    assert found.onset_s[0] == 0.3
    assert (found.visit == -1).all()


def plan(starts, ends, lags, settings=PRECISE):
    tokens = ("nodule", ".") * len(starts)
    sentences = tuple(Sentence(2 * k, 2 * k + 2, (0,), None) for k in range(len(starts)))
    onsets = np.array([time for pair in zip(starts, ends, strict=True) for time in pair])
    return plan_visits(
        Report(tokens, sentences, ()), [NODULE], ANATOMY, (onsets, onsets), np.array(lags), settings
    )


def test_a_visit_ends_when_the_next_one_begins():
    first, second = plan([5.0, 8.0], [7.5, 10.0], [1.5, 1.2])
    assert (first.onset_s, first.offset_s, first.lag_s) == (3.5, 6.8, 1.5)
    assert (second.onset_s, second.offset_s, second.lag_s) == (6.8, 9.6, 1.2)


def test_a_visit_leaves_before_the_period_where_nothing_follows():
    first, second = plan([5.0, 20.0], [7.5, 22.0], [1.5, 1.2], planted(look_ahead_s=1.0))
    assert first.offset_s == 6.5
    assert second.offset_s == 21.0


def test_a_lag_is_cut_where_the_one_before_needs_half_a_second():
    first, second = plan([5.0, 5.8], [5.4, 8.0], [1.0, 3.0])
    assert second.onset_s == first.onset_s + 0.5
    assert second.lag_s == pytest.approx(1.3)
