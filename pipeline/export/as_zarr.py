"""Maps as a Zarr v3 group: a chunk a map, a file for each 256, the index as arrays beside."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gazescribe.pipeline.core.shards import ROWS_A_SHARD
from gazescribe.pipeline.export.as_parquet import FIELD, PLACES
from gazescribe.pipeline.export.contents import Contents, MapSet
from gazescribe.pipeline.export.table_files import FileSet, MapParts, write_tables

GROUP = "maps.zarr"


def write(contents: Contents, folder: Path, map_parts: MapParts) -> list[FileSet]:
    """Write tables and maps; give what was written."""
    import zarr

    root = zarr.open_group(folder / GROUP, mode="w", zarr_format=3)
    for map_set in contents.sets:
        _write_index(root.create_group(map_set.name), map_set)
    map_parts(partial(write_part, folder=folder))
    about = "Array `map` (n, height, width) float16, and the columns of its index as arrays"
    return write_tables(contents, folder, ".csv") + [
        FileSet(map_set.name, f"{GROUP}/{map_set.name}/*", "application/x-zarr", about)
        for map_set in contents.sets
    ]


def _write_index(group: Any, map_set: MapSet) -> None:
    from zarr.codecs import BloscCodec

    group.create_array(
        "map",
        shape=(map_set.index.num_rows, *map_set.size),
        chunks=(1, *map_set.size),
        shards=(ROWS_A_SHARD, *map_set.size),  # a file each: parts are written side by side
        dtype="float16",
        # High bytes beside high bytes, low beside low: they repeat more than the numbers do.
        compressors=BloscCodec(cname="zstd", clevel=5, shuffle="shuffle", typesize=2),
        dimension_names=("map", "y", "x"),
        attributes=_words(FIELD),
    )
    for field in map_set.index.drop_columns(PLACES).schema:
        values = _plain(map_set.index[field.name])
        group.create_array(
            field.name, data=values, dimension_names=("map",), attributes=_words(field)
        )


def _plain(column: pa.ChunkedArray) -> NDArray[Any]:
    """Give a column as Zarr can hold it: null is '' in texts and NaN in numbers."""
    if pa.types.is_string(column.type):
        return np.array(column.fill_null("").to_pylist(), dtype=np.dtypes.StringDType())
    values: NDArray[Any] = column.to_numpy()
    return values


def _words(field: pa.Field) -> dict[str, str]:
    return {key.decode(): value.decode() for key, value in sorted(field.metadata.items())}


def write_part(part: MapSet, folder: Path) -> None:
    """Write the maps of one file."""
    import zarr

    maps = zarr.open_array(folder / GROUP / part.name / "map", mode="r+")
    begin = part.number * ROWS_A_SHARD
    maps[begin : begin + part.index.num_rows] = np.stack(list(part.maps()))
