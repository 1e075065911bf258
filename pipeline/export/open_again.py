"""Open any file of an export as a reader would, and give what it says, column by column.

It shares nothing with what wrote the files. It refuses what it does not know, and what can hold a
picture.
"""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.foreign import parse_json, read_json
from gazescribe.pipeline.core.foreign_tables import parquet_schema, read_parquet
from gazescribe.pipeline.export.open_page import open_page
from gazescribe.pipeline.export.opened import (
    DICOM,
    DICOM_AT,
    FileColumn,
    Refused,
    colour_numbers,
    refuse_picture,
)

PLAIN = (".md", ".py", ".bidsignore", "SHA256SUMS")
MATRIX = 16  # lists of so many lists of so many numbers are a picture
MAP = pa.list_(pa.list_(pa.float16()))
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
PREVIEWS_A_BATCH = 16
ZIP_LENGTHS = 26  # bytes of the header of a member before the lengths of its name and extra
ZIP_END, ZIP_END_MAGIC = 22, b"PK\5\6"  # the last bytes of an archive without comment
ZIP64_EXTRA = 20  # bytes that a member may have beside its name: its own length, in 64 bits


def open_again(path: Path, *, pictures: bool = False) -> Iterator[FileColumn]:
    """Give all columns of a file of an export; of `pictures` in a Parquet file the names alone.

    Raises
    ------
    Refused
        If it is a picture, can hold one, is of no known kind, or is broken.
    """
    with path.open("rb") as file:
        refuse_picture(file.read(DICOM_AT + len(DICOM)))
    read = next((READERS[suffix] for suffix in READERS if path.name.endswith(suffix)), None)
    if read is None and _is_chunk(path):
        return  # `_zarr` opens the array that it belongs to
    if read is None:
        raise Refused("no file of an export is of this kind")
    try:
        yield from _parquet(path, pictures=pictures) if pictures else read(path)
    except (
        GazeError,
        pa.ArrowException,
        ValueError,
        OSError,
        tarfile.TarError,
        zipfile.BadZipFile,
    ) as error:
        reason = error.what if isinstance(error, GazeError) else error
        raise Refused(f"it cannot be read ({reason})") from error


def _plain(path: Path) -> Iterator[FileColumn]:
    yield FileColumn("text", [path.read_text(encoding="utf-8")])


def _parquet(path: Path, *, pictures: bool = False) -> Iterator[FileColumn]:
    schema = parquet_schema(path)
    words: list[bytes] = []
    for metadata in (schema.metadata, *(field.metadata for field in schema)):
        for pair in (metadata or {}).items():
            words += pair
    yield FileColumn("metadata", [text.decode(errors="replace") for text in words])
    yield FileColumn("columns", schema.names)
    for field in schema:
        if field.type == IMAGE and pictures:
            images = pq.ParquetFile(path).read([f"{field.name}.path"])[field.name]
            yield from _arrow(field.name, pc.struct_field(images, "path"))
        elif field.type == IMAGE and "map" in schema.names:
            _check_previews(path, field.name)
        elif field.type != MAP:
            column = read_parquet(path, columns=[field.name])[field.name]
            yield from _arrow(field.name, column)


def _check_previews(path: Path, name: str) -> None:
    """Refuse pictures that do not show the map of their row, or hold anything beside it."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(PREVIEWS_A_BATCH, columns=["map", name]):
            maps = batch["map"].flatten().flatten().to_numpy(zero_copy_only=False)
            maps = maps.reshape(batch.num_rows, len(batch["map"][0]), -1).astype(np.float32)
            for heatmap, image in zip(maps, batch[name].to_pylist(), strict=True):
                _check_preview(heatmap, image, name)


def _check_preview(heatmap: NDArray[np.float32], image: dict[str, Any], name: str) -> None:
    shown = colour_numbers(image["bytes"], name)
    if image["path"] is not None:
        raise Refused(f"{name} holds more than a picture of a map")
    if not np.array_equal(shown, np.rint(heatmap.clip(0, 1) * 255)):
        raise Refused(f"{name} shows another picture than the map of its row")


def _arrow(name: str, column: pa.ChunkedArray) -> Iterator[FileColumn]:
    values = column.combine_chunks()
    if pa.types.is_list(values.type):
        values = values.flatten()
    values = values.drop_null()
    if pa.types.is_string(values.type):
        yield FileColumn(name, values.to_pylist())
    elif pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        yield FileColumn(name, values.to_numpy(zero_copy_only=False))
    elif pa.types.is_temporal(values.type):
        yield FileColumn(name, values.cast(pa.string()).to_pylist())
    elif not (pa.types.is_boolean(values.type) or pa.types.is_null(values.type)):
        raise Refused(f"column {name} holds {column.type}, where a picture fits in")


def _separated(path: Path, delimiter: str, *, header: bool = True) -> Iterator[FileColumn]:
    """Read values separated by commas or tabs, compressed or not."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    if not content:
        return
    table = pyarrow.csv.read_csv(
        io.BytesIO(content),
        read_options=pyarrow.csv.ReadOptions(autogenerate_column_names=not header),
        parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
    )
    yield FileColumn("columns", table.column_names)
    for name in table.column_names:
        yield from _arrow(name, table[name])


