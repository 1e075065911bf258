"""Rows of any data set: of a file that is read in pieces, the cells that the manifest asks for.

Numbers are kept as numbers, texts that repeat once each: a file of samples takes about its size in
memory.
"""

import unicodedata
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.core.errors import quote, shorten
from gazescribe.pipeline.formats.pieces import Piece
from gazescribe.pipeline.ingest.by_manifest.cell_texts import (
    is_value,
    number_fault,
    parse_numbers,
    plain,
    texts_of,
)
from gazescribe.pipeline.ingest.by_manifest.column_names import UnusableFileError
from gazescribe.pipeline.ingest.by_manifest.other_events import event_fault
from gazescribe.pipeline.ingest.by_manifest.pieces import Files, read_pieces
from gazescribe.pipeline.ingest.by_manifest.row_choice import RowChoice
from gazescribe.pipeline.ingest.by_manifest.single_values import SingleValues
from gazescribe.pipeline.ingest.by_manifest.unused_views import UnusedViews
from gazescribe.pipeline.ingest.csv_files import Floats, Mask
from gazescribe.pipeline.sources.cells import Cell, NumberCell, TextCell, ValidCell
from gazescribe.pipeline.sources.faults import Findings, Severity
from gazescribe.pipeline.sources.table_manifests import Source, cells_of

MAX_POOL = 10_000  # different texts of a column that are looked up at a time
MAX_SHORT = 127  # places that a byte holds

Key = tuple[Any, Any]  # a column, and the entry of the lists in it; or those that are joined


def key_of(cell: Cell) -> Key:
    """Say what is kept for a cell, which several cells may share."""
    if isinstance(cell, TextCell) and cell.join is not None:
        return tuple(cell.join), cell.with_
    return cell.column, cell.item


@dataclass(frozen=True)
class Texts:
    """A column of texts: which of them each row has."""

    codes: NDArray[np.int8 | np.int32]  # shape (n,): places in `values`
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
    places: NDArray[np.int32]  # shape (n,): where each row stands in the file, from 0: its line
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

    def without(self, key: Key) -> "Rows":
        """Leave out a column, whose memory is free once nothing else holds it."""
        columns = {other: column for other, column in self.columns.items() if other != key}
        return Rows(columns, self.places, self.file, self.decimal)

    def reorder(self, order: NDArray[np.intp]) -> "Rows":
        """Keep the rows of these numbers in this order, in the place of the rows themselves."""
        for values in (*self.columns.values(), self.places):  # one by one, to hold no more
            cells = values.codes if isinstance(values, Texts) else values
            if not cells.flags.writeable:  # as of a worker that was sent them
                return self.take(order)
            cells[: len(order)] = cells[order]
        return self.take(slice(len(order)))

    def text(self, cell: Cell) -> list[str]:
        """Give a mapped column as text without blanks round it."""
        column = self.coded(cell)
        return list(map(column.values.__getitem__, column.codes.tolist()))

    def coded(self, cell: Cell) -> Texts:
        """Give a mapped column as codes of its different texts, some of which no row may have."""
        if not cell.names():
            return Texts(np.zeros(len(self), np.int32), [plain(cell.value)])
        column = self.columns[key_of(cell)]
        if isinstance(column, Texts):
            return column
        message = f"the column {cell.column} was kept as numbers"
        raise TypeError(message)

    def numbers(self, cell: Cell) -> tuple[Floats, Mask]:
        """Give a mapped column as numbers, and which cells are neither blank nor a number.

        Where several are averaged, those count that are not blank. What the manifest says to be
        `missing` is blank.
        """
        if not isinstance(cell, NumberCell) or cell.mean is None:
            return self._numbers(cell)
        both = [self._numbers(eye) for eye in cell.eyes()]
        return mean_known([values for values, _ in both]), np.logical_or.reduce(
            [bad for _, bad in both]
        )

    def _numbers(self, cell: Cell) -> tuple[Floats, Mask]:
        if cell.column is None:
            values = np.repeat(parse_numbers([plain(cell.value)], cell, "."), len(self))
        else:
            column = self.columns[key_of(cell)]
            if isinstance(column, Texts):
                values = parse_numbers(column.values, cell, self.decimal)[column.codes]
            else:
                values = column
        bad = blank = np.isinf(values)
        if isinstance(cell, NumberCell) and cell.missing:
            blank = bad | self.is_missing(cell)
        return np.where(blank, np.nan, values) if blank.any() else values, bad

    def is_missing(self, cell: NumberCell) -> Mask:
        """Tell which rows have what says, by the manifest, that there is no value."""
        if cell.column is None or not cell.missing:
            return np.zeros(len(self), dtype=bool)
        column = self.columns[key_of(cell)]
        if isinstance(column, Texts):
            codes = [any(is_value(text, value) for value in cell.missing) for text in column.values]
            return np.array(codes, dtype=bool)[column.codes]
        return np.isin(column, [value for value in cell.missing if not isinstance(value, str)])

    def by(self, cell: Cell) -> dict[str, "Rows"]:
        """Cut the rows by the text of a column, in the file's order; the pieces are no copies.

        Texts that look alike are one: letters are composed, and marks that nobody sees left out, as
        that of byte order where files were put together. Where the rows of a text do not stand
        together, these rows are put in that order.
        """
        column = self.coded(cell)
        if not len(self):
            return {}
        codes: dict[str, int] = {}
        names = list(map(_as_name, column.values))
        for name in names:
            codes.setdefault(name, len(codes))
        coded = column.codes
        if len(codes) < len(names):  # a text stands there twice
            of_value = [codes[name] for name in names]
            coded = np.array(of_value, np.int32)[coded]
        if (coded[1:] < coded[:-1]).any():  # else each reading's rows stand together
            order = np.argsort(coded, kind="stable")
            coded = coded[order]
            self.reorder(order)
        ends = np.searchsorted(coded, np.arange(len(codes)), side="right").tolist()
        starts = [0, *ends]
        pieces = {text: self.take(slice(starts[n], ends[n])) for text, n in codes.items()}
        return dict(sorted(pieces.items()))


