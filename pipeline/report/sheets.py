"""Tables and figures that stages wrote, for reading, and the sections that hold them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.foreign import check_file
from gazescribe.pipeline.core.foreign_tables import csv_rows
from gazescribe.pipeline.report.numbers import NONE, Cited, is_number, pointer, shorten
from gazescribe.pipeline.report.pictures import file_as_data

SHARP_BYTES = 400_000  # the most of an SVG; above it the PNG beside it is shown
SHOWN = 60  # rows of a table on the page; the file has the others


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
    whole: "Sheet | None" = None  # all columns, where the table leaves some out


@dataclass(frozen=True)
class Figure:
    """A figure that a stage drew; `data` is its address inside the page."""

    title: str
    data: str
    caption: str = ""  # what is seen


@dataclass(frozen=True)
class Headline:
    """One result for the first screen."""

    part: str  # id of the section that it is from
    name: str
    value: str  # with its interval
    published: str = ""


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
    headlines: list[Headline] = field(default_factory=list)


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
            message = f"line {line} has {len(cells)} cells, not {len(names)}."
            raise GazeError(message, where=path)
        rows.append(dict(zip(names, cells, strict=True)))
    return rows


def read_sheet(path: Path, title: str, file: str, shown: int = SHOWN) -> Sheet:
    """Read a CSV file for the page, its numbers shortened; `file` is what they cite."""
    rows = read_csv(path)
    columns = list(rows[0]) if rows else []
    cells = [[cited_cell(row, name, file, n) for name in columns] for n, row in enumerate(rows)]
    return sheet(title, columns, cells, shown, path.name)


def cited_cell(row: Mapping[str, str], column: str, file: str, place: int) -> Cited:
    """Write one cell of a CSV file for reading; `place` is its row, from 0."""
    # A number that names something is no amount.
    is_name = column == "id" or column.endswith("_id")
    text = (row[column] or NONE) if is_name else shorten(row[column])
    return Cited(text, file, [pointer(place, column)])


def sheet(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    shown: int = SHOWN,
    file: str = "",
) -> Sheet:
    """Make a table for the page; cells stand there as they are given."""
    numeric = [all(is_number(row[n]) for row in rows) for n in range(len(columns))]
    return Sheet(
        title,
        [column.replace("_", " ") for column in columns],
        numeric,
        [[cell or NONE for cell in row] for row in rows[:shown]],
        max(len(rows) - shown, 0),
        file,
    )


def figure_paths(folder: Path, name: str) -> list[Path]:
    """Where the stages write a figure."""
    return [folder / f"{name}.svg", folder / f"{name}.png"]


def embed_figure(
    paths: Sequence[Path], title: str, remedy: str | None = None, caption: str = ""
) -> Figure:
    """Embed the first file of a figure that is not large, else the smallest.

    A GazeError if one is not there.
    """
    for path in paths:
        check_file(path, GazeError, remedy)
    small = [path for path in paths if path.stat().st_size <= SHARP_BYTES]
    chosen = small[0] if small else min(paths, key=lambda path: path.stat().st_size)
    return Figure(title, file_as_data(chosen, remedy), caption)
