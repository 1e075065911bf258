import pytest

from gazescribe.pipeline.dictation.labeler.compiling import compile_rules
from gazescribe.pipeline.dictation.labeler.loading import load_rules
from gazescribe.pipeline.dictation.labeler.parsing import HEADING, LONGEST, decide_mentions, parse
from gazescribe.pipeline.dictation.labeler.sentences import read_words
from gazescribe.pipeline.dictation.labeler.settings import Conventions


@pytest.fixture(scope="module")
def compiled():
    return compile_rules(load_rules(), Conventions())


def test_a_sentence_without_mention_is_left_at_once(compiled):
    assert list(parse("No complaints today.", read_words("No complaints today."), compiled)) == []
    assert (
        decide_mentions("No complaints today.", read_words("No complaints today."), compiled) == []
    )


def test_words_of_mentions_are_taken_out(compiled):
    (part,) = parse("No free air, no edema.", read_words("No free air, no edema."), compiled)
    words = list(zip(part.words.texts, part.words.starts, strict=True))
    assert ("no", 0) in words
    assert ("", 16) in words
    assert [(item.start, item.end) for item in part.items][-1] == (16, 21)


def test_a_mention_knows_whether_its_first_word_opens(compiled):
    text = "Enlarged heart and cardiomegaly."
    (part,) = parse(text, read_words(text), compiled)
    found = {(item.start, item.opens) for item in part.items}
    assert found == {(0, True), (19, False)}


def test_a_mention_knows_whether_its_noun_is_of_a_structure(compiled):
    text = "Enlargement of the heart, blunting of the costophrenic angle, big heart."
    (part,) = parse(text, read_words(text), compiled)
    assert [item.is_of for item in part.items] == [True, False, False]


def test_places_are_counted_from_the_start_of_the_sentence(compiled):
    ((item, decision),) = decide_mentions("No edema.", read_words("No edema."), compiled)
    assert (item.start, item.end) == (3, 8)
    assert (decision.polarity, decision.trigger, decision.reach) == ("negative", (0, 2), (0, 9))


def test_a_heading_whose_line_says_it_again_is_no_mention(compiled):
    decided = decide_mentions("Edema: no edema.", read_words("Edema: no edema."), compiled)
    rules = [(item.start, decision.rule_id) for item, decision in decided]
    assert rules[0] == (0, HEADING)
    assert len(rules) == 2


def test_endless_sentences_are_read_in_parts(compiled):
    """A denial does not reach into the next part; what stands there is found."""
    text = "no fracture " + "and then " * LONGEST + "edema"
    assert [len(part.words.texts) for part in parse(text, read_words(text), compiled)] == [
        LONGEST,
        3,
    ]
    polarities = [
        decision.polarity for _, decision in decide_mentions(text, read_words(text), compiled)
    ]
    assert polarities == ["negative", "positive"]
