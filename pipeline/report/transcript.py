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

    Parameters
    ----------
    text : str
        The reading's text.
    start, end : int
        First character, and one past the last.
    words, mentions : sequence of mapping
        With `char_start` and `char_end`; mentions also with `polarity`.

    Returns
    -------
    list of Piece
        Their texts joined are `text[start:end]`.
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
    """When a span of text was said: its own times, else those of the words it overlaps.

    Returns
    -------
    tuple of float or None
        Seconds; None where no word overlaps it.
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
