"""What rows of a table must hold, checked once where it is read: order, keys, nulls, ranges, words.

The ranges are wide: they refuse what no recording can be, and what would become NaN, infinity or
a file that cannot exist further on. What is merely unusual is for `ingest` to say.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gazescribe.pipeline.core.columns import SCHEMA_VERSION, Table
from gazescribe.pipeline.core.errors import SchemaError, quote, shorten
from gazescribe.pipeline.core.values import (
    CHEXPERT_LABELS,
    POLARITIES,
    SPLITS,
    STATES,
    WINDOW_KINDS,
    WINDOW_STATUSES,
)

Limits = tuple[float, float]

COMPARED_ROWS = 2**18  # at a time

_COUNT: Limits = (0, np.inf)
_SIDE: Limits = (1, 2**17)  # pixels; DICOM has at most 65,535
_SCALE: Limits = (1e-6, 1e6)
_NUMBER: Limits = (-1e12, 1e12)  # any other number; squares of it are still numbers
LIMITS: dict[str, Limits] = {
    **dict.fromkeys(("fixation", "word", "sentence", "sample", "window", "ellipse"), _COUNT),
    **dict.fromkeys(("char_start", "char_end", "n_fixations", "shard", "row"), _COUNT),
    **dict.fromkeys(("width_px", "height_px", "image_width_px", "image_height_px"), _SIDE),
    **dict.fromkeys(("width", "height"), _SIDE),
    **dict.fromkeys(("px_per_deg_x", "px_per_deg_y", "sigma_x_px", "sigma_y_px", "scale"), _SCALE),
    **dict.fromkeys(("weight_s", "gaze_s"), (0, 1e9)),
    **dict.fromkeys(("clip_xmin_px", "clip_ymin_px", "clip_xmax_px", "clip_ymax_px"), (0, 2**17)),
}
"""Smallest and largest value of a column, whatever table it is in."""

UNBOUNDED = {"samples": ("x_px", "y_px")}
"""Numbers that may be any: of samples, what lies nowhere is not valid."""

ORDERED = {
    "fixations": [("onset_s", "offset_s")],
    "words": [("onset_s", "offset_s"), ("char_start", "char_end")],
    "sentences": [("char_start", "char_end")],
    "mentions": [("char_start", "char_end")],
    "windows": [("char_start", "char_end")],
    "ellipses": [("xmin_px", "xmax_px"), ("ymin_px", "ymax_px")],
    "regions": [("xmin_px", "xmax_px"), ("ymin_px", "ymax_px")],
}
"""Columns of which the first is never larger than the second."""

RISING = {"words": ("char_start", "char_end"), "sentences": ("char_start",)}
"""Columns that never fall within a reading: places in its text are searched for in them."""

WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "readings": {"split": SPLITS},
    "images": {"split": SPLITS},
    "mentions": {"polarity": POLARITIES},
    "windows": {"kind": WINDOW_KINDS, "status": WINDOW_STATUSES},
    "studies": dict.fromkeys(CHEXPERT_LABELS, STATES),
}
"""The words that a column may hold."""

LISTS = {"windows": ("labels", "n_mentions", "n_uncertain")}
"""Columns of lists that are equally long in each row."""


def check_version(schema: pa.Schema, path: Path) -> None:
    """Refuse a file that does not say that it has the schema version of today.

    What others wrote without the metadata has also lost what it says of splits and parameters.
    """
    version = (schema.metadata or {}).get(b"schema_version", b"none").decode(errors="replace")
    if version != SCHEMA_VERSION:
        message = f"schema version {shorten(version)} found, {SCHEMA_VERSION} expected."
        raise SchemaError(message, where=path, remedy="Run the stage that wrote it again.")


def type_faults(schema: pa.Schema, spec: Table) -> list[str]:
    """Name the columns that a schema lacks, has twice or as another type; others do no harm."""
    types = dict(zip(schema.names, schema.types, strict=True))
    faults = []
    for field in spec.schema:
        if field.name not in types:
            faults.append(f"{field.name}: {field.type} expected, not found")
        elif schema.names.count(field.name) > 1:
            faults.append(
                f"{field.name}: one column expected, {schema.names.count(field.name)} found"
            )
        elif types[field.name] != field.type:
            faults.append(f"{field.name}: {field.type} expected, {types[field.name]} found")
    return faults


def check_rows(table: pa.Table, spec: Table, where: Path, *, is_whole: bool = True) -> pa.Table:
    """Check the rows of a table, of which some columns may be absent; give them sorted by the key.

    Parameters
    ----------
    table : pyarrow.Table
        Its columns have the types of the schema.
    spec : Table
        What it is.
    where : pathlib.Path
        Its file.
    is_whole : bool
        The rows are all that the file has; else their numbers are of no use to people.

    Raises
    ------
    SchemaError
        If a null or a number stands where none may, or a key occurs twice; all faults at once.
    """
    rows = _Rows(table, spec, is_whole=is_whole)
    faults = [*rows.faults()]
    if faults:
        remedy = "Run the stage that wrote it again, or mend these rows."
        raise SchemaError(
            f"rows of this table {spec.name} cannot be right.",
            where=where,
            remedy=remedy,
            faults=faults,
        )
    if not set(spec.key) <= set(table.column_names) or has_rising_key(table, spec):
        return table
    # Sorted alike, a table gives the same results whatever its order was.
    place = "row of the file"
    numbered = table.append_column(place, pa.array(np.arange(1, len(table) + 1)))
    numbered = numbered.sort_by([(column, "ascending") for column in spec.key])
    twice = np.flatnonzero(equal_keys(numbered, spec))
    if len(twice):
        pairs = [[numbered[place][row + n].as_py() for n in (0, 1)] for row in twice[:100].tolist()]
        faults = [
            f"{_key_at(numbered, spec, row)}" + (f": rows {first} and {second}" * is_whole)
            for row, (first, second) in zip(twice.tolist(), pairs, strict=False)
        ]
        message = (
            f"{len(twice)} rows of this table {spec.name} have a key that stands there already."
        )
        remedy = "Leave one row for each key."
        raise SchemaError(message, where=where, remedy=remedy, faults=faults)
    return numbered.drop_columns([place])


def _key_at(table: pa.Table, spec: Table, row: int) -> str:
    present = [column for column in spec.key if column in table.column_names]
    return ", ".join(f"{column} {quote(table[column][row].as_py())}" for column in present)


def _pairs(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """Give a column without its last row, and without its first; nulls equal each other."""
    if column.null_count:
        column = pc.fill_null(column, "\uffff" if pa.types.is_string(column.type) else -1)
    return column.slice(0, len(column) - 1), column.slice(1)


def equal_keys(table: pa.Table, spec: Table) -> NDArray[np.bool_]:
    """Tell for each row but the last whether the next has the same key."""
    equal = np.ones(max(len(table) - 1, 0), dtype=bool)
    for column in spec.key:
        equal &= pc.equal(*_pairs(table[column])).to_numpy()
    return equal


def has_rising_key(table: pa.Table, spec: Table) -> bool:
    """Tell whether each row's key is larger than that of the row before."""
    # Piece by piece, each with the last row of the one before: comparing takes memory.
    starts = range(0, max(len(table) - 1, 1), COMPARED_ROWS)
    return all(_rises(table.slice(start, COMPARED_ROWS + 1), spec) for start in starts)


