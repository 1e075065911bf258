"""Rows of csv, jsonl and Parquet files that others wrote, read without loss.

What would cut, merge or drop a text in silence is a fault, which is named by its line. Reports are
confidential, so no message shows a text.
"""

import codecs
import csv
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.foreign import check_file, parsing
from gazescribe.pipeline.core.foreign_tables import open_parquet

SUFFIXES = (".csv", ".jsonl", ".parquet")
ID_COLUMNS = ("report_id", "reading_id", "id")
CHUNK = 500  # rows of a Parquet file held in memory at once
QUOTE = (
    "Put a text with a comma, a quote or a line break in quotes and close them where it ends, or"
    " give the file as .jsonl."
)
_LINE = "Correct these lines."
_BROKEN = re.compile("[\0\ud800-\udfff]")
_DIGITS = re.compile(r"\d+")
_LETTERS = re.compile(r"[^\W\d_]+")
_HASH = re.compile(r"(?i)(?=.*\d)(?=.*[a-z])(?:[0-9a-f-]{8,}|[0-9a-z-]{16,})")
_LONG_NAME = 40  # characters; longer is hardly the name of a column

Rows = Iterator[tuple[str, dict[str, Any]]]


@dataclass
class Faults:
    """The faults of one file, and what can be done about them."""

    lines: list[str] = field(default_factory=list)
    remedies: dict[str, None] = field(default_factory=dict)

    def add(self, fault: str, remedy: str) -> None:
        """Note a fault; the same remedy is told once."""
        self.lines.append(fault)
        self.remedies[remedy] = None


@dataclass(frozen=True)
class ForeignFile:
    """A file whose rows are read as they are needed.

    `columns` is None for jsonl, where each row has its own. Rows are (place, cells by column);
    those that are faulty are left out.
    """

    columns: list[str] | None
    rows: Rows


@dataclass(frozen=True)
class _Record:
    """One row of a csv file: its cells, and the lines of the file that it fills."""

    first_line: int
    cells: list[str]
    lines: list[str]


def open_foreign(
    path: Path,
    faults: Faults,
    error: type[GazeError],
    *,
    encoding: str = "utf-8",
    only: Sequence[str] = (),
) -> ForeignFile:
    """Open a file by its suffix; faults of its rows are noted in `faults` as they are read.

    Of a Parquet file the columns `only` are read, as far as there are such; by default all.

    Raises
    ------
    GazeError
        Of the kind `error`, if the file is absent, empty, of another form or encoding, or has two
        columns of one name.
    """
    check_file(path, error)
    if path.suffix not in SUFFIXES:
        raise error(f"the suffix must be {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}.", where=path)
    if path.suffix == ".parquet":
        return _open_parquet(path, error, only)
    lines = _lines(path, error, encoding)
    if path.suffix == ".jsonl":
        return ForeignFile(None, _json_rows(lines, faults))
    records = _csv_records(lines, faults)
    header = next(records, None)
    if header is None:
        message = "there is no row of column names" if faults.lines else "the file is empty"
        remedy = "Let it begin with the names of its columns, with commas between."
        raise error(f"{message}.", where=path, remedy=remedy, faults=faults.lines)
    _refuse_twins(header.cells, path, error)
    return ForeignFile(header.cells, _csv_rows(records, header.cells, faults))


def _refuse_twins(columns: Sequence[str], path: Path, error: type[GazeError]) -> None:
    # Spreadsheets leave columns without a name at the end of the header.
    twins = sorted({name for name in columns if name and columns.count(name) > 1})
    if twins:
        message = f"{names_shown(twins)}: more than one column has this name."
        raise error(message, where=path, remedy="Rename or remove all but one.")


def names_shown(columns: Sequence[str]) -> str:
    """List column names for a message.

    In a file without a header they are cells of its first row: what looks like a text is told by
    its length alone.
    """
    shown = []
    for name in map(str, columns):
        looks_like_text = len(name) > _LONG_NAME or " " in name.strip() or name.endswith(".")
        shown.append(f"({len(name)} characters)" if looks_like_text else name)
    return ", ".join(shown)


def cell_shown(cell: object) -> str:
    """Show a cell in a message; a long one, which may be a text, by its length alone."""
    shown = repr(cell)
    return shown if len(shown) <= _LONG_NAME else f"of {len(shown)} characters"


