"""Tables of any data set: CSV, TSV, BIDS, Parquet, Feather (as pymovements writes it).

A file is read in pieces, and only what the manifest asks for is kept: numbers as numbers, texts
that repeat once each. A file of samples takes two to three times its size in memory.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice, zip_longest
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import GazeError, ManifestError, quote
from gazescribe.pipeline.core.foreign import parsing, read_json
from gazescribe.pipeline.core.foreign_tables import csv_rows, open_parquet, read_feather
from gazescribe.pipeline.ingest.by_manifest.foreign_forms import foreign_form
from gazescribe.pipeline.ingest.by_manifest.units import SECONDS
from gazescribe.pipeline.ingest.csv_files import (
    Floats,
    Mask,
    boolean,
    column_fault,
    numbers,
    repeated,
)
from gazescribe.pipeline.sources.faults import Findings, Severity
from gazescribe.pipeline.sources.table_manifests import (
    Cell,
    NumberCell,
    Source,
    TimeCell,
    Value,
    columns_of,
    needed,
)

UNKNOWN = frozenset({"", "n/a", "na", "nan", "null", "none", "."})  # spellings of no number
BIDS = ("_physio.tsv.gz", "_physioevents.tsv.gz")  # headless; a JSON beside names the columns
PIECE_ROWS = 10_000
MAX_PREAMBLE = 200  # rows above the names of the columns
MAX_POOL = 10_000  # different texts of a column that are kept once each
_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:[.,]\d+)?)")
_DECIMAL_COMMA = re.compile(r"-?\d*,\d+")
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{4}")

Key = tuple[str | None, int | None]  # a column, and the entry of the lists in it


class _UnusableError(Exception):
    """A file that cannot be used."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Rows:
    """Rows of one file: the cells that the manifest maps."""

    # float64 where every use of a cell is a number (NaN: blank; infinite: no number), else text
    columns: dict[Key, NDArray[Any]]
    places: NDArray[np.intp]  # shape (n,): where each row stands in the file, from 0
    file: str  # path below the root
    decimal: str = "."  # mark of its numbers

    def __len__(self) -> int:
        return len(self.places)

    def take(self, selection: Any) -> "Rows":
        """Keep some rows, by mask, number or slice; those of a slice are not copied."""
        columns = {key: column[selection] for key, column in self.columns.items()}
        return Rows(columns, self.places[selection], self.file, self.decimal)

    def text(self, cell: Cell) -> list[str]:
        """Give a mapped column as text without blanks round it."""
        if cell.column is None:
            return [_plain(cell.value)] * len(self)
        return list(self.columns[cell.column, cell.item])

    def numbers(self, cell: Cell) -> tuple[Floats, Mask]:
        """Give a mapped column as numbers, and which cells are neither blank nor a number."""
        values: NDArray[Any]
        if cell.column is None:
            values = np.repeat(_parse([_plain(cell.value)], cell, "."), len(self))
        else:
            values = self.columns[cell.column, cell.item]
        if values.dtype == object:
            texts: list[Any] = values.tolist()
            values = _parse(texts, cell, self.decimal)
        bad = np.isinf(values)
        return np.where(bad, np.nan, values) if bad.any() else values, bad

    def by(self, cell: Cell) -> dict[str, "Rows"]:
        """Cut the rows by the text of a column, in the file's order."""
        texts = self.text(cell)
        codes = {text: code for code, text in enumerate(dict.fromkeys(texts))}
        coded = np.fromiter(map(codes.__getitem__, texts), np.int32, len(texts))
        del texts
        if (np.diff(coded) < 0).any():
            order = np.argsort(coded, kind="stable")
            cuts = np.split(order, np.cumsum(np.bincount(coded))[:-1])
            pieces = {text: self.take(cuts[code]) for text, code in codes.items()}
        else:  # each reading's rows stand together, as they nearly always do
            ends = np.cumsum(np.bincount(coded, minlength=len(codes))).tolist()
            starts = [0, *ends]
            pieces = {text: self.take(slice(starts[n], ends[n])) for text, n in codes.items()}
        return dict(sorted(pieces.items()))


