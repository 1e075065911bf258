"""Maps as NPY files that can be memory mapped, as `docs/format.md` has them; tables as CSV."""

from functools import partial
from pathlib import Path

import numpy as np

from gazescribe.pipeline.core.shards import write_shard
from gazescribe.pipeline.export.contents import Contents, Part
from gazescribe.pipeline.export.forms import CSV, Each, Files, write_csv, write_tables


def write(contents: Contents, folder: Path, each: Each) -> list[Files]:
    """Write tables and maps; give what was written."""
    written = write_tables(contents, folder, ".csv")
    for one in contents.sets:
        write_csv(one.index, folder / "maps" / one.name / "index.csv")
        index = Files(
            f"{one.name}-index",
            f"maps/{one.name}/index.csv",
            CSV,
            "Where each map lies: file `shard`, row `row`",
            one.index.schema,
        )
        maps = Files(one.name, f"maps/{one.name}/*.npy", "application/x-npy", "Maps, float16")
        written += [index, maps]
    each(partial(write_part, folder=folder))
    return written


def write_part(part: Part, folder: Path) -> None:
    """Write the maps of one file."""
    maps = (one.astype(np.float32) for one in part.maps())  # and back, without loss
    shape = (part.rows.num_rows, *part.size)
    write_shard(folder / "maps" / part.name, part.number, shape, maps)
