"""The line about degraded mentions; what is dropped is in `dictation/test_degrade.py`."""

from gazescribe.pipeline.commands.degrade import _line

COUNTS = {"cases_dropped": 1, "cases_with_label": 4, "cases_added": 2, "cases_without_label": 6}


def test_the_line_says_rates_before_and_after():
    summary = {"params": {"label": "Edema"}, "counts": COUNTS}
    line = "Edema: dropped in 1 of 4 cases, added in 2 of 6"
    assert _line(summary) == line
    scored = {
        "before": {"certainty_above_0": {"recall": 0.5, "precision": None}},
        "after": {"certainty_above_0": {"recall": 0.25, "precision": 1.0}},
        "n_scored": 10,
    }
    rates = "recall 0.500 → 0.250, precision undefined → 1.000 (10 readings)"
    assert _line(summary | scored) == f"{line}; {rates}"
