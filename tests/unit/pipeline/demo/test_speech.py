import numpy as np
import pytest

from gazescribe.pipeline.demo.cases import Lesion
from gazescribe.pipeline.demo.reports import draw_report
from gazescribe.pipeline.demo.speech import speak

LESION = Lesion("pleural effusion", "left", 0.5, 0.5, 0.1, 0.1, 5)


def spoken(seed, grid_s=0.01, lead_s=1.0):
    rng = np.random.default_rng(seed)
    report = draw_report(rng, [LESION])
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
