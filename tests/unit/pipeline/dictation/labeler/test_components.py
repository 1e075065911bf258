"""Steps of the spaCy pipeline: what each puts into the document for the next."""

import pytest

from gazescribe.pipeline.dictation.labeler.components import (
    DECIDED,
    FOUND,
    HEADING,
    LONGEST,
    build_pipeline,
    compile_rules,
)
from gazescribe.pipeline.dictation.labeler.loading import load_rules
from gazescribe.pipeline.dictation.labeler.settings import Conventions


@pytest.fixture(scope="module")
def compiled():
    return compile_rules(load_rules(), Conventions())


def test_negspacy_looks_for_words_that_every_denial_has(compiled):
    assert "no" in compiled.terms["preceding_negations"]
    assert compiled.terms["pseudo_negations"] == compiled.terms["termination"] == []
    words = compiled.terms["preceding_negations"] + compiled.terms["following_negations"]
    assert all(word == word.lower() and " " not in word for word in words)


def test_the_screen_marks_mentions_on_the_side_that_counts(compiled):
    nlp = build_pipeline(compiled)
    (sentence,) = nlp("Edema. No fracture.").user_data[FOUND][1:]
    assert [item.denied for item in sentence.items] == [True]
    first = nlp("Edema. No fracture.").user_data[FOUND][0]
    assert [item.denied for item in first.items] == [False]


def test_a_text_without_mention_is_left_at_once(compiled):
    doc = build_pipeline(compiled)("No complaints today.")
    assert (doc.user_data[FOUND], doc.user_data[DECIDED]) == ([], [])


def test_a_heading_whose_line_says_it_again_is_no_mention(compiled):
    doc = build_pipeline(compiled)("Edema: no edema.")
    rules = [(item.start, decision.rule_id) for _, item, decision in doc.user_data[DECIDED]]
    assert rules[0] == (0, HEADING)
    assert len(rules) == 2


def test_endless_sentences_are_read_in_parts(compiled):
    """A denial does not reach into the next part; what stands there is found."""
    text = "no fracture " + "and then " * LONGEST + "edema"
    doc = build_pipeline(compiled)(text)
    parts = doc.user_data[FOUND]
    assert [len(part.words.texts) for part in parts] == [LONGEST, 3]
    polarities = [decision.polarity for _, _, decision in doc.user_data[DECIDED]]
    assert polarities == ["negative", "positive"]
