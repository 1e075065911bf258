"""The dictation of one reading of somebody's own data set: timed words, and their text."""

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from gazescribe.pipeline.ingest.by_manifest.pieces import rows_of_table, times
from gazescribe.pipeline.ingest.by_manifest.readings import Reading
from gazescribe.pipeline.ingest.chunks import Chunk
from gazescribe.pipeline.ingest.csv_files import Floats
from gazescribe.pipeline.ingest.egd.transcripts import Word, cut_phrase, sentence_ends
from gazescribe.pipeline.ingest.transcripts import transcribe
from gazescribe.pipeline.sources.faults import Findings
from gazescribe.pipeline.sources.table_manifests import OwnManifest


def read_words(root: Path, reading: Reading, manifest: OwnManifest, chunk: Chunk) -> str | None:
    """Add words and sentences to the chunk; give the text, None when there is none."""
    table = manifest.tables.words
    read = None if table is None else rows_of_table("words", root, reading, manifest, chunk)
    if table is None or read is None:
        return reading.text
    rows, found = read
    columns = table.columns
    onset_s, offset_s = times(rows, columns)
    texts = [re.sub(r"\s+", " ", text) for text in rows.text(columns.text)]
    empty = np.array([not text for text in texts], dtype=bool)
    bad = ~empty & ~(offset_s >= onset_s)  # NaN is bad too
    message = "hold no word and are left out"
    found.add_rows("warning", "word_empty", message, empty, rows=rows.places)
    message = "lack a time, or end before they start"
    found.add_rows("loss", "word_no_time", message, bad, rows=rows.places, loses="words")
    if bad.any() or empty.all():  # half of a text would put its mentions in the wrong place
        if empty.all():
            found.add("loss", "words_none", "there is no word", loses="text")
        return reading.text
    kept = np.flatnonzero(~empty)
    kept = kept[np.argsort(onset_s[kept], kind="stable")]
    said = rows.text(columns.sentence) if columns.sentence is not None else None
    words = _cut_words(
        [texts[one] for one in kept],
        onset_s[kept],
        offset_s[kept],
        None if said is None else [said[one] for one in kept],
    )
    return _add_words(words, reading, found, chunk)


def _cut_words(
    texts: Sequence[str], onset_s: Floats, offset_s: Floats, said: Sequence[str] | None
) -> list[Word]:
    """Cut phrases behind their periods, unless the source says where sentences end."""
    if said is None:
        parts = [
            part
            for text, first_s, last_s in zip(texts, onset_s, offset_s, strict=True)
            for part in cut_phrase(text, float(first_s), float(last_s))
        ]
        ends = sentence_ends(parts)
    else:
        ends = [before != after for before, after in pairwise(said)] + [True]
        parts = [
            Word(text, float(first_s), float(last_s), ends_sentence=False)
            for text, first_s, last_s in zip(texts, onset_s, offset_s, strict=True)
        ]
    return [
        Word(part.text, part.onset_s, part.offset_s, end)
        for part, end in zip(parts, ends, strict=True)
    ]


def _add_words(words: Sequence[Word], reading: Reading, found: Findings, chunk: Chunk) -> str:
    transcript = transcribe([word.text for word in words], [word.ends_sentence for word in words])
    text, starts, stops = transcript.text, transcript.char_start, transcript.char_end
    if reading.text is not None:
        spans = _located(reading.text, [word.text for word in words])
        if spans is None:
            message = "the words are not those of the text; the text rebuilt from them is kept"
            found.add("warning", "text_differs", message)
        else:
            text, starts, stops = reading.text, *spans
    onset_s = [word.onset_s for word in words]
    offset_s = [word.offset_s for word in words]
    chunk.add(
        "words",
        reading.reading_id,
        {
            "word": range(len(words)),
            "text": [word.text for word in words],
            "onset_s": onset_s,
            "offset_s": offset_s,
            "char_start": starts,
            "char_end": stops,
            "sentence": transcript.sentence,
        },
    )
    chunk.add(
        "sentences",
        reading.reading_id,
        {
            "sentence": range(len(transcript.first)),
            "onset_s": [onset_s[word] for word in transcript.first],
            "offset_s": [offset_s[word] for word in transcript.last],
            "char_start": [starts[word] for word in transcript.first],
            "char_end": [stops[word] for word in transcript.last],
        },
    )
    return text


def _located(text: str, words: Sequence[str]) -> tuple[list[int], list[int]] | None:
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
