"""Rows of any data set: of a file that is read in pieces, the cells that the manifest asks for.

Numbers are kept as numbers, texts that repeat once each. A file of samples takes less than twice
its size in memory, without what `read_samples` makes of the reading at hand.
"""

import re
from array import array
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import quote
from gazescribe.pipeline.formats.pieces import Piece
from gazescribe.pipeline.ingest.by_manifest.pieces import UnusableFileError, read_pieces
from gazescribe.pipeline.ingest.by_manifest.single_values import SingleValues
from gazescribe.pipeline.ingest.by_manifest.units import SECONDS
from gazescribe.pipeline.ingest.by_manifest.unused_views import UnusedViews
from gazescribe.pipeline.ingest.csv_files import (
    Floats,
    Mask,
    boolean,
    numbers,
)
from gazescribe.pipeline.sources.faults import Findings, Severity
from gazescribe.pipeline.sources.table_manifests import (
    Cell,
    NumberCell,
    Source,
    TimeCell,
    ValidCell,
    Value,
    columns_of,
)

UNKNOWN = frozenset({"", "n/a", "na", "nan", "null", "none", "."})  # spellings of no number
MAX_POOL = 10_000  # different texts of a column that are looked up at a time
_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:[.,]\d+)?)")
_DECIMAL_COMMA = re.compile(r"-?\d*,\d+")
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{4}")

Key = tuple[str | None, int | None]  # a column, and the entry of the lists in it


@dataclass(frozen=True)
class Texts:
    """A column of texts: which of them each row has."""

    codes: NDArray[np.int32]  # shape (n,): places in `values`
    values: list[str]  # nearly all of them differ

    def take(self, selection: Any) -> "Texts":
        """Keep some rows; those of a slice are not copied."""
        codes = self.codes[selection]
        if len(codes) >= len(self.values):
            return Texts(codes, self.values)
        used, codes = np.unique(codes, return_inverse=True)  # of many texts a few
        return Texts(codes.astype(np.int32), [self.values[code] for code in used.tolist()])


@dataclass(frozen=True)
class Rows:
    """Rows of one file: the cells that the manifest maps."""

    # float64 where every use of a cell is a number (NaN: blank; infinite: no number), else text
    columns: dict[Key, Floats | Texts]
    places: NDArray[np.int32]  # shape (n,): where each row stands in the file, from 0
    file: str  # path below the root
    decimal: str = "."  # mark of its numbers

    def __len__(self) -> int:
        return len(self.places)

    def take(self, selection: Any) -> "Rows":
        """Keep some rows, by mask, number or slice; those of a slice are not copied."""
        columns = {
            key: column.take(selection) if isinstance(column, Texts) else column[selection]
            for key, column in self.columns.items()
        }
        return Rows(columns, self.places[selection], self.file, self.decimal)

    def text(self, cell: Cell) -> list[str]:
        """Give a mapped column as text without blanks round it."""
        column = self.coded(cell)
        return list(map(column.values.__getitem__, column.codes.tolist()))

    def coded(self, cell: Cell) -> Texts:
        """Give a mapped column as codes of its different texts, some of which no row may have."""
        if cell.column is None:
            return Texts(np.zeros(len(self), np.int32), [_plain(cell.value)])
        column = self.columns[cell.column, cell.item]
        if isinstance(column, Texts):
            return column
        message = f"the column {cell.column} was kept as numbers"
        raise TypeError(message)

    def numbers(self, cell: Cell) -> tuple[Floats, Mask]:
        """Give a mapped column as numbers, and which cells are neither blank nor a number."""
        if cell.column is None:
            values = np.repeat(_parse([_plain(cell.value)], cell, "."), len(self))
        else:
            column = self.columns[cell.column, cell.item]
            if isinstance(column, Texts):
                values = _parse(column.values, cell, self.decimal)[column.codes]
            else:
                values = column
        bad = np.isinf(values)
        return np.where(bad, np.nan, values) if bad.any() else values, bad

    def by(self, cell: Cell) -> dict[str, "Rows"]:
        """Cut the rows by the text of a column, in the file's order; the pieces are no copies.

        Where the rows of a text do not stand together, these rows are put in that order.
        """
        column = self.coded(cell)
        if not len(self):
            return {}
        codes: dict[str, int] = {}
        for text in column.values:
            codes.setdefault(text, len(codes))
        coded = column.codes
        if len(codes) < len(column.values):  # a text stands there twice
            of_value = [codes[text] for text in column.values]
            coded = np.array(of_value, np.int32)[coded]
        if (coded[1:] < coded[:-1]).any():  # else each reading's rows stand together
            order = np.argsort(coded, kind="stable")
            coded = coded[order]
            for values in (*self.columns.values(), self.places):  # one by one, to hold no more
                cells = values.codes if isinstance(values, Texts) else values
                cells[:] = cells[order]
        ends = np.searchsorted(coded, np.arange(len(codes)), side="right").tolist()
        starts = [0, *ends]
        pieces = {text: self.take(slice(starts[n], ends[n])) for text, n in codes.items()}
        return dict(sorted(pieces.items()))


