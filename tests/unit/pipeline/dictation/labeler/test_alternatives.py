import pytest

from tests.unit.pipeline.dictation.labeler.parses import reached


@pytest.mark.parametrize(
    ("text", "doubted"),
    [
        pytest.param("[a] <versus> [b]", "ab", id="both sides"),
        pytest.param("[a], [b] <versus> [c]", "bc", id="versus does not reach the list"),
        pytest.param("[a], [b] <or> [c]", "abc", id="or does"),
        pytest.param("[a], [b], <or else>; [c]", "ab", id="a phrase for the other side does"),
        pytest.param("[a] and [b], <or else>", "b", id="but not over and"),
        pytest.param("[a] and [b], <or both>", "ab", id="or both does"),
        pytest.param("[a] [b] <or both>", "ab", id="or both without a comma"),
        pytest.param("[a] <gone> [b] <or both>", "b", id="or both of one"),
    ],
)
def test_alternatives(text, doubted):
    text = text.replace("<versus>", "<versus> /").replace("<or>", "<or> or")
    assert [item.concept.id for item in reached(text) if item.alternative] == list(doubted)


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        pytest.param("[a] <versus> something", "a", id="unknown after it"),
        pytest.param("something <versus> [a]", "a", id="unknown before it"),
        pytest.param("[a] <versus> [b]", "ab", id="both known"),
        pytest.param("[a]; <versus> [b]", "b", id="another clause"),
        pytest.param("[a] <or> something", "", id="or needs both"),
        pytest.param("[a] <or> |fold|", "a", id="or with a mimic"),
    ],
)
def test_alternatives_of_which_one_is_unknown(text, marked):
    found = [item.concept.id for item in reached(text) if item.alternative]
    assert [name for name in found if name != "fold"] == list(marked)


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        pytest.param("[a] <is> a |fold|", "negative", id="is"),
        pytest.param("[a], <likely> |fold|", "uncertain", id="likely"),
        pytest.param("[a] <is> <likely> |fold|", "uncertain", id="is likely"),
        pytest.param("[a] <is> <not> a |fold|", None, id="is not"),
        pytest.param("[a] <is> in the |fold|", None, id="in it"),
        pytest.param("[a] and <likely> |fold|", None, id="and"),
        pytest.param("[a], |fold|", None, id="beside it"),
        pytest.param("|fold| <is> [a]", None, id="after it"),
    ],
)
def test_a_finding_that_is_a_mimic(text, effect):
    (item,) = [item for item in reached(text) if item.concept.id == "a"]
    assert (item.after and item.after.trigger.effect) == effect
