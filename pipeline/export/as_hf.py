"""A folder for Hugging Face `datasets`: Parquet by split; the card says what the columns are."""

from pathlib import Path

from gazescribe.pipeline.export.as_parquet import maps_schema, write_maps
from gazescribe.pipeline.export.contents import Contents, MapSet
from gazescribe.pipeline.export.table_files import PARQUET, FileSet, MapParts, write_with_maps

SPLITS = {"train": "train", "validate": "validation", "test": "test", None: "unassigned"}


def write(contents: Contents, folder: Path, map_parts: MapParts) -> list[FileSet]:
    """Write tables and maps; give what was written."""
    return write_with_maps(
        contents,
        folder,
        map_parts,
        write_part,
        tables=".parquet",
        describe=lambda map_set: FileSet(
            map_set.name,
            f"maps/{map_set.name}/*.parquet",
            PARQUET,
            "Maps by split",
            maps_schema(map_set),
        ),
    )


def write_part(part: MapSet, folder: Path) -> None:
    """Write the maps of one part, a file for each split that it has."""
    splits = part.index["split"].to_pylist()
    for split, name in SPLITS.items():
        rows = [row for row, value in enumerate(splits) if value == split]
        if rows:
            path = folder / "maps" / part.name / f"{name}-{part.number:05d}.parquet"
            write_maps(part.take(rows), path)