def read_rows(
    root: Path, source: Source, paths: Sequence[str], findings: Findings, severity: Severity
) -> Rows | None:
    """Read the rows of a file that the manifest asks for; None when the file cannot be used.

    `paths` are the file, and the one beside it if the manifest names one; `severity` is that of a
    file which cannot be used. `findings` takes the faults `_missing`, `_unreadable`, `_empty`,
    `_no_column`, `_column_twice`, `_ragged`, `_rows_differ`, `_numbers`, `_view_unused`,
    `_not_single`, the warning `_not_chosen` for rows that `where` leaves out, and the loss
    `_none_chosen` where it leaves out all.
    """
    kind = source.columns.table
    cells = _kept_cells(source)
    collected = {key: _Column(cell, source.decimal) for key, cell in cells.items()}
    chosen: list[Mask] = []
    where, views, singles = _Where(source), UnusedViews(source), SingleValues(source)
    try:
        for piece in read_pieces(root, source, paths):
            mask = where.choose(piece)
            chosen.append(mask)
            _refuse_views(views, piece, mask)
            _refuse_several(singles, piece, mask)
            for key, cell in cells.items():
                texts = _texts(piece.columns[cell.column or ""], cell)
                if not mask.all():
                    texts = [text for text, is_chosen in zip(texts, mask, strict=True) if is_chosen]
                collected[key].add(texts)
    except UnusableFileError as error:
        findings.add(severity, f"{kind}_{error.code}", str(error), loses=kind)
        return None
    selection = np.concatenate(chosen) if chosen else np.zeros(0, dtype=bool)
    message = "are not what `where` asks for"
    findings.add_rows("warning", f"{kind}_not_chosen", message, ~selection)
    if len(selection) and not selection.any():
        message = f"no row is what `where` asks for{where.values_there()}"
        findings.add("loss", f"{kind}_none_chosen", message, loses=kind)
    columns = {key: column.content() for key, column in collected.items()}
    places = np.arange(len(selection), dtype=np.int32)
    if not selection.all():
        places = places[selection]
    return Rows(columns, places, findings.file, source.decimal)


class _Column:
    """A column that grows: where it is large, without a copy of what is there."""

    def __init__(self, cell: Cell, decimal: str) -> None:
        self.cell, self.decimal = cell, decimal
        self.cells = array("d" if _is_number(cell) else "i")
        self.values: list[str] = []
        self.codes: dict[str, int] = {}

    def add(self, texts: list[str]) -> None:
        """Add the cells of a piece."""
        if _is_number(self.cell):
            values = _parse(texts, self.cell, self.decimal)
            if np.isinf(values).any():
                _refuse_numbers(texts, self.cell, self.decimal)
            self.cells.frombytes(values.tobytes())
            return
        if len(self.codes) > MAX_POOL:
            self.codes.clear()
        for text in dict.fromkeys(texts):
            if text not in self.codes:
                self.codes[text] = len(self.values)
                self.values.append(text)
        self.cells.extend(map(self.codes.__getitem__, texts))

    def content(self) -> Floats | Texts:
        """Give the whole column."""
        if _is_number(self.cell):
            return np.frombuffer(self.cells, np.float64)
        return Texts(np.frombuffer(self.cells, np.int32), self.values)


