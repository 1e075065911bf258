"""Reports in, mentions out: csv, jsonl, Parquet, and the tables of an ingested folder."""

import csv
import json
import sys
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.files import replacing
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.tables import conform, read_table, rows_of

CHUNK = 500  # reports held in memory at once
ROW_GROUP = 10_000  # rows of mentions held in memory at once
SUFFIXES = (".csv", ".jsonl", ".parquet")


@dataclass(frozen=True)
class ReportText:
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


def read_reports(path: Path, left_out: Counter[str]) -> Iterator[ReportText]:
    """Read reports from a csv, jsonl or parquet file or from an ingested folder, one by one.

    Reports that are left out are counted in `left_out`, by reason.

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
            remedy = "Give each report its own id."
            raise SchemaError(message, where=f"{path} {where}", remedy=remedy)
        seen.add(report_id)
        text = row["text"]
        if not isinstance(text, str) or not text.strip():
            left_out["without text"] += 1
            continue
        yield ReportText(report_id, text)


def _check_columns(columns: Iterable[str] | None, where: str) -> None:
    names = list(columns or ())
    missing = [name for name in ("report_id", "text") if name not in names]
    if missing:
        message = f"no column {' and no column '.join(missing)} (found: {', '.join(names)})."
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
    batches = file.iter_batches(CHUNK, columns=["report_id", "text"])
    rows = chain.from_iterable(batch.to_pylist() for batch in batches)
    for number, row in enumerate(rows):
        yield f"row {number}", row


def _from_tables(folder: Path, left_out: Counter[str]) -> Iterator[ReportText]:
    readings = read_table(folder, "readings", ["reading_id", "text"]).to_pydict()
    ids = readings["reading_id"]
    sentences = _columns_by_reading(folder, "sentences", ids, ("char_start", "char_end"))
    timed = ("char_start", "char_end", "onset_s", "offset_s")
    words = _columns_by_reading(folder, "words", ids, timed)
    for reading_id, text in zip(ids, readings["text"], strict=True):
        if text is None or not text.strip():
            left_out["without text"] += 1
            continue
        spans = list(zip(*sentences[reading_id], strict=True))
        yield ReportText(reading_id, text, spans or None, WordTimes(*words[reading_id]))


def _columns_by_reading(
    folder: Path, name: str, ids: list[str], columns: tuple[str, ...]
) -> dict[str, list[list[Any]]]:
    rows = rows_of(read_table(folder, name, ["reading_id", *columns]), "reading_id", ids)
    return {key: [part[column].tolist() for column in columns] for key, part in rows.items()}


@contextmanager
def writing(path: Path) -> Iterator[Callable[[list[dict[str, Any]]], None]]:
    """Give a function that writes mentions to a file, which appears whole or not at all.

    The suffix of the path says whether they are written as csv, jsonl or Parquet.
    """
    if path.suffix not in SUFFIXES:
        raise SchemaError(f"mentions are written as {', '.join(SUFFIXES)}.", where=path)
    with replacing(path) as beside:
        if path.suffix == ".parquet":
            schema = TABLES["mentions"].schema
            with pq.ParquetWriter(beside, schema, compression="zstd") as parquet:
                buffer: list[dict[str, Any]] = []
                yield partial(_write_parquet, parquet, buffer)
                parquet.write_table(_table(buffer))
            return
        with beside.open("w", encoding="utf-8", newline="") as file:
            if path.suffix == ".jsonl":
                yield lambda rows: file.writelines(
                    json.dumps(row, ensure_ascii=False) + "\n" for row in rows
                )
                return
            writer = csv.DictWriter(file, TABLES["mentions"].columns, lineterminator="\n")
            writer.writeheader()
            yield writer.writerows


def _write_parquet(
    parquet: pq.ParquetWriter, buffer: list[dict[str, Any]], rows: list[dict[str, Any]]
) -> None:
    buffer += rows
    if len(buffer) >= ROW_GROUP:
        parquet.write_table(_table(buffer))
        buffer.clear()


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    names = TABLES["mentions"].columns
    return conform({name: [row[name] for row in rows] for name in names}, "mentions")
