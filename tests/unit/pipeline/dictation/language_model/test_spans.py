"""What a model quotes is found in its sentence, or left out by reason."""

import pytest

from gazescribe.pipeline.dictation.language_model.prompt import Reply
from gazescribe.pipeline.dictation.language_model.spans import find_mentions

TEXT = "No edema. Edema of old,  small\npleural effusion; lymphedema, edema."
SENTENCES = [(0, 9), (10, len(TEXT))]
LABELS = {"edema", "effusion"}


def said(sentence, quote, label="edema", polarity="positive"):
    return {"sentence": sentence, "quote": quote, "label": label, "polarity": polarity}


def find(*mentions):
    reply = Reply.model_validate({"mentions": mentions})
    return find_mentions(TEXT, SENTENCES, reply, LABELS, "m, prompt 1")


def places(found):
    return [(mention.char_start, mention.char_end, mention.text) for mention in found]


def test_words_are_found_in_their_own_sentence():
    found, left_out = find(said(1, "edema", polarity="negative"), said(2, "edema"))
    assert places(found) == [(3, 8, "edema"), (10, 15, "Edema")]
    assert [mention.polarity for mention in found] == ["negative", "positive"]
    assert [mention.sentence for mention in found] == [0, 1]
    assert {mention.rule_id for mention in found} == {"m, prompt 1"}
    assert not left_out


def test_words_that_are_said_again_are_the_next_whole_ones():
    found, _ = find(said(2, "edema"), said(2, "edema"))
    assert places(found) == [(10, 15, "Edema"), (len(TEXT) - 6, len(TEXT) - 1, "edema")]


def test_case_and_spaces_may_differ():
    found, _ = find(said(2, "Small Pleural effusion", "effusion"))
    assert [mention.text for mention in found] == ["small\npleural effusion"]


@pytest.mark.parametrize(
    ("mention", "reason"),
    [
        (said(3, "edema"), "name a sentence that is not there"),
        (said(0, "edema"), "name a sentence that is not there"),
        (said(1, "effusion", "effusion"), "quote words that do not stand there"),
        (said(1, " ", "effusion"), "quote words that do not stand there"),
        (said(2, "pleural eff", "effusion"), "quote words that do not stand there"),
        (said(1, "edema", "fracture"), "have a label that was not asked for"),
    ],
)
def test_what_cannot_be_verified_is_left_out_and_counted(mention, reason):
    found, left_out = find(mention)
    assert found == []
    assert left_out == {reason: 1}


def test_the_first_of_two_polarities_counts():
    found, left_out = find(said(1, "edema", polarity="negative"), said(1, "edema"))
    assert [mention.polarity for mention in found] == ["negative"]
    assert left_out == {"contradict another of the same words": 1}
