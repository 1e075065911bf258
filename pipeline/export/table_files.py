"""Write tables as Parquet or CSV, and describe the files of an export."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from gazescribe.pipeline.export.contents import Contents, MapSet

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
            pq.write_table(table, path, compression="zstd")
        else:
            write_csv(table, path)
        description = table.schema.metadata[b"description"].decode()
        media_type = PARQUET if suffix == ".parquet" else CSV
        written.append(FileSet(name, path.name, media_type, description, table.schema))
    return written


def write_csv(table: pa.Table, path: Path) -> None:
    """Write a table as CSV: lists as JSON, null as nothing, numbers to their last bit."""
    for position, field in enumerate(table.schema):
        if pa.types.is_list(field.type):
            texts = [
                None if values is None else json.dumps(values)
                for values in table[field.name].to_pylist()
            ]
            table = table.set_column(position, field.name, pa.array(texts, pa.string()))
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.csv.write_csv(table, path, pyarrow.csv.WriteOptions(quoting_style="needed"))


def write_with_maps(
    contents: Contents,
    folder: Path,
    map_parts: MapParts,
    write_part: Callable[..., None],
    *,
    tables: str,
    describe: Callable[[MapSet], FileSet],
) -> list[FileSet]:
    """Write the tables, and the maps of each set into files below `maps/`.

    Parameters
    ----------
    contents : Contents
        What is written.
    folder : pathlib.Path
        The export.
    map_parts : MapParts
        Runs `write_part` for all parts.
    write_part : callable
        Writes the maps of a part into `folder`.
    tables : {'.parquet', '.csv'}
        What tables are written as.
    describe : callable
        Describes the files of a set.
    """
    for map_set in contents.sets:
        (folder / "maps" / map_set.name).mkdir(parents=True)
    map_parts(partial(write_part, folder=folder))
    return [
        *write_tables(contents, folder, tables),
        *(describe(map_set) for map_set in contents.sets),
    ]
