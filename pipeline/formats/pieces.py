"""What a reader of a format gives: the rows of one table of ours, as columns, in pieces."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

PIECE_ROWS = 10_000


class Piece(NamedTuple):
    """Some rows of a file, by the names that its columns have there."""

    n_rows: int
    columns: dict[str, Sequence[Any]]
    lines: Sequence[int] | None = None  # where each row stands, from 1; None where nothing says it


Content = tuple[list[str], Iterator[Piece]]
"""Names of the columns, and the rows in pieces."""


def in_pieces(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Content:
    """Give rows, each with a cell for every name, as pieces; few are in memory at a time."""
    rows = iter(rows)

    def pieces() -> Iterator[Piece]:
        while some := list(islice(rows, PIECE_ROWS)):
            yield Piece(len(some), dict(zip(names, zip(*some, strict=True), strict=True)))

    return [*names], pieces()