def read_rows(
    root: Path, source: Source, paths: Sequence[str], findings: Findings, severity: Severity
) -> Rows | None:
    """Read the rows of a file that the manifest asks for; None when the file cannot be used.

    `paths` are the file, and the one beside it if the manifest names one; `severity` is that of a
    file which cannot be used. `findings` takes the faults `_missing`, `_unreadable`, `_empty`,
    `_no_column`, `_column_twice`, `_ragged`, `_rows_differ`, `_numbers`, the warning `_not_chosen`
    for rows that `where` leaves out, and the loss `_none_chosen` where it leaves out all.
    """
    kind = source.columns.table
    cells = _kept_cells(source)
    collected: dict[Key, list[NDArray[Any]]] = {key: [] for key in cells}
    chosen: list[Mask] = []
    where = _Where(source)
    pools: dict[Key, dict[str, str]] = {key: {} for key in cells}
    try:
        for piece in _pieces(root, source, paths):
            mask = where.choose(piece)
            chosen.append(mask)
            for key, cell in cells.items():
                texts = _texts(piece.columns[cell.column or ""], cell)
                if not mask.all():
                    texts = [text for text, is_chosen in zip(texts, mask, strict=True) if is_chosen]
                collected[key].append(_packed(texts, cell, source.decimal, pools[key]))
    except _UnusableError as fault:
        findings.add(severity, f"{kind}_{fault.code}", str(fault), loses=kind)
        return None
    selection = np.concatenate(chosen) if chosen else np.zeros(0, dtype=bool)
    columns = {key: _joined(collected.pop(key), cell) for key, cell in cells.items()}
    message = "are not what `where` asks for"
    findings.add_rows("warning", f"{kind}_not_chosen", message, ~selection)
    if len(selection) and not selection.any():
        message = f"no row is what `where` asks for{where.values_there()}"
        findings.add("loss", f"{kind}_none_chosen", message, loses=kind)
    return Rows(columns, np.flatnonzero(selection), findings.file, source.decimal)


class _Piece(NamedTuple):
    """Some rows of a file: the cells of the columns asked for."""

    n_rows: int
    columns: dict[str, Sequence[Any]]


class _Where:
    """The rows that `where` asks for, and the values that were there."""

    def __init__(self, source: Source) -> None:
        self.wanted = source.where
        self.verdicts: dict[str, dict[str, bool]] = {column: {} for column in source.where}
        dictated = [cell.column for name, cell in columns_of(source).items() if name == "text"]
        self.secret = {*dictated}

    def choose(self, piece: _Piece) -> Mask:
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
        is_text = not isinstance(cell, NumberCell) or source.columns.table == "readings"
        if cell.column is not None and (is_text or key not in cells):
            cells[key] = Cell(column=cell.column, item=cell.item) if is_text else cell
    return cells


def _texts(values: Iterable[Any], cell: Cell) -> list[str]:
    if cell.item is None:
        try:
            return list(map(str.strip, values))  # cells of CSV
        except TypeError:
            return [_plain(value) for value in values]
    number = cell.item  # an entry that a shorter list lacks is blank
    lists = [value if isinstance(value, list | tuple) else () for value in values]
    return [_plain(entries[number]) if number < len(entries) else "" for entries in lists]


def _packed(texts: list[str], cell: Cell, decimal: str, pool: dict[str, str]) -> NDArray[Any]:
    """Make a column of a piece: numbers, or texts of which equal ones are one object."""
    if isinstance(cell, NumberCell):
        values = _parse(texts, cell, decimal)
        if np.isinf(values).any():
            _refuse_numbers(texts, cell, decimal)
        return values
    if len(pool) > MAX_POOL:
        pool.clear()
    pool.update({text: text for text in set(texts) - pool.keys()})
    column = np.empty(len(texts), dtype=object)
    column[:] = list(map(pool.__getitem__, texts))
    return column


def _joined(pieces: list[NDArray[Any]], cell: Cell) -> NDArray[Any]:
    if not pieces:
        return np.empty(0, dtype=np.float64 if isinstance(cell, NumberCell) else object)
    return np.concatenate(pieces)


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


def _refuse_numbers(texts: Sequence[str], cell: Cell, decimal: str) -> None:
    """Refuse a column whose numbers are written in another way than the manifest says."""
    for text in texts:
        if decimal == "." and _DECIMAL_COMMA.fullmatch(text):
            message = f'the column {cell.column} has decimal commas: set `decimal: ","`'
            raise _UnusableError("numbers", message)
        if isinstance(cell, TimeCell) and _DATE.match(text):
            message = (
                f"the column {cell.column} holds dates: write seconds or milliseconds there (or a"
                " clock time as 00:01:02.5) and say which with `unit`"
            )
            raise _UnusableError("numbers", message)


def _pieces(root: Path, source: Source, paths: Sequence[str]) -> Iterator[_Piece]:
    """Read a file, and the one beside it, in pieces of the same rows."""
    names: list[str] = []
    files: list[Iterator[_Piece]] = []
    for path in paths:
        header, pieces = _open(root, path, source)
        names += header
        files.append(pieces)
    if fault := _header_fault(source, names):
        raise _UnusableError(*fault)
    for side_by_side in zip_longest(*files):
        lengths = {None if piece is None else piece.n_rows for piece in side_by_side}
        if len(lengths) > 1:
            message = f"{' and '.join(paths)} differ in their number of rows"
            raise _UnusableError("rows_differ", message)
        columns: dict[str, Sequence[Any]] = {}
        for piece in side_by_side:
            columns |= piece.columns
        yield _Piece(lengths.pop() or 0, columns)


