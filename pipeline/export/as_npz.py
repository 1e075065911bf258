"""Maps as compressed NPZ files, an array a map named by its row; tables as CSV.

For those who move or keep what `npy` holds; a map is read without those beside it.
"""

import zipfile
from pathlib import Path

import numpy as np

from gazescribe.pipeline.core.shards import shard_name
from gazescribe.pipeline.export.as_npy import write_indexed
from gazescribe.pipeline.export.contents import Contents, MapSet
from gazescribe.pipeline.export.table_files import FileSet, MapParts


def write(contents: Contents, folder: Path, map_parts: MapParts) -> list[FileSet]:
    """Write tables and maps; give what was written."""
    maps = ("*.npz", "application/x-npz", "Maps, float16, an array each, named by `row`")
    return write_indexed(contents, folder, map_parts, write_part, maps)


def write_part(part: MapSet, folder: Path) -> None:
    """Write the maps of one file, as `numpy.savez_compressed` does; one is in memory at a time."""
    path = (folder / "maps" / part.name / shard_name(part.number)).with_suffix(".npz")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for row, heatmap in enumerate(part.maps()):
            with archive.open(f"{row}.npy", "w") as member:
                np.lib.format.write_array(member, np.ascontiguousarray(heatmap), version=(1, 0))
