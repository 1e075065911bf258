"""What can be chosen on the page of a reading: labels, sentences, all gaze; and how it is said."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gazescribe.pipeline.report.parts import Parts, Row
from gazescribe.pipeline.report.transcript import Piece, cut

WHOLE = {"reading": "All gaze", "report": "Until the last word"}  # kinds of windows
NO_GAZE = "No window: this reading has no gaze."
NOT_OPENED = "No window: nothing that was said here opens one."


@dataclass(frozen=True)
class Choice:
    """Something to choose.

    Attributes
    ----------
    key : str
        Id on the page.
    title : str
        What it is called.
    said : str
        What the live region says of it.
    windows, ellipses : list of int
        Rows of the reading's windows, and numbers of ellipses, that belong to it.
    mentions : list of dict
        What was said, with the rule that decided.
    pieces : list of Piece
        Text of a sentence.
    span_s : tuple of float, optional
        When a sentence was said.
    """

    key: str
    title: str
    said: str
    windows: list[int]
    ellipses: list[int] = field(default_factory=list)
    mentions: list[Row] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    span_s: tuple[float, float] | None = None


def of_whole(parts: Parts) -> Iterator[Choice]:
    """Offer the windows that are not of a sentence."""
    for kind, title in WHOLE.items():
        own = [n for n, row in enumerate(parts.windows) if row["kind"] == kind]
        if own:
            yield Choice(kind, title, f"{title}. {_say_windows(parts, own)}", own)


def of_labels(
    parts: Parts, channels: Sequence[str], mentions: Sequence[Row], ellipses: Sequence[Row]
) -> Iterator[Choice]:
    """Offer the labels that have a window or an ellipse, in channel order.

    Parameters
    ----------
    parts : Parts
        The reading.
    channels : sequence of str
        All labels.
    mentions, ellipses : sequence of dict
        Of the reading, each with the `channels` it reaches.
    """
    for number, label in enumerate(channels):
        own = [n for n, row in enumerate(parts.windows) if label in row["labels"]]
        drawn = _reaching(ellipses, [label])
        if own or drawn:
            said = f"{label}. {_say_windows(parts, own)}{_say_ellipses(len(drawn))}"
            reaching = [row for row in mentions if label in row["channels"]]
            yield Choice(f"label-{number}", label, said, own, drawn, reaching)


def of_sentence(row: Row, parts: Parts, mentions: Sequence[Row], ellipses: Sequence[Row]) -> Choice:
    """Offer a sentence, given by its row; other arguments as for `of_labels`."""
    number, start, end = row["sentence"], row["char_start"], row["char_end"]
    text = parts.reading["text"] or ""
    own = [n for n, window in enumerate(parts.windows) if window["sentence"] == number]
    labels = list(dict.fromkeys(label for n in own for label in parts.windows[n]["labels"]))
    said = f"Sentence {number + 1}: “{text[start:end]}” {_say_windows(parts, own)}"
    if labels:
        said += f" Labels: {', '.join(labels)}."
    return Choice(
        f"sentence-{number}",
        f"Sentence {number + 1}",
        said,
        own,
        _reaching(ellipses, labels),
        [one for one in mentions if one["char_start"] < end and start < one["char_end"]],
        cut(text, start, end, parts.words, mentions),
        (row["onset_s"], row["offset_s"]),
    )


def _reaching(ellipses: Sequence[Row], channels: Sequence[str]) -> list[int]:
    return [one["number"] for one in ellipses if set(channels).intersection(one["channels"])]


def _say_windows(parts: Parts, own: Sequence[int]) -> str:
    if not own:
        return NOT_OPENED if parts.fixations else NO_GAZE
    rows = [parts.windows[n] for n in own]
    times = ", ".join(f"{row['start_s']:.1f} to {row['end_s']:.1f} s" for row in rows)
    named = f"Window {times}" if len(rows) == 1 else f"{len(rows)} windows, {times}"
    faults = [row["status"] for row in rows if row["status"] != "ok"]
    if len(faults) == len(rows):
        return f"{named}: no gaze ({', '.join(dict.fromkeys(faults))})."
    count = sum(row["n_fixations"] for row in rows)
    gaze_s = sum(row["gaze_s"] for row in rows)
    fixations = "fixation" if count == 1 else "fixations"
    return f"{named}: {count} {fixations}, {gaze_s:.1f} s of gaze."


def _say_ellipses(count: int) -> str:
    if not count:
        return ""
    return f" The reader drew {count} {'ellipse' if count == 1 else 'ellipses'} of it."
