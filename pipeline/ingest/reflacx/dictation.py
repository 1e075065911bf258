"""The dictation of one REFLACX reading: timed words, and the text rebuilt from them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.ingest.chunks import Chunk
from gazescribe.pipeline.ingest.csv_files import Columns, Floats, Mask, numbers, read_columns
from gazescribe.pipeline.ingest.reflacx.gaze import MAX_AUDIO_S
from gazescribe.pipeline.ingest.reflacx.metadata import ReflacxReading, findings_of
from gazescribe.pipeline.ingest.transcripts import transcribe
from gazescribe.pipeline.sources.faults import Findings
from gazescribe.pipeline.sources.manifests import Manifest


def read_dictation(
    root: Path, reading: ReflacxReading, manifest: Manifest, chunk: Chunk
) -> str | None:
    """Add words and sentences to the chunk; give the text, None when there is none."""
    written = _read_transcription(root, reading, manifest, chunk)
    file = manifest.file("words")
    findings = findings_of(file, reading, chunk)
    loses = "words" if written else "text"
    cells = read_columns(root, file, findings, loses=loses)
    if cells is None:
        return written
    timed = _timed_words(cells, findings, loses)
    if timed is None:
        return written
    words, onset_s, offset_s = timed
    # Punctuation was dictated ("period") and is a word of its own, so a point inside a word, as of
    # 1.5, ends no sentence (spec reflacx A8, A16).
    transcript = transcribe(words, [word == "." for word in words])
    if written is not None and written != transcript.text:
        message = "the words do not give transcription.txt; the text rebuilt from them is kept"
        findings.add("warning", "text_differs", message)
    if transcript.is_open:
        findings.add("warning", "no_final_period", "the last sentence has no period; it is kept")
    if any("." in word and word != "." for word in words):
        findings.add("warning", "period_inside_word", "a period inside a word ends no sentence")
    for table, columns in transcript.as_tables(words, onset_s, offset_s).items():
        chunk.add(table, reading.reading_id, columns)
    return transcript.text


def _read_transcription(
    root: Path, reading: ReflacxReading, manifest: Manifest, chunk: Chunk
) -> str | None:
    findings = findings_of(manifest.file("transcription"), reading, chunk)
    try:
        text = (root / findings.file).read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else str(error)
        message = f"this cannot be read ({reason}); the text is rebuilt from the words"
        findings.add("warning", "transcription_unreadable", message)
        return None
    return text or None


def _timed_words(
    cells: Columns, findings: Findings, loses: str
) -> tuple[list[str], Floats, Floats] | None:
    words = [word.strip() for word in cells["word"]]
    onset_s, _ = numbers(cells["timestamp_start_word"])
    offset_s, _ = numbers(cells["timestamp_end_word"])
    untimed, reversed_ = np.isnan(onset_s) | np.isnan(offset_s), offset_s < onset_s
    findings.add_rows("loss", "word_unreadable", "lack a time", untimed, loses=loses)
    findings.add_rows("loss", "word_reversed", "end before they start", reversed_, loses=loses)
    if untimed.any() or reversed_.any():  # half of a text would misplace all that it mentions
        return None
    filled = np.array([bool(word) for word in words], dtype=bool)
    findings.add_rows("warning", "word_empty", "hold no word and are left out", ~filled)
    if not filled.any():
        findings.add("loss", "words_none", "there is no word", loses=loses)
        return None
    places = np.flatnonzero(filled)
    onset_s, offset_s = onset_s[places], offset_s[places]
    _warn_of_words(onset_s, offset_s, places, findings)
    return [words[place] for place in places], onset_s, offset_s


def _warn_of_words(
    onset_s: Floats, offset_s: Floats, places: NDArray[np.intp], findings: Findings
) -> None:
    def warn(code: str, message: str, rows: Mask) -> None:
        findings.add_rows("warning", f"word_{code}", message, rows, rows=places)

    warn("no_length", "have no length", offset_s == onset_s)
    early = np.append(False, np.diff(onset_s) < 0)
    warn("order", "start before the word before them", early)
    warn("outside_audio", "lie outside 0 to 240 s", (onset_s < 0) | (offset_s >= MAX_AUDIO_S))
