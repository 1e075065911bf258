"""Reading and writing the tables of `pipeline.core.schemas` as Parquet, checked both ways.

A table is written sorted by its key, beside its place and then renamed: the same rows give the same
bytes, and a killed run leaves the old file or none.
"""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gazescribe.pipeline.core.columns import Table
from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.files import replacing, settle
from gazescribe.pipeline.core.foreign import parsing
from gazescribe.pipeline.core.foreign_tables import (
    PARQUET,
    RowGroups,
    open_parquet,
    parquet_schema,
    read_parquet,
)
from gazescribe.pipeline.core.ownership import recorded_files
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.table_checks import (
    check_rows,
    check_version,
    equal_keys,
    has_rising_key,
    type_faults,
)

STAGES = {
    "mentions": "label",
    **dict.fromkeys(("windows", "gaussians"), "associate"),
    "heatmaps": "heatmaps",
    "image_shards": "images",
    "scores": "tune",
    "scanpaths": "scanpaths",
    "scanpath_scores": "score-scanpaths",
    **dict.fromkeys(("region_measures", "reading_measures", "mention_leads"), "measures"),
    **dict.fromkeys((name for name in TABLES if name.startswith(("mil_", "coop"))), "evaluate"),
}
"""Which command writes a table; `ingest` writes the others."""


def table_path(folder: Path, name: str) -> Path:
    """Where a table lies in a folder."""
    return folder / f"{TABLES[name].file or name}.parquet"


def conform(rows: Mapping[str, Any] | pa.Table, name: str) -> pa.Table:
    """Cast rows to a table's schema and sort them by its key.

    Parameters
    ----------
    rows : mapping of column name to sequence, or pyarrow.Table
        Columns in any order; a column that may be null can be absent.
    name : str
        A key of `pipeline.core.schemas.TABLES`.

    Returns
    -------
    pyarrow.Table
        With the schema's column order, types and metadata, sorted by key.

    Raises
    ------
    SchemaError
        If a column is unknown, absent or of another type, if a null stands where none may, or if a
        key occurs twice.
    """
    names = list(rows.column_names) if isinstance(rows, pa.Table) else list(rows)
    spec = TABLES[name].widened(names)
    unknown = sorted(set(names) - set(spec.columns))
    if unknown:
        raise SchemaError(
            f"table {name} has no column {', '.join(unknown)}; it has {', '.join(spec.columns)}."
        )
    lengths = {column: len(rows[column]) for column in names}
    if len(set(lengths.values())) > 1:
        raise SchemaError(f"columns of table {name} differ in length: {lengths}.")
    length = next(iter(lengths.values()), 0)
    columns = []
    for field in spec.schema:
        if field.name in names:
            columns.append(_cast(rows[field.name], field, name))
        elif field.nullable:
            columns.append(pa.nulls(length, field.type))
        else:
            raise SchemaError(f"table {name} lacks the column {field.name}.")
    table = pa.Table.from_arrays(columns, schema=spec.schema)
    _check_nulls(table, spec)
    if has_rising_key(table, spec):
        return table.combine_chunks()  # no copy where each column is one piece
    table = table.sort_by([(column, "ascending") for column in spec.key])
    _check_key(table, spec)
    return table


def _cast(values: Any, field: pa.Field, name: str) -> pa.Array | pa.ChunkedArray:
    """Fit a column to its type; NaN is null in both kinds of rows."""
    try:
        if not isinstance(values, pa.Array | pa.ChunkedArray):
            return pa.array(values, type=field.type, from_pandas=True)
        column = values.cast(field.type)
    except (pa.ArrowException, OverflowError) as error:
        message = f"column {field.name} of table {name} does not fit {field.type}: {error}"
        raise SchemaError(message) from error
    if pa.types.is_floating(field.type) and pc.any(pc.is_nan(column)).as_py():
        return pc.if_else(pc.is_nan(column), pa.scalar(None, field.type), column)
    return column


def _check_nulls(table: pa.Table, spec: Table) -> None:
    faults = [
        f"{field.name}: {table[field.name].null_count} of {table.num_rows} rows"
        for field in spec.schema
        if not field.nullable and table[field.name].null_count
    ]
    if faults:
        raise SchemaError(f"table {spec.name} has nulls where none may stand.", faults=faults)


def _check_key(table: pa.Table, spec: Table) -> None:
    # The table is sorted by its key: what occurs twice stands in two rows beside each other.
    twice = np.flatnonzero(equal_keys(table, spec))
    if len(twice):
        key = table.select(list(spec.key)).slice(int(twice[0]), 1).to_pylist()[0]
        raise SchemaError(f"table {spec.name} has the key {key} more than once.")


