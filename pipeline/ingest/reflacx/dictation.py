"""The dictation of one REFLACX reading: timed words, and the text rebuilt from them."""

from pathlib import Path

import numpy as np

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.foreign import read_text
from gazescribe.pipeline.ingest.chunks import Chunk
from gazescribe.pipeline.ingest.csv_files import Columns, numbers, read_columns
from gazescribe.pipeline.ingest.reflacx.gaze import MAX_AUDIO_S
from gazescribe.pipeline.ingest.reflacx_metadata import ReflacxReading, findings_of
from gazescribe.pipeline.ingest.sentence_ends import end_sentences
from gazescribe.pipeline.ingest.transcripts import Word, transcribe
from gazescribe.pipeline.sources.faults import Findings
from gazescribe.pipeline.sources.manifests import Manifest
from gazescribe.pipeline.sources.walking import absence


def read_dictation(
    root: Path,
    reading: ReflacxReading,
    manifest: Manifest,
    pause_s: float | None,
    chunk: Chunk,
) -> str | None:
    """Add words and sentences to the chunk; give the text, None when there is none."""
    written = _read_transcription(root, reading, manifest, chunk)
    file = manifest.file("words")
    findings = findings_of(file, reading, chunk)
    loses = "words" if written else "text"
    cells = read_columns(root, file, findings, loses=loses)
    if cells is None:
        return written
    words = _timed_words(cells, findings, loses)
    if words is None:
        return written
    # Punctuation was dictated ("period") and is a word of its own, so a point inside a word, as of
    # 1.5, ends no sentence (spec reflacx A8, A16).
    ends = [word.text == "." for word in words]
    words, ends = end_sentences(words, ends, pause_s, findings, chunk)
    texts = [word.text for word in words]
    transcript = transcribe(texts, ends)
    if written is not None and written.startswith(transcript.text) and written != transcript.text:
        message = "transcription.txt goes on after the last word"
        findings.add("loss", "words_cut", message, loses="words")
    elif written is not None and written != transcript.text:
        message = "the words do not give transcription.txt; the text rebuilt from them is kept"
        findings.add("warning", "text_differs", message)
    if transcript.is_open:
        findings.add("warning", "no_final_period", "the last sentence has no period; it is kept")
    if any("." in text and text != "." for text in texts):
        findings.add("warning", "period_inside_word", "a period inside a word ends no sentence")
    chunk.add_words(reading.reading_id, transcript, words)
    return transcript.text


def _read_transcription(
    root: Path, reading: ReflacxReading, manifest: Manifest, chunk: Chunk
) -> str | None:
    findings = findings_of(manifest.file("transcription"), reading, chunk)
    path = root / findings.file
    text = ""
    reason = "" if path.is_file() else absence(path)
    if not reason:
        try:
            text = read_text(path).strip()
        except SchemaError as error:
            reason = error.what.rstrip(".")
    if not reason and not text:
        reason = "it is empty"
    if reason:
        message = f"this cannot be read ({reason}); the text is rebuilt from the words"
        findings.add("warning", "transcription_unreadable", message)
        return None
    return text


def _timed_words(cells: Columns, findings: Findings, loses: str) -> list[Word] | None:
    """Give the words that are not blank; None where there is none or one lacks its time."""
    texts = [text.strip() for text in cells["word"]]
    onset_s, _ = numbers(cells["timestamp_start_word"])
    offset_s, _ = numbers(cells["timestamp_end_word"])
    untimed, reversed_ = np.isnan(onset_s) | np.isnan(offset_s), offset_s < onset_s
    findings.add_rows("loss", "word_unreadable", "lack a time", untimed, loses=loses)
    findings.add_rows("loss", "word_reversed", "end before they start", reversed_, loses=loses)
    if untimed.any() or reversed_.any():  # half of a text would misplace all that it mentions
        return None
    filled = np.array([bool(text) for text in texts], dtype=bool)
    findings.add_rows("warning", "word_empty", "hold no word and are left out", ~filled)
    if not filled.any():
        findings.add("loss", "words_none", "there is no word", loses=loses)
        return None
    places = np.flatnonzero(filled)
    onset_s, offset_s = onset_s[places], offset_s[places]
    early = np.append(False, np.diff(onset_s) < 0)
    outside = (onset_s < 0) | (offset_s >= MAX_AUDIO_S)
    for code, message, unusual in (
        ("word_no_length", "have no length", offset_s == onset_s),
        ("word_order", "start before the word before them", early),
        ("word_outside_audio", "lie outside 0 to 240 s", outside),
    ):
        findings.add_rows("warning", code, message, unusual, rows=places)
    timed = zip(places, onset_s.tolist(), offset_s.tolist(), strict=True)
    return [Word(texts[place], *times_s) for place, *times_s in timed]