def broken_character(text: str) -> str | None:
    """Say which character of a text no file can hold: a NUL, or half of a surrogate pair."""
    broken = _BROKEN.search(text)
    if broken is None:
        return None
    kind = "a NUL" if broken[0] == "\0" else "half of a surrogate pair"
    return f"{kind} at character {broken.start()}"


def id_text(value: object) -> str | None:
    """Give an id as text; None where the value cannot be one.

    A whole number is its digits, so that 1, 1.0 (what pandas makes of it) and "1" are the same. An
    absent id is the empty text.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def _lines(path: Path, error: type[GazeError], encoding: str) -> Iterator[str]:
    """Give the lines of a text file, with their ends."""
    try:
        with path.open(encoding=encoding, newline="") as file:
            for number, line in enumerate(file, start=1):
                if "\0" in line:
                    place = f"line {number}, character {line.index(chr(0))}"
                    remedy = f"{_remedy(path)} If it is so already, it is damaged."
                    raise error(f"a NUL stands in {place}.", where=path, remedy=remedy)
                yield line.removeprefix("\ufeff") if number == 1 else line
    except LookupError as fault:
        remedy = "Give one that Python knows, such as utf-8, cp1252 or utf-16."
        raise error(f"there is no text encoding {encoding!r}.", remedy=remedy) from fault
    except UnicodeDecodeError as fault:
        offset, line_number = _undecodable(path, encoding)
        message = f"the byte at offset {offset} (line {line_number}) is not {encoding}."
        raise error(message, where=path, remedy=_remedy(path)) from fault
    except UnicodeError as fault:
        raise error(f"this is not {encoding} ({fault}).", where=path) from fault


def _remedy(path: Path) -> str:
    with path.open("rb") as file:
        begin = file.read(4)
    if begin[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "Add --encoding utf-16, with which it begins."
    if b"\0" in begin:
        order = "le" if begin[1:2] == b"\0" else "be"
        return f"It looks like UTF-16: add --encoding utf-16-{order}, or save it as UTF-8."
    return "Add --encoding NAME (of Windows: cp1252), or save it as UTF-8."


def _undecodable(path: Path, encoding: str) -> tuple[int, int]:
    """Give the offset and the line of the first byte that is none of an encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    offset, line = 0, 1
    with path.open("rb") as file:
        while True:
            chunk = file.read(2**16)
            pending = len(decoder.getstate()[0])
            try:
                line += decoder.decode(chunk, final=not chunk).count("\n")
            except UnicodeDecodeError as fault:
                before = fault.object[: fault.start]
                return offset - pending + fault.start, line + before.count(b"\n")
            offset += len(chunk)


def _csv_records(lines: Iterator[str], faults: Faults) -> Iterator[_Record]:
    """Cut lines into the rows of a csv file, the header first; blank lines are none."""
    csv.field_size_limit(sys.maxsize)
    lines_of_record: list[str] = []

    def noted() -> Iterator[str]:
        for line in lines:
            lines_of_record.append(line)
            yield line

    reader = csv.reader(noted(), strict=True)
    while True:
        lines_of_record.clear()
        first = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as fault:
            if "unexpected end" in str(fault):
                faults.add(f"the quote opened in line {first} is never closed", QUOTE)
                return
            begin = f" of the row that begins in line {first}" if len(lines_of_record) > 1 else ""
            faults.add(f"line {reader.line_num}{begin}: text follows a closing quote", QUOTE)
            continue
        if cells is None:
            return
        if cells:
            yield _Record(first, cells, [*lines_of_record])


def _csv_rows(records: Iterator[_Record], columns: list[str], faults: Faults) -> Rows:
    """Name the cells of each row, and look for rows that a late quote has swallowed."""
    swallowed = _Swallowed(columns)
    for record in records:
        place = f"line {record.first_line}"
        if len(record.cells) != len(columns):
            n_cells = f"{len(record.cells)} cells found, {len(columns)} expected"
            faults.add(f"{place}: {n_cells}", QUOTE)
            continue
        swallowed.look(record)
        yield place, dict(zip(columns, record.cells, strict=True))
    swallowed.tell(faults)


