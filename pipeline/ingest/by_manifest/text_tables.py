"""Tables as text, as recorders and spreadsheets write them: CSV, TSV, BIDS.

Above the names of the columns some recorders write about themselves, between rows they remark, and
behind the last cell some write a separator more.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice, repeat
from operator import itemgetter
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.errors import ManifestError, quote
from gazescribe.pipeline.core.foreign import parsing, read_json
from gazescribe.pipeline.core.foreign_tables import csv_rows, opened
from gazescribe.pipeline.formats.pieces import PIECE_ROWS, Piece
from gazescribe.pipeline.ingest.by_manifest.column_names import UnusableFileError, find_columns
from gazescribe.pipeline.sources.faults import Findings
from gazescribe.pipeline.sources.table_manifests import Source, needed

BIDS = ("_physio.tsv.gz", "_physioevents.tsv.gz")  # headless; a JSON beside names the columns
MAX_PREAMBLE = 200  # rows above the names of the columns

NumberedRows = Iterator[tuple[int, list[str]]]  # each with its line in the file, from 1


class TextTable:
    """A text table that was opened: the names of its columns were read, its rows were not."""

    def __init__(self, path: Path, source: Source, findings: Findings) -> None:
        self.kind, self.findings = source.columns.table, findings
        self.is_beside = source.beside is not None  # its rows are counted
        rows = _rows(path, source)
        header = source.header or _bids_header(path)
        if header is None:
            first = list(islice(rows, MAX_PREAMBLE))
            start = 0 if source.skip_to else _header_place(source, [row for _, row in first])
            header = first[start][1] if first else []
            rows = chain(first[start + 1 :], rows)
        self.names = list(header)
        self.header = [name.strip() for name in header]
        while self.header and not self.header[-1]:  # a separator behind the last name
            self.header.pop()
        self.rows = rows

    def pieces(self, columns: Mapping[str, str]) -> Iterator[Piece]:
        """Give the rows in pieces, with the columns asked for: as they are asked for, their name.

        A last row that is cut off is left out and noted.
        """
        places = {key: self.header.index(name) for key, name in columns.items()}
        while piece := list(islice(self.rows, PIECE_ROWS)):
            lines, rows = zip(*piece, strict=True)
            is_plain = all(map(any, rows)) and self.names not in rows
            if not is_plain or {*map(len, rows)} != {len(self.header)}:
                piece = self._whole(piece)
                lines, rows = zip(*piece, strict=True) if piece else ((), ())
            cells: dict[str, Sequence[Any]] = {}
            for name, place in places.items():
                cells[name] = list(map(itemgetter(place), rows))
            piece, rows = [], ()  # not kept while the cells are read
            yield Piece(len(lines), cells, lines)

    def _whole(self, piece: list[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
        """Check the lengths of rows; give those that are whole.

        Sheets end with rows of blanks, and files that were put together repeat the names.
        """
        width, whole, again = len(self.header), [], 0
        for number, (line, row) in enumerate(piece):
            if row == self.names:
                again += 1
            elif not "".join(row).strip() and not self.is_beside:
                continue
            elif len(row) < width and number == len(piece) - 1 and self._is_at_end():
                self._note_cut(line)
            elif len(row) < width or any(cell.strip() for cell in row[width:]):
                message = (
                    f"row {line} has {len(row)} cells, not {width}: if it is a remark, `comment`"
                    " with what it begins with leaves it out"
                )
                raise UnusableFileError("ragged", message)
            else:
                whole.append((line, row))
        if again:
            message = f"the names of the columns stand there {again} times more"
            self.findings.add("warning", f"{self.kind}_names_again", message, n=again)
        return whole

    def _is_at_end(self) -> bool:
        """Tell whether no row follows."""
        following = next(self.rows, None)
        if following is not None:
            self.rows = chain([following], self.rows)
        return following is None

    def _note_cut(self, line: int) -> None:
        message = "the last row is cut off and left out: copy the file again"
        code = f"{self.kind}_cut"
        self.findings.add("loss", code, message, row=line, loses=self.kind)


def _rows(path: Path, source: Source) -> NumberedRows:
    separator = source.separator or ("\t" if ".tsv" in path.suffixes else ",")
    start = None if source.skip_to is None else _line_that_has(path, source, source.skip_to)
    mark = source.comment

    def choose(lines: Iterator[str]) -> Iterator[str]:
        """Make blank what is above the names of the columns, and comments."""
        if start is not None:
            names = next(islice(lines, start, None))
            # As `numpy.savetxt` writes them, the names may stand in a comment.
            names = names.lstrip().removeprefix(mark) if mark else names
            first: Iterator[str] = chain(repeat("\n", start), [names])
        else:
            first = iter(())
        if mark is not None:
            lines = ("\n" if line.lstrip().startswith(mark) else line for line in lines)
        return chain(first, lines)

    return csv_rows(
        path,
        ManifestError,
        delimiter=separator,
        encoding=source.encoding,
        choose=choose,
        has_quotes=source.quotes,
    )


def _line_that_has(path: Path, source: Source, text: str) -> int:
    """Find the first line that begins with a text, or else has it anywhere; from 0."""
    match = None
    with parsing(path, "a text table", ManifestError), opened(path, source.encoding) as lines:
        for number, line in enumerate(lines):
            if line.lstrip().startswith(text):
                return number
            if match is None and text in line:
                match = number
    if match is None:
        message = f"no line has {quote(text)}, which `skip_to` asks for"
        raise UnusableFileError("no_header", message)
    return match


def _header_place(source: Source, rows: Sequence[list[str]]) -> int:
    """Find the row of the names of the columns: the first that has all, or the most of them."""
    wanted = needed(source)
    if not wanted:  # as of readings of which the path says all: the first of the longest
        lengths = list(map(len, rows))
        return lengths.index(max(lengths)) if lengths else 0
    n_found = [len(find_columns(wanted, [name.strip() for name in row])) for row in rows]
    most = max(n_found, default=0)
    # Fewer may be chance: a row of a dictation, which no message shows.
    return n_found.index(most) if most >= max(2, len(wanted) / 2) or most == len(wanted) else 0


def _bids_header(path: Path) -> list[str] | None:
    if not path.name.endswith(BIDS):
        return None
    sidecar = path.with_name(path.name.removesuffix(".tsv.gz") + ".json")
    columns = read_json(sidecar, ManifestError).get("Columns")
    if not isinstance(columns, list):
        raise ManifestError("it does not list Columns.", where=sidecar)
    return [str(name) for name in columns]
