"""Read mentions, ours or anybody else's, into the table `mentions`.

Three forms are known by their columns: our own table; one row a span with report id, span, label
and polarity (an LLM's, RadGraph's); and the wide table of the modified CheXpert labeler, one row a
report with a column of spans for each class (`spec/mil.md` 1.1).
"""

import json
from collections.abc import Iterator, Mapping
from math import isfinite, nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from gazescribe.pipeline.core.errors import AlignmentError, RuleError
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.tables import conform
from gazescribe.pipeline.dictation.label_maps import LabelMap

if TYPE_CHECKING:  # it takes a second to import
    import pandas as pd

SYNONYMS = {
    "report_id": ("report_id", "reading_id", "id"),
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
_WHOLE = ("char_start", "char_end", "sentence")
_TIMES = ("onset_s", "offset_s")
_WIDE_SUFFIX = "_location"


def read_mentions(path: Path, readings: pa.Table, label_map: LabelMap) -> pa.Table:
    """Read a file of mentions and check it against the readings.

    Parameters
    ----------
    path : pathlib.Path
        csv, jsonl or parquet, of one of the three forms.
    readings : pyarrow.Table
        Table `readings`; mentions are spans of its texts.
    label_map : LabelMap
        Labels that the rules know.

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
    frame = read_frame(path)
    ids, texts_of_ids = readings["reading_id"].to_pylist(), readings["text"].to_pylist()
    texts = {key: text for key, text in zip(ids, texts_of_ids, strict=True) if text is not None}
    wide = [column for column in frame.columns if str(column).endswith(_WIDE_SUFFIX)]
    rows = list(_wide_rows(frame, wide, texts, path) if wide else _long_rows(frame, path))
    strangers = sorted({row["report_id"] for row in rows} - texts.keys())
    faults = [f"no reading {report_id!r} with a text" for report_id in strangers]
    faults += [fault for number, row in enumerate(rows, 1) for fault in _faults(number, row, texts)]
    faults += _unknown_labels(rows, label_map)
    distinct: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in [] if faults else rows:
        complete = _complete(row, texts[row["report_id"]])
        key = tuple(complete[column] for column in TABLES["mentions"].key)
        polarity = distinct.setdefault(key, complete)["polarity"]
        if polarity != complete["polarity"]:
            faults.append(f"mention {key} is both {polarity} and {complete['polarity']}")
    if faults:
        message = f"these mentions do not fit the readings (faults: {len(faults)})."
        remedy = "Spans count characters of `readings.text`, from 0, end exclusive."
        if strangers:
            remedy = "Give the TABLES they were made from."
        raise AlignmentError(message, where=path, remedy=remedy, faults=faults)
    table = pa.Table.from_pylist(list(distinct.values()), schema=TABLES["mentions"].schema)
    return conform(table, "mentions")


def read_frame(path: Path) -> "pd.DataFrame":
    """Read a csv, jsonl or parquet file as it stands; raises `AlignmentError` if it cannot."""
    import pandas as pd

    if not path.is_file():
        raise AlignmentError("there is no such file.", where=path)
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        if path.suffix == ".jsonl":
            lines = path.read_text(encoding="utf-8").split("\n")
            return pd.DataFrame([json.loads(line) for line in lines if line.strip()])
        if path.suffix == ".csv":
            return pd.read_csv(path, dtype=str, keep_default_na=False)
    except (ValueError, OSError) as error:
        raise AlignmentError(f"this cannot be read ({error}).", where=path) from error
    raise AlignmentError("the suffix must be .csv, .jsonl or .parquet.", where=path)


def _long_rows(frame: "pd.DataFrame", path: Path) -> Iterator[dict[str, Any]]:
    names = {
        column: next((name for name in synonyms if name in frame.columns), None)
        for column, synonyms in SYNONYMS.items()
    }
    absent = [
        f"{column} (also: {', '.join(SYNONYMS[column][1:])})"
        for column, name in names.items()
        if name is None
    ]
    if absent and len(frame.columns):  # a jsonl file without lines has no columns
        columns = f"found: {', '.join(map(str, frame.columns))}"
        raise AlignmentError(f"columns are missing; {columns}.", where=path, faults=absent)
    ours = [column for column in TABLES["mentions"].columns if column in frame.columns]
    for record in frame.to_dict("records"):
        row = {column: _value(record[column]) for column in ours}
        row |= {column: record[name] for column, name in names.items() if name is not None}
        row["report_id"] = str(row["report_id"])
        row["polarity"] = _POLARITY.get(str(row["polarity"]).strip().casefold(), row["polarity"])
        yield row


def _value(cell: object) -> object:
    """Give null for an empty cell, however the file format says so."""
    return None if cell is None or cell == "" or cell != cell else cell  # noqa: PLR0124  (NaN)


def _wide_rows(
    frame: "pd.DataFrame", wide: list[str], texts: Mapping[str, str], path: Path
) -> Iterator[dict[str, Any]]:
    """One row a report, joined by its text: the file names no report."""
    if "Reports" not in frame.columns:
        raise AlignmentError(f"there are {_WIDE_SUFFIX} columns but no Reports.", where=path)
    if frame.duplicated(subset=["Reports"]).any():
        contradicting = frame.drop_duplicates().duplicated(subset=["Reports"], keep=False)
        if contradicting.any():
            faults = [f"row {number + 1}" for number in contradicting[contradicting].index]
            raise AlignmentError("the same report has other mentions.", where=path, faults=faults)
    records = frame.drop_duplicates(subset=["Reports"]).set_index("Reports").to_dict("index")
    if records and not records.keys() & set(texts.values()):
        message = f"none of its {len(records)} reports is the text of a reading."
        raise AlignmentError(message, where=path, remedy="Give the file of this data set.")
    for report_id, text in texts.items():
        if text not in records:
            continue
        for column in wide:
            label = column.removesuffix(_WIDE_SUFFIX)
            state = records[text].get(label, "")
            polarity = _POLARITY.get(str(state).strip(), "positive")
            try:
                spans = [(start, end) for start, end in json.loads(records[text][column] or "[]")]
            except (TypeError, ValueError) as error:
                spans_text = records[text][column]
                message = f"{column} of {text[:40]!r} is no list of spans: {spans_text!r}."
                raise AlignmentError(message, where=path) from error
            for start, end in spans:
                values = (report_id, start, end, label, polarity)
                yield dict(zip(SYNONYMS, values, strict=True))


def _faults(number: int, row: dict[str, Any], texts: Mapping[str, str]) -> Iterator[str]:
    text = texts.get(row["report_id"])
    if text is None:
        return
    if row["polarity"] not in POLARITY_WORDS:
        polarities = ", ".join(POLARITY_WORDS)
        yield f"row {number}: polarity {row['polarity']!r} is none of {polarities}"
    numbers, unread = _numbers(row)
    for column in unread:
        kind = "number of seconds" if column in _TIMES else "whole number"
        yield f"row {number}: {column} {row[column]!r} is no {kind}"
    if "char_start" in unread or "char_end" in unread:
        return
    start, end = numbers["char_start"], numbers["char_end"]
    if not 0 <= start < end <= len(text):
        size = f"a text of {len(text)} characters ({row['report_id']})"
        yield f"row {number}: span {start} to {end} lies outside {size}"
    elif row.get("text") not in (None, text[start:end]):
        yield f"row {number}: the text there is {text[start:end]!r}, not {row['text']!r}"


def _numbers(row: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Read the columns that hold numbers; name those that do not."""
    numbers, unread = {}, []
    for column in (*_WHOLE, *_TIMES):
        if row.get(column) is None and column not in SYNONYMS:
            continue  # only what every form has must be a number
        try:
            number = float(row[column])
        except (TypeError, ValueError):
            number = nan
        if isfinite(number) and (column in _TIMES or number.is_integer()):
            numbers[column] = number if column in _TIMES else int(number)
        else:
            unread.append(column)
    return numbers, unread


def _unknown_labels(rows: list[dict[str, Any]], label_map: LabelMap) -> Iterator[str]:
    for label in sorted({str(row["label"]) for row in rows}):
        try:
            label_map.channels_of(label)
        except RuleError as error:
            yield error.what


def _complete(row: dict[str, Any], text: str) -> dict[str, Any]:
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
