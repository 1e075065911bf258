"""What is taken back: how far it reaches, and what `explain` shows of it."""

from pathlib import Path

import pytest

from gazescribe.pipeline.dictation.labeler import Labeler

RULES = Path(__file__).parents[5] / "rules"


@pytest.fixture(scope="module")
def labeler():
    return Labeler.from_rules(RULES)


def dropped(labeler, text, sentences=None):
    """Give the findings of a text that are taken back, by their first letters."""
    _, concepts = next(labeler.explain([text], [sentences]))
    return "".join(
        text[concept.char_start]
        for concept in concepts
        if concept.decision.rule_id.startswith("correction.")
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Effusion. Nodule and mass. Scratch that.", "Nm", id="the sentence before"),
        pytest.param("Effusion; nodule, scratch that.", "n", id="the clause before"),
        pytest.param("Nodule, scratch that, mass, scratch that.", "Nm", id="twice"),
        pytest.param("Nodule scratch that there is a mass.", "N", id="not what follows"),
        pytest.param("Nodule, scratch that, left.", "", id="only a word"),
        pytest.param("Nodule, scratch that, normal chest today.", "N", id="something else"),
        pytest.param("Scratch that.", "", id="nothing before it"),
        pytest.param("Effusion. Clear. Scratch that.", "", id="an empty sentence before"),
        pytest.param("Nodule, correction, mass.", "N", id="the nearest"),
        pytest.param("Edema and nodule, correction, mass.", "n", id="the nearest of two"),
        pytest.param("Edema and nodule, correction, no edema.", "E", id="what is said anew"),
        pytest.param("Edema and nodule, correction, edema and mass.", "En", id="and beside it"),
        pytest.param("Edema. Correction. No edema.", "E", id="in the next sentence"),
        pytest.param("Edema. Sorry. Nodule.", "", id="an apology"),
        pytest.param("Edema. Correction. Nodule.", "E", id="something new in the next sentence"),
        pytest.param("Edema, correction, absent.", "E", id="a word that denies"),
        pytest.param("Edema. Correction, on the left.", "", id="a place"),
        pytest.param("Edema. Correction.", "", id="nothing after it"),
    ],
)
def test_how_far_a_correction_reaches(labeler, text, expected):
    assert dropped(labeler, text) == expected


def test_the_taking_back_is_the_rule_that_is_shown(labeler):
    text = "Clear lungs. No, there is a nodule. Oh, please scratch that."
    _, concepts = next(labeler.explain([text]))
    for concept in concepts:
        polarity, rule_id, trigger, reach = concept.decision
        assert (polarity, rule_id) == ("dropped", "correction.scratch_that")
        assert text[slice(*trigger)] == "please scratch that"
        assert text[slice(*reach)] == "nodule. Oh, please scratch that"
    assert concepts
    assert labeler.label([text]) == [[]]


def test_sentences_that_are_given_are_the_ones_taken_back(labeler):
    text = "edema. nodule. scratch that."
    assert dropped(labeler, text) == "n"
    assert dropped(labeler, text, [(0, 14), (15, 28)]) == "en"


def test_a_text_without_corrections_is_left_as_it_is(labeler):
    text = "Sorrel scratches the catheter that meanders."
    assert dropped(labeler, f"Nodule. {text}") == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Heart is normal, correction, enlarged.", "positive", id="for worse"),
        pytest.param("Heart is enlarged, sorry, normal.", "negative", id="for better"),
    ],
)
def test_a_state_is_replaced(labeler, text, expected):
    assert [mention.polarity for mention in labeler.label([text])[0]] == [expected]


def test_a_correction_reaches_over_sentences_that_only_correct(labeler):
    assert dropped(labeler, "Effusion. Nodule. Oops. Sorry. Scratch that.") == "N"
