"""What tables are made of: columns with type, unit and meaning, and those that many share."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pyarrow as pa

SCHEMA_VERSION = "1"

ID = pa.string()
COUNT = pa.int32()
TIME = pa.float64()
PIXEL = pa.float64()
PIXELS = pa.int32()
NUMBER = pa.int64()


@dataclass(frozen=True)
class Table:
    """One table: its name, the columns that identify a row, its schema, and what a row is.

    The file is named as the table, unless `file` says otherwise. Where there is a `further` field,
    a file has more columns of that kind, whose names begin with its name.
    """

    name: str
    key: tuple[str, ...]
    schema: pa.Schema
    description: str
    file: str = ""
    further: pa.Field | None = None

    def widened(self, names: Iterable[str]) -> "Table":
        """Give the table with the further ones among these columns, in their order."""
        if self.further is None:
            return self
        prefix, schema = self.further.name, self.schema
        about = self.further.metadata[b"description"].decode()
        for name in names:
            if name.startswith(prefix) and name not in schema.names:
                metadata = {"description": f"{about} {name.removeprefix(prefix)}"}
                schema = schema.append(self.further.with_name(name).with_metadata(metadata))
        return replace(self, schema=schema)

    @property
    def columns(self) -> list[str]:
        """Column names in order."""
        return list(self.schema.names)


def column(
    name: str, kind: pa.DataType, description: str, *, unit: str = "", null: bool = False
) -> pa.Field:
    """Define a column of a table."""
    metadata = {"description": description}
    if unit:
        metadata["unit"] = unit
    return pa.field(name, kind, nullable=null, metadata=metadata)


def table(
    name: str,
    key: tuple[str, ...],
    description: str,
    columns: list[pa.Field],
    file: str = "",
    further: pa.Field | None = None,
) -> Table:
    """Define a table; its description and its columns' are written into its files."""
    metadata = {"table": name, "schema_version": SCHEMA_VERSION, "description": description}
    schema = pa.schema(columns, metadata=metadata)
    return Table(name, key, schema, description, file, further)


def box(prefix: str, description: str, kind: pa.DataType = PIXEL, *, null: bool) -> list[pa.Field]:
    """Define the four sides of a box in pixels."""
    return [
        column(f"{prefix}{side}_px", kind, f"{description}: {side}", unit="px", null=null)
        for side in ("xmin", "ymin", "xmax", "ymax")
    ]


READING_ID = column("reading_id", ID, "One reader looking at one image once")
CHARS = [
    column("char_start", COUNT, "First character in the reading's text", unit="character"),
    column("char_end", COUNT, "One past the last character", unit="character"),
]
RUN = [
    column("run", ID, "Name of the run: <model>-seed<seed>"),
    column("model", ID, "What was trained, seeds aside"),
    column("seed", NUMBER, "Seed of the run", null=True),
]
