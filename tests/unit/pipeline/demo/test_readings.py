import numpy as np
import pytest

from gazescribe.pipeline.demo.cases import Film, Lesion, draw_anatomy
from gazescribe.pipeline.demo.readings import read_case, seen_lesions, speak, truth
from gazescribe.pipeline.demo.reports import draw_report
from tests.planted import planted

LESIONS = (
    Lesion("atelectasis", "left", 0.7, 0.6, 0.1, 0.05, 5, 0.8),
    Lesion("consolidation", "left", 0.7, 0.6, 0.1, 0.05, 5, 0.8),
    Lesion("pleural effusion", "right", 0.3, 0.75, 0.12, 0.05, 4, 0.95),
)
CASE = Film(
    99000001, 99500001, "00000000-00000001-00000002-00000003-00000004", 424, 509, "PA", "train",
    None, draw_anatomy(np.random.default_rng(0), 424 / 509, []), LESIONS,
)  # fmt: skip


SETTINGS = planted()


def reading(seed=0, settings=SETTINGS, lesions=LESIONS):
    rng = np.random.default_rng(seed)
    return read_case(rng, CASE, lesions, settings, px_per_deg=22.0)


def test_what_is_said_is_looked_at_before():
    for seed in range(20):
        one = reading(seed)
        firsts = [sentence.first_token for sentence in one.report.sentences]
        about = {
            place for visit in one.visits for place in one.report.sentences[visit.sentence].lesions
        }
        assert about == {0, 1, 2}
        for visit in one.visits:
            assert one.onset_s[firsts[visit.sentence]] - visit.onset_s == pytest.approx(visit.lag_s)
        assert one.gaze.onset_s[0] < one.visits[0].onset_s
        assert one.gaze.offset_s[-1] > one.offset_s[-1]


def test_a_silent_search_comes_first():
    starts = [reading(seed).visits[0].onset_s for seed in range(80)]
    assert min(starts) > 1.0
    assert np.median(starts) == pytest.approx(8.0, abs=2.0)


@pytest.mark.parametrize("lag_s", [0.5, 3.0, 8.0])
def test_long_and_short_lags_are_kept(lag_s):
    settings = planted(lag_s=lag_s, lag_spread_s=0.2)
    lags = [visit.lag_s for seed in range(40) for visit in reading(seed, settings).visits]
    assert np.mean(lags) == pytest.approx(lag_s, abs=0.06)


def test_readers_miss_whole_findings_at_the_stated_rate():
    settings = planted(miss_rate=0.25)
    seen = [seen_lesions(np.random.default_rng(seed), LESIONS, settings) for seed in range(400)]
    shares = [
        sum(any(one.finding == lesion.finding for one in found) for found in seen) / 400
        for lesion in LESIONS
    ]
    assert shares == pytest.approx([0.75] * 3, abs=0.07)


def test_readers_differ_in_place_and_certainty_and_keep_shared_ellipses():
    settings = planted(miss_rate=0.0)
    seen = [seen_lesions(np.random.default_rng(seed), LESIONS, settings) for seed in range(200)]
    assert len({found[0].x for found in seen}) == 200
    assert all(found[0].x == found[1].x and found[0].ry == found[1].ry for found in seen)
    assert all(found[0].certainty == found[1].certainty for found in seen)
    assert {found[2].certainty for found in seen} == {3, 4, 5}
    assert np.std([(found[0].x - 0.7) / 0.1 for found in seen]) == pytest.approx(0.12, abs=0.02)


def test_truth_counts_in_pixels_and_fixations():
    one = reading()
    line = truth("reflacx", "P300R000001", CASE, one)
    assert line["lesions"][2]["xmin_px"] == pytest.approx((0.3 - 0.12) * 424 - 0.5, abs=0.06)
    for visit in line["visits"]:
        first = visit["fixations"][0]
        assert one.gaze.onset_s[first] == visit["onset_s"]


def spoken(seed, grid_s=0.01, lead_s=1.0):
    rng = np.random.default_rng(seed)
    report = draw_report(rng, LESIONS[2:])
    lead = [lead_s] * len(report.sentences)
    return report, *speak(rng, report, start_s=5.0, lead_s=lead, grid_s=grid_s)


@pytest.mark.parametrize("grid_s", [0.01, 0.1])
def test_words_are_in_order_and_on_the_grid(grid_s):
    untimed = 0
    for seed in range(40):
        report, onset_s, offset_s = spoken(seed, grid_s)
        assert onset_s.size == len(report.tokens)
        assert onset_s[0] == 5.0
        assert (onset_s <= offset_s).all()
        assert (onset_s[1:] >= offset_s[:-1]).all()
        steps = np.concatenate([onset_s, offset_s]) / grid_s
        assert np.abs(steps - np.rint(steps)).max() < 1e-6
        untimed += int((onset_s == offset_s).sum())
    assert untimed > 0


def test_two_to_three_tokens_a_second():
    rates = []
    for seed in range(40):
        report, onset_s, offset_s = spoken(seed)
        firsts = [sentence.first_token for sentence in report.sentences]
        ends = [sentence.end_token - 1 for sentence in report.sentences]
        rates.append(len(report.tokens) / (offset_s[ends] - onset_s[firsts]).sum())
    assert 2.0 < np.mean(rates) < 3.2


def test_sentences_keep_their_lead():
    for seed in range(10):
        report, onset_s, _ = spoken(seed, lead_s=9.0)
        firsts = onset_s[[sentence.first_token for sentence in report.sentences]]
        assert (np.diff(firsts) >= 9.0 - 0.011).all()
