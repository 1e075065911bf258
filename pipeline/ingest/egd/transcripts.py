"""The dictation of one EGD reading: phrases of one or more words, each with a begin and an end.

Source: spec egd.md 6 and 9. Punctuation is glued to the words; a sentence ends with a period, which
may stand inside a phrase. Such a phrase is cut there and its time shared out by characters.
"""

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gazescribe.pipeline.ingest.transcripts import Transcript, transcribe
from gazescribe.pipeline.sources.faults import Findings

# "5.5" holds no end of a sentence; a bracket or quotation mark behind the period belongs to it.
_PERIOD = re.compile(r"\.(?!\d)[^\w\s]*")
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True)
class Word:
    """A phrase, or a part of one that a period cuts off."""

    text: str
    onset_s: float
    offset_s: float
    ends_sentence: bool


@dataclass(frozen=True)
class Dictation:
    """A text, its timed words and its sentences, as columns of the tables."""

    text: str | None
    words: dict[str, list[Any]]
    sentences: dict[str, list[Any]]


def read_dictation(path: Path, audio_offset_s: float, found: Findings) -> Dictation | None:
    """Read a transcript.

    Parameters
    ----------
    path : pathlib.Path
        `transcript.json` of the reading.
    audio_offset_s : float
        Added to the times of words: time since the image appeared = time in the audio + offset.
        Positive when the recording began after the image appeared.
    found : Findings
        Takes what is wrong with the file.

    Returns
    -------
    Dictation or None
        None when the file cannot be used. Without timed phrases there are no words and no
        sentences, and the text is the file's `full_text`.
    """
    content = _load(path, found)
    if content is None:
        return None
    full_text = _BLANKS.sub(" ", content["full_text"]).strip()
    words = list(_words(content["time_stamped_text"], found))
    if not words:
        message = "no phrase has a time, so no window can be opened"
        found.add("loss", "transcript_without_times", message, loses="words")
        return Dictation(full_text or None, {"word": []}, {"sentence": []})
    transcript = transcribe([word.text for word in words], sentence_ends(words), glued=frozenset())
    if transcript.is_open:
        found.add("warning", "no_final_period", "the last phrase ends without a period")
    if full_text and _BLANKS.sub("", full_text) != _BLANKS.sub("", transcript.text):
        message = "full_text is not what the phrases say; the phrases are used"
        found.add("warning", "full_text_differs", message)
    return _columns(words, transcript, audio_offset_s)


def _load(path: Path, found: Findings) -> dict[str, Any] | None:
    if not path.is_file():
        found.add("loss", "transcript_missing", "there is no such file", loses="text")
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        fault = _form_fault(content)
    except (OSError, ValueError, OverflowError, RecursionError) as error:
        fault = str(error)
    if fault:
        message = f"this is no transcript ({fault})"
        found.add("loss", "transcript_unreadable", message, loses="text")
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
        if not all(_is_time(phrase.get(name)) for name in ("begin_time", "end_time")):
            return f"entry {number} of time_stamped_text lacks begin_time or end_time in seconds"
    return ""


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _words(phrases: Sequence[dict[str, Any]], found: Findings) -> Iterator[Word]:
    for number, phrase in enumerate(phrases, 1):
        text = _BLANKS.sub(" ", phrase["phrase"]).strip()
        begin_s, end_s = float(phrase["begin_time"]), float(phrase["end_time"])
        if end_s < begin_s:
            message = (
                f"phrase {number} ends at {end_s} s, before its begin {begin_s} s; cut to that"
            )
            found.add("warning", "phrase_reversed", message)
            end_s = begin_s
        if text:
            yield from cut_phrase(text, begin_s, end_s)
        else:
            found.add("warning", "phrase_blank", f"phrase {number} is blank and left out")


def cut_phrase(text: str, begin_s: float, end_s: float) -> Iterator[Word]:
    """Cut a phrase behind each period in it."""
    s_per_char = (end_s - begin_s) / len(text)
    start = 0
    stops = [match.end() for match in _PERIOD.finditer(text)]
    for stop in dict.fromkeys([*stops, len(text)]):
        part = text[start:stop]
        first = start + len(part) - len(part.lstrip())
        onset_s = begin_s + first * s_per_char
        offset_s = end_s if stop == len(text) else begin_s + stop * s_per_char
        yield Word(part.lstrip(), onset_s, offset_s, ends_sentence=stop in stops)
        start = stop


def sentence_ends(words: Sequence[Word]) -> list[bool]:
    """Where sentences end; a period that stands alone belongs to the sentence before it."""
    ends: list[bool] = []
    for word in words:
        ends.append(word.ends_sentence)
        if len(ends) > 1 and not re.search(r"\w", word.text):
            ends[-2:] = [False, ends[-2] or ends[-1]]
    return ends


def _columns(words: Sequence[Word], transcript: Transcript, audio_offset_s: float) -> Dictation:
    onset_s = [word.onset_s + audio_offset_s for word in words]
    offset_s = [word.offset_s + audio_offset_s for word in words]
    return Dictation(
        transcript.text,
        {
            "word": list(range(len(words))),
            "text": [word.text for word in words],
            "onset_s": onset_s,
            "offset_s": offset_s,
            "char_start": transcript.char_start,
            "char_end": transcript.char_end,
            "sentence": transcript.sentence,
        },
        {
            "sentence": list(range(len(transcript.first))),
            "onset_s": [onset_s[word] for word in transcript.first],
            "offset_s": [offset_s[word] for word in transcript.last],
            "char_start": [transcript.char_start[word] for word in transcript.first],
            "char_end": [transcript.char_end[word] for word in transcript.last],
        },
    )
