"""The dictation of one reading of somebody's own data set: timed words, and their text."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from gazescribe.pipeline.ingest.by_manifest.listing import OwnReading
from gazescribe.pipeline.ingest.by_manifest.pieces import rows_of_table, times
from gazescribe.pipeline.ingest.chunks import Chunk
from gazescribe.pipeline.ingest.transcripts import Word, cut_phrase, sentence_ends, transcribe
from gazescribe.pipeline.sources.faults import Findings
from gazescribe.pipeline.sources.table_manifests import OwnManifest


def read_words(root: Path, reading: OwnReading, manifest: OwnManifest, chunk: Chunk) -> str | None:
    """Add words and sentences to the chunk; give the text, None when there is none."""
    table = manifest.tables.words
    piece = None if table is None else rows_of_table("words", root, reading, manifest, chunk)
    if table is None or piece is None:
        return reading.text
    rows, findings = piece
    onset_s, offset_s = times(rows, table.columns)
    texts = [re.sub(r"\s+", " ", text) for text in rows.text(table.columns.text)]
    empty = np.array([not text for text in texts], dtype=bool)
    bad = ~empty & ~(offset_s >= onset_s)  # NaN is bad too
    message = "hold no word and are left out"
    findings.add_rows("warning", "word_empty", message, empty, rows=rows.places)
    message = "lack a time, or end before they start"
    findings.add_rows("loss", "word_no_time", message, bad, rows=rows.places, loses="words")
    if bad.any() or empty.all():  # half of a text would put its mentions in the wrong place
        if empty.all():
            findings.add("loss", "words_none", "there is no word", loses="text")
        return reading.text
    filled = np.flatnonzero(~empty)
    order = filled[np.argsort(onset_s[filled], kind="stable")]
    phrases = [(texts[row], float(onset_s[row]), float(offset_s[row])) for row in order]
    if table.columns.sentence is None:
        words = [part for phrase in phrases for part in cut_phrase(*phrase)]
        ends = sentence_ends(words)
    else:  # the source says where sentences end: nothing is cut
        words = [Word(*phrase, ends_sentence=False) for phrase in phrases]
        sentences = rows.text(table.columns.sentence)
        ends = [sentences[row] != sentences[following] for row, following in pairwise(order)]
        ends.append(True)
    return _add_words(words, ends, reading, findings, chunk)


def _add_words(
    words: Sequence[Word],
    ends: Sequence[bool],
    reading: OwnReading,
    findings: Findings,
    chunk: Chunk,
) -> str:
    texts = [word.text for word in words]
    transcript = transcribe(texts, ends)
    if reading.text is not None:
        spans = _spans_in(reading.text, texts)
        if spans is None:
            message = "the words are not those of the text; the text rebuilt from them is kept"
            findings.add("warning", "text_differs", message)
        else:
            starts, stops = spans
            transcript = replace(transcript, text=reading.text, char_start=starts, char_end=stops)
    onset_s, offset_s = [word.onset_s for word in words], [word.offset_s for word in words]
    for table, columns in transcript.as_tables(texts, onset_s, offset_s).items():
        chunk.add(table, reading.reading_id, columns)
    return transcript.text


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
