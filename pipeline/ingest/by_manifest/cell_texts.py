"""What stands in a cell: a text, an entry of a list, a number, a time as clocks show it."""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import numpy as np

from gazescribe.pipeline.ingest.by_manifest.units import SECONDS
from gazescribe.pipeline.ingest.csv_files import Floats, numbers
from gazescribe.pipeline.sources.cells import Cell, TimeCell, Value

UNKNOWN = frozenset({"", "n/a", "na", "nan", "null", "none", ".", "-", "<na>"})  # no number
ANY = "*"
YES = frozenset({"true", "yes", "y", "on", "1", "1.0"})
NO = frozenset({"false", "no", "n", "off", "0", "0.0"})
_UNITS = {"s": "s", "sec": "s", "ms": "ms", "us": "us", "µs": "us", "μs": "us", "ns": "ns"}
_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:[.,]\d+|:\d{3})?)")  # or h:m:s:ms
_WITH_UNIT = re.compile(rf"(.*\d.*?)\s*({'|'.join(_UNITS)})")
_CALL = re.compile(r"\w+(?:\.\w+)*\(([^()]*)\)")  # np.float64(1.5)
_NAME = re.compile(r"""['"]?\b[^\W\d]\w*['"]?\s*[=:]\s*""")  # of an entry: x=1.5, 'x': 1.5
# Digits in groups of three, all set apart by the same mark; a mark of the fraction is another.
_GROUPED = re.compile(r"([+-]?[1-9]\d{0,2})([.,'’ \u00a0\u202f])(\d{3}(?:\2\d{3})*)([.,]\d*)?")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+")
_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{4}")


def plain(value: Any) -> str:
    """Give any value as text without blanks round it; empty where there is none."""
    return "" if value is None or value != value else str(value).strip()  # noqa: PLR0124 (NaN)


def texts_of(values: Iterable[Any], item: int | None, decimal: str = ".") -> list[str]:
    """Give cells, or an entry of the list in each, as text; blank where a list is shorter."""
    if item is None:
        try:
            return list(map(str.strip, values))  # cells of CSV
        except TypeError:
            return [plain(value) for value in values]
    lists = [_entries(value, decimal) for value in values]
    return [plain(entries[item]) if item < len(entries) else "" for entries in lists]


def _entries(value: Any, decimal: str) -> Sequence[Any]:
    """Give the entries of a list, which may be written as text: (1.5, 2.5) or [1.5 2.5]."""
    if not isinstance(value, str):
        return value if isinstance(value, list | tuple) else ()
    inner = _NAME.sub("", _CALL.sub(r"\1", value).strip(" ()[]{}<>"))
    marks = ";|/"
    if not re.search(f"[{marks}]", inner):
        # A comma that is that of a fraction has no blank behind it.
        marks = "," if decimal == "." else r",(?=\s)"
        return re.split(rf"\s*{marks}\s*|\s+", inner)
    return re.split(rf"\s*[{marks}]\s*", inner)


def parse_numbers(texts: Sequence[str], cell: Cell, decimal: str) -> Floats:
    """Read numbers; NaN where a cell is blank, infinite where it holds something else."""
    if decimal == "." or not any("." in text for text in texts):
        with suppress(ValueError):
            values = np.array(texts, dtype=np.float64)
            if np.isfinite(values).all():  # as nearly always
                return values
    missing = {value.strip().lower() for value in getattr(cell, "missing", []) if _is_text(value)}
    blank = UNKNOWN | missing
    cells = ["" if text.lower() in blank else _with_point(text, decimal) for text in texts]
    values, bad = numbers(cells)
    values[bad] = np.inf
    if isinstance(cell, TimeCell):
        for row in np.flatnonzero(bad).tolist():
            values[row] = _time(texts[row], cell, decimal)
    return values


def _is_text(value: Value) -> bool:
    return isinstance(value, str)


def _with_point(text: str, decimal: str) -> str:
    """Write a number as Python does, without marks between its thousands.

    A point in a number with a decimal comma sets thousands apart, or the number is none.
    """
    text = text.replace("\u2212", "-")
    grouped = _GROUPED.fullmatch(text)
    if grouped is not None:
        first, mark, rest, fraction = grouped.groups()
        is_other = fraction is None or fraction[0] == decimal
        # One comma alone may be that of a fraction.
        is_clear = mark != "," or fraction is not None or mark in rest
        if mark != decimal and is_other and is_clear:
            text = first + rest.replace(mark, "") + (fraction or "")
    if decimal == ",":
        return "?" if "." in text else text.replace(",", ".")
    return text


def _time(text: str, cell: TimeCell, decimal: str) -> float:
    """Read a time as a clock shows it, with its date or its unit, in the unit of the cell."""
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, seconds = (
            float(re.sub("[,:]", ".", part or "0")) for part in clock.groups()
        )
        return (3600 * hours + 60 * minutes + seconds) * SECONDS[cell.unit]
    with suppress(ValueError):  # a date is the seconds since 1970, of a zone that is not stated UTC
        moment = datetime.fromisoformat(text)
        zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return zoned.timestamp() * SECONDS[cell.unit]
    if with_unit := _WITH_UNIT.fullmatch(text):
        number, unit = with_unit.groups()
        with suppress(ValueError):
            unit_s, wanted_s = SECONDS[_UNITS[unit]], SECONDS[cell.unit]
            return float(_with_point(number, decimal)) * wanted_s / unit_s
    return np.inf


def number_fault(texts: Sequence[str], cell: Cell, decimal: str) -> str | None:
    """Say why a column has what is no number, where it is written in another way than stated."""
    for text in texts:
        if decimal == "." and _DECIMAL_COMMA.fullmatch(text):
            return 'has decimal commas: set `decimal: ","`'
        if isinstance(cell, TimeCell) and _DATE.match(text):
            return (
                "holds dates: write them as 2024-05-31 10:00:00.5, or seconds, or a clock time as"
                " 00:01:02.5"
            )
        if decimal == "," and re.fullmatch(r"[+-]?\d*\.\d+", text):
            return "has decimal points, though `decimal` is a comma"
    return None


def is_chosen(text: str, values: Sequence[Value]) -> bool:
    """Tell whether a cell is one of those that `where` lists; `*` there is any."""
    return ANY in values or any(is_value(text, value) for value in values)


def is_value(text: str, value: Value) -> bool:
    """Compare a cell with a value of the manifest: yes and no, numbers, or the same text."""
    if isinstance(value, bool):
        return text.lower() in (YES if value else NO)
    if isinstance(value, int | float):
        return bool(numbers([text])[0][0] == value)
    return text == value
