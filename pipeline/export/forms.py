"""Write tables as Parquet or CSV, and say of each file what it is."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from gazescribe.pipeline.export.contents import Contents, Part

CSV, TSV, JSON = "text/csv", "text/tab-separated-values", "application/json"
PARQUET = "application/x-parquet"  # as mlcroissant knows it

Each = Callable[[Callable[[Part], Any]], list[Any]]
"""Applies a function to every part of the sets, on all workers; results in their order."""


@dataclass(frozen=True)
class Files:
    """One file of an export, or files of one kind.

    Attributes
    ----------
    name : str
        What they hold, unique in the export.
    pattern : str
        Path below the export, with * where there are several.
    media_type : str
        As Croissant names it.
    description : str
        What they hold, in words.
    schema : pyarrow.Schema or None
        Columns, where the files are tables.
    """

    name: str
    pattern: str
    media_type: str
    description: str
    schema: pa.Schema | None = None


def write_tables(contents: Contents, folder: Path, suffix: str) -> list[Files]:
    """Write every table as `.parquet` or `.csv`."""
    write, media_type = {".parquet": (_write_parquet, PARQUET), ".csv": (write_csv, CSV)}[suffix]
    written = []
    for name, table in contents.tables.items():
        write(table, folder / f"{name}{suffix}")
        about = table.schema.metadata[b"description"].decode()
        written.append(Files(name, f"{name}{suffix}", media_type, about, table.schema))
    return written


def _write_parquet(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, compression="zstd")


def write_csv(table: pa.Table, path: Path) -> None:
    """Write a table as CSV: lists as JSON, null as nothing, numbers to their last bit."""
    for position, field in enumerate(table.schema):
        if pa.types.is_list(field.type):
            texts = [
                None if values is None else json.dumps(values)
                for values in table[field.name].to_pylist()
            ]
            table = table.set_column(position, field.name, pa.array(texts, pa.string()))
    options = pyarrow.csv.WriteOptions(quoting_style="needed")
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.csv.write_csv(table, path, options)
