from hypothesis import given
from hypothesis import strategies as st

from gazescribe.pipeline.ingest.transcripts import transcribe

WORD = st.text(st.sampled_from("abcxyz0129-'"), min_size=1, max_size=8)
TOKEN = st.one_of(WORD, st.sampled_from([".", ",", "/"]))
REPORT = st.tuples(WORD, st.lists(TOKEN, max_size=40)).map(lambda parts: [parts[0], *parts[1]])


@given(REPORT)
def test_spans_give_the_words_back(words):
    found = transcribe(words, [word == "." for word in words])
    spans = zip(found.char_start, found.char_end, strict=True)
    assert [found.text[start:end] for start, end in spans] == words


@given(REPORT)
def test_the_relation_that_the_authors_assert(words):
    text = transcribe(words, [word == "." for word in words]).text
    assert text.replace(".", " .").replace(",", " ,") == " ".join(words)


@given(REPORT)
def test_sentences_cover_the_words_once_and_end_at_periods(words):
    found = transcribe(words, [word == "." for word in words])
    covered = [
        word
        for first, last in zip(found.first, found.last, strict=True)
        for word in range(first, last + 1)
    ]
    assert covered == list(range(len(words)))
    assert [words[last] == "." for last in found.last[:-1]] == [True] * (len(found.last) - 1)
    assert found.is_open == (words[-1] != ".")
    assert len(found.first) == words.count(".") + found.is_open
