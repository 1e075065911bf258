"""Numbers as the pages write them, and where each came from.

A number on the page of a run names its file and its place there, so that a test, or a reader who
doubts it, finds the value that it was made of.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self
from urllib.parse import urlencode

from markupsafe import Markup

NONE = "–"
NOBODY: Mapping[str, str] = {}
_WHOLE = re.compile(r"-?(0|[1-9]\d*)")
_LONG = re.compile(r"(?<![\w.,])\d{4,}")
_DECIMAL = re.compile(r"-?\d+\.\d+")
_BROKEN = re.compile(r"[+-]?\d*\.\d+(e[+-]?\d+)?")  # 1e-9 alone may be a name


class Cited(str):
    """Text with numbers, as it is read, and where they were taken from.

    Parameters
    ----------
    text : str
        As it stands on the page.
    file : str
        Relative to the folder of the run; empty where the numbers are of no file.
    keys : iterable of str
        JSON pointers (RFC 6901), in a CSV file `/row/column` with rows from 0. Of several, each is
        of the number at its place in the text; if the text has one number, it is their sum.
    choice : mapping of str to str
        What in the gallery chooses the readings behind the number; empty where none are.
    """

    __slots__ = ("choice", "file", "keys")
    file: str
    keys: tuple[str, ...]
    choice: Mapping[str, str]

    def __new__(
        cls, text: str, file: str = "", keys: Iterable[str] = (), choice: Mapping[str, str] = NOBODY
    ) -> Self:
        """Make the text, which is an ordinary one but for its template."""
        cited = super().__new__(cls, text)
        cited.file, cited.keys, cited.choice = file, tuple(keys), choice
        return cited

    def __html__(self) -> Markup:
        """Write the text into a page, its origin in data attributes."""
        if not self.file:
            return Markup.escape(str(self))
        element = Markup('<span data-file="{}" data-key="{}">{}</span>')
        written = element.format(self.file, "\n".join(self.keys), str(self))
        return linked(written, self.choice) if self.choice else written


def linked(text: str, choice: Mapping[str, str]) -> Markup:
    """Make a text a link to readings in the gallery of the page."""
    link = Markup('<a href="#readings?{}">{}</a>')
    return link.format(urlencode({name: str(value) for name, value in choice.items()}), text)


def pointer(*keys: str | int) -> str:
    """Write a JSON pointer."""
    return "".join(f"/{str(key).replace('~', '~0').replace('/', '~1')}" for key in keys)


def cite(
    value: float | None, file: str, *keys: str | int, choice: Mapping[str, str] = NOBODY
) -> Cited:
    """Write a number for reading, with where it stands, and what chooses the readings behind it."""
    return Cited(number(value), file, [pointer(*keys)], choice)


def number(value: float | None, decimals: int = 3) -> str:
    """Write a number for reading: thousands apart, a few decimals unless it is an integer.

    A value too small for them has two digits, as `0.00013`; an unknown one is a dash.
    """
    if value is None:
        return NONE
    if isinstance(value, int):
        return f"{value:,}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if value and abs(value) < 0.5 * 10**-decimals:
        return f"{value:.1e}" if abs(value) < 1e-6 else f"{value:.{_decimals(value)}f}"
    return f"{value:.{decimals}f}"


def _decimals(value: float) -> int:
    """Count the decimals that show two digits of a value below 1."""
    return 1 - int(f"{value:.1e}".split("e")[1])


def interval(value: str, low: str, high: str) -> str:
    """Write `value [low, high]`, as the papers' tables do; without edges where one is unknown."""
    return value if NONE in (low, high) else f"{value} [{low}, {high}]"


def shorten(cell: str | None) -> str:
    """Write the number of a cell for reading, its text as it is, and a dash if it is empty."""
    if cell is None or not cell.strip():
        return NONE
    if _WHOLE.fullmatch(cell):
        return number(int(cell))
    return number(float(cell)) if _BROKEN.fullmatch(cell) else cell


def is_number(cell: str | None) -> bool:
    """Tell whether a cell is a number, with an interval or not, or empty."""
    first = (cell or NONE).split(" [")[0].replace(",", "")
    try:
        float("0" if first == NONE else first)
    except ValueError:
        return False
    return True


def aligned(cells: Sequence[str]) -> list[str]:
    """Give the numbers of a column as many decimals as the longest has, if that are few."""
    decimals = [len(cell.partition(".")[2]) for cell in cells if cell != NONE]
    most = max(decimals, default=0)
    if not 0 < most <= 3 or not all(_DECIMAL.fullmatch(cell) for cell in cells if cell != NONE):
        return list(cells)
    missing = (most - len(cell.partition(".")[2]) for cell in cells)
    return [
        cell if cell == NONE else cell + "0" * n for cell, n in zip(cells, missing, strict=True)
    ]


def apart(text: str) -> str:
    """Set the thousands of a text's whole numbers apart; decimals stay as they are."""
    return _LONG.sub(lambda match: f"{int(match[0]):,}", text)


def told(text: str, **values: Any) -> Markup:
    """Put values into a sentence of ours; cited ones keep their origin, all are escaped."""
    return Markup(text).format(**values)  # noqa: S704 (the text is a constant of this project)