def _json(path: Path) -> Iterator[FileColumn]:
    if path.name == "zarr.json" and path.parent.suffix == ".zarr":
        yield from _zarr(path.parent)
    yield from _json_columns([read_json(path, top=object)])


def _json_columns(contents: Iterable[Any]) -> Iterator[FileColumn]:
    """Gather what JSON says under each key, however deep it stands."""
    texts: dict[str, list[str]] = {}
    numbers: dict[str, list[float]] = {}
    for content in contents:
        for key, value in _leaves("", content):
            if isinstance(value, str):
                texts.setdefault(key, []).append(value)
            elif isinstance(value, int | float):
                numbers.setdefault(key, []).append(value)
    yield from (FileColumn(key, values) for key, values in texts.items())
    yield from (FileColumn(key, np.array(values)) for key, values in numbers.items())


def _leaves(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield "names", name
            yield from _leaves(name, inner)
    elif isinstance(value, list):
        if len(value) >= MATRIX and all(map(_is_line, value)):
            raise Refused(f"{key} holds a matrix of numbers: a picture")
        for inner in value:
            yield from _leaves(key, inner)
    else:
        yield key, value


def _is_line(value: Any) -> bool:
    if not isinstance(value, list) or len(value) < MATRIX:
        return False
    return all(isinstance(cell, int | float) for cell in value)


def _npy(path: Path) -> list[FileColumn]:
    with path.open("rb") as file:
        _check_npy(file, path.stat().st_size)
    return []  # a map holds no text


def _check_npy(file: IO[bytes], size: int) -> None:
    version = np.lib.format.read_magic(file)
    if version != (1, 0):
        raise Refused(f"it is an NPY file of version {version}")
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype != np.float16:
        raise Refused(f"it holds {dtype}; maps are float16, pictures are not")
    if file.tell() + int(np.prod(shape)) * dtype.itemsize != size:
        raise Refused("it is longer or shorter than its array")


def _npz(path: Path) -> list[FileColumn]:
    _check_npz(path.open("rb"), numbered=True)
    return []  # maps hold no text


def _check_npz(file: IO[bytes], *, numbered: bool = False) -> None:
    """Refuse an archive that is not one map, or maps with numbers, alone: nothing beside them."""
    with file, zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        names = [f"{n}.npy" for n in range(len(members))] if numbered else ["map.npy"]
        if [member.filename for member in members] != names or archive.comment:
            raise Refused("it holds more than a map")
        end = 0
        for member in members:
            if member.header_offset != end or member.comment or member.extra:
                raise Refused("it holds more than a map")
            file.seek(end + ZIP_LENGTHS)
            n_name, n_extra = (int.from_bytes(file.read(2), "little") for _ in range(2))
            if n_extra > ZIP64_EXTRA:
                raise Refused("it holds more than a map")
            end += ZIP_LENGTHS + 4 + n_name + n_extra + member.compress_size
            inside = archive.read(member)
            _check_npy(io.BytesIO(inside), len(inside))
        file.seek(-ZIP_END, io.SEEK_END)
        if archive.start_dir != end or file.read(len(ZIP_END_MAGIC)) != ZIP_END_MAGIC:
            raise Refused("it holds more than a map")


def _tar(path: Path) -> Iterator[FileColumn]:
    names, rows = [], []
    with tarfile.open(path, "r:") as tar:
        for member in tar:
            names.append(member.name)
            file = tar.extractfile(member)
            if file is None or not member.name.endswith((".npy", ".npz", ".json")):
                raise Refused(f"{member.name} is no map and no row of an index")
            content = file.read()
            refuse_picture(content[: DICOM_AT + len(DICOM)])
            if member.name.endswith(".npy"):
                _check_npy(io.BytesIO(content), len(content))
            elif member.name.endswith(".npz"):
                _check_npz(io.BytesIO(content))
            else:
                rows.append(parse_json(content.decode(), where=member.name))
    yield FileColumn("members", names)
    yield from _json_columns(rows)


def _zarr(folder: Path) -> Iterator[FileColumn]:
    import zarr

    for name, array in zarr.open_group(folder, mode="r").members(max_depth=None):
        if isinstance(array, zarr.Group) or (array.ndim == 3 and array.dtype == np.float16):
            continue
        if array.ndim != 1:
            raise Refused(f"{name} holds {array.ndim} dimensions of {array.dtype}: a picture")
        values = np.asarray(array[:])
        yield FileColumn(name, values if values.dtype.kind in "iufb" else [str(v) for v in values])


def _is_chunk(path: Path) -> bool:
    """Tell whether a file is a chunk of a Zarr array: below c/, by numbers, beside a zarr.json."""
    chunks = next((parent for parent in path.parents if parent.name == "c"), None)
    if chunks is None or not (chunks.parent / "zarr.json").is_file():
        return False
    return all(piece.isdigit() for piece in path.relative_to(chunks).parts)


READERS: dict[str, Callable[[Path], Iterable[FileColumn]]] = {
    ".parquet": _parquet,
    ".csv": partial(_separated, delimiter=","),
    ".tsv": partial(_separated, delimiter="\t"),
    ".tsv.gz": partial(_separated, delimiter="\t", header=False),  # as BIDS has it
    ".json": _json,
    ".html": open_page,
    ".npy": _npy,
    ".npz": _npz,
    ".tar": _tar,
    **dict.fromkeys(PLAIN, _plain),
}
