"""Text tables as recorders export them: columns by what their names mean, whatever their spelling.

Encodings, separators, decimal marks, units behind names and lines above the table differ from
version to version and from country to country.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TypeVar

from gazescribe.pipeline.core.errors import ManifestError, shorten
from gazescribe.pipeline.core.foreign import parsing
from gazescribe.pipeline.core.text_files import text_lines

SEPARATORS = "\t;,"
T = TypeVar("T")
MAX_PREAMBLE = 500  # lines above the names of the columns
_NAME = re.compile(r"(?P<name>.*?)\s*[\[(](?P<unit>[^\])]*)[\])]\s*")


@dataclass(frozen=True)
class Row:
    """Cells of a row, and where it stands in the file."""

    line: int
    cells: list[str]

    def text(self, column: int | None) -> str:
        """Give a cell; blank where there is no such column."""
        return "" if column is None else self.cells[column].strip()


@dataclass
class Sheet:
    """A table whose rows are still to be read."""

    path: Path
    header: list[str]
    rows: Iterator[Row]
    line: int = 0  # of the row that was read last

    @cached_property
    def plain(self) -> list[tuple[str, str]]:
        """Names of the columns and their units, without blanks and in lower case."""
        return [_plain(name) for name in self.header]

    def find(self, names: Sequence[str], units: Sequence[str] | None = None) -> int | None:
        """Find the first column of these plain names, in one of these units if they are given."""
        for wanted in names:
            for column, (name, unit) in enumerate(self.plain):
                if name == wanted and (units is None or unit in units):
                    return column
        return None

    def unit(self, column: int) -> str:
        """Give the unit behind the name of a column; blank where there is none."""
        return self.plain[column][1]


def open_sheet(path: Path, marks: Sequence[str], kind: str) -> Sheet:
    """Open the table of a file, which begins with the first row that has a column of `marks`.

    Raises
    ------
    ManifestError
        If there is none; `kind` says what was expected.
    """
    lines = text_lines(path)
    for number, line in enumerate(islice(lines, MAX_PREAMBLE), 1):
        separator = max(SEPARATORS, key=line.count)
        header = next(_split(path, [line], separator), [])
        if {_plain(name)[0] for name in header} & {*marks}:
            sheet = Sheet(path, [name.strip() for name in header], iter(()))
            sheet.rows = _rows(sheet, lines, separator, number)
            return sheet
    raise ManifestError(f"this is not {kind}: no row has its names of columns.", where=path)


def checked(sheet: Sheet, rows: Iterable[T]) -> Iterator[T]:
    """Name the row of a sheet of which something cannot be read, as a word for a number."""
    try:
        yield from rows
    except (ValueError, IndexError, KeyError) as fault:
        message = f"row {sheet.line} cannot be read ({shorten(fault)})."
        raise ManifestError(message, where=sheet.path) from fault


def number(text: str) -> str:
    """Write a number with a decimal point, as 1024.5 for 1.024,5; of two marks the last is it."""
    if "," not in text:
        return text
    if text.rfind(".") > text.rfind(","):
        return text.replace(",", "")
    return text.replace(".", "").replace(",", ".")


def mean(*texts: str) -> float | str:
    """Give the mean of the numbers that are there; blank where none is."""
    values = [float(text) for text in texts if text]
    return sum(values) / len(values) if values else ""


def _plain(name: str) -> tuple[str, str]:
    """Cut a name into itself and its unit, both without blanks and in lower case."""
    match = _NAME.fullmatch(name.strip())
    parts = (match["name"], match["unit"]) if match else (name, "")
    return re.sub(r"[\s_]+", "", parts[0]).lower(), re.sub(r"\s+", "", parts[1]).lower()


def _split(path: Path, lines: Iterable[str], separator: str) -> Iterator[list[str]]:
    # Tabs need no quotes, and a dictation or an event between tabs may hold a single one.
    if separator == "\t":
        for line in lines:
            cells = line.rstrip("\r\n").split("\t")
            yield [*map(_unquoted, cells)] if '"' in line else cells
    else:
        with parsing(path, "a text table", ManifestError):
            yield from csv.reader(lines, delimiter=separator)


def _unquoted(cell: str) -> str:
    return cell[1:-1] if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell


def _rows(sheet: Sheet, lines: Iterator[str], separator: str, line: int) -> Iterator[Row]:
    """Give the rows that hold anything, each as wide as the header."""
    width, path = len(sheet.header), sheet.path
    for place, cells in enumerate(_split(path, lines, separator), line + 1):
        sheet.line = place
        if not any(map(str.strip, cells)):
            continue
        if any(cell.strip() for cell in cells[width:]):
            message = f"row {place} has {len(cells)} cells, and there are {width} columns."
            remedy = (
                "Commas seem to be both the mark of decimals and between cells: export it again"
                " with tabs or semicolons."
            )
            raise ManifestError(message, where=path, remedy=remedy if separator == "," else None)
        yield Row(place, [*cells[:width], *[""] * (width - len(cells))])


def open_headless(path: Path) -> Iterator[Row]:
    """Give the rows of a table with tabs, of which none may be names of columns."""
    for place, cells in enumerate(_split(path, text_lines(path), "\t"), 1):
        if any(cells):
            yield Row(place, [cell.strip() for cell in cells])
