"""Shards: one array a file, and a Parquet index that says where each heatmap or radiograph lies.

The format is in `docs/format.md`; anybody can read it with `numpy.load(mmap_mode="r")`.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.lib.format import write_array_header_1_0
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import ArrayError, SchemaError
from gazescribe.pipeline.core.files import replacing_folder, settle
from gazescribe.pipeline.core.foreign import AGAIN, read_npy
from gazescribe.pipeline.core.foreign_tables import read_parquet
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.table_checks import check_rows, check_version, type_faults

Kind = Literal["heatmaps", "images"]

ROWS_A_SHARD = 256
SMALLEST = np.float32(2**-14)  # normal float16; smaller is stored as 0 (error at most 6.2e-5)
INDEXES: dict[Kind, str] = {"heatmaps": "heatmaps", "images": "image_shards"}  # table of each
TYPES: dict[Kind, tuple[str, ...]] = {"heatmaps": ("float16",), "images": ("uint8", "uint16")}
_ANEW = "Copy the folder again, or make it anew with `gazescribe heatmaps` or `gazescribe images`."
MAX_OPEN = 512  # each open shard holds a file descriptor, of which a process often has 1,024


def shard_name(shard: int, kind: Kind = "heatmaps") -> str:
    """File name of a shard."""
    return f"{kind}-{shard:05d}.npy"


def to_stored(values: NDArray[np.float32]) -> NDArray[np.float16]:
    """Cast maps to what a shard holds."""
    return (values * (values >= SMALLEST)).astype(np.float16)


@dataclass
class Shards:
    """A folder of shards, opened without reading it. Its memory maps stay out of pickles.

    Attributes
    ----------
    folder : pathlib.Path
        Where it lies.
    index : pyarrow.Table
        Table `heatmaps` or `image_shards`: one row a map or radiograph.
    kind : {'heatmaps', 'images'}
        Which of the two.
    """

    folder: Path
    index: pa.Table
    kind: Kind
    _shards: NDArray[np.int32] = field(init=False, repr=False)
    _rows: NDArray[np.int32] = field(init=False, repr=False)
    _open: dict[int, NDArray[Any]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._shards = self.index["shard"].to_numpy()
        self._rows = self.index["row"].to_numpy()
        self._open = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_open": {}}

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: int | slice) -> NDArray[Any]:
        """Array of an index row, shape (height, width), or of a slice, shape (n, height, width).

        Rows count as in numpy: -1 is the last. One row is memory mapped: float16 up to about 1, or
        uint8 or uint16 of images; a slice is read into memory.
        """
        try:
            chosen = range(len(self))[rows]
        except IndexError:
            raise IndexError(f"row {rows} of {len(self)}") from None
        if isinstance(chosen, int):
            return self._map(chosen)
        maps = [self._map(row) for row in chosen]
        shapes = sorted({array.shape for array in maps})
        if len(shapes) > 1:
            message = f"the maps of this slice have several sizes: {shapes}."
            raise ArrayError(message, where=self.folder, remedy="Take them one by one.")
        if maps:
            return np.stack(maps)
        like = self._map(0) if len(self) else np.empty((0, 0), TYPES[self.kind][0])
        return np.empty((0, *like.shape), like.dtype)

    def finite(self, row: int) -> NDArray[Any]:
        """Give the array of an index row; an ArrayError if a number in it is not finite."""
        array: NDArray[Any] = self[row]
        if not np.isfinite(array).all():
            shard = self.folder / shard_name(self.index["shard"][row].as_py(), self.kind)
            raise ArrayError("a map holds numbers that are not finite.", where=shard, remedy=AGAIN)
        return array

    def _map(self, row: int) -> NDArray[Any]:
        shard = int(self._shards[row])
        if shard not in self._open:
            if len(self._open) >= MAX_OPEN:
                del self._open[next(iter(self._open))]
            self._open[shard] = read_npy(self.folder / shard_name(shard, self.kind), mapped=True)
        array: NDArray[Any] = self._open[shard][self._rows[row]]
        return array


def open_shards(folder: Path | str) -> Shards:
    """Open what `gazescribe heatmaps` or `gazescribe images` wrote.

    Parameters
    ----------
    folder : path
        With `index.parquet` and `heatmaps-00000.npy` … or `images-00000.npy` …

    Returns
    -------
    Shards
        `shards.index` is the table, `shards[i]` the array of its row i, memory mapped.

    Raises
    ------
    SchemaError
        If there is no index, or a shard that it names is absent, or of another size or type.

    Examples
    --------
    >>> import gazescribe as gs
    >>> shards = gs.open_shards("data/heatmaps/reflacx-label")
    >>> shards.index.select(["reading_id", "label"]).to_pylist()[0]
    {'reading_id': 'R1', 'label': 'Edema'}
    >>> shards[0].dtype, shards[-1].shape, shards[:2].shape
    (dtype('float16'), (512, 512), (2, 512, 512))
    """
    folder = Path(folder)
    settle(folder)
    path = folder / "index.parquet"
    if not path.is_file():
        message = "there is no index of heatmaps or images."
        remedy = "Give the folder that the stage before wrote."
        raise SchemaError(message, where=path, remedy=remedy)
    index = read_parquet(path, remedy=_ANEW)
    check_version(index.schema, path)
    missing = {
        kind: set(TABLES[table].columns) - {*index.column_names} for kind, table in INDEXES.items()
    }
    kind = min(missing, key=lambda kind: len(missing[kind]))
    if missing[kind]:
        columns = ", ".join(sorted(missing[kind]))
        message = f"columns of an index of {kind} are missing: {columns}."
        raise SchemaError(message, where=path, remedy=_ANEW)
    faults = type_faults(index.schema, TABLES[INDEXES[kind]])
    if faults:
        message = f"this is no index of {kind}."
        raise SchemaError(message, where=path, remedy=_ANEW, faults=faults)
    index = check_rows(index, TABLES[INDEXES[kind]], path)
    faults = list(_shard_faults(folder, index, kind))
    if faults:
        message = "the shards are not what the index says."
        raise SchemaError(message, where=folder, remedy=_ANEW, faults=faults)
    return Shards(folder, index, kind)


def _shard_faults(folder: Path, index: pa.Table, kind: Kind) -> Iterator[str]:
    counts = index.group_by(["shard", "height", "width"]).aggregate(
        [("row", how) for how in ("count", "count_distinct", "max")]
    )
    types = TYPES[kind]
    for place in counts.sort_by("shard").to_pylist():
        name = shard_name(place["shard"], kind)
        shape = place["row_count"], place["height"], place["width"]
        if not (folder / name).is_file():
            yield f"{name}: not found"
            continue
        try:
            stored = read_npy(folder / name, mapped=True)
        except SchemaError as error:
            yield f"{name}: {error.what.removeprefix('this is ')}"
            continue
        if str(stored.dtype) not in types or stored.shape != shape:
            expected = f"{' or '.join(types)} {shape}"
            yield f"{name}: {expected} expected, {stored.dtype} {stored.shape} found"
            continue
        types = (str(stored.dtype),)  # all shards of a folder have the type of the first
        if (
            place["row_max"] >= place["row_count"]
            or place["row_count_distinct"] < place["row_count"]
        ):
            yield f"{name}: its rows in the index are not those from 0 to {place['row_count'] - 1}"


def shard_folder(
    out: Path, kind: Kind = "heatmaps", *, fingerprint: str | None = None
) -> AbstractContextManager[Path]:
    """Give a folder to write shards and their index in, as `files.replacing_folder` does.

    Shards and index of an earlier run go; the index comes last, so that a folder with an index is
    whole. Other files in `out` stay.
    """
    obsolete = ("index.parquet", f"{kind}-*.npy")
    content = {"heatmaps": "heatmaps", "images": "radiographs"}[kind]
    return replacing_folder(
        out, content, obsolete=obsolete, mark="index.parquet", fingerprint=fingerprint
    )


def write_shard(
    folder: Path, shard: int, shape: tuple[int, int, int], maps: Iterable[NDArray[np.float32]]
) -> None:
    """Write the heatmaps of a shard one after another; one is in memory at a time."""
    with (folder / shard_name(shard)).open("wb") as file:
        header = {"descr": "<f2", "fortran_order": False, "shape": shape}
        write_array_header_1_0(file, header)
        for heatmap in maps:
            file.write(to_stored(heatmap).tobytes())
