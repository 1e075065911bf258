from collections import Counter

import numpy as np
import pytest

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.dictation.label_maps import load_label_map
from gazescribe.pipeline.windows.learned.weights import Model, draw_learned, weigh
from gazescribe.pipeline.windows.windows import find_windows
from tests.synthetic import columns_of, fixation, mention, reading, sentences, words
from tests.unit.pipeline.windows.learned.learned_readings import settings

TEXT = "heart is big . edema seen left ."  # sentences from 0 to 3.5 and from 4 to 7.5 s
PARAMS = settings(before_s=2.0, after_s=1.0)


def drawn(share, reviewed=None):
    spoken = words(TEXT)
    gaze = [fixation(number, number, number + 0.5) for number in range(12)]
    tables = {
        "words": columns_of(spoken, "words"),
        "sentences": columns_of(sentences(spoken), "sentences"),
        "mentions": columns_of([mention(TEXT, "edema")], "mentions"),
        "fixations": columns_of(gaze, "fixations"),
    }
    one = reading(text=TEXT)
    params, label_map = load_params().associate, load_label_map()
    windows = find_windows(one, tables, params, label_map, Counter(), reviewed)
    model = Model(PARAMS, {1: np.array(share)}, reviewed or {})
    return draw_learned(one, tables, windows, model, 1.0)


def test_weights_are_seconds_by_shares():
    assert weigh(np.array([2.0, 2, 2]), np.array([1, 0.5, 0.009]), PARAMS).tolist() == [2, 0.5, 0]


def test_windows_are_the_reach_and_gaussians_the_shares():
    share = [1.0] * 3 + [0.5, 1.0, 0.005] + [0.0] * 6
    rows, gaussians = drawn(share)
    assert [row["kind"] for row in rows] == ["sentence", "report", "reading"]
    first = rows[0]
    assert (first["start_s"], first["end_s"]) == (2.0, 8.5)
    assert (first["labels"], first["status"]) == (("Edema", "Opacity"), "ok")
    assert gaussians[0]["fixation"].tolist() == [2, 3, 4]  # 0 and 1 lie before the reach
    assert gaussians[0]["weight_s"].tolist() == pytest.approx([0.5, 0.125, 0.5])
    assert (first["n_fixations"], first["gaze_s"]) == (3, pytest.approx(1.125))
    assert len(gaussians[2]["fixation"]) == 12


def test_a_sentence_without_a_fixation_is_empty():
    rows, gaussians = drawn([0.0] * 12)
    assert (rows[0]["status"], rows[0]["n_fixations"], rows[0]["gaze_s"]) == ("empty", 0, 0.0)
    assert not len(gaussians[0]["fixation"])


def test_a_window_that_a_reader_moved_is_that_window():
    rows, gaussians = drawn([0.5] * 12, reviewed={(15, 32, "sentence"): (5.0, 6.25)})
    assert (rows[0]["start_s"], rows[0]["end_s"]) == (5.0, 6.25)
    assert gaussians[0]["fixation"].tolist() == [5, 6]
    assert gaussians[0]["weight_s"].tolist() == [0.5, 0.25]
