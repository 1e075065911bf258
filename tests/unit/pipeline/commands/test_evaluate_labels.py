"""The line about scores; how they are counted is in `dictation/evaluation/`."""

from gazescribe.pipeline.commands.evaluate_labels import _line
from gazescribe.pipeline.dictation.evaluation.cases import PAPER

SCORES = {
    "recall": {"value": 0.51234, "n_defined": 8, "n_items": 10},
    "precision": {"value": None, "n_defined": 0, "n_items": 10},
}


def test_the_line_says_what_is_undefined():
    reference, counted = PAPER
    summary = {
        "params": {"phase": 3},
        "n_readings": 4,
        "n_images": 3,
        "readings_left_out": {"without text": 2, "discarded": 0},
        "macro": {reference: {counted: SCORES}},
    }
    line = (
        "4 readings of 3 images of phase 3 (left out: 2 without text); macro over labels:"
        " recall 0.512 (8 of 10), precision undefined"
    )
    assert _line(summary) == line
    gold = {"macro_polarities": {"recall": SCORES["recall"]}}
    assert _line(summary | {"gold": gold}) == (
        f"{line}; gold, labels and polarities: recall 0.512 (8 of 10)"
    )
