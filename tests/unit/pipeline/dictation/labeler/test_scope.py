import pytest

from gazescribe.pipeline.dictation.labeler.scope import resolve
from tests.unit.pipeline.dictation.labeler.parses import SCOPE, parse, reached


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
        pytest.param("<gone>, [a]", "", id="not over a comma"),
        pytest.param("<if there>, [a]", "a", id="but a condition is"),
        pytest.param("[a] and <if there> [b]", "b", id="a condition after and"),
    ],
)
def test_what_stands_after_reaches_to_the_left(text, denied):
    assert [item.concept.id for item in reached(text) if item.after] == list(denied)


def test_what_asserts_is_no_denial():
    (item,) = reached("[a] <persists>")
    assert item.asserted is not None
    assert item.after is None


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
    words = {"nay": SCOPE["nay"], "no": SCOPE["no"]}
    for text, denied in (("[a] <no>, [b]", ""), ("[a] <no> [b]", "b")):
        sentence = parse(text, no=words["no"])
        sentence.hits += parse(text, no=words["nay"]).hits
        resolve(sentence)
        assert "".join(item.concept.id for item in sentence.items if item.before) == denied


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
