"""Tables of foreign formats, each read in one place: Parquet with Arrow, CSV as text or with Arrow.

As in `foreign`: whatever makes a parser fail becomes an error that names the file, and the line.
"""

import codecs
import csv
import gzip
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from gazescribe.pipeline.core.errors import GazeError, SchemaError
from gazescribe.pipeline.core.foreign import AGAIN, check_file, parsing
from gazescribe.pipeline.core.text_files import marked_encoding

if TYPE_CHECKING:  # Arrow is imported where it is used: most CSV files do without
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyarrow.csv import ConvertOptions, ParseOptions

PARQUET = "a Parquet file"
CSV = "a CSV file"
LONGEST_CELL = 2**17  # characters, as Python has it: tables have no texts
DEFLATE = 1032  # no byte of gzip becomes more than so many
# A gzip file that unpacks to more than both is made to fill the memory: tables shrink 3 to 30 fold.
MAX_UNPACKED = 2**28
MAX_RATIO = 200
# So is a Parquet file of more rows than both: one of samples takes 10 to 20 bytes a row.
MAX_ROWS = 2**22
MAX_ROWS_A_BYTE = 4


def parquet_schema(
    path: Path, error: type[GazeError] = SchemaError, remedy: str | None = None
) -> "pa.Schema":
    """Read the columns of a Parquet file, their types and metadata; its rows stay unread."""
    import pyarrow.parquet as pq

    check_file(path, error)
    with parsing(path, PARQUET, error, remedy):
        schema = pq.read_schema(path)
        _check_metadata(schema)
    return schema


def open_parquet(
    path: Path, error: type[GazeError] = SchemaError, remedy: str | None = None
) -> "pq.ParquetFile":
    """Open a Parquet file to read it in pieces; read them in a block of `parsing`, too."""
    import pyarrow.parquet as pq

    check_file(path, error)
    with parsing(path, PARQUET, error, remedy):
        file = pq.ParquetFile(path)
        _check_metadata(file.schema_arrow)
    n_rows, size = file.metadata.num_rows, path.stat().st_size
    if n_rows > max(MAX_ROWS, MAX_ROWS_A_BYTE * size):
        file.close()
        message = f"its {size:,} bytes unpack to {n_rows:,} rows, which no table does."
        raise error(message, where=path, remedy=remedy or AGAIN)
    return file


def _check_metadata(schema: "pa.Schema") -> None:
    """Decode what a file says of itself, where a damaged one fails."""
    for text in (*(schema.metadata or {}), *(schema.metadata or {}).values()):
        text.decode()


def read_parquet(
    path: Path,
    error: type[GazeError] = SchemaError,
    *,
    columns: Sequence[str] | None = None,
    filters: list[tuple[str, str, Any]] | None = None,
    remedy: str | None = None,
) -> "pa.Table":
    """Read a Parquet file, or part of it; columns that it lacks are refused by name."""
    import pyarrow.parquet as pq

    with open_parquet(path, error, remedy) as file:
        names = file.schema_arrow.names
    absent = set(columns or ()) - set(names)
    if absent:
        message = f"it lacks the columns {', '.join(sorted(absent))}."
        raise error(message, where=path, remedy=remedy or AGAIN)
    with parsing(path, PARQUET, error, remedy):
        table = pq.read_table(
            path, columns=None if columns is None else [*columns], filters=filters
        )
        table.validate(full=True)  # damaged bytes may be texts that are no UTF-8
        return table


class RowGroups:
    """A Parquet file whose footer has been read, for who comes back for other rows of it.

    The footer has an entry for each column of each row group: of many rows it takes longer to read
    than some rows do. Raises as `open_parquet`; the file must stay as it is.
    """

    def __init__(
        self, path: Path, error: type[GazeError] = SchemaError, remedy: str | None = None
    ) -> None:
        with open_parquet(path, error, remedy) as file:
            self._metadata = file.metadata
        self._path, self._error, self._remedy = path, error, remedy
        self._limits: dict[str, list[tuple[Any, Any]]] = {}

    def rows_between(self, column: str, low: str, high: str) -> "pa.Table":
        """Read the rows of which a column of texts lies between two; other groups stay unread."""
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        with parsing(self._path, PARQUET, self._error, self._remedy):
            groups = [
                number
                for number, (least, most) in enumerate(self._limits_of(column))
                if least is None or (least <= high and low <= most)
            ]
            with pq.ParquetFile(self._path, metadata=self._metadata) as file:
                table = file.read_row_groups(groups)
            table.validate(full=True)  # damaged bytes may be texts that are no UTF-8
        values = table[column]
        return table.filter(pc.and_(pc.greater_equal(values, low), pc.less_equal(values, high)))

    def _limits_of(self, column: str) -> list[tuple[Any, Any]]:
        """Give the least and the largest value of each row group; None where it does not say."""
        if column not in self._limits:
            names = self._metadata.schema.names
            statistics = [
                self._metadata.row_group(number).column(names.index(column)).statistics
                for number in range(self._metadata.num_row_groups)
            ]
            self._limits[column] = [
                (about.min, about.max) if about is not None and about.has_min_max else (None, None)
                for about in statistics
            ]
        return self._limits[column]


