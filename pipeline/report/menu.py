"""What can be chosen on the page of a reading: labels, sentences and their text, all gaze."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from gazescribe.pipeline.report.parts import Parts, Row

STRENGTH = ("positive", "uncertain", "negative")  # which polarity a piece of several shows
WHOLE = {"reading": "All gaze", "report": "Until the last word"}  # kinds of windows
NO_GAZE = "No window: this reading has no gaze."
NOT_OPENED = "No window: nothing that was said here opens one."


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
    overlapping = overlap(row, words)
    if not overlapping:
        return None
    return float(words[overlapping[0]]["onset_s"]), float(words[overlapping[-1]]["offset_s"])


def overlap(row: Row, words: Sequence[Row]) -> list[int]:
    """Give the rows of the words that a span of text overlaps."""
    return [
        n
        for n, word in enumerate(words)
        if word["char_start"] < row["char_end"] and row["char_start"] < word["char_end"]
    ]


@dataclass(frozen=True)
class Choice:
    """A label, a sentence, or all gaze, to be chosen on the page."""

    key: str  # id on the page
    title: str
    summary: str  # what the live region says of it
    windows: list[int]  # rows of the reading's windows that belong to it
    ellipses: list[int] = field(default_factory=list)  # their numbers
    mentions: list[Row] = field(default_factory=list)  # with the rule that decided
    pieces: list[Piece] = field(default_factory=list)  # text of a sentence
    span_s: tuple[float, float] | None = None  # when a sentence was said


def of_whole(parts: Parts) -> Iterator[Choice]:
    """Offer the windows that are not of a sentence."""
    for kind, title in WHOLE.items():
        windows = [n for n, row in enumerate(parts.windows) if row["kind"] == kind]
        if windows:
            yield Choice(kind, title, f"{title}. {_describe_windows(parts, windows)}", windows)


def of_labels(
    parts: Parts, channels: Sequence[str], mentions: Sequence[Row], ellipses: Sequence[Row]
) -> Iterator[Choice]:
    """Offer the labels that have a window or an ellipse, in the order of `channels`, which has all.

    The mentions and ellipses of the reading have each the `channels` that it reaches.
    """
    for number, label in enumerate(channels):
        windows = [n for n, row in enumerate(parts.windows) if label in row["labels"]]
        drawn = _reaching(ellipses, [label])
        if windows or drawn:
            summary = f"{label}. {_describe_windows(parts, windows)}"
            if drawn:
                plural = "ellipse" if len(drawn) == 1 else "ellipses"
                summary += f" The reader drew {len(drawn)} {plural} of it."
            reaching = [row for row in mentions if label in row["channels"]]
            yield Choice(f"label-{number}", label, summary, windows, drawn, reaching)


def of_sentence(row: Row, parts: Parts, mentions: Sequence[Row], ellipses: Sequence[Row]) -> Choice:
    """Offer a sentence, given by its row; other arguments as for `of_labels`."""
    number, start, end = row["sentence"], row["char_start"], row["char_end"]
    text = parts.reading["text"] or ""
    windows = [n for n, window in enumerate(parts.windows) if window["sentence"] == number]
    labels = list(dict.fromkeys(label for n in windows for label in parts.windows[n]["labels"]))
    summary = f"Sentence {number + 1}: “{text[start:end]}” {_describe_windows(parts, windows)}"
    if labels:
        summary += f" Labels: {', '.join(labels)}."
    return Choice(
        f"sentence-{number}",
        f"Sentence {number + 1}",
        summary,
        windows,
        _reaching(ellipses, labels),
        [m for m in mentions if m["char_start"] < end and start < m["char_end"]],
        cut(text, start, end, parts.words, mentions),
        (row["onset_s"], row["offset_s"]),
    )


def _reaching(ellipses: Sequence[Row], channels: Sequence[str]) -> list[int]:
    return [row["number"] for row in ellipses if set(channels).intersection(row["channels"])]


def _describe_windows(parts: Parts, windows: Sequence[int]) -> str:
    if not windows:
        return NOT_OPENED if parts.fixations else NO_GAZE
    rows = [parts.windows[n] for n in windows]
    times = ", ".join(f"{row['start_s']:.1f} to {row['end_s']:.1f} s" for row in rows)
    named = f"Window {times}" if len(rows) == 1 else f"{len(rows)} windows, {times}"
    faults = [row["status"] for row in rows if row["status"] != "ok"]
    if len(faults) == len(rows):
        return f"{named}: no gaze ({', '.join(dict.fromkeys(faults))})."
    count = sum(row["n_fixations"] for row in rows)
    gaze_s = sum(row["gaze_s"] for row in rows)
    fixations = "fixation" if count == 1 else "fixations"
    return f"{named}: {count} {fixations}, {gaze_s:.1f} s of gaze."
