"""The dictation of one EGD reading: phrases of one or more words, each with a begin and an end.

Source: spec egd.md 6 and 9. Punctuation is glued to the words; a sentence ends with a period, which
may stand inside a phrase. Such a phrase is cut there and its time shared out by characters.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.foreign import read_json
from gazescribe.pipeline.ingest.chunks import Chunk
from gazescribe.pipeline.ingest.sentence_ends import end_sentences
from gazescribe.pipeline.ingest.settings import Ingest
from gazescribe.pipeline.ingest.transcripts import Word, cut_phrase, sentence_ends, transcribe
from gazescribe.pipeline.sources.faults import Findings
from gazescribe.pipeline.sources.walking import absence

_BLANKS = re.compile(r"\s+")


def read_dictation(path: Path, settings: Ingest, findings: Findings, chunk: Chunk) -> str | None:
    """Add the words and sentences of a `transcript.json`; give its text, None when there is none.

    `settings.audio_offset_s` is added to the times of words: time since the image appeared = time
    in the audio + offset; positive when the recording began after the image appeared. Without timed
    phrases there are no words and no sentences, and the text is the file's `full_text`.
    """
    content = _load(path, findings)
    if content is None:
        return None
    full_text = _BLANKS.sub(" ", content["full_text"]).strip()
    words = list(_words(content["time_stamped_text"], findings))
    if not words:
        message = "no phrase has a time, so no window can be opened"
        findings.add("loss", "transcript_without_times", message, loses="words")
        return full_text or None
    ends = sentence_ends(words)
    words, ends = end_sentences(words, ends, settings.pause_s, findings, chunk)
    texts = [word.text for word in words]
    transcript = transcribe(texts, ends, glued=frozenset())
    if transcript.is_open:
        findings.add("warning", "no_final_period", "the last phrase ends without a period")
    if full_text and _BLANKS.sub("", full_text) != _BLANKS.sub("", transcript.text):
        message = "full_text is not what the phrases say; the phrases are used"
        findings.add("warning", "full_text_differs", message)
    shift_s = settings.audio_offset_s
    for number, word in enumerate(words):
        onset_s, offset_s = word.onset_s + shift_s, word.offset_s + shift_s
        words[number] = replace(word, onset_s=onset_s, offset_s=offset_s)
    chunk.add_words(str(findings.item), transcript, words)
    return transcript.text


def _load(path: Path, findings: Findings) -> dict[str, Any] | None:
    if not path.is_file():
        findings.add("loss", "transcript_missing", absence(path), loses="text")
        return None
    try:
        content = read_json(path, top=object)
        fault = _form_fault(content)
    except SchemaError as error:
        fault = error.what.rstrip(".")
    if fault:
        message = f"this is no transcript ({fault})"
        findings.add("loss", "transcript_unreadable", message, loses="text")
        return None
    return {"full_text": "", **content}


def _form_fault(content: Any) -> str:
    if not isinstance(content, dict) or not isinstance(content.get("time_stamped_text"), list):
        return "an object with a list time_stamped_text was expected"
    if not isinstance(content.get("full_text", ""), str):
        return "full_text is no text"
    for number, phrase in enumerate(content["time_stamped_text"], 1):
        if not isinstance(phrase, dict) or not isinstance(phrase.get("phrase"), str):
            return f"entry {number} of time_stamped_text has no phrase"
        times = [phrase.get(name) for name in ("begin_time", "end_time")]
        if not all(isinstance(time, int | float) and math.isfinite(time) for time in times):
            return f"entry {number} of time_stamped_text lacks begin_time or end_time in seconds"
    return ""


def _words(phrases: Sequence[dict[str, Any]], findings: Findings) -> Iterator[Word]:
    for number, phrase in enumerate(phrases, 1):
        text = _BLANKS.sub(" ", phrase["phrase"]).strip()
        begin_s, end_s = float(phrase["begin_time"]), float(phrase["end_time"])
        if end_s < begin_s:
            message = (
                f"phrase {number} ends at {end_s} s, before its begin {begin_s} s; cut to that"
            )
            findings.add("warning", "phrase_reversed", message)
            end_s = begin_s
        if text:
            yield from cut_phrase(text, begin_s, end_s)
        else:
            findings.add("warning", "phrase_blank", f"phrase {number} is blank and left out")
