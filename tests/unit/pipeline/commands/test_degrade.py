"""The line about degraded mentions; what is dropped is in `dictation/test_degrade.py`."""

from gazescribe.pipeline.commands.degrade import _line

COUNTS = {"cases_dropped": 1, "cases_with_label": 4, "cases_added": 2, "cases_without_label": 6}
SHARES = {
    "drop": {"asked": 0.45, "reached": 0.25},
    "add": {"asked": 0.3, "reached": 1 / 3, "possible": 0.5},
}


def test_the_line_says_rates_before_and_after():
    summary = {"params": {"label": "Edema"}, "counts": COUNTS, "shares": SHARES}
    line = (
        "Edema: dropped in 1 of 4 cases (45.0% asked, 25.0% reached), added in 2 of 6 (30.0% asked,"
        " 33.3% reached)"
    )
    assert _line(summary) == line
    scored = {
        "before": {"certainty_above_0": {"recall": 0.5, "precision": None}},
        "after": {"certainty_above_0": {"recall": 0.25, "precision": 1.0}},
        "n_scored": 10,
    }
    rates = "recall 0.500 → 0.250, precision undefined → 1.000 (10 readings)"
    assert _line(summary | scored) == f"{line}; {rates}"


def test_the_line_says_what_cannot_be_reached():
    add = {"asked": 0.6, "reached": 0.5, "possible": 0.5}
    summary = {"params": {"label": "Edema"}, "counts": COUNTS, "shares": SHARES | {"add": add}}
    assert _line(summary).endswith(
        "added in 2 of 6 (60.0% asked, 50.0% reached); more than 50.0% cannot be added, for no"
        " other of these cases mentions another label"
    )
    nothing = {
        "drop": {"asked": 0.45, "reached": None},
        "add": {"asked": 0.05, "reached": None, "possible": None},
    }
    line = _line({"params": {"label": "Edema"}, "counts": {}, "shares": nothing})
    assert line == (
        "Edema: dropped in 0 of 0 cases (45.0% asked, none reached), added in 0 of 0 (5.0% asked,"
        " none reached)"
    )
