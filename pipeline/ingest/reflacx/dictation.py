"""The dictation of one REFLACX reading: timed words, and the text rebuilt from them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.ingest.chunks import Chunk
from gazescribe.pipeline.ingest.csv_files import Columns, Floats, Mask, numbers, read_columns
from gazescribe.pipeline.ingest.reflacx.gaze import MAX_AUDIO_S
from gazescribe.pipeline.ingest.reflacx.metadata import Reading, findings
from gazescribe.pipeline.ingest.transcripts import transcribe
from gazescribe.pipeline.sources.faults import Findings
from gazescribe.pipeline.sources.manifests import Manifest


def read_dictation(root: Path, reading: Reading, manifest: Manifest, chunk: Chunk) -> str | None:
    """Add words and sentences to the chunk; give the text, None when there is none."""
    written = _read_transcription(root, reading, manifest, chunk)
    file = manifest.file("words")
    found = findings(file, reading, chunk)
    loses = "words" if written else "text"
    cells = read_columns(root, file, found, loses=loses)
    if cells is None:
        return written
    timed = _timed_words(cells, found, loses)
    if timed is None:
        return written
    words, onset_s, offset_s = timed
    transcript = transcribe(words, [word == "." for word in words])
    if written is not None and written != transcript.text:
        message = "the words do not give transcription.txt; the text rebuilt from them is kept"
        found.add("warning", "text_differs", message)
    if transcript.is_open:
        found.add("warning", "no_final_period", "the last sentence has no period; it is kept")
    if any("." in word and word != "." for word in words):
        found.add("warning", "period_inside_word", "a period inside a word ends no sentence")
    spans = {"char_start": transcript.char_start, "char_end": transcript.char_end}
    chunk.add(
        "words",
        reading.reading_id,
        {
            "word": range(len(words)),
            "text": words,
            "onset_s": onset_s,
            "offset_s": offset_s,
            **spans,
            "sentence": transcript.sentence,
        },
    )
    chunk.add(
        "sentences",
        reading.reading_id,
        {
            "sentence": range(len(transcript.first)),
            "onset_s": onset_s[transcript.first],
            "offset_s": offset_s[transcript.last],
            "char_start": [transcript.char_start[word] for word in transcript.first],
            "char_end": [transcript.char_end[word] for word in transcript.last],
        },
    )
    return transcript.text


def _read_transcription(
    root: Path, reading: Reading, manifest: Manifest, chunk: Chunk
) -> str | None:
    found = findings(manifest.file("transcription"), reading, chunk)
    try:
        text = (root / found.file).read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else str(error)
        message = f"this cannot be read ({reason}); the text is rebuilt from the words"
        found.add("warning", "transcription_unreadable", message)
        return None
    return text or None


def _timed_words(
    cells: Columns, found: Findings, loses: str
) -> tuple[list[str], Floats, Floats] | None:
    words = [word.strip() for word in cells["word"]]
    onset_s, _ = numbers(cells["timestamp_start_word"])
    offset_s, _ = numbers(cells["timestamp_end_word"])
    n_before = len(found.faults)
    untimed = np.isnan(onset_s) | np.isnan(offset_s)
    found.add_rows("loss", "word_unreadable", "lack a time", untimed, loses=loses)
    found.add_rows(
        "loss", "word_reversed", "end before they start", offset_s < onset_s, loses=loses
    )
    if len(found.faults) > n_before:
        return None
    kept = np.flatnonzero([bool(word) for word in words])
    empty = ~np.isin(np.arange(len(words)), kept)
    found.add_rows("warning", "word_empty", "hold no word and are left out", empty)
    if not kept.size:
        found.add("loss", "words_none", "there is no word", loses=loses)
        return None
    onset_s, offset_s = onset_s[kept], offset_s[kept]
    _warn_of_words(onset_s, offset_s, kept, found)
    return [words[place] for place in kept], onset_s, offset_s


def _warn_of_words(
    onset_s: Floats, offset_s: Floats, kept: NDArray[np.intp], found: Findings
) -> None:
    def warn(code: str, message: str, rows: Mask) -> None:
        found.add_rows("warning", f"word_{code}", message, rows, rows=kept)

    warn("no_length", "have no length", offset_s == onset_s)
    early = np.append(False, np.diff(onset_s) < 0)
    warn("order", "start before the word before them", early)
    warn("outside_audio", "lie outside 0 to 240 s", (onset_s < 0) | (offset_s >= MAX_AUDIO_S))
