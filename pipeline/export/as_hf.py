"""Parquet by split for Hugging Face `datasets`: tables, maps with previews, and radiographs.

Every table is cut as the readings are, so that no split holds the readings of another. Previews and
radiographs are `{bytes, path}` columns, which `datasets` reads as `Image`.
"""

import io
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from gazescribe.pipeline.export.as_parquet import nested, schema_of, write_maps
from gazescribe.pipeline.export.check import PICTURES
from gazescribe.pipeline.export.contents import SPLIT_NAMES, Contents, MapSet
from gazescribe.pipeline.export.table_files import PARQUET, FileSet, MapParts
from gazescribe.pipeline.export.units import NONE, with_units

IMAGE_TYPE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])  # as `datasets` has it
IMAGES_A_FILE = 256
PREVIEW = pa.field(
    "preview",
    IMAGE_TYPE,
    nullable=False,
    metadata={
        "description": "The map as PNG in colours: index 0 is 0, 255 is 1 and above",
        "unit": NONE,
    },
)
IMAGES_SCHEMA = with_units(
    pa.schema(
        [
            pa.field("dicom_id", pa.string(), nullable=False, metadata={"description": "Image"}),
            pa.field(
                "image",
                IMAGE_TYPE,
                nullable=False,
                metadata={"description": "The radiograph as PNG, 8-bit grey, at its original size"},
            ),
        ]
    )
)


def write(contents: Contents, folder: Path, map_parts: MapParts) -> list[FileSet]:
    """Write tables and maps, with a file for each split; give what was written."""
    for map_set in contents.sets:
        (folder / "maps" / map_set.name).mkdir(parents=True)
    map_parts(partial(write_part, folder=folder))
    files = list(_write_tables(contents, folder))
    about = "Maps and their previews, by split"
    for map_set in contents.sets:
        pattern = f"maps/{map_set.name}/*.parquet"
        files.append(FileSet(map_set.name, pattern, PARQUET, about, maps_schema(map_set)))
    return files


def maps_schema(map_set: MapSet) -> pa.Schema:
    """Columns of a file of maps."""
    return schema_of(map_set).append(PREVIEW)


def by_split(table: pa.Table, splits: Mapping[str, str | None]) -> dict[str, pa.Table]:
    """Cut a table by the split of each reading; splits without a row are left out."""
    of_row = [splits[reading_id] for reading_id in table["reading_id"].to_pylist()]
    cut = {
        name: table.filter(pa.array([value == split for value in of_row], pa.bool_()))
        for split, name in SPLIT_NAMES.items()
    }
    return {name: rows for name, rows in cut.items() if rows.num_rows}


def splits_of(contents: Contents) -> dict[str, str | None]:
    """Give the split of each reading."""
    readings = contents.tables["readings"]
    return dict(zip(*(readings[name].to_pylist() for name in ("reading_id", "split")), strict=True))


def _write_tables(contents: Contents, folder: Path) -> Iterator[FileSet]:
    for name, table in contents.tables.items():
        (folder / name).mkdir()
        cut = by_split(table, splits_of(contents))
        # A table without rows still says which columns it has.
        for split, rows in (cut or {"empty": table}).items():
            pq.write_table(rows, folder / name / f"{split}.parquet", compression="zstd")
        description = f"{table.schema.metadata[b'description'].decode()}, by split"
        yield FileSet(name, f"{name}/*.parquet", PARQUET, description, table.schema)


def write_part(part: MapSet, folder: Path) -> None:
    """Write the maps of one part, a file for each split that it has."""
    splits = part.index["split"].to_pylist()
    for split, name in SPLIT_NAMES.items():
        rows = [row for row, value in enumerate(splits) if value == split]
        if rows:
            path = folder / "maps" / part.name / f"{name}-{part.number:05d}.parquet"
            write_maps(part.take(rows), path, maps_schema(part), _columns)


def _columns(maps: NDArray[np.float16]) -> list[pa.Array]:
    previews = [{"bytes": preview(heatmap), "path": None} for heatmap in maps]
    return [nested(maps), pa.array(previews, IMAGE_TYPE)]


def preview(heatmap: NDArray[np.float16]) -> bytes:
    """Draw a map, shape (height, width), as PNG of 256 colours: from 0, black, to 1, yellow."""
    from matplotlib import colormaps
    from PIL import Image

    indices = np.rint(np.clip(heatmap.astype(np.float32), 0, 1) * 255).astype(np.uint8)
    picture = Image.fromarray(indices)
    palette = np.rint(colormaps["inferno"](np.arange(256))[:, :3] * 255)
    picture.putpalette(palette.astype(np.uint8).tobytes())
    content = io.BytesIO()
    picture.save(content, "PNG")
    return content.getvalue()


def pack_images(contents: Contents, folder: Path) -> FileSet:
    """Put the PNG files of the radiographs into Parquet files by split; give what was written."""
    readings = contents.tables["readings"]
    columns = (readings[name].to_pylist() for name in ("dicom_id", "split"))
    splits = dict(zip(*columns, strict=True))
    for split, name in SPLIT_NAMES.items():
        dicom_ids = sorted(dicom_id for dicom_id, value in splits.items() if value == split)
        paths = [folder / PICTURES / f"{dicom_id}.png" for dicom_id in dicom_ids]
        paths = [path for path in paths if path.is_file()]
        for begin in range(0, len(paths), IMAGES_A_FILE):
            number = begin // IMAGES_A_FILE
            target = folder / PICTURES / f"{name}-{number:05d}.parquet"
            _pack(paths[begin : begin + IMAGES_A_FILE], target)
    about = "Radiographs, by split"
    return FileSet(PICTURES, f"{PICTURES}/*.parquet", PARQUET, about, IMAGES_SCHEMA)


def _pack(paths: list[Path], target: Path) -> None:
    """Move PNG files into one Parquet file, one a row group, for a radiograph may have 10 MB."""
    with pq.ParquetWriter(target, IMAGES_SCHEMA, compression="none", write_statistics=False) as out:
        for path in paths:
            image = pa.array([{"bytes": path.read_bytes(), "path": path.name}], IMAGE_TYPE)
            out.write_table(pa.table([[path.stem], image], schema=IMAGES_SCHEMA))
            path.unlink()
