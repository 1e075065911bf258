"""Tables and figures that stages wrote, for reading, and the sections that hold them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.foreign import check_file
from gazescribe.pipeline.core.foreign_tables import csv_rows
from gazescribe.pipeline.report.pictures import file_as_data

SHARP_BYTES = 400_000  # the most of an SVG; above it the PNG beside it is shown
SHOWN = 60  # rows of a table on the page; the file has the others
_PLAIN = re.compile(r"[+-]?\d*\.\d+(e[+-]?\d+)?")  # numbers that may be shortened
NONE = "–"


@dataclass(frozen=True)
class Sheet:
    """A table on the page."""

    title: str  # above it
    columns: list[str]  # headings
    numeric: list[bool]  # which columns hold numbers alone
    rows: list[list[str]]  # cells, as they are read
    n_more: int = 0  # rows of the file that are not shown
    file: str = ""  # where the rest is
    notes: list[str] = field(default_factory=list)  # sentences under it


@dataclass(frozen=True)
class Figure:
    """A figure that a stage drew; `data` is its address inside the page."""

    title: str
    data: str


@dataclass(frozen=True)
class Section:
    """One part of the page of a run: its tables and figures, or how to make them."""

    key: str  # id on the page
    title: str
    lead: list[str] = field(default_factory=list)  # sentences before the tables
    sheets: list[Sheet] = field(default_factory=list)
    more: list[Sheet] = field(default_factory=list)  # tables folded away
    pictures: list[Figure] = field(default_factory=list)
    missing: str = ""  # how to make the part; empty where it is there


def read_csv(path: Path, columns: Sequence[str] = ()) -> list[dict[str, str]]:
    """Read the rows of a CSV file; refuse one that is absent, no text, or lacks these columns."""
    numbered = csv_rows(path, GazeError)
    _, names = next(numbered, (0, []))
    lacks = [name for name in columns if name not in names]
    if lacks:
        raise GazeError(f"this lacks the columns {', '.join(lacks)}.", where=path)
    rows = []
    for line, cells in numbered:
        if len(cells) != len(names):
            what = f"line {line} has {len(cells)} cells, not {len(names)}."
            raise GazeError(what, where=path)
        rows.append(dict(zip(names, cells, strict=True)))
    return rows


def read_sheet(path: Path, title: str, shown: int = SHOWN) -> Sheet:
    """Read a CSV file for the page, its numbers shortened."""
    rows = read_csv(path)
    columns = list(rows[0]) if rows else []
    cells = [[shorten(cell) for cell in row.values()] for row in rows]
    return sheet(title, columns, cells, shown, path.name)


def sheet(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    shown: int = SHOWN,
    file: str = "",
) -> Sheet:
    """Make a table for the page; cells stand there as they are given."""
    numeric = [all(_is_number(row[n]) for row in rows) for n in range(len(columns))]
    return Sheet(
        title,
        [column.replace("_", " ") for column in columns],
        numeric,
        [[cell or NONE for cell in row] for row in rows[:shown]],
        max(len(rows) - shown, 0),
        file,
    )


def number(value: float | None, digits: int = 3) -> str:
    """Write a number for reading: thousands apart, a few digits, a dash for none."""
    if value is None:
        return NONE
    if value == 0:
        return "0"
    if isinstance(value, int):
        return f"{value:,}"
    if abs(value) < 0.5 * 10**-digits:
        return f"{value:.1e}"
    return f"{value:.{digits}f}" if abs(value) < 1000 else f"{value:,.0f}"


def _is_number(cell: str | None) -> bool:
    """Tell whether a cell is a number, with an interval or not, or empty."""
    first = (cell or NONE).split(" (")[0].replace(",", "")
    try:
        float("0" if first == NONE else first)
    except ValueError:
        return False
    return True


def shorten(cell: str | None) -> str:
    """Give a number a few digits, and an empty cell a dash."""
    if cell is None or not cell.strip():
        return NONE
    if not _PLAIN.fullmatch(cell):
        return cell
    return number(float(cell))


def figure_paths(folder: Path, name: str) -> list[Path]:
    """Where the stages write a figure."""
    return [folder / f"{name}.svg", folder / f"{name}.png"]


def embed_figure(paths: Sequence[Path], title: str, remedy: str | None = None) -> Figure:
    """Embed the first file of a figure that is not large; a GazeError if one is not there."""
    for path in paths:
        check_file(path, GazeError, remedy)
    small = [path for path in paths if path.stat().st_size <= SHARP_BYTES]
    return Figure(title, file_as_data([*small, *paths][0], remedy))