def _as_name(text: str) -> str:
    if text.isascii():
        return text
    composed = unicodedata.normalize("NFC", text)
    return "".join(mark for mark in composed if unicodedata.category(mark) != "Cf").strip()


def mean_known(columns: Sequence[Floats]) -> Floats:
    """Average columns row by row: of the values that are known; NaN where none is."""
    known = [~np.isnan(values) for values in columns]
    n_known = np.sum(known, axis=0)
    total = np.sum([np.nan_to_num(values) for values in columns], axis=0)
    mean: Floats = np.where(n_known > 0, total / np.maximum(n_known, 1), np.nan)
    return mean


def read_rows(
    root: Path, source: Source, files: Files, findings: Findings, severity: Severity
) -> Rows | None:
    """Read the rows of a file that the manifest asks for; None when the file cannot be used.

    `severity` is that of a file which cannot be used. `findings` takes the faults `_missing`,
    `_unreadable`, `_empty`, `_no_column`, `_column_twice`, `_column_ambiguous`, `_no_header`,
    `_ragged`, `_rows_differ`, `_parts_differ`, `_id_differs`, `_numbers`, `_view_unused`,
    `_not_single`, `_not_fixations`, `_other_format`, and what is left out: the loss
    `_cut` of a last row, the warnings `_not_chosen` (`where`) and `_said_again` (`one_per`), the
    loss `_none_chosen` where `where` asks for no row.
    """
    kind = source.columns.table
    cells = _kept_cells(source)
    collected = {key: _Column(cell, source.decimal) for key, cell in cells.items()}
    choice, views, singles = RowChoice(source), UnusedViews(source), SingleValues(source)
    try:
        for piece in read_pieces(root, source, files, findings):
            mask = choice.choose(piece)
            _check_choice(source, piece, mask, views, singles)
            for key, cell in cells.items():
                texts = _cell_texts(piece, cell, source.decimal)
                if not mask.all():
                    texts = [text for text, is_chosen in zip(texts, mask, strict=True) if is_chosen]
                collected[key].add(texts)
    except UnusableFileError as error:
        findings.add(severity, f"{kind}_{error.code}", str(error), loses=kind)
        return None
    choice.note(findings)
    for column in collected.values():
        column.note(kind, findings)
    columns = {key: column.content() for key, column in collected.items()}
    rows = Rows(columns, choice.kept_places(), findings.file, source.decimal)
    _refuse_other_ids(rows, source, files, findings)
    return rows


def _check_choice(
    source: Source, piece: Piece, mask: Mask, views: UnusedViews, singles: SingleValues
) -> None:
    """Refuse positions whose view changes unused, two speakers or people, and other events."""
    if fault := event_fault(source, piece.columns, mask):
        raise UnusableFileError("not_fixations", fault)
    if fault := views.fault(piece.columns, mask):
        raise UnusableFileError("view_unused", fault)
    if fault := singles.fault(piece.columns, mask):
        raise UnusableFileError("not_single", fault)