class _Swallowed:
    """Lines inside of cells that look like rows of the file.

    A quote that is closed only in a later row makes one cell of all between, without any other
    trace. Such a line has the cells of a row, and an id like the others that no row has. Reports of
    several lines have lines with commas too, but do not begin with a new id of that form.
    """

    def __init__(self, columns: list[str]) -> None:
        named = [columns.index(name) for name in ID_COLUMNS if name in columns]
        self._id = named[0] if named and len(columns) > 1 else None
        self._n_commas = len(columns) - 1
        self._ids: set[str] = set()
        self._forms: set[str] = set()
        self._suspects: list[tuple[int, int, str]] = []

    def look(self, record: _Record) -> None:
        """Note the id of a row, and which of its lines may be rows themselves."""
        if self._id is None:
            return
        row_id = record.cells[self._id].strip()
        self._ids.add(row_id)
        self._forms |= _forms(row_id)
        if len(record.lines) == 1:
            return
        for number, line in enumerate(record.lines, start=record.first_line):
            if line.count(",") != self._n_commas:
                continue
            suspect = line.replace('"', "").split(",")[self._id].strip()
            # A word before a comma and a space is prose, whatever the ids are.
            if ", " in line and not _DIGITS.search(suspect):
                continue
            if suspect and not self._forms.isdisjoint(_forms(suspect)):
                self._suspects.append((record.first_line, number, suspect))

    def tell(self, faults: Faults) -> None:
        """Add a fault for each such line, now that all ids are known."""
        for begin, line, suspect in self._suspects:
            if suspect not in self._ids:
                message = (
                    f"line {line} looks like a row, but lies in a quote opened in line {begin}"
                )
                faults.add(message, QUOTE)


def _forms(row_id: str) -> set[str]:
    """Give what ids of one file have in common, such as P102R1 and P97R4, or two hashes."""
    if row_id.isdecimal():  # ids that are counted get longer
        return {f"{length} digits" for length in (len(row_id) - 1, len(row_id), len(row_id) + 1)}
    if _HASH.fullmatch(row_id):
        return {f"hash of {len(row_id)}"}
    if _DIGITS.search(row_id):
        return {_DIGITS.sub("0", row_id)}
    return {_LETTERS.sub("a", row_id)}


def _json_rows(lines: Iterator[str], faults: Faults) -> Rows:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        place = f"line {number}"
        try:
            pairs = json.loads(line.rstrip("\r\n"), object_pairs_hook=tuple)
        except json.JSONDecodeError as fault:
            faults.add(f"{place}, column {fault.colno}: this is not jsonl ({fault.msg})", _LINE)
            continue
        except RecursionError:
            faults.add(f"{place}: this is not jsonl (nested too deeply)", _LINE)
            continue
        except ValueError:
            faults.add(f"{place}: this is not jsonl (a number has too many digits)", _LINE)
            continue
        if not isinstance(pairs, tuple):
            faults.add(f"{place}: this is no JSON object", _LINE)
            continue
        keys = [key for key, _ in pairs]
        twins = sorted({key for key in keys if keys.count(key) > 1})
        if twins:
            faults.add(f"{place}: the key {names_shown(twins)} is given twice", _LINE)
            continue
        yield place, dict(pairs)


def _open_parquet(path: Path, error: type[GazeError], only: Sequence[str]) -> ForeignFile:
    file = open_parquet(path, error)
    schema = file.schema_arrow
    _refuse_twins(schema.names, path, error)
    wanted = [name for name in schema.names if not only or name in only]
    faults = [
        f"column {name} is {schema.field(name).type}"
        for name in wanted
        if "binary" in str(schema.field(name).type)
    ]
    if faults:
        remedy = "Cast them to string, so that their encoding is known."
        raise error("bytes are no text.", where=path, remedy=remedy, faults=faults)
    return ForeignFile(list(schema.names), _parquet_rows(file, wanted, path, error))


def _parquet_rows(
    file: pq.ParquetFile, columns: list[str], path: Path, error: type[GazeError]
) -> Rows:
    first = 1
    batches = file.iter_batches(CHUNK, columns=columns)
    while True:
        with parsing(path, "a whole Parquet file", error, "Write it again from its source."):
            try:
                batch = next(batches, None)
                rows = batch and batch.to_pylist()
            except UnicodeDecodeError as fault:
                message = f"a text of rows {first} to {first + CHUNK - 1} is not UTF-8"
                raise ValueError(message) from fault
        if rows is None:
            return
        for number, row in enumerate(rows, start=first):
            yield f"row {number}", row
        first += len(rows)
