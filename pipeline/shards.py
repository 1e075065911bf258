"""Shards: one float16 array a file, and a Parquet index that says where each map lies.

The format is in `docs/format.md`; anybody can read it with `numpy.load(mmap_mode="r")`.
"""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.lib.format import write_array_header_1_0
from numpy.typing import NDArray

from pipeline.errors import SchemaError
from pipeline.schemas import TABLES

ROWS_A_SHARD = 256
SMALLEST = np.float32(2**-14)
"""Smallest normal float16; smaller values are stored as 0 (error at most 6.2e-5)."""


def shard_name(shard: int) -> str:
    """File name of a shard."""
    return f"heatmaps-{shard:05d}.npy"


def to_stored(values: NDArray[np.float32]) -> NDArray[np.float16]:
    """Cast maps to what a shard holds."""
    return (values * (values >= SMALLEST)).astype(np.float16)


@dataclass
class Shards:
    """A folder of shards, opened without reading it.

    Attributes
    ----------
    folder : pathlib.Path
        Where it lies.
    index : pyarrow.Table
        Table `heatmaps`: one row a map.
    """

    folder: Path
    index: pa.Table
    _open: dict[int, NDArray[np.float16]] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return int(self.index.num_rows)

    def __getitem__(self, row: int) -> NDArray[np.float16]:
        """Map of an index row, shape (height, width), float16, maximum about 1."""
        place = self.index.slice(row, 1).to_pylist()
        if not 0 <= row < len(self) or not place:
            raise IndexError(row)
        shard = place[0]["shard"]
        if shard not in self._open:
            self._open[shard] = np.load(self.folder / shard_name(shard), mmap_mode="r")
        heatmap: NDArray[np.float16] = self._open[shard][place[0]["row"]]
        return heatmap


def open_shards(folder: Path | str) -> Shards:
    """Open what `gazescribe heatmaps` wrote.

    Parameters
    ----------
    folder : path
        With `index.parquet` and `heatmaps-00000.npy` …

    Returns
    -------
    Shards
        `shards.index` is the table, `shards[i]` the map of its row i, memory mapped.

    Raises
    ------
    SchemaError
        If there is no index, or a shard that it names is absent, or of another size or type.
    """
    folder = Path(folder)
    path = folder / "index.parquet"
    if not path.is_file():
        raise SchemaError("there is no index of heatmaps.", where=path)
    try:
        index = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise SchemaError(f"this is not a Parquet file ({error}).", where=path) from error
    absent = sorted(set(TABLES["heatmaps"].columns) - set(index.column_names))
    if absent:
        raise SchemaError(f"columns are missing: {', '.join(absent)}.", where=path)
    faults = list(_shard_faults(folder, index))
    if faults:
        raise SchemaError("the shards are not what the index says.", where=folder, faults=faults)
    return Shards(folder, index)


def _shard_faults(folder: Path, index: pa.Table) -> Iterator[str]:
    counts = index.group_by(["shard", "height", "width"]).aggregate([("row", "count")])
    for place in counts.sort_by("shard").to_pylist():
        name = shard_name(place["shard"])
        expected = f"float16 {place['row_count'], place['height'], place['width']}"
        if not (folder / name).is_file():
            yield f"{name}: not found"
            continue
        try:
            stored = np.load(folder / name, mmap_mode="r", allow_pickle=False)
        except (ValueError, OSError):
            yield f"{name}: not a whole NPY file of numbers"
            continue
        found = f"{stored.dtype} {stored.shape}"
        if found != expected:
            yield f"{name}: {expected} expected, {found} found"


@contextmanager
def shard_folder(out: Path) -> Iterator[Path]:
    """Give a folder to write shards in; move them to `out` when the block ends well.

    Shards of an earlier run are removed; the index comes last, so that a folder with an index is
    whole.
    """
    out.mkdir(parents=True, exist_ok=True)
    beside = out / ".partial"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    try:
        yield beside
        (out / "index.parquet").unlink(missing_ok=True)
        for old in out.glob("heatmaps-*.npy"):
            old.unlink()
        for new in sorted(beside.iterdir(), key=lambda path: path.name == "index.parquet"):
            new.replace(out / new.name)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def write_shard(
    folder: Path, shard: int, shape: tuple[int, int, int], maps: Iterable[NDArray[np.float32]]
) -> None:
    """Write the maps of a shard one after another; one is in memory at a time."""
    with (folder / shard_name(shard)).open("wb") as file:
        header = {"descr": "<f2", "fortran_order": False, "shape": shape}
        write_array_header_1_0(file, header)
        for one in maps:
            file.write(to_stored(one).tobytes())
