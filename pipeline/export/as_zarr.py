"""Maps as a Zarr v3 group: a chunk a map, a file for each 256, the index as arrays beside."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gazescribe.pipeline.core.shards import ROWS_A_SHARD
from gazescribe.pipeline.export.as_parquet import FIELD, PLACES
from gazescribe.pipeline.export.contents import Contents, MapSet, Part
from gazescribe.pipeline.export.forms import Each, Files, write_tables

GROUP = "maps.zarr"


def write(contents: Contents, folder: Path, each: Each) -> list[Files]:
    """Write tables and maps; give what was written."""
    import zarr

    root = zarr.open_group(folder / GROUP, mode="w", zarr_format=3)
    for one in contents.sets:
        _write_index(root.create_group(one.name), one)
    each(partial(write_part, folder=folder))
    about = "Array `map` (n, height, width) float16, and the columns of its index as arrays"
    return write_tables(contents, folder, ".csv") + [
        Files(one.name, f"{GROUP}/{one.name}/*", "application/x-zarr", about)
        for one in contents.sets
    ]


def _write_index(group: Any, one: MapSet) -> None:
    group.create_array(
        "map",
        shape=(one.index.num_rows, *one.size),
        chunks=(1, *one.size),
        shards=(ROWS_A_SHARD, *one.size),
        dtype="float16",
        dimension_names=("map", "y", "x"),
        attributes=_words(FIELD),
    )
    for field in one.index.drop_columns(PLACES).schema:
        values = _plain(one.index[field.name])
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


def write_part(part: Part, folder: Path) -> None:
    """Write the maps of one file."""
    import zarr

    maps = zarr.open_array(folder / GROUP / part.name / "map", mode="r+")
    begin = part.number * ROWS_A_SHARD
    maps[begin : begin + part.rows.num_rows] = np.stack(list(part.maps()))
