"""A folder for Hugging Face `datasets`: Parquet by split; the card says what the columns are."""

from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from gazescribe.pipeline.export.as_parquet import maps_schema, write_maps
from gazescribe.pipeline.export.contents import Contents, Part
from gazescribe.pipeline.export.forms import PARQUET, Each, Files, write_tables

SPLITS = {"train": "train", "validate": "validation", "test": "test", None: "unassigned"}


def write(contents: Contents, folder: Path, each: Each) -> list[Files]:
    """Write tables and maps; give what was written."""
    for one in contents.sets:
        (folder / "maps" / one.name).mkdir(parents=True)
    each(partial(write_part, folder=folder))
    return write_tables(contents, folder, ".parquet") + [
        Files(one.name, f"maps/{one.name}/*.parquet", PARQUET, "Maps by split", maps_schema(one))
        for one in contents.sets
    ]


def write_part(part: Part, folder: Path) -> None:
    """Write the maps of one part, a file for each split that it has."""
    for ours, theirs in SPLITS.items():
        chosen = part.take(_of_split(part.rows, ours))
        if chosen.rows.num_rows:
            write_maps(chosen, folder / "maps" / part.name / f"{theirs}-{part.number:05d}.parquet")


def _of_split(rows: pa.Table, split: str | None) -> list[int]:
    split_of = rows["split"]
    chosen = pc.is_null(split_of) if split is None else pc.equal(split_of, split)
    return [n for n, one in enumerate(chosen.to_pylist()) if one]
