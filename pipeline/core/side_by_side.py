"""Tables of the same readings, gone through together: some readings at a time, by rising id."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.tables import has_table, read_pieces


class Rising:
    """The rows of a table, taken reading by reading; an absent table has none.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of tables.
    name : str
        A table whose key begins with a reading.
    columns : sequence of str
        Those that are given, the reading first.

    Raises
    ------
    SchemaError
        As `tables.read_table`, before the first row is given.
    """

    def __init__(self, folder: Path, name: str, columns: Sequence[str]) -> None:
        self._none = TABLES[name].schema.empty_table().select(list(columns))
        is_there = has_table(folder, name)
        pieces = read_pieces(folder, name, columns) if is_there else iter(())
        self._rest = next(pieces, self._none)
        self._pieces: Iterator[pa.Table] = pieces

    def up_to(self, reading_id: str) -> pa.Table:
        """Take the rows up to a reading, but for those that were taken before."""
        parts = [self._rest.slice(0, 0)]  # as in the file: columns may be null there
        while len(self._rest):
            n = pc.sum(pc.less_equal(self._rest[0], reading_id)).as_py()
            parts.append(self._rest.slice(0, n))
            self._rest = self._rest.slice(n)
            if len(self._rest):
                break
            self._rest = next((piece for piece in self._pieces if len(piece)), self._none)
        return pa.concat_tables(parts)
