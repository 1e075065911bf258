"""Read mentions, ours or anybody else's, into the table `mentions`.

Three forms are known by their columns: our own table; one row a span with report id, span, label
and polarity (an LLM's, RadGraph's); and the wide table of the modified CheXpert labeler, one row a
report with a column of spans for each class (`spec/mil.md` 1.1).
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from math import isfinite, isnan, nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from gazescribe.pipeline.core.errors import AlignmentError, RuleError, SchemaError
from gazescribe.pipeline.core.foreign import parse_json
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.table_checks import equal_keys, has_rising_key
from gazescribe.pipeline.core.tables import conform
from gazescribe.pipeline.dictation.foreign_files import (
    ID_COLUMNS,
    Faults,
    Rows,
    broken_character,
    cell_shown,
    id_text,
    names_shown,
    open_foreign,
)
from gazescribe.pipeline.dictation.label_maps import LabelMap
from gazescribe.pipeline.dictation.own_mentions import read_own_mentions

if TYPE_CHECKING:  # it takes a second to import
    import pandas as pd

Record = dict[str, Any]

SYNONYMS = {
    "report_id": ID_COLUMNS,
    "char_start": ("char_start", "start", "begin"),
    "char_end": ("char_end", "end", "stop"),
    "label": ("label", "class", "finding"),
    "polarity": ("polarity", "assertion", "certainty"),
}
POLARITY_WORDS = {
    "positive": ("positive", "present", "dp", "1", "1.0", "true", "yes"),
    "negative": ("negative", "absent", "da", "0", "0.0", "false", "no"),
    "uncertain": ("uncertain", "possible", "u", "-1", "-1.0", "maybe"),
}
_POLARITY = {word: polarity for polarity, words in POLARITY_WORDS.items() for word in words}
ROWS_AT_ONCE = 10_000  # as Python has them; of all there may be millions
_WHOLE = ("char_start", "char_end", "sentence")
_TIMES = ("onset_s", "offset_s")
_TEXTS = ("concept", "text", "rule_id", "trigger")
_WIDE_SUFFIX = "_location"
OWN_TEXTS = ("report_text", "report", "Reports")  # columns of whole reports beside their mentions


def read_mentions(
    path: Path, readings: pa.Table, label_map: LabelMap, *, encoding: str = "utf-8"
) -> pa.Table:
    """Read a file of mentions and check it against the readings.

    Parameters
    ----------
    path : pathlib.Path
        csv, jsonl or parquet, of one of the three forms.
    readings : pyarrow.Table
        Table `readings`; mentions are spans of its texts.
    label_map : LabelMap
        Labels that the rules know.
    encoding : str
        Of csv and jsonl.

    Returns
    -------
    pyarrow.Table
        Table `mentions`, of readings that have a text.

    Raises
    ------
    AlignmentError
        If the file is of no known form, or mentions do not fit the readings; all faults at once.

    Notes
    -----
    A mention that is given twice in the same way counts once.
    """
    ids, texts_of_ids = (readings[name].to_pylist() for name in ("reading_id", "text"))
    texts = {key: text for key, text in zip(ids, texts_of_ids, strict=True) if text is not None}
    if (ours := read_own_mentions(path, texts, label_map)) is not None:
        return conform(ours, "mentions")
    columns, records = _open_records(path, encoding)
    wide = [column for column in columns if column.endswith(_WIDE_SUFFIX)]
    faults: list[str] = []
    if wide:
        rows = _wide_rows(columns, list(records), texts, path, faults)
    else:
        rows = _long_rows(columns, records, path)
    table, strangers = _checked_rows(rows, texts, label_map, faults)
    if faults:
        message = f"these mentions do not fit the readings (faults: {len(faults)})."
        remedy = "Spans count characters of `readings.text`, from 0, end exclusive."
        if strangers:
            remedy = "Give the TABLES they were made from."
        raise AlignmentError(message, where=path, remedy=remedy, faults=faults)
    return conform(table, "mentions")


def _checked_rows(
    rows: Iterator[tuple[str, Record]],
    texts: Mapping[str, str],
    label_map: LabelMap,
    faults: list[str],
) -> tuple[pa.Table, set[str]]:
    """Make a table of rows; add what is wrong to `faults`, and give the ids without a text."""
    pieces, of_rows = [TABLES["mentions"].schema.empty_table()], []
    strangers, labels = set[str](), set[str]()
    while some := list(islice(rows, ROWS_AT_ONCE)):
        for place, row in some:
            of_rows += [f"{place}: {fault}" for fault in _text_faults(row)]
            if row["report_id"] in texts:
                of_rows += [f"{place}: {fault}" for fault in _faults(row, texts[row["report_id"]])]
            elif row["report_id"]:
                strangers.add(row["report_id"])
            if isinstance(row["label"], str):
                labels.add(row["label"])
        if not (faults or of_rows or strangers):
            complete = [_complete(row, texts[row["report_id"]]) for _, row in some]
            pieces.append(pa.Table.from_pylist(complete, schema=pieces[0].schema))
    faults += [f"no reading {cell_shown(report_id)} with a text" for report_id in sorted(strangers)]
    faults += [*of_rows, *_unknown_labels(labels, label_map)]
    table = pieces[0]
    if not faults:
        table, contradictions = _distinct(pa.concat_tables(pieces))
        faults += contradictions
    return table, strangers


def _distinct(table: pa.Table) -> tuple[pa.Table, list[str]]:
    """Leave the first of mentions that are given twice; say which are given with two polarities."""
    spec = TABLES["mentions"]
    if has_rising_key(table, spec):
        return table, []
    place = "row of the file"
    table = table.append_column(place, pa.array(np.arange(len(table))))
    table = table.sort_by([(column, "ascending") for column in (*spec.key, place)])
    table = table.drop_columns([place])
    again = np.append(False, equal_keys(table, spec))[: len(table)]
    faults = []
    first = np.maximum.accumulate(np.where(again, 0, np.arange(len(table))))
    for row in np.flatnonzero(again).tolist():
        key = tuple(table[column][row].as_py() for column in spec.key)
        polarities = [table["polarity"][k].as_py() for k in (int(first[row]), row)]
        if polarities[0] != polarities[1]:
            faults.append(f"mention {key} is both {polarities[0]} and {polarities[1]}")
    return table.filter(pa.array(~again)), faults


def read_own_texts(path: Path, encoding: str = "utf-8") -> dict[str, str]:
    """Read the texts of reports that a file of mentions holds itself, by report id.

    The wide table has them in `Reports`, and rows for ids; a table of spans has each text in the
    rows of its mentions, in `report` or `report_text`.

    Raises
    ------
    AlignmentError
        If the file has no such column, or two texts of one report.
    """
    columns, records = _read_records(path, encoding)
    column = next((name for name in OWN_TEXTS if name in columns), None)
    id_column = next((name for name in ID_COLUMNS if name in columns), None)
    if column is None:
        remedy = "Give the reports: `--reports FILE`."
        message = f"no text of a report is in it (a column of {', '.join(OWN_TEXTS)})."
        raise AlignmentError(message, where=path, remedy=remedy)
    texts: dict[str, str] = {}
    contradicting = set()
    for number, record in enumerate(records, 1):
        text = record[column]
        if isinstance(text, str) and text.strip():
            report_id: str | None = f"row {number}"
            if column != "Reports" and id_column is not None:
                report_id = id_text(_value(record[id_column]))
            if texts.setdefault(report_id or "", text) != text:
                contradicting.add(f"row {number}: {cell_shown(report_id)} has another text before")
    if contradicting:
        message = "reports have several texts."
        raise AlignmentError(message, where=path, faults=sorted(contradicting))
    return texts


def read_frame(path: Path) -> "pd.DataFrame":
    """Read a csv, jsonl or parquet file as it stands; raises `AlignmentError` if it cannot."""
    import pandas as pd

    columns, records = _read_records(path, "utf-8")
    return pd.DataFrame(records, columns=columns)


def _read_records(path: Path, encoding: str) -> tuple[list[str], list[Record]]:
    """Read the columns of a file and its rows, each with all columns."""
    columns, records = _open_records(path, encoding)
    return columns, list(records)


def _open_records(path: Path, encoding: str) -> tuple[list[str], Iterator[Record]]:
    """Read the columns of a file, and its rows as they are asked for, each with all columns.

    All faults of the file are said with the last row, or before the first.
    """
    faults = Faults()
    file = open_foreign(path, faults, AlignmentError, encoding=encoding)
    records = _checked(file.rows, faults, path)
    if file.columns is not None:
        return file.columns, records
    rows = list(records)  # of jsonl: any line may bring a new column
    columns = list(dict.fromkeys(column for record in rows for column in record))
    return columns, ({column: record.get(column) for column in columns} for record in rows)


def _checked(rows: Rows, faults: Faults, path: Path) -> Iterator[Record]:
    for _, row in rows:
        yield row
    if faults.lines:
        message = f"this cannot be read (faults: {len(faults.lines)})."
        remedy = " ".join(faults.remedies)
        raise AlignmentError(message, where=path, remedy=remedy, faults=faults.lines)


def _long_rows(
    columns: list[str], records: Iterable[Record], path: Path
) -> Iterator[tuple[str, Record]]:
    names = {
        column: next((name for name in synonyms if name in columns), None)
        for column, synonyms in SYNONYMS.items()
    }
    absent = [
        f"{column} (also: {', '.join(SYNONYMS[column][1:])})"
        for column, name in names.items()
        if name is None
    ]
    if absent and columns:  # a jsonl file without lines has no columns
        found = f"found: {names_shown(columns)}"
        raise AlignmentError(f"columns are missing; {found}.", where=path, faults=absent)
    ours = [column for column in TABLES["mentions"].columns if column in columns]
    for number, record in enumerate(records, 1):
        row = {column: _value(record[column]) for column in ours}
        row |= {column: record[name] for column, name in names.items() if name is not None}
        row["report_id"] = id_text(_value(row["report_id"]))
        row["polarity"] = _POLARITY.get(str(row["polarity"]).strip().casefold(), row["polarity"])
        yield f"row {number}", row


def _value(cell: object) -> object:
    """Give null for an empty cell, however the file format says so."""
    is_empty = cell == "" or (isinstance(cell, float) and isnan(cell))
    return None if is_empty else cell


def _wide_rows(
    columns: list[str],
    records: list[Record],
    texts: Mapping[str, str],
    path: Path,
    faults: list[str],
) -> Iterator[tuple[str, Record]]:
    """Give the spans of reports, which are joined by their text: the file names no report."""
    if "Reports" not in columns:
        raise AlignmentError(f"there are {_WIDE_SUFFIX} columns but no Reports.", where=path)
    of_text = _by_text(records, path, faults)
    if of_text and not of_text.keys() & set(texts.values()):
        message = f"none of its {len(of_text)} reports is the text of a reading."
        raise AlignmentError(message, where=path, remedy="Give the file of this data set.")
    for report_id, text in texts.items():
        number, record = of_text.get(text, (0, {}))
        for column in [name for name in record if name.endswith(_WIDE_SUFFIX)]:
            label = column.removesuffix(_WIDE_SUFFIX)
            state = record.get(label)
            word = "" if state is None else str(state).strip().casefold()
            polarity = "positive" if word in ("", "nan") else _POLARITY.get(word)
            spans = _spans(record[column])
            if spans is None:
                faults.append(f"row {number}: {column} is no list of spans [start, end]")
            if polarity is None:
                faults.append(f"row {number}: {label} {cell_shown(state)} is none of 1, 0, -1")
            for span in spans or ():
                values = (report_id, *span, label, polarity or "positive")
                yield f"row {number}: {column}", dict(zip(SYNONYMS, values, strict=True))


def _by_text(
    records: list[Record], path: Path, faults: list[str]
) -> dict[object, tuple[int, Record]]:
    """Give the row of each report, and its number."""
    of_text: dict[object, tuple[int, Record]] = {}
    contradicting: set[int] = set()
    for number, cells in enumerate(records, 1):
        record = {column: _value(cell) for column, cell in cells.items()}
        if not isinstance(record["Reports"], str):
            faults.append(f"row {number}: Reports is no text")
            continue
        first, known = of_text.setdefault(record["Reports"], (number, record))
        if known != record:
            contradicting |= {first, number}
    if contradicting:
        rows = [f"row {number}" for number in sorted(contradicting)]
        raise AlignmentError("the same report has other mentions.", where=path, faults=rows)
    return of_text


def _spans(cell: object) -> list[tuple[object, object]] | None:
    """Read a cell of JSON; None where it holds no pairs."""
    if not isinstance(cell, str):
        return [] if cell is None else None
    try:
        return [(start, end) for start, end in parse_json(cell, where="a cell", top=list)]
    except (SchemaError, TypeError, ValueError):
        return None


def _text_faults(row: Record) -> Iterator[str]:
    if not row["report_id"]:
        yield f"report_id is {'empty' if row['report_id'] == '' else 'no text'}"
    for column in ("label", *_TEXTS):
        value = row.get(column)
        if isinstance(value, str) and (broken := broken_character(value)):
            yield f"{column} has {broken}"
        elif not isinstance(value, str | None):
            yield f"{column} is no text"
    if isinstance(row["label"], str | None) and not (row["label"] or "").strip():
        yield "label is empty"


def _faults(row: Record, text: str) -> Iterator[str]:
    if row["polarity"] not in tuple(POLARITY_WORDS):  # a cell of JSON can be a list
        yield f"polarity {cell_shown(row['polarity'])} is none of {', '.join(POLARITY_WORDS)}"
    numbers, unread = _numbers(row)
    for column in unread:
        kind = "number of seconds" if column in _TIMES else "whole number"
        yield f"{column} {cell_shown(row[column])} is no {kind}"
    if "char_start" in unread or "char_end" in unread:
        return
    start, end = numbers["char_start"], numbers["char_end"]
    whole = f"a text of {len(text)} characters ({row['report_id']})"
    if not 0 <= start < end <= len(text):
        yield f"span {start} to {end} lies outside {whole}"
    elif isinstance(row.get("text"), str) and row["text"] != text[start:end]:
        # Which words stand there is not said: they are those of a report.
        yield f"text is not what stands from character {start} to {end} of {row['report_id']}"
    if not 0 <= numbers.get("sentence", 0) <= len(text):
        yield f"sentence {numbers['sentence']} lies outside {whole}"


def _numbers(row: Record) -> tuple[Record, list[str]]:
    """Read the columns that hold numbers; name those that do not."""
    numbers, unread = {}, []
    for column in (*_WHOLE, *_TIMES):
        if row.get(column) is None and column not in SYNONYMS:
            continue  # only what every form has must be a number
        try:
            number = nan if _is_no_number(row[column]) else float(row[column])
        except (TypeError, ValueError, OverflowError):
            number = nan
        if isfinite(number) and (column in _TIMES or number.is_integer()):
            numbers[column] = number if column in _TIMES else int(number)
        else:
            unread.append(column)
    return numbers, unread


def _is_no_number(cell: object) -> bool:
    """Tell what Python makes a number of, though nobody means one: True and 1_5."""
    return isinstance(cell, bool) or (isinstance(cell, str) and "_" in cell)


def _unknown_labels(labels: Iterable[str], label_map: LabelMap) -> Iterator[str]:
    for label in sorted(label for label in labels if label.strip()):
        try:
            label_map.channels_of(label)
        except RuleError as error:
            long = f"the rules know no label {cell_shown(label)}"
            yield error.what if cell_shown(label) == repr(label) else long


def _complete(row: Record, text: str) -> Record:
    numbers, _ = _numbers(row)
    start, end = numbers["char_start"], numbers["char_end"]
    label = str(row["label"]).strip()
    return {
        "concept": label,
        "sentence": text.count(".", 0, start),
        **{column: value for column, value in row.items() if value is not None},
        **numbers,
        "label": label.casefold(),
        "text": text[start:end],
    }