class _Where:
    """The rows that `where` asks for, and the values that were there."""

    def __init__(self, source: Source) -> None:
        self.wanted = source.where
        self.verdicts: dict[str, dict[str, bool]] = {column: {} for column in source.where}
        dictated = [cell.column for name, cell in columns_of(source).items() if name == "text"]
        self.secret = {*dictated}

    def choose(self, piece: Piece) -> Mask:
        """Tell which rows of a piece are asked for."""
        mask = np.ones(piece.n_rows, dtype=bool)
        for column, wanted in self.wanted.items():
            verdicts = self.verdicts[column]
            texts = [_plain(value) for value in piece.columns[column]]
            for text in set(texts) - verdicts.keys():
                verdicts[text] = any(is_value(text, value) for value in wanted)
            mask &= np.array([verdicts[text] for text in texts], dtype=bool)
        return mask

    def values_there(self) -> str:
        """Say which other values there are; never those of a dictation."""
        parts = []
        for column, verdicts in self.verdicts.items():
            others = [quote(text) for text, is_wanted in verdicts.items() if not is_wanted]
            if others and column not in self.secret and max(map(len, others)) <= 30:
                parts.append(f"{column} is {', '.join(others[:5])} there")
        return f" ({'; '.join(parts)})" if parts else ""


def is_value(text: str, value: Value) -> bool:
    """Compare a cell with a value of the manifest: yes and no, numbers, or the same text."""
    if isinstance(value, bool):
        return boolean(text) is value
    if isinstance(value, int | float):
        return bool(numbers([text])[0][0] == value)
    return text == value


def _kept_cells(source: Source) -> dict[Key, Cell]:
    """Find the cells to keep by their places: as numbers only where nothing reads them as text."""
    cells: dict[Key, Cell] = {}
    attributes = [Cell(column=column) for column in getattr(source, "attributes", [])]
    for cell in (*attributes, *columns_of(source).values()):
        key = cell.column, cell.item
        # A fact of a reading is shown as its text where it is wrong.
        is_text = not _is_number(cell) or source.columns.table == "readings"
        if cell.column is not None and (is_text or key not in cells):
            cells[key] = Cell(column=cell.column, item=cell.item) if is_text else cell
    return cells


def _is_number(cell: Cell) -> bool:
    is_least = isinstance(cell, ValidCell) and cell.least is not None
    return isinstance(cell, NumberCell) or is_least


def _texts(values: Iterable[Any], cell: Cell) -> list[str]:
    if cell.item is None:
        try:
            return list(map(str.strip, values))  # cells of CSV
        except TypeError:
            return [_plain(value) for value in values]
    number = cell.item  # an entry that a shorter list lacks is blank
    lists = [value if isinstance(value, list | tuple) else () for value in values]
    return [_plain(entries[number]) if number < len(entries) else "" for entries in lists]


def _parse(texts: Sequence[str], cell: Cell, decimal: str) -> Floats:
    """Read numbers; NaN where a cell is blank, infinite where it holds something else."""
    with suppress(ValueError):
        values = np.array(texts, dtype=np.float64)
        if np.isfinite(values).all():  # as nearly always
            return values
    cells = ["" if text.lower() in UNKNOWN else text for text in texts]
    if decimal == ",":
        cells = [text.replace(",", ".") for text in cells]
    values, bad = numbers(cells)
    if not bad.any():
        return values
    values[bad] = np.inf
    if isinstance(cell, TimeCell):
        for row in np.flatnonzero(bad).tolist():
            if clock := _CLOCK.fullmatch(texts[row]):
                hours, minutes, seconds = (
                    float((part or "0").replace(",", ".")) for part in clock.groups()
                )
                values[row] = (3600 * hours + 60 * minutes + seconds) * SECONDS[cell.unit]
    return values


def _refuse_views(views: UnusedViews, piece: Piece, mask: Mask) -> None:
    """Refuse positions on the screen whose view changes, where the manifest does not use it."""
    if fault := views.fault(piece.columns, mask):
        raise UnusableFileError("view_unused", fault)


def _refuse_several(singles: SingleValues, piece: Piece, mask: Mask) -> None:
    """Refuse two speakers, channels or tiers of which the manifest chooses none."""
    if fault := singles.fault(piece.columns, mask):
        raise UnusableFileError("not_single", fault)


def _refuse_numbers(texts: Sequence[str], cell: Cell, decimal: str) -> None:
    """Refuse a column whose numbers are written in another way than the manifest says."""
    for text in texts:
        if decimal == "." and _DECIMAL_COMMA.fullmatch(text):
            message = f'the column {cell.column} has decimal commas: set `decimal: ","`'
            raise UnusableFileError("numbers", message)
        if isinstance(cell, TimeCell) and _DATE.match(text):
            message = (
                f"the column {cell.column} holds dates: write seconds or milliseconds there (or a"
                " clock time as 00:01:02.5) and say which with `unit`"
            )
            raise UnusableFileError("numbers", message)


def _plain(value: Any) -> str:
    return "" if value is None or value != value else str(value).strip()  # noqa: PLR0124 (NaN)
