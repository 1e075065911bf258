"""Reports in, mentions out: csv, jsonl, Parquet, and the tables of an ingested folder."""

import csv
import json
import sys
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.files import replacing
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.tables import conform, read_table

CHUNK = 500  # reports held in memory at once
ROW_GROUP = 10_000  # rows of mentions held in memory at once
SUFFIXES = (".csv", ".jsonl", ".parquet")


@dataclass(frozen=True)
class Report:
    """One text to label; of a dictation also its sentences and the times of its words."""

    report_id: str
    text: str
    sentences: Sequence[tuple[int, int]] | None = None
    words: "WordTimes | None" = None


@dataclass(frozen=True)
class WordTimes:
    """Characters and seconds of the words of one dictation, in order."""

    starts: Sequence[int]
    ends: Sequence[int]
    onsets_s: Sequence[float]
    offsets_s: Sequence[float]

    def span(self, start: int, end: int) -> tuple[float | None, float | None]:
        """Give the start of the first and the end of the last word that overlap a span."""
        first = bisect_right(self.ends, start)
        last = bisect_left(self.starts, end) - 1
        if first > last:
            return None, None
        return self.onsets_s[first], self.offsets_s[last]


def read_reports(path: Path, left_out: Counter[str]) -> Iterator[Report]:
    """Read reports from a file or from an ingested folder, one by one.

    Parameters
    ----------
    path : pathlib.Path
        A csv, jsonl or parquet file, or a folder with the table `readings`.
    left_out : Counter
        Reports that are left out are counted here, by reason.

    Raises
    ------
    SchemaError
        If there is no such file, if it lacks a column, or if an id is empty or occurs twice.
    """
    if path.is_dir():
        yield from _from_tables(path, left_out)
        return
    if not path.is_file():
        raise SchemaError("there is no such file or folder.", where=path)
    readers = {".csv": _from_csv, ".jsonl": _from_jsonl, ".parquet": _from_parquet}
    if path.suffix not in readers:
        raise SchemaError(f"reports come as {', '.join(readers)}, or as a folder.", where=path)
    seen: set[str] = set()
    for where, row in readers[path.suffix](path):
        report_id = str(row["report_id"] if row["report_id"] is not None else "").strip()
        if not report_id or report_id in seen:
            message = f"report_id {report_id!r} is {'twice there' if report_id else 'empty'}."
            raise SchemaError(
                message, where=f"{path} {where}", remedy="Give each report its own id."
            )
        seen.add(report_id)
        text = row["text"]
        if not isinstance(text, str) or not text.strip():
            left_out["without text"] += 1
            continue
        yield Report(report_id, text)


def _check_columns(columns: Iterable[str] | None, where: str) -> None:
    missing = [name for name in ("report_id", "text") if name not in (columns or ())]
    if missing:
        message = (
            f"no column {' and no column '.join(missing)} (found: {', '.join(columns or ())})."
        )
        raise SchemaError(message, where=where, remedy="Rename the columns to report_id and text.")


def _from_csv(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    csv.field_size_limit(sys.maxsize)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        _check_columns(reader.fieldnames, str(path))
        try:
            for row in reader:
                yield f"line {reader.line_num}", row
        except (csv.Error, UnicodeDecodeError) as error:
            raise SchemaError(f"this is not csv in UTF-8 ({error}).", where=path) from error


def _from_jsonl(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with path.open(encoding="utf-8-sig") as file:
        try:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    row = json.loads(line)
                    _check_columns(row if isinstance(row, dict) else (), f"{path} line {number}")
                    yield f"line {number}", row
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise SchemaError(f"this is not jsonl ({error}).", where=path) from error


def _from_parquet(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise SchemaError(f"this is not a Parquet file ({error}).", where=path) from error
    _check_columns(file.schema_arrow.names, str(path))
    number = 0
    for batch in file.iter_batches(CHUNK, columns=["report_id", "text"]):
        for row in batch.to_pylist():
            yield f"row {number}", row
            number += 1


def _from_tables(folder: Path, left_out: Counter[str]) -> Iterator[Report]:
    readings = read_table(folder, "readings").select(["reading_id", "text"])
    sentences = _groups(read_table(folder, "sentences"))
    words = _groups(read_table(folder, "words"))
    for reading_id, text in zip(*(column.to_pylist() for column in readings.columns), strict=True):
        if text is None or not text.strip():
            left_out["without text"] += 1
            continue
        rows = sentences.get(reading_id)
        spans = (
            None
            if rows is None
            else list(zip(_list(rows, "char_start"), _list(rows, "char_end"), strict=True))
        )
        yield Report(reading_id, text, spans, _times(words.get(reading_id)))


def _times(rows: pa.Table | None) -> WordTimes | None:
    if rows is None:
        return None
    return WordTimes(
        *(_list(rows, name) for name in ("char_start", "char_end", "onset_s", "offset_s"))
    )


def _list(rows: pa.Table, name: str) -> list[Any]:
    values: list[Any] = rows[name].to_pylist()
    return values


def _groups(table: pa.Table) -> dict[str, pa.Table]:
    """Cut a table that is sorted by reading into one piece for each."""
    ids = table["reading_id"].to_pylist()
    starts = [row for row in range(len(ids)) if row == 0 or ids[row] != ids[row - 1]]
    ends = [*starts[1:], len(ids)]
    return {ids[a]: table.slice(a, b - a) for a, b in zip(starts, ends, strict=True)}


class _Writer(Protocol):
    def write(self, rows: list[dict[str, Any]]) -> None: ...
    def close(self) -> None: ...


@contextmanager
def writing(path: Path) -> Iterator[_Writer]:
    """Write mentions as jsonl, csv or parquet; the file appears whole or not at all."""
    if path.suffix not in SUFFIXES:
        raise SchemaError(f"mentions are written as {', '.join(SUFFIXES)}.", where=path)
    writers: dict[str, Callable[[Path], _Writer]]
    writers = {".csv": _CsvWriter, ".jsonl": _JsonlWriter, ".parquet": _ParquetWriter}
    with replacing(path) as beside:
        writer = writers[path.suffix](beside)
        try:
            yield writer
        finally:
            writer.close()


class _CsvWriter:
    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.DictWriter(self._file, TABLES["mentions"].columns, lineterminator="\n")
        self._writer.writeheader()

    def write(self, rows: list[dict[str, Any]]) -> None:
        self._writer.writerows(rows)

    def close(self) -> None:
        self._file.close()


class _JsonlWriter:
    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")

    def write(self, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            self._file.write(json.dumps(row, ensure_ascii=False) + "\n")

    def close(self) -> None:
        self._file.close()


class _ParquetWriter:
    def __init__(self, path: Path) -> None:
        self._writer = pq.ParquetWriter(path, TABLES["mentions"].schema, compression="zstd")
        self._rows: list[dict[str, Any]] = []

    def write(self, rows: list[dict[str, Any]]) -> None:
        self._rows += rows
        if len(self._rows) >= ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        names = TABLES["mentions"].columns
        columns = {name: [row[name] for row in self._rows] for name in names}
        self._writer.write_table(conform(columns, "mentions"))
        self._rows = []

    def close(self) -> None:
        self._flush()
        self._writer.close()
