import pytest

from gazescribe.pipeline.dictation.labeler.items import Item
from gazescribe.pipeline.dictation.labeler.scope import resolve
from gazescribe.pipeline.dictation.labeler.structures import decide_structure
from tests.unit.pipeline.dictation.labeler.parses import DECISIONS, parse, resolved, trigger


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
    sentence = parse(f"<{denial}> {{heart}}", **DECISIONS)
    state = trigger("state", "abnormal", noun=True)
    sentence.items.insert(0, Item(3, 3 + len(noun), state=state))
    resolve(sentence)
    assert decide_structure(sentence.items[-1], sentence).polarity == "negative"


def test_structures_of_a_list_share_a_state():
    sentence = resolved("<normal> {heart} and {hilum}")
    structures = [item for item in sentence.items if item.concept]
    assert [decide_structure(item, sentence).polarity for item in structures] == ["negative"] * 2


@pytest.mark.parametrize(
    ("text", "polarity"),
    [
        pytest.param("{heart} <enlarged>, {hilum} is not.", "negative", id="abnormal"),
        pytest.param("{heart} <normal>, {hilum} is not.", "positive", id="normal"),
        pytest.param("{heart} <borderline>, {hilum} isn't", "negative", id="borderline"),
        pytest.param("{heart} <not> <enlarged>, {hilum} is.", "positive", id="is"),
        pytest.param("{heart} <enlarged> {hilum} is not", "negative", id="without a comma"),
        pytest.param("{heart} <stable>, {hilum} is not.", "dropped", id="only stable"),
        pytest.param("{heart}, {hilum} is not.", "dropped", id="no state"),
        pytest.param("{hilum} is not.", "dropped", id="nothing before it"),
    ],
)
def test_a_structure_that_is_or_is_not_takes_the_state_before_it(text, polarity):
    sentence = resolved(text)
    hilum = [item for item in sentence.items if item.concept][-1]
    assert decide_structure(hilum, sentence).polarity == polarity


@pytest.mark.parametrize(
    ("text", "polarity"),
    [
        pytest.param("[growth] or {hilum}", "positive", id="or"),
        pytest.param("<not> [growth], {heart} or the {hilum}", "negative", id="denied, of three"),
        pytest.param("[growth] with {hilum}", "dropped", id="with"),
        pytest.param("[growth] over {hilum}", "dropped", id="no list"),
        pytest.param("[growth], <normal> {heart} and {hilum}", "negative", id="a state between"),
    ],
)
def test_a_noun_of_the_first_is_said_of_a_list(text, polarity):
    sentence = resolved(text)
    growth = next(item for item in sentence.items if item.kind == "finding")
    hilum = sentence.items[-1]
    growth.is_of = True
    assert decide_structure(hilum, sentence).polarity == polarity
    growth.is_of = False
    assert decide_structure(hilum, sentence).polarity in ("dropped", "negative")
