import pytest

from gazescribe.pipeline.dictation.labeler.scope import resolve
from tests.unit.pipeline.dictation.labeler.parses import parse, trigger

TRIGGERS = {
    "no": trigger("before", "negative"),
    "but": trigger("boundary"),
    "absent": trigger("after", "negative"),
    "nay": trigger("after", "negative", alone=True),
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


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        pytest.param("[a] <nay>", "a", id="last"),
        pytest.param("[a], <nay>, [b]", "a", id="before a comma"),
        pytest.param("[a] <nay> [b]", "", id="before a finding"),
        pytest.param("<nay>, [b]", "", id="nothing before it"),
    ],
)
def test_an_answer_counts_where_nothing_follows_it(text, denied):
    assert [item.concept.id for item in reached(text) if item.after] == list(denied)


def test_what_answers_denies_nothing_after_it():
    """The same word is an answer, and a denial of what follows where something does."""
    words = {"nay": TRIGGERS["nay"], "no": TRIGGERS["no"]}
    for text, denied in (("[a] <no>, [b]", ""), ("[a] <no> [b]", "b")):
        sentence = parse(text, no=words["no"])
        sentence.hits += parse(text, no=words["nay"]).hits
        resolve(sentence)
        assert "".join(item.concept.id for item in sentence.items if item.before) == denied
