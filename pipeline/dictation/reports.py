"""Reports in, mentions out: csv, jsonl, Parquet, and the tables of an ingested folder."""

import csv
import json
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.files import replacing
from gazescribe.pipeline.core.foreign import check_file
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.side_by_side import Rising
from gazescribe.pipeline.core.tables import conform, read_pieces, read_table, rows_of
from gazescribe.pipeline.dictation.foreign_files import (
    SUFFIXES,
    Faults,
    Rows,
    broken_character,
    cell_shown,
    id_text,
    names_shown,
    open_foreign,
)

READINGS_AT_ONCE = 128
ROW_GROUP = 10_000  # rows of mentions held in memory at once
_OWN_ID = "Give each report its own id."
_RENAME = "Rename the columns to report_id and text; commas part them in csv."


@dataclass(frozen=True)
class ReportText:
    """One text to label; of a dictation also its sentences and the times of its words."""

    report_id: str
    text: str
    sentences: Sequence[tuple[int, int]] | None = None
    words: "WordTimes | None" = None
    ended_by: str = ""  # attribute `sentence_ends`: how `ingest` cut a dictation without periods


@dataclass(frozen=True)
class WordTimes:
    """Characters and seconds of the words of one dictation, in order.

    They travel to workers: arrays of Python's do so whole, in a third of the bytes of lists.
    """

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


def read_reports(
    path: Path, left_out: Counter[str], *, encoding: str = "utf-8"
) -> Iterator[ReportText]:
    """Read reports from a csv, jsonl or parquet file or from an ingested folder, one by one.

    Reports that are left out are counted in `left_out`, by reason. `encoding` is that of csv and
    jsonl.

    Raises
    ------
    SchemaError
        If there is no such file, if it lacks a column, if an id is empty or occurs twice, or if a
        text would be cut, merged with others or lost; all faults at once, before the first report.
    """
    if path.is_dir():
        yield from _from_tables(path, left_out)
        return
    check_file(path)
    if path.suffix not in SUFFIXES:
        raise SchemaError(f"reports come as {', '.join(SUFFIXES)}, or as a folder.", where=path)
    faults = Faults()
    seen: set[str] = set()
    for place, row in _rows(path, faults, encoding):
        _check_row(place, row, seen, faults)
    if faults.lines:
        message = f"these reports cannot be used (faults: {len(faults.lines)})."
        remedy = " ".join(faults.remedies)
        raise SchemaError(message, where=path, remedy=remedy, faults=faults.lines)
    # Read again rather than remembered: a file can be larger than the memory.
    for _, row in _rows(path, faults, encoding):
        if row["text"] is None or not row["text"].strip():
            left_out["without text"] += 1
        else:
            yield ReportText(str(id_text(row["report_id"])), row["text"])


def _rows(path: Path, faults: Faults, encoding: str) -> Rows:
    columns = ("report_id", "text")
    file = open_foreign(path, faults, SchemaError, encoding=encoding, only=columns)
    if file.columns is not None and (lack := _lack(file.columns)):
        raise SchemaError(f"{lack}.", where=path, remedy=_RENAME)
    for place, row in file.rows:
        if lack := _lack(list(row)):
            faults.add(f"{place}: {lack}", _RENAME)
        else:
            yield place, row


def _lack(columns: Sequence[str]) -> str | None:
    """Say which of the two columns are not there; None where both are."""
    missing = [f"no column {name}" for name in ("report_id", "text") if name not in columns]
    return f"{' and '.join(missing)} (found: {names_shown(columns)})" if missing else None


def _check_row(place: str, row: dict[str, Any], seen: set[str], faults: Faults) -> None:
    report_id, text = id_text(row["report_id"]), row["text"]
    if report_id is None:
        faults.add(f"{place}: report_id is neither a text nor a whole number", _OWN_ID)
    elif not report_id or report_id in seen:
        message = f"{cell_shown(report_id)} is twice there" if report_id else "'' is empty"
        faults.add(f"{place}: report_id {message}", _OWN_ID)
    else:
        seen.add(report_id)
    if not isinstance(text, str | None):
        faults.add(f"{place}: text is no text ({type(text).__name__})", "Give texts as text.")
    for name, value in (("report_id", report_id), ("text", text)):
        if isinstance(value, str) and (broken := broken_character(value)):
            faults.add(f"{place}: {name} has {broken}", "Repair what wrote this file.")


def datasets_of(path: Path) -> set[str]:
    """Give the data sets of an ingested folder; none of a file, which does not say."""
    if not path.is_dir():
        return set()
    return set(read_table(path, "readings", ["dataset"])["dataset"].to_pylist())


def _from_tables(folder: Path, left_out: Counter[str]) -> Iterator[ReportText]:
    sentences = Rising(folder, "sentences", ("reading_id", "char_start", "char_end"))
    timed = ("reading_id", "char_start", "char_end", "onset_s", "offset_s")
    words = Rising(folder, "words", timed)
    attributes = Rising(folder, "attributes", ("reading_id", "name", "value"))
    for piece in read_pieces(folder, "readings", ["reading_id", "text"]):
        for first in range(0, len(piece), READINGS_AT_ONCE):
            rows = piece.slice(first, READINGS_AT_ONCE).to_pydict()
            ids, last = rows["reading_id"], rows["reading_id"][-1]
            spans = _columns_by_reading(sentences.up_to(last), ids)
            times = _columns_by_reading(words.up_to(last), ids)
            ended_by = _sentence_ends(attributes.up_to(last))
            for reading_id, text in zip(ids, rows["text"], strict=True):
                if text is None or not text.strip():
                    left_out["without text"] += 1
                    continue
                ends = list(zip(*spans[reading_id], strict=True))
                word_times = WordTimes(*times[reading_id])
                yield ReportText(
                    reading_id, text, ends or None, word_times, ended_by.get(reading_id, "")
                )


def _sentence_ends(attributes: pa.Table) -> dict[str, str]:
    """Give what ended the sentences of each reading without periods."""
    rows = attributes.filter(pc.equal(attributes["name"], "sentence_ends"))
    return dict(zip(rows["reading_id"].to_pylist(), rows["value"].to_pylist(), strict=True))


def _columns_by_reading(table: pa.Table, ids: list[str]) -> dict[str, list["array[Any]"]]:
    rows = rows_of(table, "reading_id", ids)
    columns = table.column_names[1:]
    return {
        key: [array(part[name].dtype.char, part[name].tobytes()) for name in columns]
        for key, part in rows.items()
    }


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
