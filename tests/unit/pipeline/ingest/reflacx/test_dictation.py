import os

import pytest


def test_without_words_and_text_the_text_is_null(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    for name in ("words", "transcription"):
        (reflacx_tree.root / reflacx_tree.path("P300R000001", name)).unlink()
    found = ingested()
    assert found.rows("readings")[0]["text"] is None
    assert found.counts["faults"]["words_missing"]["loses"] == "text"


def test_words_that_look_like_missing_values_stay(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    reflacx_tree.words("P300R000001", ["nan", "null", ",", "na", "/", "none", "."])
    found = ingested()
    assert found.rows("readings")[0]["text"] == "nan null, na / none."
    assert '","' in (reflacx_tree.root / reflacx_tree.path("P300R000001", "words")).read_text()
    assert found.reasons() == {}


def test_words_of_no_length_and_no_final_period(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    reflacx_tree.words("P300R000001", ["clear", ".", "no", "change"], step_s=0.0)
    found = ingested()
    last = found.rows("sentences")[-1]
    assert (last["char_start"], last["char_end"], last["offset_s"]) == (7, 16, 2.0)
    assert found.reasons() == {"no_final_period": 1, "word_no_length": 4}


def test_the_rebuilt_text_wins_and_is_counted(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    reflacx_tree.put(reflacx_tree.path("P300R000001", "transcription"), "something else.\n")
    found = ingested()
    assert found.rows("readings")[0]["text"].startswith("small effusion,")
    assert found.reasons() == {"text_differs": 1}


def test_a_decimal_ends_no_sentence(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    reflacx_tree.words("P300R000001", ["1", ".5", "cm", "."])
    found = ingested()
    assert len(found.rows("sentences")) == 1
    assert found.reasons() == {"period_inside_word": 1, "text_differs": 1}


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        pytest.param([["clear", "3.0", "2.0"]], "word_reversed", id="reversed"),
        pytest.param([["clear", "", "2.0"]], "word_unreadable", id="blank"),
        pytest.param([["clear", "inf", "2.0"]], "word_unreadable", id="infinite"),
        pytest.param([["clear", "soon", "2.0"]], "word_unreadable", id="text"),
        pytest.param([], "words_none", id="none"),
        pytest.param([["clear", "2.0"]], "words_ragged", id="ragged"),
    ],
)
def test_unusable_words_leave_the_written_text(reflacx_tree, ingested, rows, reason):
    reflacx_tree.add("P300R000001")
    header = ["word", "timestamp_start_word", "timestamp_end_word"]
    reflacx_tree.table("P300R000001", "words", header, rows)
    found = ingested()
    assert found.rows("readings")[0]["text"] == "small effusion, stable. heart is normal."
    assert (found.rows("words"), found.rows("sentences")) == ([], [])
    assert found.reasons() == {reason: 1}
    assert found.counts["faults"][reason]["loses"] == "words"


def test_unusual_words_are_kept(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    header = ["word", "timestamp_start_word", "timestamp_end_word"]
    rows = [["a", "-1.0", "1.0"], ["", "1", "2"], ["b", "-2.0", "0.9"], [".", "250", "251"]]
    reflacx_tree.table("P300R000001", "words", header, rows)
    reflacx_tree.put(reflacx_tree.path("P300R000001", "transcription"), "a b.")
    found = ingested()
    assert [word["onset_s"] for word in found.rows("words")] == [-1.0, -2.0, 250.0]
    assert found.reasons() == {"word_empty": 1, "word_order": 1, "word_outside_audio": 3}


def test_words_that_are_cut_off_are_lost(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    path = reflacx_tree.path("P300R000001", "transcription")
    text = (reflacx_tree.root / path).read_text()
    reflacx_tree.put(path, f"{text} no change.")
    found = ingested()
    assert found.counts["faults"]["words_cut"]["loses"] == "words"
    assert found.rows("readings")[0]["text"] == text


def test_a_pipe_instead_of_the_text_is_not_waited_for(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    path = reflacx_tree.root / reflacx_tree.path("P300R000001", "transcription")
    path.unlink()
    os.mkfifo(path)
    assert ingested().reasons() == {"transcription_unreadable": 1}


def test_an_empty_text_is_noted(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    reflacx_tree.put(reflacx_tree.path("P300R000001", "transcription"), "")
    found = ingested()
    assert found.reasons() == {"transcription_unreadable": 1}
    assert found.rows("readings")[0]["text"].startswith("small effusion,")
