import pytest

from gazescribe.pipeline.dictation.labeler.scope import resolve
from tests.unit.pipeline.dictation.labeler.parses import parse, trigger

TRIGGERS = {
    "no": trigger("before", "negative", name="negation.no"),
    "but": trigger("boundary"),
    "absent": trigger("after", "negative"),
    "nay": trigger("after", "negative", alone=True),
    "gone": trigger("after", "negative", finite=True),
    "versus": trigger("between", "uncertain", reach="next"),
    "is": trigger("equates", "negative", finite=True),
    "likely": trigger("before", "positive", reach="list", order=4),
    "or": trigger("between", "uncertain", reach="list"),
    "persists": trigger("asserts", "positive", finite=True),
    "growth of": trigger("belongs", "positive", reach="list"),
    "in the": trigger("belongs", "positive", reach="next"),
    "to suggest": trigger("belongs", "negative"),
    "unclear whether": trigger("embeds", "uncertain"),
    "past": trigger("before", "negative", order=6, name="history.previous"),
    "clearing of": trigger("before", "negative", name="negation.resolution_of"),
    "not": trigger("before", "negative", name="negation.rather_than"),
    "left": trigger("place", name="side.left"),
    "right": trigger("place", name="side.right"),
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
        pytest.param("<no> <growth of> [a] or [b]", "", id="what it belongs to, and its list"),
        pytest.param("<no> cleft <in the> [a]", "", id="a word is denied"),
        pytest.param("<no> [a] or cleft <in the> [b]", "a", id="later in a list"),
        pytest.param("<no> sign <in the> lung, [a]", "a", id="another noun between"),
        pytest.param("<no> <growth of> <past> [a]", "", id="nor is it past"),
        pytest.param("<clearing of> [a] but <not> of [b]", "a", id="what is not cleared"),
        pytest.param("<no> sign <in the> lung <to suggest> [a]", "a", id="a purpose"),
    ],
)
def test_what_belongs_to_a_finding_is_denied_alone(text, denied):
    assert [item.concept.id for item in reached(text) if item.before] == list(denied)


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        pytest.param("<right> [a], <absent> on the <left>", "", id="after, the other side"),
        pytest.param("[a] <absent> on the <left>", "a", id="after, the only side"),
        pytest.param("<left> [a] <absent>, <right> [b]", "a", id="another clause"),
        pytest.param("<right> and <no> <left> [a]", "", id="before, the other side"),
        pytest.param("<no> <left> [a]", "a", id="before, the only side"),
    ],
)
def test_what_is_denied_elsewhere_is_not_denied_here(text, denied):
    items = reached(text)
    assert [item.concept.id for item in items if item.before or item.after] == list(denied)


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


@pytest.mark.parametrize(
    ("text", "embedded"),
    [
        pytest.param("[a] <unclear whether> [b]", "b", id="behind"),
        pytest.param("<unclear whether> [a] <but> [b]", "a", id="up to the end of the clause"),
        pytest.param("<unclear whether> [a], and <no> [b]", "a", id="a new denial"),
        pytest.param("<unclear whether> [a] or <no> [b]", "ab", id="a choice"),
    ],
)
def test_what_is_said_of_a_whole_clause(text, embedded):
    items = reached(text)
    assert [item.concept.id for item in items if item.embedded] == list(embedded)
