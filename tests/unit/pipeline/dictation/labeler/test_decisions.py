import pytest

from gazescribe.pipeline.dictation.labeler.clauses import Item
from gazescribe.pipeline.dictation.labeler.decisions import decide, decide_structure
from gazescribe.pipeline.dictation.labeler.scope import resolve
from tests.unit.pipeline.dictation.labeler.parses import parse, trigger

TRIGGERS = {
    "enlarged": trigger("state", "abnormal"),
    "borderline": trigger("state", "borderline"),
    "normal": trigger("state", "normal"),
    "stable": trigger("state", "uncertain"),  # as the convention `stable` has it
    "static": trigger("state", "dropped"),
    "not": trigger("before", "negative"),
    "possible": trigger("before", "uncertain", order=3),
    "absent": trigger("after", "negative", order=1),
    "is": trigger("verb", finite=True),
    "no abnormality": trigger("before", "negative"),
    "no growth of": trigger("cancels"),
    "abnormality": trigger("state", "abnormal", noun=True),
    "disease": trigger("state", "abnormal", noun=True, words=0),
    "increased": trigger("state", "abnormal"),
    "no evidence that": trigger("embeds", "negative"),
    "no sign that a": trigger("embeds", "negative", reach="next"),
    "cannot say": trigger("embeds", "uncertain"),
    "is larger": trigger("asserts", "positive", finite=True),
    "absence of": trigger("before", "negative", undone=True),
    "resolved": trigger("after", "negative", finite=True, name="negation_after.resolved"),
    "uncertain": trigger("after", "negative", finite=True),
}


def resolved(text):
    sentence = parse(text, **{word: rule for word, rule in TRIGGERS.items() if f"<{word}>" in text})
    resolve(sentence)
    return sentence


@pytest.mark.parametrize(
    ("text", "polarity", "rule_id"),
    [
        pytest.param("[a]", "positive", "default.mentioned", id="no trigger"),
        pytest.param("<not> [a]", "negative", "test.before", id="denied"),
        pytest.param("<possible> [a] <absent>", "negative", "test.after", id="lowest order wins"),
    ],
)
def test_a_finding(text, polarity, rule_id):
    sentence = resolved(text)
    decision = decide(sentence.items[0], sentence)
    assert (decision.polarity, decision.rule_id) == (polarity, rule_id)


@pytest.mark.parametrize(
    ("text", "polarity"),
    [
        pytest.param("<no evidence that> [a]", "negative", id="denied"),
        pytest.param("<no evidence that> [a] <resolved>", "positive", id="denial denied"),
        pytest.param("<no evidence that> [a] <is larger>", "positive", id="there anyway"),
        pytest.param("<no sign that a> [a] <is larger>", "negative", id="new, so not there"),
        pytest.param("<cannot say> [a]", "uncertain", id="doubted"),
        pytest.param("<cannot say> [a] <resolved>", "uncertain", id="denial doubted"),
        pytest.param("<absence of> [a]", "negative", id="a noun of denial"),
        pytest.param("<absence of> [a] <uncertain>", "uncertain", id="which is denied"),
        pytest.param("<absence of> [a] <resolved>", "positive", id="which has gone"),
    ],
)
def test_a_finding_denied_twice(text, polarity):
    sentence = resolved(text)
    assert decide(sentence.items[0], sentence).polarity == polarity


@pytest.mark.parametrize(
    ("text", "polarity"),
    [
        pytest.param("{heart}", "dropped", id="no state"),
        pytest.param("<enlarged> {heart}", "positive", id="abnormal before"),
        pytest.param("{heart} <is> <enlarged>", "positive", id="abnormal after"),
        pytest.param("{heart} <is> <borderline>", "uncertain", id="borderline"),
        pytest.param("{heart} <is> <stable>", "uncertain", id="only stable"),
        pytest.param("{heart} <is> <static>", "dropped", id="stable is none"),
        pytest.param("<static> {heart} <is> <enlarged>", "positive", id="none, but abnormal"),
        pytest.param("<stable> {heart} <is> <enlarged>", "positive", id="stable and abnormal"),
        pytest.param("{heart} <is> <normal>", "negative", id="normal"),
        pytest.param("{heart} <is> <not> <enlarged>", "negative", id="denied abnormal"),
        pytest.param("{heart} <is> <not> <normal>", "positive", id="denied normal"),
        pytest.param("{heart} seen, lungs <enlarged>", "dropped", id="of another subject"),
        pytest.param("{heart} and lungs <enlarged>", "positive", id="of several subjects"),
        pytest.param("<abnormality> of {heart}", "positive", id="general word"),
        pytest.param("<abnormality> of {heart} <absent>", "negative", id="denied after both"),
        pytest.param("{heart} <is> <not> <increased> or <enlarged>", "negative", id="a choice"),
        pytest.param("<not> [a], {heart} <normal>", "negative", id="denial of a finding before"),
        pytest.param("{heart} <enlarged>, [a] <absent>", "positive", id="denial of one after"),
        pytest.param("{heart} has <disease>", "dropped", id="said of all things"),
        pytest.param("<disease> {heart} <normal>", "negative", id="a heading"),
        pytest.param("{heart} is by far <not> a <disease>", "negative", id="denied"),
    ],
)
def test_a_structure(text, polarity):
    sentence = resolved(text)
    heart = next(item for item in sentence.items if item.concept)
    assert decide_structure(heart, sentence).polarity == polarity


@pytest.mark.parametrize("denial", ["no abnormality", "no growth of"])
def test_a_state_inside_a_phrase_of_denial_is_denied(denial):
    noun = denial.split()[1]
    sentence = parse(f"<{denial}> {{heart}}", **TRIGGERS)
    state = trigger("state", "abnormal", noun=True)
    sentence.items.insert(0, Item(3, 3 + len(noun), state=state))
    resolve(sentence)
    assert decide_structure(sentence.items[-1], sentence).polarity == "negative"


def test_structures_of_a_list_share_a_state():
    sentence = resolved("<normal> {heart} and {hilum}")
    structures = [item for item in sentence.items if item.concept]
    assert [decide_structure(item, sentence).polarity for item in structures] == ["negative"] * 2
