"""Maps as WebDataset: tar files, a sample of `.heatmap.npz` and `.json` for each map."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np

from gazescribe.pipeline.core.shards import ROWS_A_SHARD
from gazescribe.pipeline.export.as_parquet import PLACES
from gazescribe.pipeline.export.contents import Contents, MapSet
from gazescribe.pipeline.export.table_files import FileSet, MapParts, write_with_maps
from gazescribe.pipeline.export.units import round_times


def write(contents: Contents, folder: Path, map_parts: MapParts) -> list[FileSet]:
    """Write tables and maps; give what was written."""
    about = "Samples of heatmap.npz (array `map`) and json (the row of the index)"
    files = [
        FileSet(map_set.name, f"maps/{map_set.name}/*.tar", "application/x-tar", about)
        for map_set in contents.sets
    ]
    return write_with_maps(contents, folder, map_parts, write_part, ".csv", files)


def write_part(part: MapSet, folder: Path) -> None:
    """Write the maps of one file. Keys are numbers: ids may hold dots, which end a key."""
    path = folder / "maps" / part.name / f"part-{part.number:05d}.tar"
    rows = round_times(part.index.drop_columns(PLACES)).to_pylist()
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for n, (row, heatmap) in enumerate(zip(rows, part.maps(), strict=True)):
            array = io.BytesIO()
            np.savez_compressed(array, map=heatmap)  # a quarter of the bytes of npy
            key = f"{part.number * ROWS_A_SHARD + n:08d}"
            _add(tar, f"{key}.heatmap.npz", array.getvalue())
            _add(tar, f"{key}.json", json.dumps(row, sort_keys=True).encode())


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)  # of nobody, at time 0: the same bytes everywhere
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))
