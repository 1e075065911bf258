import pytest

from gazescribe.pipeline.dictation.labeler.rules import Sections
from gazescribe.pipeline.dictation.labeler.sections import compile_headings, ignored_spans

HEADINGS = compile_headings(
    Sections(
        ignored=["indication", "history"],
        heeded=["findings"],
        begins=["there is", "lungs are"],
        unless=["there is concern", "prior film"],
        brief=["comparison"],
    )
)


@pytest.mark.parametrize(
    ("text", "ignored"),
    [
        pytest.param("Indication: edema.", ["Indication: edema."], id="whole text"),
        pytest.param("Indication: a\nFindings: b", ["Indication: a\n"], id="next heading"),
        pytest.param("Indication: a\nLUNG BASES: b", ["Indication: a\n"], id="unknown heading"),
        pytest.param("HISTORY: a\n\nEdema.", ["HISTORY: a\n\n"], id="next paragraph"),
        pytest.param(
            "HISTORY: a\r\n\r\nEdema.", ["HISTORY: a\r\n\r\n"], id="with carriage returns"
        ),
        pytest.param("HISTORY: a. There is b.", ["HISTORY: a. "], id="a sentence of findings"),
        pytest.param("HISTORY: a\nLungs are b", ["HISTORY: a\n"], id="a line of findings"),
        pytest.param("HISTORY: There is b.", ["HISTORY: There is b."], id="right after it"),
        pytest.param("HISTORY: a, there is b", ["HISTORY: a, there is b"], id="no sentence begins"),
        pytest.param(
            "HISTORY: a. There is concern.", ["HISTORY: a. There is concern."], id="a question"
        ),
        pytest.param(
            "HISTORY: a. There is b. Findings: c", ["HISTORY: a. There is b. "], id="as headed"
        ),
        pytest.param(
            "HISTORY: a. Indication: b. There is c.",
            ["HISTORY: a. ", "Indication: b. "],
            id="after the last of two",
        ),
        pytest.param("Comparison: a. B is b.", ["Comparison: a. "], id="a brief heading"),
        pytest.param("Comparison: a", ["Comparison: a"], id="a brief heading alone"),
        pytest.param(
            "Comparison: a. Prior film b. C.", ["Comparison: a. Prior film b. "], id="goes on"
        ),
        pytest.param(
            "Comparison: a. History: b. C.",
            ["Comparison: a. ", "History: b. C."],
            id="a brief heading before another",
        ),
        pytest.param("**History**: a", ["**History**: a"], id="marked up"),
        pytest.param("Findings: edema.", [], id="heeded"),
        pytest.param("No indication of edema.", [], id="no colon"),
        pytest.param("By history: edema.", [], id="inside a sentence"),
    ],
)
def test_ignored_spans(text, ignored):
    assert [text[start:end] for start, end in ignored_spans(text, HEADINGS)] == ignored


def test_without_headings_nothing_is_ignored():
    assert compile_headings(Sections(heeded=["findings"])) is None
    assert ignored_spans("Indication: edema.", None) == []


@pytest.mark.parametrize("n_spaces", [2, 3, 1_000_000])
def test_many_spaces_are_read_once(n_spaces):
    """A million took hours, for each was the start of a look at all that follow."""
    spaces = " " * n_spaces
    text = f"Lungs{spaces}clear{spaces}Indication: edema."
    assert [text[slice(*span)] for span in ignored_spans(text, HEADINGS)] == [
        f"{spaces[2:]}Indication: edema."
    ]