def _open(root: Path, path: str, source: Source) -> tuple[list[str], Iterator[_Piece]]:
    """Give the names of the columns of a file, and its rows in pieces."""
    if not (root / path).is_file():
        raise _UnusableError("missing", f"there is no file {path}")
    if fault := foreign_form(root / path, source.columns.table):
        raise _UnusableError("unreadable", fault)
    wanted = needed(source)
    try:
        if Path(path).suffix in {".parquet", ".feather", ".arrow"}:
            header, pieces = _arrow_pieces(root / path, wanted)
        else:
            header, pieces = _csv_pieces(root / path, source, wanted)
    except GazeError as error:
        raise _unreadable(path, error) from error
    return header, _guarded(path, pieces)


def _guarded(path: str, pieces: Iterator[_Piece]) -> Iterator[_Piece]:
    try:
        yield from pieces
    except GazeError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: str, error: GazeError) -> _UnusableError:
    other = Path(error.where or path).name
    what = error.what if other == Path(path).name else f"{other}: {error.what}"
    return _UnusableError("unreadable", f"{what} {error.remedy or ''}".rstrip(". "))


def _arrow_pieces(path: Path, wanted: Sequence[str]) -> tuple[list[str], Iterator[_Piece]]:
    if path.suffix == ".parquet":
        file = open_parquet(path, ManifestError)
        header = list(file.schema_arrow.names)
        columns = [name for name in wanted if name in header]
        batches = file.iter_batches(PIECE_ROWS, columns=columns)
    else:
        table = read_feather(path, ManifestError)
        header = list(table.column_names)
        columns = [name for name in wanted if name in header]
        starts = range(0, table.num_rows, PIECE_ROWS)
        batches = (table.slice(start, PIECE_ROWS) for start in starts)

    def pieces() -> Iterator[_Piece]:
        with parsing(path, "a table of Arrow", ManifestError):
            for batch in batches:
                cells = {name: batch.column(name).to_pylist() for name in columns}
                yield _Piece(batch.num_rows, cells)

    return header, pieces()


def _csv_pieces(
    path: Path, source: Source, wanted: Sequence[str]
) -> tuple[list[str], Iterator[_Piece]]:
    separator = source.separator or ("\t" if ".tsv" in path.suffixes else ",")
    rows: Iterator[list[str]] = map(
        itemgetter(1), csv_rows(path, ManifestError, delimiter=separator)
    )
    header = source.header or _bids_header(path)
    if header is None:
        # Above the names some recorders write about themselves; the first row that has all is it.
        first = list(islice(rows, MAX_PREAMBLE))
        start = next((n for n, row in enumerate(first) if {*wanted} <= {*row}), 0)
        header = first[start] if first else []
        rows = chain(first[start + 1 :], rows)
    columns = {name: header.index(name) for name in wanted if name in header}
    return header, _cut(rows, columns, len(header))


def _cut(rows: Iterator[list[str]], columns: Mapping[str, int], width: int) -> Iterator[_Piece]:
    number = 0
    while piece := list(islice(rows, PIECE_ROWS)):
        widths = list(map(len, piece))
        if {*widths} != {width}:
            place = next(place for place, n_cells in enumerate(widths) if n_cells != width)
            message = f"row {number + place + 1} has {widths[place]} cells, not {width}"
            raise _UnusableError("ragged", message)
        number += len(piece)
        cells: dict[str, Sequence[Any]] = {}
        for name, place in columns.items():
            cells[name] = list(map(itemgetter(place), piece))
        yield _Piece(len(piece), cells)


def _bids_header(path: Path) -> list[str] | None:
    if not path.name.endswith(BIDS):
        return None
    sidecar = path.with_name(path.name.removesuffix(".tsv.gz") + ".json")
    columns = read_json(sidecar, ManifestError).get("Columns")
    if not isinstance(columns, list):
        raise ManifestError("it does not list Columns.", where=sidecar)
    return [str(name) for name in columns]


def _header_fault(source: Source, names: Sequence[str]) -> tuple[str, str] | None:
    wanted = needed(source)
    fault = column_fault(wanted, names) or repeated(wanted, names)
    if fault is None or {*wanted} & {*names} or not names:
        return fault
    # A single column whose name holds another separator: the remedy is to name that one.
    code, message = fault
    separators = [mark for mark in ";\t|," if {*wanted} & {*names[0].split(mark)}]
    if len(names) == 1 and separators:
        return code, f"{message}: set `separator: {json.dumps(separators[0])}`"
    # What stands there may be a dictation, which no message shows.
    absent = ", ".join(wanted)
    message = (
        f"its first row has {len(names)} cells and none of the columns {absent}: set `separator`"
        " if cells are set apart by another mark, `header` if the file has no names of columns"
    )
    return code, message


def _plain(value: Any) -> str:
    return "" if value is None or value != value else str(value).strip()  # noqa: PLR0124 (NaN)
