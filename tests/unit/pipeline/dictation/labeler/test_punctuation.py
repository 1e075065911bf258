import pytest

from gazescribe.pipeline.dictation.labeler.loading import load_punctuation
from gazescribe.pipeline.dictation.labeler.phrases import FILLER
from gazescribe.pipeline.dictation.labeler.punctuation import SpokenMarks
from gazescribe.pipeline.dictation.labeler.rules import Punctuation
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def spoken():
    return SpokenMarks(load_punctuation(ROOT / "rules"))


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        pytest.param("no mass period small effusion", "no mass . small effusion", id="period"),
        pytest.param("Clear Full Stop\nNew Line Edema", "Clear .\n Edema", id="one full stop"),
        pytest.param("clear period. Edema", "clear . Edema", id="written after"),
        pytest.param("clear. period edema", "clear. edema", id="written before"),
        pytest.param("period. No mass", "period. No mass", id="ends nothing"),
        pytest.param("mass comma nodule", "mass , nodule", id="comma"),
        pytest.param("mass slash nodule forward slash scar", "mass / nodule / scar", id="slash"),
        pytest.param("question mark pneumonia", "? pneumonia", id="question"),
        pytest.param("findings colon edema", "findings : edema", id="after a heading"),
        pytest.param("no edema colon big heart", "no edema ; big heart", id="not after one"),
        pytest.param("gas in the colon", "gas in the colon", id="bowel"),
        pytest.param("new paragraph impression", "new paragraph impression", id="begins"),
        pytest.param("clear new paragraph impression", "clear . impression", id="paragraph"),
        pytest.param("left hyphen sided dash big", "left sided - big", id="hyphen and dash"),
        pytest.param("a open paren b close paren", "a ( b )", id="brackets"),
        pytest.param("over this period no edema", "over this period no edema", id="this period"),
        pytest.param("a two-week period", "a two-week period", id="two weeks"),
        pytest.param("last menstrual period", "last menstrual period", id="menstrual"),
        pytest.param("clear at this time period", "clear at this time .", id="at this time"),
        pytest.param("a new line in the svc", "a new line in the svc", id="catheter"),
        pytest.param("no mass number two scar", "no mass . scar", id="list number"),
        pytest.param("rib number two", "rib number two", id="number of a rib"),
        pytest.param("picc line period new line", "picc line .", id="catheter, then mark"),
        pytest.param("comma-shaped aperiodic", "comma-shaped aperiodic", id="parts of words"),
    ],
)
def test_marks_are_heard_in_the_place_of_their_words(spoken, text, heard):
    result = spoken.hear(text)
    assert len(result) == len(text)
    assert result.replace(FILLER, " ").split() == heard.split()


def test_a_mark_is_as_long_as_its_words(spoken):
    assert spoken.hear("no mass full stop") == f"no mass .{FILLER * 8}"
    (mark,) = spoken.find("no mass full stop")
    assert (mark.start, mark.end, mark.mark) == (8, 17, ".")


def test_a_text_without_spoken_marks_is_itself(spoken):
    text = "No effusion. Periods of apnea."
    assert spoken.hear(text) is text


def test_marks_of_another_language():
    rules = {"spoken": [{"mark": ".", "phrases": ["punkt"], "unless": ["punkt eins"]}]}
    spoken = SpokenMarks(Punctuation.model_validate(rules))
    heard = spoken.hear("kein erguss punkt siehe punkt eins period").replace(FILLER, "")
    assert heard == "kein erguss . siehe punkt eins period"
    assert SpokenMarks(Punctuation()).hear("no mass period") == "no mass period"
