"""Plain tables of unknown marks: encoding, separator, decimal mark, and where the names stand."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from gazescribe.pipeline.core.errors import GazeError, ManifestError
from gazescribe.pipeline.core.foreign import parsing
from gazescribe.pipeline.core.text_files import encoding_of, read_head, text_lines

SUFFIXES = (".csv", ".tsv", ".txt", ".tab", ".dat", ".csv.gz", ".tsv.gz")
MAX_ROWS = 5_000  # that are looked at
SEPARATORS = "\t;,|"
_NUMBER = re.compile(r"-?\d*[.,]?\d+(?:[eE][+-]?\d+)?")


@dataclass(frozen=True)
class Sheet:
    """A table as its file has it.

    Attributes
    ----------
    rows : list of list of str
        The first of them, each as long as the header.
    """

    header: list[str]
    rows: list[list[str]]
    encoding: str
    separator: str
    decimal: str

    def texts(self, name: str) -> list[str]:
        """Give a column."""
        place = self.header.index(name)
        return [row[place] for row in self.rows]

    def numbers(self, name: str) -> list[float]:
        """Give the numbers of a column; what is none is left out."""
        texts = (text.replace(",", ".") for text in self.texts(name))
        return [float(text) for text in texts if _NUMBER.fullmatch(text)]


def read_sheet(path: Path) -> Sheet | None:
    """Read the first rows of a file, if it is a table of text with a line of names."""
    try:
        encoding = encoding_of(read_head(path)).removesuffix("-sig")
        lines = list(islice(text_lines(path), MAX_ROWS))
        by_mark = {mark: _cells(path, lines, mark) for mark in SEPARATORS}
    except GazeError:
        return None
    separator = max(SEPARATORS, key=lambda mark: _width(by_mark[mark])[0])
    width, first = _width(by_mark[separator])
    rows = [row[:width] for row in by_mark[separator][first:] if len(row) >= width]
    if width < 2 or len(rows) < 2 or any(_NUMBER.fullmatch(cell) for cell in rows[0]):
        return None
    header, *rows = rows
    numbers = [cell for row in rows for cell in row if _NUMBER.fullmatch(cell)]
    has_commas = any("," in cell for cell in numbers) and not any("." in cell for cell in numbers)
    return Sheet(header, rows, encoding, separator, "," if has_commas else ".")


def _cells(path: Path, lines: Sequence[str], mark: str) -> list[list[str]]:
    with parsing(path, "a table of text", ManifestError):
        return [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=mark)]


def _width(rows: Sequence[Sequence[str]]) -> tuple[int, int]:
    """Give the usual number of cells, and the row with which rows of so many begin."""
    widths = list(map(len, rows))
    usual = Counter(widths).most_common(1)[0][0] if widths else 0
    first = next((number for number, width in enumerate(widths) if width >= usual > 1), 0)
    return usual, first
