"""Maps as Parquet, by split for Hugging Face `datasets`: lists of lists of half floats.

pandas, polars and `datasets` open them; the card says to `datasets` what the columns are.
"""

from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from gazescribe.pipeline.export.contents import SPLIT_NAMES, Contents, MapSet
from gazescribe.pipeline.export.table_files import PARQUET, FileSet, MapParts, write_with_maps

MAPS_A_GROUP = 32  # of 512×512: 16 MB, what a reader must hold at once
PLACES = ("shard", "row")  # say where a map lies in NPY files; there are none here
MAP_TYPE = pa.list_(pa.list_(pa.float16()))
FIELD = pa.field(
    "map",
    MAP_TYPE,
    nullable=False,
    metadata={"description": "Rows of the map from the top, each from the left; maximum about 1"},
)


def write(contents: Contents, folder: Path, map_parts: MapParts) -> list[FileSet]:
    """Write tables and maps; give what was written."""
    files = [_files_of(map_set, "Maps") for map_set in contents.sets]
    return write_with_maps(contents, folder, map_parts, write_part, ".parquet", files)


def write_by_split(contents: Contents, folder: Path, map_parts: MapParts) -> list[FileSet]:
    """Write tables and maps, with a file for each split; give what was written."""
    files = [_files_of(map_set, "Maps by split") for map_set in contents.sets]
    return write_with_maps(contents, folder, map_parts, write_part_by_split, ".parquet", files)


def _files_of(map_set: MapSet, about: str) -> FileSet:
    pattern = f"maps/{map_set.name}/*.parquet"
    return FileSet(map_set.name, pattern, PARQUET, about, maps_schema(map_set))


def maps_schema(map_set: MapSet) -> pa.Schema:
    """Columns of a file of maps."""
    return map_set.index.drop_columns(PLACES).schema.append(FIELD)


def write_part(part: MapSet, folder: Path) -> None:
    """Write the maps of one file."""
    write_maps(part, folder / "maps" / part.name / f"part-{part.number:05d}.parquet")


def write_part_by_split(part: MapSet, folder: Path) -> None:
    """Write the maps of one part, a file for each split that it has."""
    splits = part.index["split"].to_pylist()
    for split, name in SPLIT_NAMES.items():
        rows = [row for row, value in enumerate(splits) if value == split]
        if rows:
            path = folder / "maps" / part.name / f"{name}-{part.number:05d}.parquet"
            write_maps(part.take(rows), path)


def write_maps(part: MapSet, path: Path) -> None:
    """Write maps with their rows of the index, a few at a time."""
    rows = part.index.drop_columns(PLACES)
    maps = part.maps()
    # Dictionaries and statistics are of no use for maps, and both take their time.
    plain = {"use_dictionary": rows.column_names, "write_statistics": rows.column_names}
    with pq.ParquetWriter(path, maps_schema(part), compression="zstd", **plain) as writer:
        for begin in range(0, rows.num_rows, MAPS_A_GROUP):
            block = np.stack(list(islice(maps, MAPS_A_GROUP)))
            group = rows.slice(begin, len(block)).append_column(FIELD, nested(block))
            writer.write_table(group)


def nested(maps: NDArray[np.float16]) -> pa.Array:
    """Turn maps, shape (n, height, width), into lists of lists."""
    n, height, width = maps.shape
    values = pa.array(maps.reshape(-1))
    lines = pa.array(np.arange(0, maps.size + 1, width, dtype=np.int32))
    starts = pa.array(np.arange(0, n * height + 1, height, dtype=np.int32))
    return pa.ListArray.from_arrays(starts, pa.ListArray.from_arrays(lines, values))
