import re
import string

import pytest

from gazescribe.pipeline.demo import phrases

MENTION = re.compile(r"<([^<>|]+)(?:\|([a-z]+))?([+?-])?>")
FIELDS = {"side", "zone", "lobe", "size", "degree", "s", "es", "y", "a", "there"}
ABOUT = {**phrases.SAID, **phrases.SAME_ELLIPSE, **phrases.PAIRS}
TEMPLATES = [
    (finding, text) for finding, strengths in ABOUT.items() for texts in strengths.values()
    for text in texts
]  # fmt: skip
FIXED = [
    *(text for texts in phrases.NEGATED.values() for text in texts),
    *phrases.HEART,
    *(text for texts in phrases.DEVICES.values() for text in texts),
    *phrases.QUALITY,
]


def concepts(text):
    return [match[2] or match[1] for match in MENTION.finditer(text)]


@pytest.mark.parametrize("text", [*(text for _, text in TEMPLATES), *FIXED])
def test_every_mention_is_a_known_concept(text):
    assert concepts(text) or text.endswith("is stable"), text  # which mentions nothing
    assert set(concepts(text)) <= set(phrases.CONCEPTS)
    assert text.count("<") == text.count(">") == len(concepts(text))


def test_templates_use_known_fields_alone():
    used = {field for _, text in TEMPLATES for _, field, _, _ in string.Formatter().parse(text)}
    assert used - {None} <= FIELDS


@pytest.mark.parametrize("finding", sorted(phrases.SAID))
def test_every_finding_can_be_said_at_every_strength_and_names_itself(finding):
    strengths = phrases.SAID[finding]
    assert set(strengths) == {"sure", "likely", "unsure"}
    for text in (text for texts in strengths.values() for text in texts):
        named = {label for concept in concepts(text) for label in phrases.CONCEPTS[concept]}
        assert finding in named, text


@pytest.mark.parametrize("pair", [*phrases.SAME_ELLIPSE, *phrases.PAIRS])
def test_a_pair_names_both_of_its_findings(pair):
    for text in (text for texts in ABOUT[pair].values() for text in texts):
        named = {label for concept in concepts(text) for label in phrases.CONCEPTS[concept]}
        assert set(pair) <= named, text


def test_sentences_without_a_finding_have_no_mention():
    assert not any(concepts(text) for text in (*phrases.CLEAR, *phrases.NEUTRAL))


def test_denials_take_as_many_findings_as_they_say():
    for text in phrases.NEGATIONS[1]:
        assert text.format("<first>").count("<first>") == 1
    for text in phrases.NEGATIONS[2]:
        assert text.format("<first>", "<second>").endswith(("<second>", "<second> is seen"))
    for text in phrases.NEGATIONS[3]:
        assert text.format(many="<first> , <second>", last="<third>").count("<") == 3
    assert set(phrases.RESOLVING) <= set(phrases.NEGATED)
