import pytest

from gazescribe.pipeline.dictation.labeler.answers import (
    answers_with_not,
    find_preferences,
    is_none_between,
    settle_answers,
)
from tests.unit.pipeline.dictation.labeler.parses import SCOPE, parse, trigger

TRIGGERS = {"nay": SCOPE["nay"], "none": SCOPE["nay"], "favor": trigger("before", "positive")}


def parsed(text):
    return parse(text, **{word: rule for word, rule in TRIGGERS.items() if f"<{word}>" in text})


@pytest.mark.parametrize(
    ("text", "n_answers"),
    [
        pytest.param("[a] - <nay>.", 1, id="last"),
        pytest.param("<nay> [a]", 0, id="before a finding"),
        pytest.param("[a] <nay> .5", 0, id="before a decimal"),
        pytest.param("[a] <none> [b]", 1, id="none between findings"),
        pytest.param("<nay>.", 0, id="of nothing"),
    ],
)
def test_an_answer_stands_behind_what_it_answers(text, n_answers):
    sentence = parsed(text)
    settle_answers(sentence)
    assert len(sentence.hits) == n_answers


def test_none_stands_right_between_two_findings():
    near, far = parsed("[a] <none> [b]"), parsed("[a] <none> in this [b]")
    assert is_none_between(near, near.hits[0])
    assert not is_none_between(far, far.hits[0])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("I <favor> [a] over [b]", ["favor", "over"], id="preference"),
        pytest.param("[a] over [b]", [], id="place"),
        pytest.param("I <favor> [a] right over [b]", ["favor"], id="word between"),
        pytest.param("[a] over <favor>", ["favor"], id="nothing favored"),
    ],
)
def test_what_another_finding_is_favored_over_is_doubted(text, words):
    sentence = parsed(text)
    find_preferences(sentence)
    spans = [sentence.texts_between(hit.start, hit.end) for hit in sentence.hits]
    assert spans == [[word] for word in words]
    assert all(hit.trigger.effect == "uncertain" for hit in sentence.hits[1:])


@pytest.mark.parametrize(
    ("text", "is_not"),
    [
        pytest.param("{heart} is.", False, id="is"),
        pytest.param("{heart} is not", True, id="is not"),
        pytest.param("{heart} isn't, [a]", True, id="shortened"),
        pytest.param("{heart} is not either", True, id="a word that changes nothing"),
        pytest.param("{heart} isn't not", None, id="twice"),
        pytest.param("{heart} is not large", None, id="more behind it"),
        pytest.param("{heart}", None, id="nothing"),
    ],
)
def test_is_or_is_not_alone_answers(text, is_not):
    sentence = parse(text)
    assert answers_with_not(sentence, sentence.items[0]) is is_not


@pytest.mark.parametrize(
    ("before", "effects"),
    [
        pytest.param(trigger("after", "negative", undone=True), ["uncertain"], id="excluded"),
        pytest.param(trigger("after", "negative"), [], id="absent"),
        pytest.param(trigger("asserts", name="assertion.present"), ["negative"], id="present"),
        pytest.param(trigger("asserts", name="assertion.changed"), [], id="changed"),
    ],
)
def test_is_not_answers_what_is_said_of_the_finding_before(before, effects):
    answer = trigger("after", "negative", alone=True, name="answer.is_not")
    sentence = parse("[a] <so>, [b] is <not>.", so=before, **{"not": answer})
    settle_answers(sentence)
    assert [str(hit.trigger.effect) for hit in sentence.hits[1:]] == effects
