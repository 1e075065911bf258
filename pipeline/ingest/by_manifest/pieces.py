"""Files of any data set in pieces: CSV, TSV, BIDS, Parquet, Feather (as pymovements writes it).

A piece holds the cells of the columns that the manifest asks for, as the file has them.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice, zip_longest
from operator import itemgetter
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.errors import GazeError, ManifestError
from gazescribe.pipeline.core.foreign import parsing, read_json
from gazescribe.pipeline.core.foreign_tables import csv_rows, open_parquet, read_feather
from gazescribe.pipeline.formats.opening import open_recording
from gazescribe.pipeline.formats.pieces import PIECE_ROWS, Piece
from gazescribe.pipeline.ingest.by_manifest.foreign_forms import foreign_form
from gazescribe.pipeline.ingest.by_manifest.single_values import unchosen
from gazescribe.pipeline.ingest.by_manifest.unused_views import view_columns
from gazescribe.pipeline.ingest.csv_files import column_fault, repeated
from gazescribe.pipeline.sources.presets import other_format
from gazescribe.pipeline.sources.table_manifests import Source, needed

BIDS = ("_physio.tsv.gz", "_physioevents.tsv.gz")  # headless; a JSON beside names the columns
MAX_PREAMBLE = 200  # rows above the names of the columns


class UnusableFileError(Exception):
    """A file that cannot be used."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def read_pieces(root: Path, source: Source, paths: Sequence[str]) -> Iterator[Piece]:
    """Read a file, and the one beside it, in pieces of the same rows."""
    names: list[str] = []
    files: list[Iterator[Piece]] = []
    for path in paths:
        header, pieces = _open(root, path, source)
        names += header
        files.append(pieces)
    if fault := _header_fault(source, names):
        raise UnusableFileError(*fault)
    for side_by_side in zip_longest(*files):
        lengths = {None if piece is None else piece.n_rows for piece in side_by_side}
        if len(lengths) > 1:
            message = f"{' and '.join(paths)} differ in their number of rows"
            raise UnusableFileError("rows_differ", message)
        columns: dict[str, Sequence[Any]] = {}
        for piece in side_by_side:
            columns |= piece.columns
        yield Piece(lengths.pop() or 0, columns)


def _open(root: Path, path: str, source: Source) -> tuple[list[str], Iterator[Piece]]:
    """Give the names of the columns of a file, and its rows in pieces."""
    if not (root / path).is_file():
        raise UnusableFileError("missing", f"there is no file {path}")
    kind = source.columns.table
    if source.reader is None and (fault := foreign_form(root / path, kind)):
        raise UnusableFileError("unreadable", fault)
    wanted = needed(source)
    try:
        if source.format and (fault := other_format(root / path, source.format)):
            raise UnusableFileError("other_format", fault)
        if source.reader is not None:
            header, pieces = open_recording(source.reader, root / path, kind)
        elif Path(path).suffix in {".parquet", ".feather", ".arrow"}:
            header, pieces = _arrow_pieces(root / path, source)
        else:
            header, pieces = _csv_pieces(root / path, source, wanted)
    except GazeError as error:
        raise _unreadable(path, error) from error
    return header, _guarded(path, pieces)


def _guarded(path: str, pieces: Iterator[Piece]) -> Iterator[Piece]:
    try:
        yield from pieces
    except GazeError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: str, error: GazeError) -> UnusableFileError:
    other = Path(error.where or path).name
    what = error.what if other == Path(path).name else f"{other}: {error.what}"
    return UnusableFileError("unreadable", f"{what} {error.remedy or ''}".rstrip(". "))


def _arrow_pieces(path: Path, source: Source) -> tuple[list[str], Iterator[Piece]]:
    if path.suffix == ".parquet":
        file = open_parquet(path, ManifestError)
        header = list(file.schema_arrow.names)
        columns = _arrow_columns(source, header)
        batches = file.iter_batches(PIECE_ROWS, columns=columns)
    else:
        table = read_feather(path, ManifestError)
        header = list(table.column_names)
        columns = _arrow_columns(source, header)
        starts = range(0, table.num_rows, PIECE_ROWS)
        batches = (table.slice(start, PIECE_ROWS) for start in starts)

    def pieces() -> Iterator[Piece]:
        with parsing(path, "a table of Arrow", ManifestError):
            for batch in batches:
                cells = {name: batch.column(name).to_pylist() for name in columns}
                yield Piece(batch.num_rows, cells)

    return header, pieces()


def _arrow_columns(source: Source, header: Sequence[str]) -> list[str]:
    used = (name for name in (*needed(source), *unchosen(source)) if name in header)
    return [*dict.fromkeys(used), *view_columns(source, header)]


def _csv_pieces(
    path: Path, source: Source, wanted: Sequence[str]
) -> tuple[list[str], Iterator[Piece]]:
    separator = source.separator or ("\t" if ".tsv" in path.suffixes else ",")
    rows: Iterator[list[str]] = map(
        itemgetter(1), csv_rows(path, ManifestError, delimiter=separator)
    )
    header = source.header or _bids_header(path)
    if header is None:
        # Above the names some recorders write about themselves; the first row that has all is it.
        first = list(islice(rows, MAX_PREAMBLE))
        start = next((n for n, row in enumerate(first) if {*wanted} <= {*row}), 0)
        header = first[start] if first else []
        rows = chain(first[start + 1 :], rows)
    read = [*wanted, *view_columns(source, header), *unchosen(source)]
    columns = {name: header.index(name) for name in read if name in header}
    return header, _cut(rows, columns, len(header))


def _cut(rows: Iterator[list[str]], columns: Mapping[str, int], width: int) -> Iterator[Piece]:
    number = 0
    while piece := list(islice(rows, PIECE_ROWS)):
        widths = list(map(len, piece))
        if {*widths} != {width}:
            place = next(place for place, n_cells in enumerate(widths) if n_cells != width)
            message = f"row {number + place + 1} has {widths[place]} cells, not {width}"
            raise UnusableFileError("ragged", message)
        number += len(piece)
        cells: dict[str, Sequence[Any]] = {}
        for name, place in columns.items():
            cells[name] = list(map(itemgetter(place), piece))
        yield Piece(len(piece), cells)


def _bids_header(path: Path) -> list[str] | None:
    if not path.name.endswith(BIDS):
        return None
    sidecar = path.with_name(path.name.removesuffix(".tsv.gz") + ".json")
    columns = read_json(sidecar, ManifestError).get("Columns")
    if not isinstance(columns, list):
        raise ManifestError("it does not list Columns.", where=sidecar)
    return [str(name) for name in columns]


def _header_fault(source: Source, names: Sequence[str]) -> tuple[str, str] | None:
    wanted = needed(source)
    fault = column_fault(wanted, names) or repeated(wanted, names)
    if fault is None or {*wanted} & {*names} or not names:
        return fault
    # A single column whose name holds another separator: the remedy is to name that one.
    code, message = fault
    separators = [mark for mark in ";\t|," if {*wanted} & {*names[0].split(mark)}]
    if len(names) == 1 and separators:
        return code, f"{message}: set `separator: {json.dumps(separators[0])}`"
    # What stands there may be a dictation, which no message shows.
    absent = ", ".join(wanted)
    message = (
        f"its first row has {len(names)} cells and none of the columns {absent}: set `separator`"
        " if cells are set apart by another mark, `header` if the file has no names of columns"
    )
    return code, message
