"""Maps as NPY files that can be memory mapped, as `docs/format.md` has them; tables as CSV."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from gazescribe.pipeline.core.shards import write_shard
from gazescribe.pipeline.export.contents import Contents, MapSet
from gazescribe.pipeline.export.table_files import CSV, FileSet, MapParts, write_csv, write_tables


def write(contents: Contents, folder: Path, map_parts: MapParts) -> list[FileSet]:
    """Write tables and maps; give what was written."""
    maps = ("*.npy", "application/x-npy", "Maps, float16")
    return write_indexed(contents, folder, map_parts, write_part, maps)


def write_indexed(
    contents: Contents,
    folder: Path,
    map_parts: MapParts,
    write_part: Callable[..., None],
    maps: tuple[str, str, str],
) -> list[FileSet]:
    """Write tables, the index of each set, and by `write_part` the maps; give what was written.

    `maps` describes the files of maps: pattern, media type, and what they hold.
    """
    written = write_tables(contents, folder, ".csv")
    pattern, media_type, about_maps = maps
    for map_set in contents.sets:
        name, below = map_set.name, f"maps/{map_set.name}"
        write_csv(map_set.index, folder / below / "index.csv")
        about = "Where each map lies: file `shard`, row `row`"
        schema = map_set.index.schema
        written.append(FileSet(f"{name}-index", f"{below}/index.csv", CSV, about, schema))
        written.append(FileSet(name, f"{below}/{pattern}", media_type, about_maps))
    map_parts(partial(write_part, folder=folder))
    return written


def write_part(part: MapSet, folder: Path) -> None:
    """Write the maps of one file."""
    maps = (heatmap.astype(np.float32) for heatmap in part.maps())  # and back, without loss
    shape = (part.index.num_rows, *part.size)
    write_shard(folder / "maps" / part.name, part.number, shape, maps)