def read_feather(path: Path, error: type[GazeError] = SchemaError) -> "pa.Table":
    """Read a Feather or Arrow file."""
    from pyarrow import feather

    check_file(path, error)
    with parsing(path, "a Feather file", error):
        table = feather.read_table(path)
        table.validate(full=True)
        return table


def opened(path: Path, encoding: str | None = None) -> IO[str]:
    """Open a text file, gzipped or not, for the csv module."""
    kind = gzip.open if path.suffix == ".gz" else open
    with kind(path, "rb") as file:
        encoding = marked_encoding(file.read(4), encoding)
    return kind(path, "rt", encoding=encoding, newline="")


def csv_rows(
    path: Path,
    error: type[GazeError] = SchemaError,
    *,
    delimiter: str = ",",
    encoding: str | None = None,
    choose: Callable[[Iterator[str]], Iterator[str]] = iter,
    has_quotes: bool = True,
) -> Iterator[tuple[int, list[str]]]:
    """Give the rows of a CSV file, gzipped or not, one by one, each with its first line's number.

    Blank lines are left out. A quote that is not closed is refused: it would swallow rows. A mark
    of byte order is honoured, else the text is in `encoding` (UTF-8). `choose` may make lines blank
    that are no rows. Between cells that blanks set apart there may be any number of them. Without
    `has_quotes` a quote is a character like others.
    """
    check_file(path, error)
    with parsing(path, CSV, error):
        _check_gzip(path, error)
        with opened(path, encoding) as file:
            csv.field_size_limit(LONGEST_CELL)  # of the whole process: others allow for more
            are_blanks = delimiter == " "
            reader = csv.reader(
                choose(file),
                delimiter=delimiter,
                strict=True,
                skipinitialspace=are_blanks,
                quoting=csv.QUOTE_MINIMAL if has_quotes else csv.QUOTE_NONE,
            )
            before = 0
            try:
                for row in reader:
                    if row:
                        yield before + 1, row
                    before = reader.line_num
            except UnicodeDecodeError as fault:
                raise _undecodable(path, error, encoding) from fault
            except csv.Error as fault:
                message = f"line {reader.line_num}: {fault}"
                raise ValueError(message) from fault


def check_utf8(path: Path, error: type[GazeError] = SchemaError) -> None:
    """Refuse a file that is not UTF-8, before Arrow shows an `invalid_row_handler` a row of it."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
        try:
            while block := file.read(2**20):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as fault:
            raise _undecodable(path, error) from fault


def _undecodable(path: Path, error: type[GazeError], encoding: str | None = None) -> GazeError:
    if encoding is not None:
        return error(f"this is not {CSV} in {encoding}.", where=path, remedy="Name its encoding.")
    message = f"this is not {CSV} (line {_undecodable_line(path)}: not UTF-8)."
    return error(message, where=path, remedy="Save it as UTF-8.")


def _undecodable_line(path: Path) -> int:
    with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return 0


def read_csv_table(
    path: Path,
    error: type[GazeError] = SchemaError,
    *,
    convert: "ConvertOptions | None" = None,
    parse: "ParseOptions | None" = None,
) -> "pa.Table":
    """Read a CSV file, gzipped or not, with Arrow: for files of millions of rows."""
    import pyarrow.csv

    check_file(path, error)
    with parsing(path, CSV, error):
        _check_gzip(path, error)
        if parse is not None and parse.invalid_row_handler is not None:
            check_utf8(path, error)
        return pyarrow.csv.read_csv(path, parse_options=parse, convert_options=convert)


def _check_gzip(path: Path, error: type[GazeError]) -> None:
    """Refuse a gzip file that unpacks to far more than a table can."""
    packed = path.stat().st_size
    if path.suffix == ".gz" and packed * DEFLATE > max(MAX_UNPACKED, MAX_RATIO * packed):
        for _ in unpacked(path, error):
            pass


def unpacked(path: Path, error: type[GazeError] = SchemaError) -> Iterator[bytes]:
    """Give what a gzip file unpacks to in pieces, but no more than a table can have."""
    packed, size = path.stat().st_size, 0
    limit = max(MAX_UNPACKED, MAX_RATIO * packed)
    with parsing(path, "a whole gzip file", error), gzip.open(path) as file:
        while block := file.read(2**20):
            size += len(block)
            if size > limit:
                message = (
                    f"its {packed:,} bytes unpack to more than {limit:,}, which no table does."
                )
                raise error(message, where=path, remedy=AGAIN)
            yield block
