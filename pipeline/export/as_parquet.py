"""Maps as Parquet: lists of lists of half floats, which pandas, polars and `datasets` open."""

from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from gazescribe.pipeline.export.contents import Contents, MapSet
from gazescribe.pipeline.export.table_files import PARQUET, FileSet, MapParts, write_with_maps
from gazescribe.pipeline.export.units import DIMENSIONLESS

MAPS_A_GROUP = 32  # of 512×512: 16 MB, what a reader must hold at once
PLACES = ("shard", "row")  # say where a map lies in NPY files; there are none here
MAP_TYPE = pa.list_(pa.list_(pa.float16()))
FIELD = pa.field(
    "map",
    MAP_TYPE,
    nullable=False,
    metadata={
        "description": "Rows of the map from the top, each from the left; maximum about 1",
        "unit": DIMENSIONLESS,
    },
)


def write(contents: Contents, folder: Path, map_parts: MapParts) -> list[FileSet]:
    """Write tables and maps; give what was written."""
    files = [
        FileSet(map_set.name, f"maps/{map_set.name}/*.parquet", PARQUET, "Maps", schema_of(map_set))
        for map_set in contents.sets
    ]
    return write_with_maps(contents, folder, map_parts, write_part, ".parquet", files)


def schema_of(map_set: MapSet) -> pa.Schema:
    """Columns of a file of maps."""
    return map_set.index.drop_columns(PLACES).schema.append(FIELD)


def write_part(part: MapSet, folder: Path) -> None:
    """Write the maps of one file."""
    path = folder / "maps" / part.name / f"part-{part.number:05d}.parquet"
    write_maps(part, path, schema_of(part), lambda block: [nested(block)])


def write_maps(
    part: MapSet,
    path: Path,
    schema: pa.Schema,
    columns_of: Callable[[NDArray[np.float16]], list[pa.Array]],
) -> None:
    """Write the rows of the index and the columns made of their maps, a few maps at a time."""
    rows = part.index.drop_columns(PLACES)
    maps = part.maps()
    # Dictionaries and statistics are of no use for maps, and both take their time.
    plain = {"use_dictionary": rows.column_names, "write_statistics": rows.column_names}
    with pq.ParquetWriter(path, schema, compression="zstd", **plain) as writer:
        for begin in range(0, rows.num_rows, MAPS_A_GROUP):
            block = np.stack(list(islice(maps, MAPS_A_GROUP)))
            columns = [column.combine_chunks() for column in rows.slice(begin, len(block)).columns]
            writer.write_table(pa.table([*columns, *columns_of(block)], schema=schema))


def nested(maps: NDArray[np.float16]) -> pa.Array:
    """Turn maps, shape (n, height, width), into lists of lists."""
    n, height, width = maps.shape
    values = pa.array(maps.reshape(-1))
    lines = pa.array(np.arange(0, maps.size + 1, width, dtype=np.int32))
    starts = pa.array(np.arange(0, n * height + 1, height, dtype=np.int32))
    return pa.ListArray.from_arrays(starts, pa.ListArray.from_arrays(lines, values))
