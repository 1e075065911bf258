import pytest

from gazescribe.pipeline.dictation.labeler.scope import resolve
from tests.unit.pipeline.dictation.labeler.parses import parse, trigger

TRIGGERS = {
    "no": trigger("before", "negative"),
    "but": trigger("boundary"),
    "absent": trigger("after", "negative"),
    "gone": trigger("after", "negative", finite=True),
    "versus": trigger("between", "uncertain"),
    "or": trigger("between", "uncertain", reach="list"),
    "persists": trigger("asserts", "positive", finite=True),
}


def reached(text):
    used = {word: rule for word, rule in TRIGGERS.items() if f"<{word}>" in text}
    sentence = parse(text, **used)
    resolve(sentence)
    return sentence.items


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        pytest.param("<no> [a]", "a", id="next"),
        pytest.param("<no> [a], [b] or [c]", "abc", id="list"),
        pytest.param("<no> [a] <but> [b]", "a", id="boundary"),
        pytest.param("[a] and <no> [b]", "b", id="behind"),
        pytest.param("<no> [a]; [b]", "a", id="semicolon"),
    ],
)
def test_what_stands_before_reaches_to_the_right(text, denied):
    assert [item.concept.id for item in reached(text) if item.before] == list(denied)


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        pytest.param("[a] <absent>", "a", id="nearest"),
        pytest.param("[a] and [b] are <absent>", "ab", id="list"),
        pytest.param("[a] <but> [b] <gone>", "b", id="clause"),
        pytest.param("<gone> is the [a]", "a", id="inverted"),
        pytest.param("<gone> due to [a]", "", id="a cause is there"),
    ],
)
def test_what_stands_after_reaches_to_the_left(text, denied):
    assert [item.concept.id for item in reached(text) if item.after] == list(denied)


def test_what_asserts_is_no_denial():
    (item,) = reached("[a] <persists>")
    assert item.asserted is not None
    assert item.after is None


@pytest.mark.parametrize(
    ("text", "doubted"),
    [
        pytest.param("[a] <versus> [b]", "ab", id="both sides"),
        pytest.param("[a], [b] <versus> [c]", "bc", id="versus does not reach the list"),
        pytest.param("[a], [b] <or> [c]", "abc", id="or does"),
    ],
)
def test_alternatives(text, doubted):
    text = text.replace("<versus>", "<versus> /").replace("<or>", "<or> or")
    assert [item.concept.id for item in reached(text) if item.alternative] == list(doubted)
