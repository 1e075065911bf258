import pytest

from gazescribe.pipeline.dictation.labeler.sentences import split_sentences, working_copy


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("No effusion. Heart big.", ["No effusion.", "Heart big."], id="periods"),
        pytest.param("A 5.5 cm mass. Next.", ["A 5.5 cm mass.", "Next."], id="decimal"),
        pytest.param("no effusion.there is edema", ["no effusion.", "there is edema"], id="glued"),
        pytest.param("no effusion .no edema", ["no effusion .", "no edema"], id="space before"),
        pytest.param("Seen by Dr. Low. Next.", ["Seen by Dr. Low.", "Next."], id="abbreviation"),
        pytest.param("At 5 a.m. today. Next.", ["At 5 a.m. today.", "Next."], id="clock"),
        pytest.param("Mass vs. scar.", ["Mass vs. scar."], id="versus"),
        pytest.param("1. No mass. 2. Edema.", ["1. No mass.", "2. Edema."], id="numbers"),
        pytest.param("1) Mass\n2) Edema", ["1) Mass", "2) Edema"], id="bracket numbers"),
        pytest.param("Mass\nEdema", ["Mass", "Edema"], id="short lines"),
        pytest.param("No mass or\nedema", ["No mass or\nedema"], id="line goes on"),
        pytest.param(f"{'long ' * 15}no\nmass", [f"{'long ' * 15}no\nmass"], id="wrapped"),
        pytest.param("Mass\n\nedema", ["Mass", "edema"], id="empty line"),
        pytest.param("?mass. Next", ["?mass.", "Next"], id="question before"),
        pytest.param("Mass? Next", ["Mass?", "Next"], id="question after"),
        pytest.param("Mass? I see none. B", ["Mass? I see none.", "B"], id="question, answered"),
        pytest.param("Mass? There is not. B", ["Mass? There is not.", "B"], id="in a word less"),
        pytest.param("Mass? There is not a B.", ["Mass?", "There is not a B."], id="another"),
        pytest.param("Mass? I see a B.", ["Mass?", "I see a B."], id="question, not answered"),
        pytest.param("no final period", ["no final period"], id="no period"),
        pytest.param("", [], id="empty"),
        pytest.param(" \n\t ", [], id="blank"),
        pytest.param("a; b", ["a; b"], id="semicolon"),
        pytest.param("1.No mass.2.Edema.", ["1.No mass.", "2.Edema."], id="glued numbers"),
        pytest.param("1. no mass.2) edema", ["1. no mass.", "2) edema"], id="glued, lower case"),
        pytest.param("1.No mass 2.Edema", ["1.No mass", "2.Edema"], id="glued, no period"),
        pytest.param("1) No mass 2) Edema", ["1) No mass", "2) Edema"], id="numbers in brackets"),
        pytest.param("No mass.-Edema", ["No mass.", "-Edema"], id="glued dash"),
        pytest.param("A (on image 2) Mass", ["A (on image 2) Mass"], id="number in brackets"),
        pytest.param("mass of 2.5 cm.3.Edema", ["mass of 2.5 cm.", "3.Edema"], id="both"),
        pytest.param("未见气胸。心影增大", ["未见气胸。", "心影增大"], id="Chinese"),
        pytest.param("１．未见气胸！！心影", ["１．未见气胸！！", "心影"], id="full width"),
        pytest.param("結節は５．５mm．次", ["結節は５．５mm．", "次"], id="decimal of full width"),
        pytest.param("फेफड़ा साफ़।हृदय", ["फेफड़ा साफ़।", "हृदय"], id="danda"),
        pytest.param("هل يوجد؟ لا", ["هل يوجد؟", "لا"], id="Arabic"),
        pytest.param("Wide… Heart big", ["Wide…", "Heart big"], id="ellipsis"),
    ],
)
def test_sentences(text, expected):
    assert [text[start:end] for start, end in split_sentences(text)] == expected


@pytest.mark.parametrize(
    "text",
    ["İstanbul İ", "ﬁne\u2028ß", "a\u00a0b\u200bc", "“x” – ‘y’", "\x00\x1f\x7f", "ŽÅÄ e\u0301"],
)
def test_the_working_copy_has_a_character_for_each(text):
    assert len(working_copy(text)) == len(text)


def test_the_working_copy_is_plain():
    assert working_copy("No\u00a0Effusion\u2014can\u2019t\tSEE") == "no effusion-can't see"


def test_marks_of_all_scripts_are_those_that_rules_know():
    assert working_copy("ＣＴ：肺，心。气胸、؟،؛") == "ct:肺,心.气胸,?,;"


def test_long_rows_of_marks_are_read_once():
    """A million marks took hours, for each was the start of a look at all that follow."""
    text = "." * 1_000_000 + "x. Edema."
    assert [text[slice(*span)][-3:] for span in split_sentences(text)] == [".x.", "ma."]
