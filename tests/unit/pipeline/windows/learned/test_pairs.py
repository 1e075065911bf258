import numpy as np
import pytest

from gazescribe.pipeline.dictation.places import SIDES, ZONES
from gazescribe.pipeline.windows.learned.pairs import pair_up
from tests.unit.pipeline.windows.learned.learned_readings import LABELS, several

OBSERVED = several(3)
PAIRS = pair_up(OBSERVED, LABELS, 0.06)


def test_pieces_are_the_overlaps_with_bins():
    """Against loops over readings, sentences and fixations."""
    expected, n = [], 0
    for reading in OBSERVED:
        for said in reading.said:
            for onset_s, offset_s in zip(reading.onset_s, reading.offset_s, strict=True):
                begin, end = max(onset_s, said.edges_s[0]), min(offset_s, said.edges_s[-1])
                if end > begin:
                    expected.append((n, end - begin))
                n += 1
            n -= len(reading.onset_s)
        n += len(reading.onset_s)
    assert PAIRS.fixation.tolist() == [fixation for fixation, _ in expected]
    assert PAIRS.reach_s == pytest.approx([seconds for _, seconds in expected])
    pieces_s = np.bincount(PAIRS.piece_pair, PAIRS.piece_s, len(PAIRS.fixation))
    assert pieces_s == pytest.approx(PAIRS.reach_s)


def test_around_is_a_kernel_density_of_the_others():
    random = np.random.default_rng(2)
    weight_s = random.uniform(0, 1, len(PAIRS.fixation))
    x, y = PAIRS.x[PAIRS.fixation], PAIRS.y[PAIRS.fixation]
    expected = np.zeros(len(weight_s))
    for pair in range(len(weight_s)):
        others = PAIRS.sentence == PAIRS.sentence[pair]
        others[pair] = False
        squared = (x[others] - x[pair]) ** 2 + (y[others] - y[pair]) ** 2
        kernel = np.exp(-squared / (2 * 0.06**2)) / (2 * np.pi * 0.06**2)
        expected[pair] = (weight_s[others] * kernel).sum()
    assert PAIRS.around(weight_s) == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_each_pair_names_the_maps_of_its_sentence():
    edema, fracture = (1 * len(ZONES)) + 3, (len(SIDES) + 2) * len(ZONES) + 1
    assert (PAIRS.named_place == np.where(PAIRS.sentence % 2, fracture, edema)).all()
    assert (PAIRS.named_share == 1).all()


def test_no_reading_and_no_mention():
    assert pair_up([], LABELS, 0.06).n_sentences == 0
    silent = [type(one)(*list(vars(one).values())[:-1], ()) for one in OBSERVED]
    assert len(pair_up(silent, LABELS, 0.06).around(np.zeros(0))) == 0
