"""Timed words or phrases to a text, the place of every word in it, and sentences."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from gazescribe.pipeline.dictation.labeler.sentences import STOPS

GLUED = frozenset(".,:")  # written without a blank before them (spec reflacx A9)

# "5.5" holds no end of a sentence; a bracket or quotation mark behind the period belongs to it.
_PERIOD = re.compile(rf"(?:[.．](?!\d)|[{STOPS}])[^\w\s]*")


@dataclass(frozen=True)
class Word:
    """A word, a phrase, or a part of one that a period cuts off."""

    text: str
    onset_s: float
    offset_s: float
    ends_sentence: bool = False


@dataclass(frozen=True)
class Transcript:
    """A text and where its words and sentences lie."""

    text: str  # all words, one blank between them, none before glued punctuation
    char_start: list[int]  # per word
    char_end: list[int]  # `text[char_start:char_end]` is the word
    sentence: list[int]  # per word, from 0
    first: list[int]  # per sentence, its first word
    last: list[int]  # and its last
    is_open: bool  # the last sentence has no period


def transcribe(
    words: Sequence[str], ends: Iterable[bool], *, glued: frozenset[str] = GLUED
) -> Transcript:
    """Join words, in spoken order and none empty, to a text and cut it into sentences.

    `ends` says of each word whether a sentence ends with it; words after the last one that does
    form a last sentence. Words in `glued` stand directly behind the one before. Without a word the
    text is empty and there is no sentence.
    """
    text, starts, stops, sentences = "", [], [], []
    sentence = 0
    lasts = []
    for number, (word, is_end) in enumerate(zip(words, ends, strict=True)):
        if text and word not in glued:
            text += " "
        starts.append(len(text))
        text += word
        stops.append(len(text))
        sentences.append(sentence)
        if is_end:
            lasts.append(number)
            sentence += 1
    is_open = len(words) > (lasts[-1] + 1 if lasts else 0)
    if is_open:
        lasts.append(len(words) - 1)
    firsts = [before + 1 for before, _ in pairwise([-1, *lasts])]
    return Transcript(text, starts, stops, sentences, firsts, lasts, is_open)


def cut_phrase(text: str, begin_s: float, end_s: float) -> Iterator[Word]:
    """Cut a phrase behind each full stop in it; its time is shared out by characters."""
    return cut_at(text, begin_s, end_s, [match.end() for match in _PERIOD.finditer(text)])


def cut_at(text: str, begin_s: float, end_s: float, stops: Sequence[int]) -> Iterator[Word]:
    """Cut a phrase at some of its characters, where sentences end."""
    s_per_char = (end_s - begin_s) / len(text)
    start = 0
    for stop in dict.fromkeys([*stops, len(text)]):
        part = text[start:stop]
        first = start + len(part) - len(part.lstrip())
        onset_s = begin_s + first * s_per_char
        offset_s = end_s if stop == len(text) else begin_s + stop * s_per_char
        yield Word(part.lstrip(), onset_s, offset_s, ends_sentence=stop in stops)
        start = stop


def sentence_ends(words: Sequence[Word]) -> list[bool]:
    """Say where sentences end; a period that stands alone belongs to the sentence before it."""
    ends: list[bool] = []
    for word in words:
        ends.append(word.ends_sentence)
        if len(ends) > 1 and not re.search(r"\w", word.text):
            ends[-2:] = [False, ends[-2] or ends[-1]]
    return ends
