"""A dictation cut into pieces that belong to one word and one state of mention each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Row = Mapping[str, Any]
STRENGTH = ("positive", "uncertain", "negative")  # which polarity a piece of several shows


@dataclass(frozen=True)
class Piece:
    """A stretch of text.

    Attributes
    ----------
    text : str
        As dictated.
    word : int or None
        Row of the word it belongs to; None between words.
    polarity : str
        Of the mentions that cover it, the first of `STRENGTH`; empty where none does.
    """

    text: str
    word: int | None
    polarity: str


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
        said = {row["polarity"] for row in mentions if _covers(row, first)}
        polarity = next((one for one in STRENGTH if one in said), "")
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
    own = row.get("onset_s"), row.get("offset_s")
    if all(time is not None and time == time for time in own):  # noqa: PLR0124  (NaN is null)
        return float(own[0]), float(own[1])  # type: ignore[arg-type]
    said = [
        word
        for word in words
        if word["char_start"] < row["char_end"] and row["char_start"] < word["char_end"]
    ]
    if not said:
        return None
    return float(said[0]["onset_s"]), float(said[-1]["offset_s"])
