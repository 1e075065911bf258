"""What recognisers of speech write, whatever its form: words or phrases, each with its time.

A reader gives one row a word (or phrase, where no word has a time), with the columns `word`,
`start` and `end` in seconds, None where the file has no time, and where the file tells them
`speaker` and `channel`. None of the messages shows what was dictated.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from difflib import SequenceMatcher
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from gazescribe.pipeline.core.errors import GazeError, ManifestError, shorten
from gazescribe.pipeline.core.foreign import parse_json_values
from gazescribe.pipeline.core.text_files import text_lines
from gazescribe.pipeline.formats.pieces import Content, in_pieces

MARK = re.compile(r"[.!?…](?=\s|\Z)|[。？！]")  # of the end of a sentence, not of a decimal
SHOWN = 8  # keys


SILENCE = frozenset(["<eps>", "<sil>", "<s>", "</s>", "<p:>", "!SIL", "SIL", "sil", "SP", "sp"])
"""What aligners write in the place of a word where nobody speaks."""


class Word(NamedTuple):
    """A word, or a phrase."""

    text: str
    start_s: float | None = None
    end_s: float | None = None
    speaker: str = ""
    channel: str = ""


def as_content(words: Iterable[Word]) -> Content:
    """Give words as rows, without blanks round them; blank ones are none.

    Words of several channels, which makers write one channel after the other, are put in order.
    """
    stripped = [word._replace(text=word.text.strip()) for word in words]
    filled = [word for word in stripped if word.text]
    if len({word.channel for word in filled}) > 1:
        latest_s, order = 0.0, []
        for word in filled:  # one without a time stays behind the one before it
            latest_s = latest_s if word.start_s is None else word.start_s
            order.append(latest_s)
        pairs = sorted(zip(order, filled, strict=True), key=itemgetter(0))
        filled = [word for _, word in pairs]
    return in_pieces(("word", "start", "end", "speaker", "channel"), filled)


@contextmanager
def written_by(path: Path, maker: str) -> Iterator[None]:
    """Turn faults in the structure of a file into one error; what stands in it is not shown."""
    try:
        yield
    except GazeError:
        raise
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as fault:
        raise strange(path, maker) from fault


def strange(path: Path, maker: str, value: Any = None) -> ManifestError:
    """Make the error of a file that is not what the manifest says, with the keys that it has."""
    keys = [shorten(key, 30) for key in value][:SHOWN] if isinstance(value, dict) else []
    has = f" (it has {', '.join(keys)})" if keys else ""
    return ManifestError(f"this is not what {maker} writes{has}.", where=path)


def read_values(path: Path, maker: str) -> list[Any]:
    """Read the JSON values of a file: one, or several of which each is a part of the speech."""
    text = "".join(text_lines(path))
    values = parse_json_values(text, ManifestError, where=path)
    if not values:
        raise ManifestError(f"it is empty, and not what {maker} writes.", where=path)
    return values


def read_list(path: Path, maker: str, *keys: str) -> list[Any]:
    """Read the list that these keys lead to, one inside the other, in the first value of a file."""
    value = whole = read_values(path, maker)[0]
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    if not isinstance(value, list):
        raise strange(path, maker, whole)
    return value


def add_mark(words: list[Word], mark: str) -> None:
    """Write a mark behind the last word; before the first word there is nothing to mark."""
    if words:
        words[-1] = words[-1]._replace(text=words[-1].text + mark.strip())


def as_seconds(value: Any, per_s: float = 1.0) -> float | None:
    """Give a time as JSON may have it, a number or one in quotes, in seconds; None for none."""
    if value is None or value == "":
        return None
    number = float(value)  # faults are taken by `written_by`
    return number / per_s if per_s != 1.0 else number


def as_text(value: Any) -> str:
    """Give a text, or a number as one; nothing for null."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | None):
        raise TypeError  # taken by `written_by`
    return "" if value is None else str(value)


def with_marks(text: str, words: Sequence[Word]) -> list[Word]:
    """Give words as a text writes them: with its periods, capitals and numerals, and their times.

    Recognisers that write a text with punctuation give times to bare words. Where several words
    became others ("two centimetres", "2 cm"), these share the time of those.
    """
    written: list[str] = []
    for token in text.split():
        if written and not _bare(token):  # "Bonjour !": a mark is no word
            written[-1] += token
        else:
            written.append(token)
    spoken = [_bare(word.text) for word in words]
    matcher = SequenceMatcher(None, spoken, [_bare(token) for token in written], autojunk=False)
    result: list[Word] = []
    for kind, first, last, start, stop in matcher.get_opcodes():
        tokens, timed = written[start:stop], words[first:last]
        if kind == "equal":
            pairs = zip(tokens, timed, strict=True)
            result += [word._replace(text=token) for token, word in pairs]
        elif tokens:
            result += _shared(tokens, timed, words[max(first - 1, 0)])
    return result


def _bare(text: str) -> str:
    return re.sub(r"\W", "", text).casefold()


def _shared(tokens: Sequence[str], timed: Sequence[Word], near: Word) -> Iterator[Word]:
    """Share out the time of some words among others, by their characters."""
    start_s = timed[0].start_s if timed else None
    end_s = timed[-1].end_s if timed else None
    if start_s is None or end_s is None:
        for token in tokens:
            yield near._replace(text=token, start_s=None, end_s=None)
        return
    n_characters = sum(map(len, tokens))
    n_before = 0
    for token in tokens:
        from_s = start_s + (end_s - start_s) * n_before / n_characters
        n_before += len(token)
        to_s = start_s + (end_s - start_s) * n_before / n_characters
        yield timed[0]._replace(text=token, start_s=from_s, end_s=to_s)
