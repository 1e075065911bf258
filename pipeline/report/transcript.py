"""A dictation cut into pieces that belong to one word and one state of mention each."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Row = Mapping[str, Any]
STRENGTH = ("positive", "uncertain", "negative")  # which polarity a piece of several shows


@dataclass(frozen=True)
class Piece:
    """A stretch of text as dictated."""

    text: str
    word: int | None  # row of the word it belongs to; None between words
    polarity: str  # of the mentions that cover it, the first of `STRENGTH`; empty where none does


def cut(
    text: str, start: int, end: int, words: Sequence[Row], mentions: Sequence[Row]
) -> list[Piece]:
    """Cut `text[start:end]` wherever a word or a mention begins or ends.

    Words and mentions have `char_start` and `char_end`, mentions also `polarity`. The texts of the
    pieces joined are `text[start:end]`.
    """
    spans = [*words, *mentions]
    edges = {start, end} | {int(row[side]) for row in spans for side in ("char_start", "char_end")}
    edges = {edge for edge in edges if start <= edge <= end}
    pieces = []
    for first, last in pairwise(sorted(edges)):
        word = next((n for n, row in enumerate(words) if _covers(row, first)), None)
        covering = {row["polarity"] for row in mentions if _covers(row, first)}
        polarity = next((state for state in STRENGTH if state in covering), "")
        pieces.append(Piece(text[first:last], word, polarity))
    return pieces


def _covers(row: Row, place: int) -> bool:
    return bool(row["char_start"] <= place < row["char_end"])


def spoken(row: Row, words: Sequence[Row]) -> tuple[float, float] | None:
    """Say when a span of text was said, in seconds: its own times, else those of its words.

    None where no word overlaps it.
    """
    onset_s, offset_s = row.get("onset_s"), row.get("offset_s")
    if onset_s is not None and offset_s is not None and not math.isnan(onset_s + offset_s):
        return float(onset_s), float(offset_s)
    overlapping = [
        word
        for word in words
        if word["char_start"] < row["char_end"] and row["char_start"] < word["char_end"]
    ]
    if not overlapping:
        return None
    return float(overlapping[0]["onset_s"]), float(overlapping[-1]["offset_s"])
