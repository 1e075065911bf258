"""Mentions as our labeler wrote them, checked by columns: row by row takes twenty times as long."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.foreign_tables import read_parquet
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.table_checks import has_rising_key
from gazescribe.pipeline.core.values import POLARITIES
from gazescribe.pipeline.dictation.label_maps import LabelMap

ROWS_AT_ONCE = 10_000  # as Python has them
_NULLABLE = ("rule_id", "trigger")
_PLACES = ("report_id", "char_start", "char_end", "sentence", "text")


def read_own_mentions(path: Path, texts: Mapping[str, str], label_map: LabelMap) -> pa.Table | None:
    """Read a table `mentions` in which nothing is to be completed, sorted, or refused.

    None if there is anything: then each row is to be looked at, to say what is wrong with which.
    What decided nothing is null, not an empty text, as in mentions of others.
    """
    spec = TABLES["mentions"]
    if path.suffix != ".parquet":
        return None
    try:
        table = read_parquet(path)
    except SchemaError:
        return None
    if not table.schema.equals(spec.schema) or not _has_known_words(table, label_map):
        return None
    has_times = all(_all(pc.is_finite(table[name])) for name in ("onset_s", "offset_s"))
    if not has_times or any(table[name].null_count for name in (*_PLACES, *spec.key)):
        return None
    trimmed = {key: text for key, text in texts.items() if key and key == key.strip()}
    are_right = all(_are_in(batch, trimmed) for batch in table.to_batches(ROWS_AT_ONCE))
    if not are_right or not has_rising_key(table, spec):
        return None
    columns = []
    for field in spec.schema:  # one by one: of a million readings they are gigabytes
        values = table[field.name].combine_chunks()
        table = table.drop_columns([field.name])
        if field.name in _NULLABLE:
            values = pc.if_else(pc.equal(values, ""), None, values)
        columns.append(values)
    return pa.Table.from_arrays(columns, schema=spec.schema)


def _has_known_words(table: pa.Table, label_map: LabelMap) -> bool:
    labels = pc.unique(table["label"]).to_pylist()
    are_known = all(label in label_map.by_name and label == label.strip() for label in labels)
    polarities = pc.unique(table["polarity"]).to_pylist()
    causes = [text for name in _NULLABLE for text in pc.unique(table[name]).to_pylist() if text]
    concepts = pc.unique(table["concept"]).to_pylist()
    return (
        are_known
        and set(polarities) <= set(POLARITIES)
        and all(concepts)
        and "\0" not in "".join([*concepts, *causes])
    )


def _are_in(mentions: pa.RecordBatch, texts: Mapping[str, str]) -> bool:
    """Tell whether all lie in the text of their reading, with the words that they name."""
    columns = (mentions[name].to_pylist() for name in _PLACES)
    for report_id, start, end, sentence, words in zip(*columns, strict=True):
        text = texts.get(report_id)
        if text is None or not 0 <= start < end <= len(text) or "\0" in words:
            return False
        if words != text[start:end] or not 0 <= sentence <= len(text):
            return False
    return True


def _all(values: pa.ChunkedArray) -> bool:
    return bool(pc.all(values, min_count=0).as_py())
