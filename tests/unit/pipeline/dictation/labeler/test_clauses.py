import pytest

from gazescribe.pipeline.dictation.labeler.clauses import cut, is_pair, is_transitive
from tests.unit.pipeline.dictation.labeler.parses import parse, trigger

NO = trigger("before", "negative")
HAS = trigger("verb", finite=True)
BUT = trigger("boundary")
LARGE = trigger("state", "abnormal")
GROWTH = trigger("state", "abnormal", noun=True)


@pytest.mark.parametrize(
    ("text", "triggers", "cuts", "forward_cuts"),
    [
        pytest.param("<no> [a] <but> [b]", {"no": NO, "but": BUT}, [5], [5], id="boundary"),
        pytest.param("<no> [a]; [b]", {"no": NO}, [4], [4], id="semicolon"),
        pytest.param("<no> [a] or [b]", {"no": NO}, [], [], id="list"),
        pytest.param("<no> [a]: [b]", {"no": NO}, [], [6], id="a colon after a finding"),
        pytest.param("<no> signs: [a], [b]", {"no": NO}, [], [], id="a colon after other words"),
        pytest.param("<no> [a]: [b] or [c]", {"no": NO}, [], [], id="a colon before a choice"),
        pytest.param("[a] - [b] <is>", {"is": HAS}, [], [2], id="dash without a verb before it"),
        pytest.param(
            "[a] <is> new and [b] <is> old", {"is": HAS}, [9], [9], id="two subjects, two verbs"
        ),
        pytest.param(
            "<no> [a], and [b] and [c] <is>", {"no": NO, "is": HAS}, [4], [4, 4], id="a verb of two"
        ),
        pytest.param(
            "<no> [a], {b} <large>", {"no": NO, "large": LARGE}, [], [6], id="a state of its own"
        ),
        pytest.param("<no> {b} <large>", {"no": NO, "large": LARGE}, [], [], id="first subject"),
        pytest.param(
            "<no> [a] or {b} <large>", {"no": NO, "large": LARGE}, [], [], id="a choice of subjects"
        ),
        pytest.param(
            "<no> [a], {b} <growth>", {"no": NO, "growth": GROWTH}, [], [], id="a noun is no state"
        ),
    ],
)
def test_where_clauses_end(text, triggers, cuts, forward_cuts):
    sentence = parse(text, **triggers)
    cut(sentence)
    assert (sentence.cuts, sentence.forward_cuts) == (cuts, forward_cuts)


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        pytest.param("<no> [a], [b]", "", id="a list"),
        pytest.param("<no> [a], [b] <stable>", "b", id="a predicate without a verb"),
        pytest.param("<no> [a], [b] and [c] <stable>", "bc", id="a predicate of two"),
        pytest.param("<no> [a], [b] <stable> [c]", "", id="an adjective of the next"),
        pytest.param("<no> [a], <left> [b]/[c]", "", id="a slash is a choice"),
        pytest.param("<no> [a], <left> [b]", "b", id="a side of its own"),
        pytest.param("<no> free air, <left> [b]", "b", id="a side behind what has no name"),
        pytest.param("<no> [a], [b] on the <left>", "b", id="a side behind"),
        pytest.param("<no> [a], <left> [b] or [c]", "", id="a choice keeps it"),
        pytest.param("<no> [a], <known> [b] or [c]", "b", id="said to be there"),
        pytest.param("<no> [a] or [b], [c]", "c", id="a closed list"),
        pytest.param("<no> [a], and [b]", "b", id="the last of two after a comma"),
        pytest.param("<no> [a] and [b]", "", id="the last of two without"),
        pytest.param("<no> [a], [b], and [c]", "", id="the last of three"),
        pytest.param("<no> [a] or [b], and [c]", "c", id="the last after a choice"),
        pytest.param("<no> [a], and [b] or [c]", "", id="a choice of the last two"),
        pytest.param("<no> [a], [b]/<known> [c]", "", id="a slash joins closely"),
        pytest.param("<no> [a], <small> [b]/[c]", "b", id="small ones in spite of a slash"),
        pytest.param("<no> [a], <small> [b] or [c]", "", id="but not of a choice"),
        pytest.param("<no> [a], <known> mild/severe [b]", "b", id="a slash between sizes"),
        pytest.param("<no> [a] and <left> [b]", "b", id="two, the second placed"),
        pytest.param("<no> [a], [b] and <left> [c]", "", id="more than two"),
        pytest.param("<removed> [a] and <left> [b]", "", id="what is removed has places"),
        pytest.param("<no> [a] ([b] <stable>)", "b", id="a bracket"),
        pytest.param("<no> [a] ([b])", "", id="a bracket that explains"),
        pytest.param("<no> [a] <known> [b]", "b", id="no comma"),
        pytest.param("<no> [a] [b] <stable>", "b", id="no comma, a predicate"),
        pytest.param("<no> <disease>, [b]", "b", id="a general denial"),
        pytest.param("<no> <disease>, [b] or [c]", "", id="a general denial that lists"),
        pytest.param("<maybe> [a], [b] <stable>", "", id="a hedge runs on"),
    ],
)
def test_where_a_denied_list_ends(text, begins):
    triggers = {
        "no": NO,
        "maybe": trigger("before", "uncertain"),
        "stable": trigger("asserts", "positive"),
        "left": trigger("place"),
        "known": trigger("start"),
        "removed": trigger("before", "negative", reach="list", name="negation.resolution_of"),
        "small": trigger("start", reach="next"),
        "disease": trigger("start", reach="list", name="start.general"),
    }
    used = {word: rule for word, rule in triggers.items() if f"<{word}>" in text}
    sentence = parse(text, **used)
    cut(sentence)
    heads = [
        min((i.start, i.concept.id) for i in sentence.items if i.concept and i.start >= place)[1]
        for place in sentence.forward_cuts
        if any(i.start >= place for i in sentence.items if i.concept)
    ]
    assert "".join(heads) == begins


@pytest.mark.parametrize("opens", [False, True])
def test_a_finding_whose_own_first_word_opens_ends_a_list(opens):
    sentence = parse("<no> [a], [b]", no=NO)
    sentence.items[1].opens = opens
    cut(sentence)
    assert bool(sentence.forward_cuts) == opens


def test_a_place_lies_in_the_clause_around_it():
    sentence = parse("<no> [a] <but> [b] <but> [c]", no=NO, but=BUT)
    cut(sentence)
    assert [sentence.clause(place) for place in (0, 9, 15)] == [(0, 5), (5, 11), (11, 16)]
    assert sentence.is_cut(3, 9)
    assert not sentence.is_cut(6, 10)


def test_words_between_places_are_counted_and_those_of_mentions_are_empty():
    sentence = parse("right [effusion] and left")
    assert sentence.texts_between(0, 25) == ["right", "", "and", "left"]
    assert sentence.count(6, 25) == 3


def test_a_pair_is_two_findings_under_a_verb_that_is_no_plural():
    for verb, pair in (("is", True), ("are", False)):
        sentence = parse(f"[a] and [b] <{verb}>", **{verb: HAS})
        cut(sentence)
        assert is_pair(sentence, sentence.connectors[0], sentence.hits[0]) == pair


def test_a_verb_alone_that_shows_something_is_transitive():
    for word, transitive in (("shows", True), ("is", False)):
        sentence = parse(f"it <{word}> [a]", **{word: HAS})
        assert is_transitive(sentence, sentence.hits[0]) == transitive
