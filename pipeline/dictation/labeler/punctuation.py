"""Punctuation that is spoken: "no effusion period heart enlarged comma no edema full stop".

The words stand in `rules/punctuation.yaml`, with the phrases in which they are words and no marks.
They are read as the mark, in the place of the word: everything else finds the marks as if they had
been written.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gazescribe.pipeline.dictation.labeler.lexicon import Lexicon
from gazescribe.pipeline.dictation.labeler.phrases import FILLER, cut_words, variants
from gazescribe.pipeline.dictation.labeler.rules import Punctuation, SpokenMark
from gazescribe.pipeline.dictation.labeler.sentences import working_copy
from gazescribe.pipeline.dictation.labeler.unseen import seen

_ENDS = frozenset(".!?")
_WRITTEN_MARK = re.compile(r"\s*[.!?;:]")


@dataclass(frozen=True, slots=True)
class Spoken:
    """A mark that is spoken, and the characters of the words for it."""

    start: int
    end: int
    mark: str


class SpokenMarks:
    """The words of a rules folder that stand for marks."""

    def __init__(self, rules: Punctuation) -> None:
        phrases: list[tuple[str, SpokenMark | None]] = []
        said: set[str] = set()
        for mark in rules.spoken:
            phrases += [(phrase, mark) for phrase in mark.phrases]
            phrases += [(phrase, None) for phrase in mark.unless]
            said.update(*(variants(phrase) for phrase in mark.phrases))
        self._lexicon = Lexicon(phrases)
        # Of "left bracket" and "bracket" the second is enough.
        self._said = [
            words for words in sorted(said) if not any(o in words for o in said - {words})
        ]
        # Of "number 1" and "number 2" the word "number", for a first look.
        self._telling = {max(reversed(words.split()), key=len) for words in self._said}

    def find(self, text: str) -> Iterator[Spoken]:
        """Find the marks that are spoken in a text; a full stop before all words is none."""
        copy = working_copy(text)
        look = seen(copy)
        for word in self._telling:
            if word in look:
                break
        else:  # as in nearly all texts
            return
        if not any(words in look for words in self._said):
            return
        words = cut_words(copy)
        for first, last, meanings in self._lexicon.find(words):
            before = words.texts[first - 1] if first else ""
            mark = _fitting(meanings, before)
            if mark is not None:
                yield Spoken(words.starts[first], words.ends[last - 1], mark.mark)

    def hear(self, text: str) -> str:
        """Put the marks in the place of their words; the text stays as long as it is.

        A mark is drawn out to the length of its word by `FILLER`. Of full stops in a row, spoken or
        written, one remains.
        """
        pieces: list[str] = []
        place, before = 0, ""  # the character before, but for spaces
        for spoken in self.find(text):
            gap, mark = text[place : spoken.start], spoken.mark
            before = gap.rstrip()[-1:] or before
            if mark == "." and (before in _ENDS or _WRITTEN_MARK.match(text, spoken.end)):
                mark = ""
            before = mark or before
            length = spoken.end - spoken.start
            pieces += [gap, mark.ljust(length, FILLER if mark else " ")]
            place = spoken.end
        return "".join([*pieces, text[place:]]) if pieces else text


def _fitting(meanings: Sequence[SpokenMark | None], before: str) -> SpokenMark | None:
    """Choose what words stand for behind another word; None where they are words there."""
    for meaning in meanings:
        if meaning is None:
            return None
        if before in meaning.after if meaning.after else before or meaning.mark != ".":
            return meaning
    return None
