"""Write tables as Parquet or CSV, and describe the files of an export."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gazescribe.pipeline.core import csv_writing
from gazescribe.pipeline.export.contents import Contents, MapSet
from gazescribe.pipeline.export.units import round_times

CSV, TSV, JSON = "text/csv", "text/tab-separated-values", "application/json"
PARQUET = "application/x-parquet"  # as mlcroissant knows it

MapParts = Callable[[Callable[[MapSet], Any]], list[Any]]
"""Applies a function to every part of the sets, on all workers; results in their order."""


@dataclass(frozen=True)
class FileSet:
    """One file of an export, or files of one kind."""

    name: str  # what they hold, unique in the export
    pattern: str  # path below the export, with * where there are several
    media_type: str  # as Croissant names it
    description: str
    schema: pa.Schema | None = None  # columns, where the files are tables


def write_tables(contents: Contents, folder: Path, suffix: str) -> list[FileSet]:
    """Write every table as `.parquet` or `.csv`."""
    written = []
    for name, table in contents.tables.items():
        path = folder / f"{name}{suffix}"
        if suffix == ".parquet":
            media_type = PARQUET
            pq.write_table(table, path, compression="zstd")
        else:
            media_type = CSV
            write_csv(table, path)
        description = table.schema.metadata[b"description"].decode()
        written.append(FileSet(name, path.name, media_type, description, table.schema))
    return written


def write_csv(table: pa.Table, path: Path) -> None:
    """Write a table as CSV: lists as JSON, null as nothing, times to the microsecond.

    All other numbers are written to their last bit.

    Texts are never formulas, as `core.csv_writing` says.
    """
    table = round_times(table)
    for position, field in enumerate(table.schema):
        if pa.types.is_list(field.type):
            lists = table[field.name].to_pylist()
            texts = [None if values is None else json.dumps(values) for values in lists]
            table = table.set_column(position, field.name, pa.array(texts, pa.string()))
    path.parent.mkdir(parents=True, exist_ok=True)
    csv_writing.write_csv(table, path)


def write_with_maps(
    contents: Contents,
    folder: Path,
    map_parts: MapParts,
    write_part: Callable[..., None],
    suffix: str,
    map_files: list[FileSet],
) -> list[FileSet]:
    """Write the tables with a suffix, and by `write_part` the maps of each set below `maps/`.

    `map_files` describes the maps; what was written is given.
    """
    for map_set in contents.sets:
        (folder / "maps" / map_set.name).mkdir(parents=True)
    map_parts(partial(write_part, folder=folder))
    return [*write_tables(contents, folder, suffix), *map_files]
