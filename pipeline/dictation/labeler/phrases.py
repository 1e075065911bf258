"""Phrases as rule files write them: a small language, and how texts are cut into words.

A phrase is plain text with four signs: ``(s)`` may be absent, ``[left|right]`` is one of several,
``*`` is any ending of a word, ``<2>`` is up to two words. ``(a|an)`` may be absent or one of both.
A space also matches a hyphen, case is ignored, and a phrase is made of whole words. In scripts
that are written without spaces between words every character is a word: so a phrase is found
wherever its characters stand in a row.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain, product
from math import prod

from gazescribe.pipeline.dictation.labeler.remembered import Remembered
from gazescribe.pipeline.dictation.labeler.unseen import has_unseen, placed_back, seen

MAX_VARIANTS = 2000  # of one part of a phrase; parts are what spaces outside brackets divide
MAX_DEPTH = 20  # brackets in brackets; our own rules have two
# Thai, Lao, Tibetan, Myanmar; Khmer; kana; Han.
_UNSPACED = (
    "\u0e00-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
FILLER = "\ue000"  # draws a mark out to the length of the word spoken for it; private in Unicode
_WORD = rf"[^\W{_UNSPACED}]+"
_GAP_BEHIND = r"(?:\s+|(?<=\w)-(?=\w))?"  # white space, or a hyphen inside a word
# Of ASCII: \w and what may give back take longer. Groups may: Python before 3.11.5 misreads others.
_PIECE = re.compile(
    r"(?:[a-zA-Z0-9_]++(?:'[a-zA-Z0-9_]++)*|'[a-zA-Z0-9_]++|[^a-zA-Z0-9_\s])"
    r"(?:\s++|(?<=[a-zA-Z0-9_])-(?=[a-zA-Z0-9_]))?"
)
_PIECE_OF_ANY_SCRIPT = re.compile(
    rf"(?:[{_UNSPACED}]|{_WORD}(?:'{_WORD})*|'{_WORD}|[^\w\s]{FILLER}*){_GAP_BEHIND}"
)
GAP = re.compile(r"<(\d)>")

Slip = tuple[str, tuple[str, ...]]  # the word that is meant, and the words that are written


class PhraseError(ValueError):
    """A phrase that cannot be read, or that could never match."""


class Words:
    """The words and marks of a stretch of text, and where each begins and ends."""

    __slots__ = ("ends", "starts", "texts")

    def __init__(self, texts: list[str], starts: list[int], ends: list[int]) -> None:
        self.texts = texts
        self.starts = starts
        self.ends = ends

    def part(self, first: int, last: int) -> "Words":
        """Give the words from the first to before the last number."""
        return Words(self.texts[first:last], self.starts[first:last], self.ends[first:last])


def cut_words(text: str) -> Words:
    """Cut a text into words and marks; a hyphen inside a word parts it and vanishes.

    So do marks that nobody sees, without parting it; a word begins and ends at what is seen.
    """
    is_plain = text.isascii()
    if not is_plain and has_unseen(text):
        words = cut_words(seen(text))
        spans = placed_back(text, zip(words.starts, words.ends, strict=True))
        return Words(words.texts, [start for start, _ in spans], [end for _, end in spans])
    piece = _PIECE if is_plain else _PIECE_OF_ANY_SCRIPT  # the first is faster
    place = len(text) - len(text.lstrip())
    texts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for written in piece.findall(text):  # all of the text, but for white space before the first
        word = _WORD_OF[written]
        texts.append(word)
        starts.append(place)
        ends.append(place + len(word))
        place += len(written)
    if FILLER in text:
        texts = [word.rstrip(FILLER) for word in texts]
    return Words(texts, starts, ends)


def _word_of(piece: str) -> str:
    """Give the word of a piece of text, without the space or the hyphen behind it."""
    word = piece.rstrip()
    return word[:-1] if len(word) > 1 and word.endswith("-") else word


# Most words of a text were read before; here is each with what may stand behind it.
_WORD_OF = Remembered(_word_of)


@cache
def parts(phrase: str) -> list[list[tuple[str, ...]]]:
    """Write out a phrase part by part: for each part its variants, each a row of words.

    The empty row is among the variants of a part that may be absent.

    Raises
    ------
    PhraseError
        If the phrase cannot be read, if it can be empty, or if it could never match.
    """
    plain = seen(phrase).casefold()
    written_out = [_part_variants(part, phrase) for part in _split(plain, phrase)]
    if all(() in variants for variants in written_out):
        raise PhraseError(f"{phrase!r} is empty, or empty when all that may be absent is")
    edges = [row[0] for row in written_out[0] if row] + [row[-1] for row in written_out[-1] if row]
    if any(GAP.fullmatch(word) for word in edges):
        raise PhraseError(f"{phrase!r} begins or ends with a gap")
    for word in (word for variants in written_out for row in variants for word in row):
        if word in (".", ";", "!"):
            raise PhraseError(f"{phrase!r} can never match: {word!r} ends what a phrase can span")
    return written_out


def as_heard(word: str, slips: Sequence[Slip]) -> list[tuple[str, ...]]:
    """Give a word of a phrase as it is said, and as speech recognition writes it instead."""
    return [(word,), *(slip for meant, slip in slips if is_word_of(meant, word))]


def is_word_of(meant: str, word: str) -> bool:
    """Tell whether a word of a phrase, such as ``atelecta*``, is found in what is meant."""
    return meant.startswith(word[:-1]) if word.endswith("*") else meant == word


def written_out(written: Sequence[Sequence[tuple[str, ...]]]) -> Iterator[tuple[str, ...]]:
    """Write out the `parts` of a phrase in full; of one with too many variants, nothing."""
    if prod(map(len, written)) > MAX_VARIANTS:
        return iter(())
    return map(tuple, map(chain.from_iterable, product(*written)))


def variants(phrase: str) -> set[str]:
    """Write out a phrase in full; for short ones without gaps, such as headings."""
    if prod(map(len, parts(phrase))) > MAX_VARIANTS:
        raise PhraseError(f"{phrase!r} has more than {MAX_VARIANTS} variants")
    return {" ".join(chain.from_iterable(rows)) for rows in product(*parts(phrase))}


def _split(plain: str, phrase: str) -> list[str]:
    depth, pieces = 0, [""]
    for sign in plain:
        depth += (sign in "([") - (sign in ")]")
        if depth > MAX_DEPTH:
            raise PhraseError(f"{phrase!r} has more than {MAX_DEPTH} brackets in each other")
        if depth < 0:
            raise PhraseError(f"{phrase!r} closes a bracket that it never opened")
        if sign == "|" and depth == 0:
            message = "has | outside of brackets: it is one of several only in [one|another]"
            raise PhraseError(f"{phrase!r} {message}")
        if sign.isspace() and depth == 0:
            pieces.append("")
        else:
            pieces[-1] += sign
    if depth:
        raise PhraseError(f"{phrase!r} opens a bracket that it never closes")
    filled = [piece for piece in pieces if piece]
    if not filled:
        raise PhraseError(f"{phrase!r} is empty, or empty when all that may be absent is")
    return filled


def _part_variants(part: str, phrase: str) -> list[tuple[str, ...]]:
    variants, end = _alternatives(part, 0, "", phrase)
    if end < len(part):
        raise PhraseError(f"{phrase!r} has brackets that do not pair")
    return sorted({_row(variant) for variant in variants})


def _row(variant: str) -> tuple[str, ...]:
    words: list[str] = []
    for piece in variant.replace("<", " <").replace(">", "> ").split():
        if GAP.fullmatch(piece):
            words.append(piece)
        elif piece.endswith("*") and len(piece) > 1:
            stem = cut_words(piece[:-1]).texts
            words += [*stem[:-1], f"{stem[-1]}*"]
        else:
            words += cut_words(piece).texts
    return tuple(words)


def _alternatives(text: str, place: int, closing: str, phrase: str) -> tuple[list[str], int]:
    """Read up to the closing sign; give all variants and the place of that sign."""
    done: list[str] = []
    current = [""]
    while place < len(text) and text[place] not in ")]":
        sign = text[place]
        if sign == "|" and closing:
            done, current = done + current, [""]
        elif sign in "([":
            inner, place = _alternatives(text, place + 1, ")" if sign == "(" else "]", phrase)
            choices = [*inner, ""] if sign == "(" else inner
            current = [head + tail for head in current for tail in choices]
        else:
            current = [head + sign for head in current]
        if len(current) > MAX_VARIANTS:
            raise PhraseError(f"{phrase!r} has a part with more than {MAX_VARIANTS} variants")
        place += 1
    if closing and (place == len(text) or text[place] != closing):
        raise PhraseError(f"{phrase!r} has brackets that do not pair")
    return done + current, place


def is_only_of(words: frozenset[str], phrase: str) -> bool:
    """Tell whether a phrase can shrink to some words, such as those that stand everywhere."""
    return all(any(words.issuperset(row) for row in variants) for variants in parts(phrase))
