"""The line about a tree that was read; reading it is tested in `ingest/`."""

from gazescribe.pipeline.commands.ingest import summary_line

SUMMARY = {
    "dataset": "mine",
    "counts": {"readings": 2},
    "faults": {},
    "lost": {},
    "lost_rows": {},
    "split_source": "a seeded draw",
}


def test_the_line_says_what_is_left_out():
    assert summary_line(SUMMARY) == "mine: 2 readings; nothing left out; split: a seeded draw"
    counts = {"without_gaze": {"discarded": 1_200, "absent": 0}, "left_out": {"no id": 3}}
    line = summary_line(SUMMARY | counts)
    assert line == "mine: 2 readings; left out: discarded 1,200, no id 3; split: a seeded draw"


def test_the_line_says_what_is_lost():
    line = summary_line(SUMMARY | {"lost": {"words": 1}, "lost_rows": {"samples": 4}})
    lost = "lost: words of 1; 4 rows of samples (`gazescribe verify` names them)"
    assert line == f"mine: 2 readings; {lost}; split: a seeded draw"


def test_the_line_says_how_sentences_without_periods_were_made():
    faults = {"no_sentence_ends": {"items": 1, "rows": 1}}
    line = summary_line(SUMMARY | {"faults": faults})
    made = "dictations without written periods: 1 left as one sentence each"
    assert line == f"mine: 2 readings; nothing left out; {made}; split: a seeded draw"