def _rises(table: pa.Table, spec: Table) -> bool:
    undecided = np.ones(max(len(table) - 1, 0), dtype=bool)
    for column in spec.key:
        if not undecided.any():
            break
        before, after = _pairs(table[column])
        equal = pc.equal(before, after).to_numpy()
        # Few rows begin another reading: only these are compared, for texts compare slowly.
        changes = pa.array(np.flatnonzero(undecided & ~equal))
        if not pc.all(pc.less(before.take(changes), after.take(changes)), min_count=0).as_py():
            return False
        undecided &= equal
    return not undecided.any()


class _Rows:
    """The rows of a table, and what is wrong with them."""

    def __init__(self, table: pa.Table, spec: Table, *, is_whole: bool) -> None:
        self.table = table
        self.spec = spec
        self.is_whole = is_whole

    def faults(self) -> Iterator[str]:
        """Say what is wrong, one fault for each column and reason."""
        for field in self.spec.schema:
            if field.name in self.table.column_names:
                yield from self._column_faults(field)
        yield from self._order_faults()
        yield from self._word_faults()

    def _order_faults(self) -> Iterator[str]:
        """Compare columns with each other, and with the row before."""
        name = self.spec.name
        for low, high in ORDERED.get(name, ()):
            if self._has(low, high):
                is_wrong = pc.greater(self.table[low], self.table[high])
                yield from self._fault(is_wrong, f"{low} is larger than {high}", low)
        for column in RISING.get(name, ()):
            if self._has(column, self.spec.key[0], self.spec.key[1]):
                yield from self._rising_faults(column)
        first, *others = LISTS.get(name, ("",))
        for column in others:
            if self._has(first, column):
                lengths = [pc.list_value_length(self.table[part]) for part in (first, column)]
                message = f"{first} and {column} are lists of different lengths"
                yield from self._fault(pc.not_equal(*lengths), message)

    def _word_faults(self) -> Iterator[str]:
        """Check the columns that hold a few words."""
        name = self.spec.name
        for column, words in WORDS.get(name, {}).items():
            if self._has(column):
                values = self.table[column]
                is_known = pc.is_in(values, value_set=pa.array(words))
                is_wrong = pc.and_(pc.is_valid(values), pc.invert(is_known))
                yield from self._fault(is_wrong, f"{column} is none of {', '.join(words)}", column)

    def _has(self, *columns: str) -> bool:
        return set(columns) <= set(self.table.column_names)

    def _column_faults(self, field: pa.Field) -> Iterator[str]:
        values = self.table[field.name]
        if values.null_count and not field.nullable:
            yield from self._fault(pc.is_null(values), f"{field.name} is null")
        is_real = pa.types.is_floating(field.type)
        if not is_real and not pa.types.is_integer(field.type):
            return
        is_bounded = is_real and field.name not in UNBOUNDED.get(self.spec.name, ())
        limits = LIMITS.get(field.name, _NUMBER if is_bounded else None)
        if limits is None or not len(values):
            return
        low, high = limits
        lowest, highest = _extremes(values, is_nullable=field.nullable)
        if lowest >= low and highest <= high:
            return  # neither is true of NaN
        is_wrong = pc.or_(pc.less(values, low), pc.greater(values, high))
        if is_real:
            if not field.nullable:
                is_wrong = pc.or_(is_wrong, pc.is_nan(values))
            message = f"{field.name} is no number from {low:g} to {high:g}"
        else:
            message = f"{field.name} is below {low:g}"
            message += "" if high == np.inf else f" or above {high:g}"
        yield from self._fault(is_wrong, message, field.name)

    def _rising_faults(self, column: str) -> Iterator[str]:
        ids = self.spec.key[0]
        table = self.table
        if not has_rising_key(table.select(list(self.spec.key)), self.spec):
            keys = [(name, "ascending") for name in self.spec.key]
            table = table.sort_by(keys)  # where it is out of order, its key says what follows what
        if len(table) < 2:
            return
        same = pc.equal(*_pairs(table[ids]))
        values = table[column]
        falls = pc.greater(values.slice(0, len(values) - 1), values.slice(1))
        falls = pc.and_(same, pc.fill_null(falls, False))
        row = pc.index(falls, True).as_py()
        if row >= 0:
            n = pc.sum(falls).as_py()
            place = _key_at(table, self.spec, row + 1)
            yield f"{column} falls within a reading: {n} of {len(table)} rows (first: {place})"

    def _fault(self, is_wrong: Any, message: str, column: str = "") -> Iterator[str]:
        is_wrong = pc.fill_null(is_wrong, False)
        row = pc.index(is_wrong, True).as_py()
        if row < 0:
            return
        place = f"row {row + 1}, " * self.is_whole + _key_at(self.table, self.spec, row)
        value = f": {quote(self.table[column][row].as_py())}" if column else ""
        n = pc.sum(is_wrong).as_py()
        yield f"{message}: {n} of {len(self.table)} rows (first: {place}{value})"


def _extremes(values: pa.ChunkedArray, *, is_nullable: bool) -> Limits:
    """Give the smallest and the largest value; NaN if there is one where none may be null."""
    if is_nullable or values.null_count:
        extremes = pc.min_max(values).as_py()
        return (np.inf, -np.inf) if extremes["min"] is None else (extremes["min"], extremes["max"])
    # numpy is ten times as fast as Arrow here, and passes NaN on.
    chunks = [chunk.to_numpy() for chunk in values.chunks if len(chunk)]
    return min(chunk.min() for chunk in chunks), max(chunk.max() for chunk in chunks)
