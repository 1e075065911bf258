"""Which rows of a file count: those that `where` asks for, and one of those of one event."""

from array import array
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.core.errors import quote
from gazescribe.pipeline.formats.pieces import Piece
from gazescribe.pipeline.ingest.by_manifest.cell_texts import is_chosen, plain
from gazescribe.pipeline.ingest.csv_files import Mask
from gazescribe.pipeline.sources.cells import TimeCell
from gazescribe.pipeline.sources.faults import Findings
from gazescribe.pipeline.sources.table_manifests import Source, cells_of, owner_columns

KEPT, NOT_ASKED, AGAIN = 0, 1, 2  # what becomes of a row
MAX_SHOWN = 5  # values that a message names
LONG = 30  # characters of a value, with its quotes: longer ones are texts


class RowChoice:
    """Chooses the rows of a file piece by piece, and says at the end what was left out."""

    def __init__(self, source: Source) -> None:
        self.kind = source.columns.table
        self.where, self.once = _Where(source), _Once(source)
        self.places = array("i")  # of all rows in the file, from 0
        self.verdicts = array("b")  # of all rows: a long recording has many

    def choose(self, piece: Piece) -> Mask:
        """Tell which rows of a piece count."""
        if piece.lines is None:
            start = len(self.places)
            self.places.extend(range(start, start + piece.n_rows))
        else:
            self.places.extend([line - 1 for line in piece.lines])
        asked = self.where.choose(piece)
        kept = self.once.choose(piece, asked)
        verdicts = np.where(kept, KEPT, np.where(asked, AGAIN, NOT_ASKED)).astype(np.int8)
        self.verdicts.frombytes(verdicts.tobytes())
        return kept

    def note(self, findings: Findings) -> None:
        """Note the rows that were left out, by reason."""
        places, verdicts = np.asarray(self.places), np.asarray(self.verdicts)  # no copies
        message = "are not what `where` asks for"
        others = verdicts == NOT_ASKED
        findings.add_rows("warning", f"{self.kind}_not_chosen", message, others, rows=places)
        if len(others) and others.all():
            message = f"no row is what `where` asks for{self.where.values_there()}"
            findings.add("loss", f"{self.kind}_none_chosen", message, loses=self.kind)
        if not self.once.columns:
            return
        names = ", ".join(self.once.columns)
        message = f"say again what has the same {names}, or have none, and are left out"
        code, again = f"{self.kind}_said_again", verdicts == AGAIN
        findings.add_rows("warning", code, message, again, rows=places)
        if self.once.differing:
            row, n = self.once.differing[0], len(self.once.differing)
            message = (
                f"{plural(n, 'row')} that {'is' if n == 1 else 'are'} left out so differ from the"
                f" first with the same {names}, which is kept"
            )
            findings.add("warning", f"{self.kind}_differs", message, row=row, n=n)

    def kept_places(self) -> NDArray[np.int32]:
        """Give where the rows that count stand in the file, from 0."""
        places, verdicts = np.asarray(self.places), np.asarray(self.verdicts)
        return places if (verdicts == KEPT).all() else places[verdicts == KEPT]


class _Where:
    """The rows that `where` asks for, and the values that were there."""

    def __init__(self, source: Source) -> None:
        self.wanted = source.where
        self.verdicts: dict[str, dict[str, bool]] = {column: {} for column in source.where}
        self.secret: set[str] = set()
        for name, cell in cells_of(source):
            if name == "text":  # dictated
                self.secret |= {*cell.names()}

    def choose(self, piece: Piece) -> Mask:
        """Tell which rows of a piece are asked for."""
        mask = np.ones(piece.n_rows, dtype=bool)
        for column, wanted in self.wanted.items():
            verdicts = self.verdicts[column]
            texts = [plain(value) for value in piece.columns[column]]
            for text in set(texts) - verdicts.keys():
                verdicts[text] = is_chosen(text, wanted)
            mask &= np.array([verdicts[text] for text in texts], dtype=bool)
        return mask

    def values_there(self) -> str:
        """Say which other values there are; never those of a dictation."""
        if all(True in verdicts.values() for verdicts in self.verdicts.values()):
            return ": each of its values is there, but never in one row"
        parts = []
        for column, verdicts in self.verdicts.items():
            others = sorted(quote(text) for text, is_wanted in verdicts.items() if not is_wanted)
            if True in verdicts.values() or not others or column in self.secret:
                continue
            if max(map(len, others)) <= LONG:
                more = f" and {len(others) - MAX_SHOWN:,} more" if len(others) > MAX_SHOWN else ""
                parts.append(f"{column} is {', '.join(others[:MAX_SHOWN])}{more} there")
        return f" ({'; '.join(parts)})" if parts else ""


class _Once:
    """The first of the rows with the same values in the columns of `one_per`, in a reading."""

    def __init__(self, source: Source) -> None:
        self.columns = source.one_per
        self.ids = owner_columns(source)
        # Times are those of the row: of a fixation in a row a sample, the first is its start.
        self.told = {
            name
            for _, mapped in cells_of(source)
            if not isinstance(mapped, TimeCell)
            for name in mapped.names()
        }
        self.first: dict[tuple[str, ...], tuple[str, ...]] = {}
        self.differing: list[int] = []  # rows, from 1

    def choose(self, piece: Piece, asked: Mask) -> Mask:
        """Tell which of the rows asked for are kept."""
        if not self.columns:
            return asked
        keys = _rows_of(piece, [*self.columns, *self.ids])
        told = _rows_of(piece, sorted(self.told))
        kept = asked.copy()
        for row in np.flatnonzero(asked).tolist():
            key = keys[row]
            if not all(key[: len(self.columns)]) or key in self.first:
                kept[row] = False
                if self.first.get(key, told[row]) != told[row]:
                    self.differing.append(row + 1 if piece.lines is None else piece.lines[row])
            else:
                self.first[key] = told[row]
        return kept


def _rows_of(piece: Piece, columns: Sequence[str]) -> list[tuple[str, ...]]:
    texts = [map(plain, piece.columns[name]) for name in columns]
    return list(zip(*texts, strict=True))