class TableWriter:
    """Write one table in pieces, each piece one row group, in rising order of its key.

    `extra` is more metadata for the file, such as where its splits came from; `further` are the
    columns that only this one of its kind has.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        extra: Mapping[str, str] | None = None,
        further: Iterable[str] = (),
    ) -> None:
        self._path = table_path(folder, name)
        self._name = name
        schema = TABLES[name].widened(further).schema
        self._schema = schema.with_metadata({**schema.metadata, **(extra or {})})
        self.n_rows = 0

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            beside = stack.enter_context(replacing(self._path))
            writer = pq.ParquetWriter(beside, self._schema, compression="zstd")
            self._writer = stack.enter_context(writer)
            self._stack = stack.pop_all()  # both stay open until the end of our own block
        return self

    def write(self, rows: Mapping[str, Any] | pa.Table) -> None:
        """Append rows; they are checked and sorted among themselves."""
        table = conform(rows, self._name).replace_schema_metadata(self._schema.metadata)
        if table.num_rows:
            self._writer.write_table(table)
            self.n_rows += table.num_rows

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)


def split_source(folder: Path) -> str:
    """Where the splits of a folder's readings came from: a published list or a seeded draw."""
    return _recorded(folder, "split_source")


def tuning_source(folder: Path) -> str:
    """Where the choice of a folder's labeler-tuning readings came from, likewise."""
    return _recorded(folder, "tuning_source")


def _recorded(folder: Path, key: str) -> str:
    metadata = parquet_schema(table_path(folder, "readings")).metadata or {}
    return str(metadata.get(key.encode(), b"unknown").decode())


