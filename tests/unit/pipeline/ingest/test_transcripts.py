import pytest

from gazescribe.pipeline.ingest.transcripts import transcribe


def ends(words):
    return [word == "." for word in words]


def test_words_become_text_spans_and_sentences():
    words = ["small", "effusion", ",", "stable", ".", "and", "/", "or", "no", "change", "."]
    found = transcribe(words, ends(words))
    assert found.text == "small effusion, stable. and / or no change."
    spans = zip(found.char_start, found.char_end, strict=True)
    assert [found.text[start:end] for start, end in spans] == words
    assert found.sentence == [0] * 5 + [1] * 6
    assert (found.first, found.last) == ([0, 5], [4, 10])
    assert not found.is_open


@pytest.mark.parametrize(
    ("words", "sentence", "first", "last"),
    [
        pytest.param(["no", "change"], [0, 0], [0], [1], id="no-period"),
        pytest.param(["a", ".", "b"], [0, 0, 1], [0, 2], [1, 2], id="words-after-the-last"),
        pytest.param(["1.5", "cm"], [0, 0], [0], [1], id="decimal-ends-nothing"),
    ],
)
def test_words_after_the_last_period_are_a_sentence(words, sentence, first, last):
    found = transcribe(words, ends(words))
    assert found.is_open
    assert (found.sentence, found.first, found.last) == (sentence, first, last)


def test_a_period_alone_is_a_sentence():
    found = transcribe([".", "."], [True, True])
    assert (found.text, found.sentence, found.first, found.last) == ("..", [0, 1], [0, 1], [0, 1])


def test_a_colon_and_a_comma_are_glued_and_a_slash_is_not():
    assert transcribe(["a", ":", "b", ",", "c", "/", "d"], [False] * 7).text == "a: b, c / d"


def test_nothing_is_glued_when_asked():
    assert transcribe(["a", "."], [False, True], glued=frozenset()).text == "a ."


def test_no_word_no_sentence():
    found = transcribe([], [])
    assert (found.text, found.first, found.is_open) == ("", [], False)
