"""Words or phrases of a reading, with their times, to a text and its sentences."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.dictation.labeler.sentences import WRITTEN_END, split_sentences
from gazescribe.pipeline.ingest.by_manifest.rows import Rows
from gazescribe.pipeline.ingest.chunks import Chunk
from gazescribe.pipeline.ingest.csv_files import Floats, Mask
from gazescribe.pipeline.ingest.sentence_ends import end_sentences
from gazescribe.pipeline.ingest.transcripts import (
    Transcript,
    Word,
    cut_phrase,
    sentence_ends,
    transcribe,
)
from gazescribe.pipeline.sources.columns import WordColumns
from gazescribe.pipeline.sources.faults import Findings

OVERLAP_S = 2.0  # by which a recogniser's segments may overlap; rows further apart are not in order


@dataclass(frozen=True)
class Spoken:
    """Phrases in the order in which they were said."""

    phrases: list[Word]
    sentences: list[str] | None  # which sentence each is of, where the source says it


def read_spoken(
    rows: Rows, columns: WordColumns, onset_s: Floats, offset_s: Floats, findings: Findings
) -> Spoken | None:
    """Give the phrases of a reading, each with a time; None where they cannot be used.

    `onset_s` and `offset_s`, shape (n,), are NaN where a row has no time. Half of a text would put
    its mentions in the wrong place: with too many words without a time, all are lost.
    """
    texts = [re.sub(r"\s+", " ", text) for text in rows.text(columns.text)]
    empty = np.array([not text for text in texts], dtype=bool)
    message = "hold no word and are left out"
    findings.add_rows("warning", "word_empty", message, empty, rows=rows.places)
    if empty.all():
        findings.add("loss", "words_none", "there is no word", loses="text")
        return None
    filled = np.flatnonzero(~empty)
    places = rows.places[filled]
    timed = _timed(onset_s[filled], offset_s[filled], places, findings)
    if timed is None:
        return None
    onset_s, offset_s, order = timed
    spoken_rows = filled[order].tolist()
    phrases = [
        Word(texts[row], float(onset_s[place]), float(offset_s[place]))
        for row, place in zip(spoken_rows, order.tolist(), strict=True)
    ]
    if columns.sentence is None:
        return Spoken(phrases, None)
    sentences = rows.text(columns.sentence)
    return Spoken(phrases, [sentences[row] for row in spoken_rows])


def _timed(
    onset_s: Floats, offset_s: Floats, places: NDArray[np.integer[Any]], findings: Findings
) -> tuple[Floats, Floats, NDArray[np.intp]] | None:
    """Give each word a time, and their order; None where too many have none."""
    halved = np.isnan(onset_s) ^ np.isnan(offset_s)
    onset_s, offset_s = fill_ends(onset_s, offset_s)
    bad = ~(offset_s >= onset_s)  # NaN is bad too
    if np.count_nonzero(bad) * 2 >= len(bad):
        message = "lack a time, or end before they start"
        findings.add_rows("loss", "word_no_time", message, bad, rows=places, loses="words")
        return None
    message = "lack a time, or end before they start; it is put between their neighbours'"
    findings.add_rows("warning", "word_time_filled", message, bad | halved, rows=places)
    onset_s, offset_s = fill_times(onset_s, offset_s, bad)
    latest_s = np.maximum.accumulate(onset_s)
    if not 0 < np.max(latest_s - onset_s) <= OVERLAP_S:
        return onset_s, offset_s, np.argsort(onset_s, kind="stable")
    # Segments that overlap: sorted by time, their words would be shuffled.
    message = "start before the word above them; they keep their place and start with it"
    findings.add_rows("warning", "word_overlaps", message, onset_s < latest_s, rows=places)
    return latest_s, np.maximum(offset_s, latest_s), np.arange(len(onset_s))


def fill_ends(onset_s: Floats, offset_s: Floats) -> tuple[Floats, Floats]:
    """End words without an end where the next one starts, start those without a start likewise."""
    onset_s, offset_s = onset_s.copy(), offset_s.copy()
    next_s = np.nan
    for row in reversed(range(len(onset_s))):
        if np.isnan(offset_s[row]) and not np.isnan(onset_s[row]):
            offset_s[row] = np.fmax(next_s, onset_s[row])  # of what is known
        if not np.isnan(onset_s[row]):
            next_s = onset_s[row]
    before_s = np.nan
    for row in range(len(onset_s)):
        if np.isnan(onset_s[row]) and not np.isnan(offset_s[row]):
            onset_s[row] = np.fmin(before_s, offset_s[row])
        if not np.isnan(offset_s[row]):
            before_s = offset_s[row]
    return onset_s, offset_s


def fill_times(onset_s: Floats, offset_s: Floats, lacking: Mask) -> tuple[Floats, Floats]:
    """Give words without a time an equal part of what lies between their neighbours in the file.

    At the begin and the end of a reading that is no time at all.
    """
    onset_s, offset_s = onset_s.copy(), offset_s.copy()
    timed = np.flatnonzero(~lacking)
    for before, after in pairwise([-1, *timed.tolist(), len(lacking)]):
        n_lacking = after - before - 1
        if not n_lacking:
            continue
        stop = onset_s[after] if after < len(lacking) else offset_s[before]
        start = min(offset_s[before], stop) if before >= 0 else stop
        edges = np.linspace(start, stop, n_lacking + 1)
        gap = slice(before + 1, after)
        onset_s[gap], offset_s[gap] = edges[:-1], edges[1:]
    return onset_s, offset_s


def end_by_sentences(
    spoken: Spoken, text: str | None, pause_s: float | None, findings: Findings, chunk: Chunk
) -> tuple[list[Word], list[bool]]:
    """Give words, cut where a sentence ends inside a phrase, and where their sentences end.

    `text` is what the table of readings says was dictated, None for nothing.
    """
    if spoken.sentences is not None:  # the source says where sentences end: nothing is cut
        ends = [sentence != next_sentence for sentence, next_sentence in pairwise(spoken.sentences)]
        return spoken.phrases, [*ends, True]
    words = [
        part
        for phrase in spoken.phrases
        for part in cut_phrase(phrase.text, phrase.onset_s, phrase.offset_s)
    ]
    ends = sentence_ends(words)
    if not any(ends) and text is not None:  # aligners leave out the marks of a text
        ends = _ends_in(text, [word.text for word in words])
    return end_sentences(words, ends, pause_s, findings, chunk)


def place_words(
    words: Sequence[Word], ends: Sequence[bool], text: str | None, findings: Findings
) -> Transcript:
    """Put words together to a text; a stated one is kept where they stand in it in order."""
    spoken = [word.text for word in words]
    transcript = transcribe(spoken, ends)
    if text is None:
        return transcript
    spans = _spans_in(text, spoken)
    if spans is None:
        message = "the words are not those of the text; the text rebuilt from them is kept"
        findings.add("warning", "text_differs", message)
        return transcript
    starts, stops = spans
    return replace(transcript, text=text, char_start=starts, char_end=stops)


def _spans_in(text: str, words: Sequence[str]) -> tuple[list[int], list[int]] | None:
    """Find the words in a text, one behind the other with nothing but punctuation between them."""
    starts, stops, end = [], [], 0
    for word in words:
        start = text.find(word, end)
        if start < 0 or re.search(r"\w", text[end:start]):
            return None
        end = start + len(word)
        starts.append(start)
        stops.append(end)
    return None if re.search(r"\w", text[end:]) else (starts, stops)


def _ends_in(text: str, words: Sequence[str]) -> list[bool]:
    """Say which words end a sentence of a text; none where the words do not stand in it."""
    spans = _spans_in(text, words)
    if spans is None:
        return [False] * len(words)
    starts, stops = spans
    firsts = [start for start, _ in split_sentences(text)]
    sentences = [bisect_right(firsts, start) for start in starts]
    ends = [sentence != following for sentence, following in pairwise(sentences)]
    return [*ends, WRITTEN_END.search(text, stops[-1]) is not None]
