"""Tables of any data set as text: CSV, TSV, BIDS, Parquet, Feather (as pymovements writes it)."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.foreign import read_json
from gazescribe.pipeline.core.foreign_tables import csv_rows, read_feather, read_parquet
from gazescribe.pipeline.ingest.csv_files import (
    Floats,
    Mask,
    column_fault,
    numbers,
    reason_of,
    repeated,
)
from gazescribe.pipeline.sources.faults import Findings, Severity
from gazescribe.pipeline.sources.table_manifests import Cell, Source, needed

UNKNOWN = frozenset({"", "n/a", "na", "nan", "null", "none", "."})  # spellings of no number
BIDS = ("_physio.tsv.gz", "_physioevents.tsv.gz")  # headless; a JSON beside names the columns


@dataclass(frozen=True)
class Rows:
    """Rows of one file, as text."""

    # by the file's own names; a cell is text, or a list of values
    columns: dict[str, NDArray[np.object_]]
    places: NDArray[np.intp]  # shape (n,): where each row stands in the file, from 0
    file: str  # path below the root
    decimal: str = "."  # mark of its numbers

    def __len__(self) -> int:
        return len(self.places)

    def take(self, selection: NDArray[Any]) -> "Rows":
        """Keep some rows, by mask or number."""
        columns = {name: column[selection] for name, column in self.columns.items()}
        return Rows(columns, self.places[selection], self.file, self.decimal)

    def text(self, cell: Cell) -> list[str]:
        """Give a mapped column as text without blanks round it."""
        if cell.column is None:
            return [_plain(cell.value)] * len(self)
        values: Iterable[Any] = self.columns[cell.column]
        if cell.item is not None:
            number = cell.item  # an entry that a shorter list lacks is blank
            lists = [value if isinstance(value, list | tuple) else () for value in values]
            values = [entries[number] if number < len(entries) else None for entries in lists]
        return [_plain(value) for value in values]

    def numbers(self, cell: Cell) -> tuple[Floats, Mask]:
        """Give a mapped column as numbers, and which cells are neither blank nor a number."""
        texts = self.text(cell)
        cells = ["" if text.lower() in UNKNOWN else text for text in texts]
        if self.decimal == ",":
            cells = [cell.replace(",", ".") for cell in cells]
        return numbers(cells)

    def by(self, cell: Cell) -> dict[str, "Rows"]:
        """Cut the rows by the text of a column, in the file's order."""
        names = np.array(self.text(cell), dtype=object)
        order = np.argsort(names, kind="stable")
        texts, starts = np.unique(names[order].astype(str), return_index=True)
        cuts = np.split(order, starts[1:])
        return {text: self.take(cut) for text, cut in zip(texts.tolist(), cuts, strict=True)}


def read_rows(
    root: Path, source: Source, paths: Sequence[str], findings: Findings, severity: Severity
) -> Rows | None:
    """Read the rows of a file that the manifest asks for; None when the file cannot be used.

    `paths` are the file, and the one beside it if the manifest names one; `severity` is that of a
    file which cannot be used. `findings` takes the faults `_missing`, `_unreadable`, `_empty`,
    `_no_column`, `_column_twice`, `_ragged`, `_rows_differ`, and the warning `_not_chosen` for rows
    that `where` leaves out.
    """
    kind = source.columns.table
    fault, columns = _load(root, source, paths)
    if fault is not None:
        code, message = fault
        findings.add(severity, f"{kind}_{code}", message, loses=kind)
        return None
    n_rows = len(next(iter(columns.values()), ()))
    rows = Rows(columns, np.arange(n_rows), findings.file, source.decimal)
    selection = np.ones(n_rows, dtype=bool)
    for column, values in source.where.items():
        texts = rows.text(Cell(column=column))
        selection &= np.isin(texts, [values] if isinstance(values, str) else values)
    message = "are not what `where` asks for"
    findings.add_rows("warning", f"{kind}_not_chosen", message, ~selection)
    return rows.take(selection)


def _load(
    root: Path, source: Source, paths: Sequence[str]
) -> tuple[tuple[str, str] | None, dict[str, NDArray[np.object_]]]:
    columns: dict[str, NDArray[np.object_]] = {}
    names: list[str] = []
    for path in paths:
        if not (root / path).is_file():
            return ("missing", f"there is no file {path}"), {}
        try:
            header, cells = _table(root / path, source)
        except SchemaError as error:
            return ("unreadable", reason_of(error)), {}
        for number, row in enumerate(cells, 1):
            if len(row) != len(header):
                return ("ragged", f"row {number} has {len(row)} cells, not {len(header)}"), {}
        lengths = {len(column) for column in columns.values()} | {len(cells)}
        if len(lengths) > 1:
            return ("rows_differ", f"{paths[0]} and {path} differ in their number of rows"), {}
        names += header
        for place, name in enumerate(header):
            column = np.empty(len(cells), dtype=object)
            column[:] = [row[place] for row in cells]
            columns[name] = column
    return _header_fault(source, names), columns


def _table(path: Path, source: Source) -> tuple[list[str], Sequence[Sequence[Any]]]:
    if path.suffix in {".parquet", ".feather", ".arrow"}:
        table = read_parquet(path) if path.suffix == ".parquet" else read_feather(path)
        columns = [column.to_pylist() for column in table.columns]
        return list(table.column_names), list(zip(*columns, strict=True))
    separator = source.separator or ("\t" if ".tsv" in path.suffixes else ",")
    rows = [row for _, row in csv_rows(path, delimiter=separator)]
    header = source.header or _bids_header(path)
    if header is not None:
        return header, rows
    return (rows[0], rows[1:]) if rows else ([], [])


def _bids_header(path: Path) -> list[str] | None:
    if not path.name.endswith(BIDS):
        return None
    sidecar = path.with_name(path.name.removesuffix(".tsv.gz") + ".json")
    columns = read_json(sidecar).get("Columns")
    if not isinstance(columns, list):
        raise SchemaError("this does not list Columns.", where=sidecar)
    return [str(name) for name in columns]


def _header_fault(source: Source, names: Sequence[str]) -> tuple[str, str] | None:
    fault = column_fault(needed(source), names) or repeated(needed(source), names)
    if fault is None or len(names) != 1:
        return fault
    # A single column whose name holds another separator: the remedy is to name that one.
    code, message = fault
    separator = next((mark for mark in ";\t|," if mark in names[0]), None)
    return code, f"{message}: set `separator: {json.dumps(separator)}`" if separator else message


def _plain(value: Any) -> str:
    return "" if value is None or value != value else str(value).strip()  # noqa: PLR0124 (NaN)
