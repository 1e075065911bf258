import pytest

from gazescribe.pipeline.dictation.labeler.clauses import cut
from gazescribe.pipeline.dictation.labeler.lists import (
    is_instead,
    is_list_gap,
    is_touching,
    join_adjectives,
    links_list,
)
from tests.unit.pipeline.dictation.labeler.parses import SCOPE, parse


@pytest.mark.parametrize(
    ("text", "is_list"),
    [
        pytest.param("[a], [b]", True, id="comma"),
        pytest.param("[a] or [b]", True, id="or"),
        pytest.param("[a] [b]", False, id="nothing between"),
        pytest.param("[a] with [b]", False, id="a companion"),
        pytest.param("[a], <no> [b]", False, id="a denial between"),
        pytest.param("[a], " + "very " * 10 + "[b]", False, id="too far"),
    ],
)
def test_neighbours_in_a_list(text, is_list):
    sentence = parse(text, **({"no": SCOPE["no"]} if "<no>" in text else {}))
    cut(sentence)
    first, second = sentence.items
    assert is_list_gap(sentence, first, second) == is_list


@pytest.mark.parametrize(
    ("text", "are_touching"),
    [("[a] [b]", True), ("[a], [b]", False), ("[a] or [b]", False), ("[a] small [b]", False)],
)
def test_findings_in_a_row(text, are_touching):
    sentence = parse(text)
    cut(sentence)
    assert is_touching(sentence, *sentence.items) == are_touching


@pytest.mark.parametrize(
    ("text", "sharing"),
    [("[a] [b]", True), ("[a], [b]", False), ("{a} [b]", False)],
)
def test_an_adjective_is_one_with_the_finding_behind_it(text, sharing):
    sentence = parse(text)
    cut(sentence)
    adjective, finding = sentence.items
    hit = object()
    adjective.modifies, finding.after = True, hit
    join_adjectives(sentence)
    assert (adjective.after is hit, finding.after is hit) == (sharing, True)


def test_companions_are_neighbours_where_they_may():
    sentence = parse("[a] with [b]")
    cut(sentence)
    assert is_list_gap(sentence, *sentence.items, companions=True)


def test_what_belongs_to_a_whole_list():
    linked = [
        name
        for name in ("growth of", "in the")
        if links_list(parse(f"<{name}> [a]", **{name: SCOPE[name]}).hits[0])
    ]
    assert linked == ["growth of"]


def test_a_finding_of_another_kind_stands_instead():
    text = "[a]: [b]"
    assert is_instead(parse(text), 1, 3)
    assert not is_instead(parse("[a]: [a]"), 1, 3)
    assert not is_instead(parse("signs: [b]"), 5, 7)
