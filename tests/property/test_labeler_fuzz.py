"""Whatever the text: no crash, exact spans, the same answer again."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gazescribe.pipeline.core.values import POLARITIES
from gazescribe.pipeline.dictation.labeler import Labeler
from gazescribe.pipeline.dictation.labeler.phrases import cut_words
from gazescribe.pipeline.dictation.labeler.sentences import split_sentences

LABELER = Labeler.from_rules(Path(__file__).parents[2] / "rules")
PIECES = [
    "No", "effusion", "pneumothorax", "heart", "is", "enlarged", "not", "seen", "cannot", "exclude",
    "or", "and", ",", ".", ";", ":", "?", "/", "but", "possible", "versus", "mediastinum", "normal",
    "\n", "\n\n", "\u00a0", "\t", "\x00", "\x1f", "with", "without", "has", "resolved", "stable",
    "1.", "5.5", "cm", "FINDINGS:", "Indication:", "İ", "ﬁ", "心臓", "Herz", "keine Ergüsse", "🫁",
    "'", "’", "-", "–", "(", ")", "[", "]", "<2>", "*", "___", "effusion.there", "e\u0301",
    "which", "previously", "no longer", "neither", "nor", "may represent", "hila", "opacity",
]  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=200),
    st.lists(st.sampled_from(PIECES), max_size=30).map(" ".join),
    st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
)


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_spans_are_exact_and_answers_the_same_again(text):
    mentions = LABELER.label([text])[0]
    assert mentions == LABELER.label([text])[0]
    keys = [(one.char_start, one.char_end, one.label) for one in mentions]
    assert keys == sorted(set(keys))
    spans = split_sentences(text)
    for one in mentions:
        assert text[one.char_start : one.char_end] == one.text != ""
        assert one.polarity in POLARITIES
        assert one.rule_id
        start, end = spans[one.sentence]
        assert start <= one.char_start < one.char_end <= end


@settings(max_examples=100, deadline=None)
@given(TEXTS)
def test_sentences_cover_all_words_in_order(text):
    spans = split_sentences(text)
    assert spans == sorted(spans)
    for (_, end), (start, _) in pairwise(spans):
        assert end <= start
    covered = "".join(text[start:end] for start, end in spans)
    assert "".join(covered.split()) == "".join(text.split())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PIECES[:24]), max_size=20))
def test_case_and_spacing_change_nothing(pieces):
    text = " ".join(pieces).lower()
    # Capitals before a colon are a heading.
    shouted = text.upper() if ":" not in pieces else text
    others = [shouted, text.replace(" ", "  "), text.replace(" ", "\u00a0"), f"  {text} "]

    def said(one):
        return [(m.label, m.polarity, m.rule_id) for m in LABELER.label([one])[0]]

    for other in others:
        assert said(other) == said(text)


@pytest.mark.parametrize(
    "piece",
    [
        "no effusion or ",
        "heart ",
        "no ",
        "effusion. ",
        "\n",
        ", ",
        "a",
        "心 ",
        "effusion\u00a0\x00",
    ],
)
def test_a_hundred_thousand_characters(piece):
    text = (piece * 100_000)[:100_000]
    for one in LABELER.label([text])[0]:
        assert text[one.char_start : one.char_end] == one.text


def test_words_point_into_the_text():
    text = "Left-sided 心 5.5 effusion’s"
    words = cut_words(text)
    assert words.texts
    for found, start, end in zip(words.texts, words.starts, words.ends, strict=True):
        assert text[start:end] == found