def rows_of(table: pa.Table, key: str, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Cut a table, sorted by the column `key`, into one dict of numpy columns for each id.

    Nulls of numbers are NaN; an id without rows gets empty columns.
    """
    columns = {name: table[name].to_numpy() for name in table.column_names}
    begin = np.searchsorted(columns[key].astype(str), list(ids), side="left")
    end = np.searchsorted(columns[key].astype(str), list(ids), side="right")
    return {
        reading_id: {name: values[first:last] for name, values in columns.items()}
        for reading_id, first, last in zip(ids, begin, end, strict=True)
    }


def read_readings(
    folder: Path, name: str, ids: Sequence[str], *, optional: bool = False
) -> dict[str, dict[str, Any]]:
    """Read the rows of a few readings, as `rows_of` gives them; other row groups stay unread.

    An absent table has no rows if it is `optional`.
    """
    spec, path = TABLES[name], table_path(folder, name)
    settle(folder)
    table = spec.schema.empty_table()
    if not optional or has_table(folder, name):
        about = path.stat() if path.is_file() else None
        version = about and (about.st_ino, about.st_size, about.st_mtime_ns)
        file = _row_groups_of(folder, name, version)
        table = file.rows_between(spec.key[0], min(ids), max(ids))
        table = check_rows(table, spec.widened(table.column_names), path, is_whole=False)
    return rows_of(table, spec.key[0], ids)


@lru_cache(maxsize=16)
def _row_groups_of(folder: Path, name: str, _version: tuple[int, ...] | None) -> RowGroups:
    return RowGroups(_checked_path(folder, name), remedy=_anew(name))


def usable_readings(readings: pa.Table) -> tuple[list[str], dict[str, int]]:
    """Choose the readings with gaze and image size; count the others by reason."""
    no_gaze = pc.invert(readings["has_gaze"])
    no_size = pc.or_(pc.is_null(readings["width_px"]), pc.is_null(readings["height_px"]))
    left_out = {"no gaze": no_gaze, "no image size": pc.and_(readings["has_gaze"], no_size)}
    counts = {reason: pc.sum(rows).as_py() or 0 for reason, rows in left_out.items()}
    is_usable = pc.invert(pc.or_(no_gaze, no_size))
    return readings.filter(is_usable)["reading_id"].to_pylist(), counts


def has_table(folder: Path, name: str) -> bool:
    """Tell whether a folder has a table; whatever is in its place is refused when it is read.

    Raises
    ------
    SchemaError
        If it was written there, as the record of the folder says, and is gone.
    """
    path = table_path(folder, name)
    if os.path.lexists(path):
        return True
    if path.name in recorded_files(folder):
        message = "this table was written here, and is gone."
        raise SchemaError(message, where=path, remedy=_anew(name))
    return False


def read_if_present(folder: Path, name: str, **selection: Any) -> pa.Table:
    """Read a table as `read_table` does; a folder without it gives no rows."""
    settle(folder)
    if has_table(folder, name):
        return read_table(folder, name, **selection)
    return TABLES[name].schema.empty_table()


def write_table(
    rows: Mapping[str, Any] | pa.Table,
    folder: Path,
    name: str,
    extra: Mapping[str, str] | None = None,
) -> int:
    """Write a whole table; give the number of its rows. Raises as `conform` does."""
    further = rows.column_names if isinstance(rows, pa.Table) else rows
    with TableWriter(folder, name, extra, further) as writer:
        writer.write(rows)
    return writer.n_rows


def read_table(
    folder: Path,
    name: str,
    columns: list[str] | None = None,
    filters: list[tuple[str, str, Any]] | None = None,
) -> pa.Table:
    """Read a table of a folder, or part of it, and check that it is what its schema says.

    Only what is read is checked, and the key.

    Raises
    ------
    SchemaError
        If the file is absent, is no Parquet, is of another schema version, lacks a column, or holds
        rows that cannot be right (`check_rows`).

    Notes
    -----
    Rows come sorted by the key, also from a file that is not. Columns that the schema does not know
    are read when all are.
    """
    path = _checked_path(folder, name)
    spec = TABLES[name]
    # The key is read, too: order and keys that occur twice concern every column.
    read = None if columns is None else list(dict.fromkeys([*columns, *spec.key]))
    table = read_parquet(path, columns=read, filters=filters, remedy=_anew(name))
    spec = spec.widened(table.column_names)
    table = check_rows(table, spec, path, is_whole=filters is None)
    return table if columns is None else table.select(columns)


def _checked_path(folder: Path, name: str) -> Path:
    """Give the file of a table whose columns are those of its schema; raises as `read_table`."""
    settle(folder)
    path = table_path(folder, name)
    if not path.is_file():
        beside = sorted(file.stem for file in folder.glob("*.parquet")) if folder.is_dir() else []
        message = f"there is no table {name}"
        message += f" (found: {', '.join(beside)})." if beside else "."
        remedy = "Give the folder that the stage before wrote."
        raise SchemaError(message, where=path, remedy=remedy)
    schema = parquet_schema(path, remedy=_anew(name))
    check_version(schema, path)
    faults = type_faults(schema, TABLES[name].widened(schema.names))
    if faults:
        message = f"this is not a table {name}."
        raise SchemaError(message, where=path, remedy=_anew(name), faults=faults)
    return path


def _anew(name: str) -> str:
    """Say what to do about the file of a table that is damaged, or another's."""
    return f"Copy it again, or make it anew with `gazescribe {STAGES.get(name, 'ingest')}`."


def read_pieces(
    folder: Path, name: str, columns: Sequence[str] | None = None
) -> Iterator[pa.Table]:
    """Read a table a row group at a time, in rising order of its key; raises as `read_table`.

    One that others have put out of order comes as one piece, sorted. Whatever is wrong is said
    before the first piece, of the `columns` that are read.
    """
    if not _is_in_order(folder, name, columns):
        yield read_table(folder, name, None if columns is None else [*columns])
        return
    yield from _row_groups(table_path(folder, name), columns)


def _row_groups(path: Path, columns: Sequence[str] | None) -> Iterator[pa.Table]:
    with open_parquet(path) as file:
        for number in range(file.num_row_groups):
            with parsing(path, PARQUET):
                piece = file.read_row_group(number, columns)
                piece.validate(full=True)
            yield piece if columns is None else piece.select(columns)


def copy_table(folder: Path, name: str, out: Path) -> None:
    """Copy the table of a folder to another; rows that others have put out of order are sorted.

    Raises as `read_table`.
    """
    if _is_in_order(folder, name):
        shutil.copyfile(table_path(folder, name), table_path(out, name))
    else:
        table = read_table(folder, name)
        write_table(table.select(TABLES[name].columns), out, name, further_metadata(table, name))


def further_metadata(table: pa.Table, name: str) -> dict[str, str]:
    """Give what a table says of its sources; the schema's own entries are written anew."""
    return {
        key.decode(): value.decode()
        for key, value in (table.schema.metadata or {}).items()
        if key not in TABLES[name].schema.metadata and not key.startswith((b"ARROW", b"pandas"))
    }


def _is_in_order(folder: Path, name: str, columns: Sequence[str] | None = None) -> bool:
    """Tell whether all rows are right and in order; one row group is in memory at a time."""
    path = _checked_path(folder, name)
    if columns is not None:  # the key is looked at, too, as `read_table` does
        columns = list(dict.fromkeys([*columns, *TABLES[name].key]))
    last: pa.Table | None = None
    try:
        for piece in _row_groups(path, columns):
            joined = piece if last is None else pa.concat_tables([last, piece])
            if check_rows(joined, TABLES[name], path, is_whole=False) is not joined:
                return False
            last = piece.slice(len(piece) - 1) if len(piece) else last
    except SchemaError:
        return False  # `read_table` names the rows of the file
    return True
