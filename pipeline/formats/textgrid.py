"""TextGrids of Praat as text, long or short.

Praat itself reads such a file as the numbers, texts in quotes and flags that stand alone in it, and
so do we: both forms are one. Source: Praat's manual, "TextGrid file formats".
"""

import re
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.text_files import text_lines
from gazescribe.pipeline.formats.pieces import Content, in_pieces
from gazescribe.pipeline.formats.speech import SILENCE

_TOKEN = re.compile(
    r'(?<!\S)"((?:[^"]|"")*)"(?!\S)|(?<!\S)([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?!\S)|!.*'
)


def read(path: Path, _table: str) -> Content:
    """Read the intervals, and the points, of all tiers; silence is none."""
    text = "".join(text_lines(path))
    if text.startswith("ooBinaryFile"):
        remedy = "In Praat, save it with `Save as text file`."
        raise ManifestError("this is a binary file of Praat.", where=path, remedy=remedy)
    try:
        rows = sorted(_rows(_tokens(text)), key=itemgetter(1))  # of several tiers in one order
    except (AttributeError, RuntimeError, StopIteration, TypeError, ValueError) as fault:
        message = "this is not a whole TextGrid of Praat."
        raise ManifestError(message, where=path) from fault
    return in_pieces(("word", "start", "end", "tier"), rows)


def _tokens(text: str) -> Iterator[str | float]:
    for match in _TOKEN.finditer(text):
        if match[1] is not None:
            yield match[1].replace('""', '"')
        elif match[2] is not None:
            yield float(match[2])


def _rows(tokens: Iterator[Any]) -> Iterator[tuple[str, float, float, str]]:
    kinds = next(tokens), next(tokens)
    if not str(kinds[0]).startswith("ooTextFile") or kinds[1] != "TextGrid":
        raise ValueError
    _begin, _end, n_tiers = (next(tokens) for _ in range(3))
    names: list[str] = []
    for _ in range(int(n_tiers)):
        kind, name, _begin, _end, size = (next(tokens) for _ in range(5))
        names.append(name)
        if names.count(name) > 1:  # two tiers of a name are two all the same
            name = f"{name} ({names.count(name)})"
        for _ in range(int(size)):
            start = float(next(tokens))
            end = start if kind == "TextTier" else float(next(tokens))
            label = next(tokens).strip()
            if label and label not in SILENCE:
                yield label, start, end, name
