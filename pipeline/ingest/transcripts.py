"""Timed words to a text, the place of every word in it, and sentences."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

GLUED = frozenset(".,:")  # written without a blank before them (spec reflacx A9)


@dataclass(frozen=True)
class Transcript:
    """A text and where its words and sentences lie.

    Attributes
    ----------
    text : str
        All words, one blank between them, none before glued punctuation.
    char_start, char_end : list of int
        Per word, so that `text[char_start:char_end]` is the word.
    sentence : list of int
        Per word, from 0.
    first, last : list of int
        Per sentence, its first and last word.
    is_open : bool
        The last sentence has no period.
    """

    text: str
    char_start: list[int]
    char_end: list[int]
    sentence: list[int]
    first: list[int]
    last: list[int]
    is_open: bool


def transcribe(
    words: Sequence[str], ends: Iterable[bool], *, glued: frozenset[str] = GLUED
) -> Transcript:
    """Join words to a text and cut it into sentences.

    Parameters
    ----------
    words : sequence of str
        In spoken order, none empty.
    ends : iterable of bool
        Per word, whether a sentence ends with it. Words after the last one that does form a last
        sentence.
    glued : frozenset of str
        Words that stand directly behind the one before.

    Returns
    -------
    Transcript
        Empty text and no sentence when there is no word.
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
