"""Detection against fixations that were planted, and I-DT against its pseudocode, restated."""

import numpy as np
import pytest

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.yaml_files import override
from gazescribe.pipeline.gaze.detection import detect
from gazescribe.pipeline.gaze.samples import Samples, stretches

SETTINGS = override(load_params().fixations, smooth_s=0.0)


def planted(seed, rate_hz):
    """Fixations of 0.15 to 0.6 s, 3 to 12 degrees apart; saccades of 30 ms, blinks of 0.2 s."""
    rng = np.random.default_rng(seed)
    truth, time_s, place, valid = [], [0.0], [np.zeros(2)], [True]
    where = np.zeros(2)

    def hold(seconds, at, seen):
        n = round(seconds * rate_hz)
        time_s.extend(time_s[-1] + np.arange(1, n + 1) / rate_hz)
        place.extend(at(np.arange(1, n + 1) / n))
        valid.extend([seen] * n)

    for number in range(40):
        begin_s = time_s[-1]
        length_s = rng.uniform(0.15, 0.6)
        hold(length_s, lambda share, here=where: [here] * len(share), seen=True)
        truth.append((begin_s, time_s[-1], *where))
        if number % 8 == 7:
            hold(0.2, lambda share, here=where: [here] * len(share), seen=False)
        angle, size = rng.uniform(0, 2 * np.pi), rng.uniform(3, 12)
        to = where + size * np.array([np.cos(angle), np.sin(angle)])
        hold(0.03, lambda share, a=where, b=to: list(a + share[:, None] * (b - a)), seen=True)
        where = to
    position_deg = np.array(place) + rng.normal(0, 0.03, (len(place), 2))
    flags = np.array(valid)
    return truth, Samples(np.array(time_s), position_deg, flags, np.zeros(len(flags), np.intp))


@pytest.mark.parametrize("rate_hz", [60, 250, 1000])
@pytest.mark.parametrize(("method", "n_cut"), [("idt", 1), ("ivt", 0)])
def test_planted_fixations_come_back(method, n_cut, rate_hz):
    """I-DT may begin within a saccade and then, its width used up, cut a fixation in two."""
    truth, gaze = planted(3, rate_hz)
    found = detect(gaze, override(load_params().fixations, method=method))
    assert len(truth) == 40
    assert 40 <= len(found) <= 40 + n_cut
    slack_s = 0.02 + 1.5 / rate_hz  # half of the smoothing and of the velocity's window, a sample
    whole = 0
    for begin_s, end_s, *where in truth:
        onset_s, offset_s = gaze.time_s[found[:, 0]], gaze.time_s[found[:, 1]]
        best = np.argmax(np.minimum(offset_s, end_s) - np.maximum(onset_s, begin_s))
        centre = gaze.position_deg[found[best, 0] : found[best, 1] + 1].mean(axis=0)
        assert centre == pytest.approx(where, abs=0.6)
        apart_s = [onset_s[best] - begin_s, offset_s[best] - end_s]
        whole += max(map(abs, apart_s)) <= slack_s
    assert whole >= 80 - len(found)


def plain_idt(position, n_least, spread):
    """Salvucci and Goldberg 2000, Table 3, on one stretch; a fixation ends before what breaks it.

    As in pymovements, that sample itself is no start of the next fixation.
    """

    def within(first, last):
        return sum(max(axis) - min(axis) for axis in zip(*position[first : last + 1], strict=True))

    found, first = [], 0
    while first + n_least <= len(position):
        last = first + n_least - 1
        if within(first, last) > spread:
            first += 1
            continue
        while last + 1 < len(position) and within(first, last + 1) <= spread:
            last += 1
        found.append([first, last])
        first = last + 2
    return found


@pytest.mark.parametrize("seed", range(5))
def test_idt_is_its_pseudocode(seed):
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 0.08, (1500, 2)) + (rng.random((1500, 1)) < 0.02) * rng.normal(0, 3, 2)
    n = len(steps)
    gaze = Samples(
        np.arange(n) / 100, np.cumsum(steps, axis=0), rng.random(n) > 0.01, np.zeros(n, np.intp)
    )
    expected = []
    for first, end in stretches(gaze):
        pairs = plain_idt(gaze.position_deg[first:end].tolist(), 10, 1.0)
        expected += [[first + a, first + b] for a, b in pairs]
    assert len(expected) > 20
    assert detect(gaze, SETTINGS).tolist() == expected
