"""Maps as WebDataset: tar files, a sample of `.heatmap.npy` and `.json` for each map."""

import io
import json
import tarfile
from functools import partial
from pathlib import Path

import numpy as np

from gazescribe.pipeline.core.shards import ROWS_A_SHARD
from gazescribe.pipeline.export.as_parquet import PLACES
from gazescribe.pipeline.export.contents import Contents, Part
from gazescribe.pipeline.export.forms import Each, Files, write_tables


def write(contents: Contents, folder: Path, each: Each) -> list[Files]:
    """Write tables and maps; give what was written."""
    for one in contents.sets:
        (folder / "maps" / one.name).mkdir(parents=True)
    each(partial(write_part, folder=folder))
    about = "Samples of heatmap.npy and json, where json is the row of the index"
    return write_tables(contents, folder, ".csv") + [
        Files(one.name, f"maps/{one.name}/*.tar", "application/x-tar", about)
        for one in contents.sets
    ]


def write_part(part: Part, folder: Path) -> None:
    """Write the maps of one file. Keys are numbers: ids may hold dots, which end a key."""
    path = folder / "maps" / part.name / f"part-{part.number:05d}.tar"
    rows = part.rows.drop_columns(PLACES).to_pylist()
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for n, (row, one) in enumerate(zip(rows, part.maps(), strict=True)):
            array = io.BytesIO()
            np.save(array, one, allow_pickle=False)
            key = f"{part.number * ROWS_A_SHARD + n:08d}"
            _add(tar, f"{key}.heatmap.npy", array.getvalue())
            _add(tar, f"{key}.json", json.dumps(row, sort_keys=True).encode())


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)  # of nobody, at time 0
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))
