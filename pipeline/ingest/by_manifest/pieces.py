"""Files of any data set in pieces: text tables, Parquet, Feather (as pymovements writes it).

A piece holds the cells of the columns that the manifest asks for, as the file has them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.errors import GazeError, ManifestError, quote
from gazescribe.pipeline.core.foreign import parsing
from gazescribe.pipeline.core.foreign_tables import open_parquet, read_feather
from gazescribe.pipeline.formats.opening import open_recording
from gazescribe.pipeline.formats.pieces import PIECE_ROWS, Content, Piece
from gazescribe.pipeline.ingest.by_manifest.column_names import (
    UnusableFileError,
    check_columns,
    find_columns,
)
from gazescribe.pipeline.ingest.by_manifest.foreign_forms import foreign_form
from gazescribe.pipeline.ingest.by_manifest.other_events import event_columns
from gazescribe.pipeline.ingest.by_manifest.single_values import telling, unchosen
from gazescribe.pipeline.ingest.by_manifest.text_tables import TextTable
from gazescribe.pipeline.ingest.by_manifest.unused_views import view_columns
from gazescribe.pipeline.sources.faults import Findings
from gazescribe.pipeline.sources.presets import other_format
from gazescribe.pipeline.sources.table_manifests import (
    Source,
    keys_by_column,
    needed,
    said_by_path,
    wanted,
)

Pieces = Callable[[Mapping[str, str]], Iterator[Piece]]
"""Of the columns asked for, by the names that they are asked for: the rows in pieces."""


@dataclass(frozen=True)
class Files:
    """Where a table lies, or that of one reading: paths below the root."""

    file: str
    beside: str | None = None
    parts: Mapping[str, str] = field(default_factory=dict)  # of the path, by their names

    @property
    def paths(self) -> list[str]:
        """The file, and the one beside it if there is one."""
        return [self.file] if self.beside is None else [self.file, self.beside]


def read_pieces(root: Path, source: Source, files: Files, findings: Findings) -> Iterator[Piece]:
    """Read a file, and the one beside it, in pieces of the same rows."""
    names: list[str] = []
    opened: list[tuple[list[str], Pieces]] = []
    for path in files.paths:
        opened.append(_open(root, path, source, findings))
        names += opened[-1][0]
    check_columns(needed(source), names, keys_by_column(source))
    pieces = []
    for header, cut in opened:
        looked_at = [*unchosen(source), *telling(source, header), *event_columns(source, header)]
        columns = find_columns([*wanted(source), *looked_at], header)
        views = {name: name for name in view_columns(source, header)}
        pieces.append(cut({**views, **columns}))
    for side_by_side in zip_longest(*pieces):
        lengths = {None if piece is None else piece.n_rows for piece in side_by_side}
        if len(lengths) > 1:
            message = f"{' and '.join(files.paths)} differ in their number of rows"
            raise UnusableFileError("rows_differ", message)
        first: Piece = side_by_side[0]
        cells: dict[str, Sequence[Any]] = {}
        for piece in side_by_side:
            cells |= piece.columns
        _add_parts(cells, first, source, files)
        yield Piece(first.n_rows, cells, first.lines)


def _add_parts(cells: dict[str, Sequence[Any]], piece: Piece, source: Source, files: Files) -> None:
    """Let each part of the path be a column; one that the file has, too, must agree."""
    parts = {**dict.fromkeys(said_by_path(source), files.file), **files.parts}
    for name in {*wanted(source)} & parts.keys():
        part = parts[name]
        for row, cell in enumerate(cells.get(name, ())):
            if str(cell).strip() != part:
                line = row + 1 if piece.lines is None else piece.lines[row]
                message = (
                    f"{name} is {quote(part)} in the name of the file and {quote(str(cell))} in"
                    f" row {line}: give the part of the name another name than the column"
                )
                raise UnusableFileError("parts_differ", message)
        cells[name] = [part] * piece.n_rows


def _open(root: Path, path: str, source: Source, findings: Findings) -> tuple[list[str], Pieces]:
    """Give the names of the columns of a file, and its rows in pieces."""
    if not (root / path).is_file():
        raise UnusableFileError("missing", f"there is no file {path}")
    kind = source.columns.table
    if source.reader is None and (fault := foreign_form(root / path, kind, source.encoding)):
        raise UnusableFileError("unreadable", fault)
    try:
        if source.format and (fault := other_format(root / path, source.format)):
            raise UnusableFileError("other_format", fault)
        if source.reader is not None:
            header, pieces = _of_recording(open_recording(source.reader, root / path, kind))
        elif Path(path).suffix in {".parquet", ".feather", ".arrow"}:
            header, pieces = _open_arrow(root / path)
        else:
            table = TextTable(root / path, source, findings)
            header, pieces = table.header, table.pieces
    except GazeError as error:
        raise _unreadable(path, error) from error
    return header, lambda columns: _guarded(path, pieces(columns))


def _guarded(path: str, pieces: Iterator[Piece]) -> Iterator[Piece]:
    try:
        yield from pieces
    except GazeError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: str, error: GazeError) -> UnusableFileError:
    other = Path(error.where or path).name
    problem = error.what if other == Path(path).name else f"{other}: {error.what}"
    remedy = error.remedy or ""
    if "expected after" in problem or "unexpected end of data" in problem:
        remedy = "Say `quotes: false` if quotes are characters like others there."
    if "not UTF-8" in problem:
        remedy = "Save it as UTF-8, or say its `encoding`: often cp1252, of Windows."
    message = f"{problem} {remedy}".rstrip(". ")
    return UnusableFileError("unreadable", message)


def _of_recording(content: Content) -> tuple[list[str], Pieces]:
    header, pieces = content

    def chosen(columns: Mapping[str, str]) -> Iterator[Piece]:
        for piece in pieces:
            cells = {key: piece.columns[name] for key, name in columns.items()}
            yield Piece(piece.n_rows, cells, piece.lines)

    return header, chosen


def _open_arrow(path: Path) -> tuple[list[str], Pieces]:
    if path.suffix == ".parquet":
        file = open_parquet(path, ManifestError)
        header = list(file.schema_arrow.names)
    else:
        table = read_feather(path, ManifestError)
        header = list(table.column_names)

    def pieces(columns: Mapping[str, str]) -> Iterator[Piece]:
        if path.suffix == ".parquet":
            batches = file.iter_batches(PIECE_ROWS, columns=[*{*columns.values()}])
        else:
            starts = range(0, table.num_rows, PIECE_ROWS)
            batches = (table.slice(start, PIECE_ROWS) for start in starts)
        with parsing(path, "a table of Arrow", ManifestError):
            for batch in batches:
                cells = {key: batch.column(name).to_pylist() for key, name in columns.items()}
                yield Piece(batch.num_rows, cells)

    return header, pieces
