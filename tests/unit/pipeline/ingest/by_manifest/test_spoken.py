import numpy as np
import pytest

from gazescribe.pipeline.ingest.by_manifest.spoken import fill_ends, fill_times

NAN = np.nan


def said(lab, rows):
    cells = "".join(f"A1,{word},{start},{end}\n" for word, start, end in rows)
    lab.files["words.csv"] = f"id,word,from,to\n{cells}B2,clear.,0,1\n"
    return lab.ingest()


def test_ends_that_are_missing_are_where_the_next_word_starts():
    onset_s, offset_s = fill_ends(np.array([1, 2, NAN, 4, 3.5]), np.array([NAN, 2.5, 3, NAN, NAN]))
    assert onset_s.tolist() == [1, 2, 2.5, 4, 3.5]
    assert offset_s.tolist() == [2, 2.5, 3, 4, 3.5]


def test_times_between_neighbours():
    lacking = np.array([False, True, True, False])
    onset_s, offset_s = fill_times(np.array([1, NAN, NAN, 4]), np.array([2, NAN, NAN, 5]), lacking)
    assert onset_s.tolist() == [1, 2, 3, 4]
    assert offset_s.tolist() == [2, 3, 4, 5]


def test_words_without_any_end_are_kept_and_counted(lab):
    said(lab, [("Small", 1, ""), ("nodule.", 1.5, ""), ("No", 3, ""), ("mass.", 3.5, "")])
    assert lab.column("words", "offset_s") == [1.5, 3.0, 3.5, 3.5]
    assert lab.reasons()["word_time_filled"] == 4


def test_words_of_no_length_stay(lab):
    said(lab, [("Small", 1, 1), ("nodule.", 1, 1), ("No", 3, 3), ("mass.", 3, 4)])
    assert lab.column("words", "text") == ["Small", "nodule.", "No", "mass."]
    assert lab.column("words", "offset_s") == [1, 1, 3, 4]
    assert not {"word_time_filled", "word_overlaps"} & {*lab.reasons()}


OVERLAPPING = [("Small", 1, 2), ("nodule.", 2.5, 3.0), ("No", 2.25, 2.75), ("mass.", 2.75, 4)]


def test_segments_that_overlap_do_not_shuffle_their_words(lab):
    said(lab, OVERLAPPING)
    assert lab.column("words", "text") == ["Small", "nodule.", "No", "mass."]
    assert lab.column("words", "onset_s") == [1, 2.5, 2.5, 2.75]
    assert lab.column("words", "offset_s") == [2, 3, 2.75, 4]
    assert lab.reasons()["word_overlaps"] == 1


@pytest.mark.parametrize("step_s", [1, -1])
def test_rows_in_another_order_are_sorted(lab, step_s):
    said(lab, [("Small", 1, 2), ("nodule.", 3, 4), ("No", 5, 6), ("mass.", 7, 8)][::step_s])
    assert lab.column("words", "text") == ["Small", "nodule.", "No", "mass."]
    assert "word_overlaps" not in lab.reasons()