def _refuse_other_ids(rows: Rows, source: Source, files: Files, findings: Findings) -> None:
    """Refuse rows of another reading, image or person than the name of their file says."""
    for kind, part in files.parts.items():
        cell = getattr(source.columns, kind, None)
        if not isinstance(cell, TextCell) or not cell.names() or kind in cell.names():
            continue
        column = rows.coded(cell)
        others = [not _is_same_id(text, part) for text in column.values]
        other = np.array(others, dtype=bool)[column.codes]
        if other.any():
            first = column.values[column.codes[np.argmax(other)]]
            message = (
                f"have the {kind} {quote(first)} by their column, and {quote(part)} by the name of"
                " the file: call that part otherwise, {person} for instance; both can be joined, as"
                " `reading_id: {join: [person, image]}`"
            )
            code = f"{source.columns.table}_id_differs"
            findings.add_rows("error", code, message, other, rows=rows.places)


def _is_same_id(text: str, part: str) -> bool:
    """Compare ids, which may be the same number: 7 and 07."""
    is_number = text.isdecimal() and part.isdecimal()
    is_same = unicodedata.normalize("NFC", text) == part
    return is_same or (is_number and int(text) == int(part))


def _cell_texts(piece: Piece, cell: Cell, decimal: str) -> list[str]:
    """Give what stands in a cell of each row, as text."""
    if isinstance(cell, TextCell) and cell.join is not None:
        parts = [texts_of(piece.columns[name], cell.item, decimal) for name in cell.join]
        return [cell.with_.join(row) if all(row) else "" for row in zip(*parts, strict=True)]
    return texts_of(piece.columns[cell.column or ""], cell.item, decimal)


class _Column:
    """A column that grows: where it is large, without a copy of what is there."""

    def __init__(self, cell: Cell, decimal: str) -> None:
        self.cell, self.decimal = cell, decimal
        self.cells = array("d" if _is_number(cell) else "b")
        self.values: list[str] = []
        self.codes: dict[str, int] = {}
        self.n_bad, self.bad = 0, ""  # cells that are no number, and the first of them

    def add(self, texts: list[str]) -> None:
        """Add the cells of a piece."""
        if _is_number(self.cell):
            values = parse_numbers(texts, self.cell, self.decimal)
            bad = np.isinf(values)
            if bad.any():
                if fault := number_fault(texts, self.cell, self.decimal):
                    raise UnusableFileError("numbers", f"the column {self.cell.column} {fault}")
                self.n_bad += int(bad.sum())
                self.bad = self.bad or texts[int(np.argmax(bad))]
            self.cells.frombytes(values.tobytes())
            return
        if len(self.codes) > MAX_POOL:
            self.codes.clear()
        for text in dict.fromkeys(texts):
            if text not in self.codes:
                self.codes[text] = len(self.values)
                self.values.append(text)
        if len(self.values) > MAX_SHORT + 1 and self.cells.typecode == "b":
            self.cells = array("i", self.cells)
        self.cells.extend(map(self.codes.__getitem__, texts))

    def note(self, kind: str, findings: Findings) -> None:
        """Note cells that are neither a number nor blank; those of a dictation are not shown."""
        if self.n_bad:
            shown = "" if kind == "words" else f", as {quote(shorten(self.bad, 30))}"
            message = (
                f"{plural(self.n_bad, 'cell')} of the column {self.cell.column}"
                f" {'is' if self.n_bad == 1 else 'are'} no number{shown}: what stands for no value"
                " may be named as `missing`"
            )
            findings.add("loss", f"{kind}_no_number", message, loses=kind, n=self.n_bad)

    def content(self) -> Floats | Texts:
        """Give the whole column."""
        if _is_number(self.cell):
            return np.frombuffer(self.cells, np.float64)
        kind = np.int8 if self.cells.typecode == "b" else np.int32
        return Texts(np.frombuffer(self.cells, kind), self.values)


def _kept_cells(source: Source) -> dict[Key, Cell]:
    """Find the cells to keep by their places: as numbers only where nothing reads them as text."""
    cells: dict[Key, Cell] = {}
    attributes: list[Cell] = [Cell(column=column) for column in getattr(source, "attributes", [])]
    mapped = [cell for _, cell in cells_of(source) if cell.names()]
    for cell in (*attributes, *mapped):
        for single in cell.eyes() if isinstance(cell, NumberCell) else [cell]:
            # A fact of a reading is shown as its text where it is wrong.
            is_text = not _is_number(single) or source.columns.table == "readings"
            if is_text or key_of(single) not in cells:
                cells[key_of(single)] = _as_text(single) if is_text else single
    return cells


def _as_text(cell: Cell) -> Cell:
    return cell if isinstance(cell, TextCell) else Cell(column=cell.column, item=cell.item)


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, NumberCell) or (isinstance(cell, ValidCell) and cell.is_range)
