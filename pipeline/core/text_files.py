"""Text files of recorders, line by line, in whatever encoding their makers chose."""

import codecs
import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.foreign import check_file, parsing

HEAD = 2**16  # bytes by which an encoding and a format are known
MARKS = (  # the longest first
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def text_lines(path: Path) -> Iterator[str]:
    """Give the lines of a text file, gzipped or not, with their ends; few are in memory at a time.

    What its encoding has no character for becomes a mark: names and positions are plain letters
    and digits in every encoding that recorders use.
    """
    encoding = encoding_of(read_head(path))
    with (
        parsing(path, "a text file", ManifestError),
        _binary(path) as file,
        io.TextIOWrapper(file, encoding, errors="replace", newline="") as text,
    ):
        yield from text


def read_head(path: Path) -> bytes:
    """Read the first bytes of a file, unpacked if it is gzipped."""
    check_file(path, ManifestError)
    with parsing(path, "a whole file", ManifestError), _binary(path) as file:
        return file.read(HEAD)


def encoding_of(head: bytes) -> str:
    """Tell the encoding of a text by its first bytes: UTF-16, UTF-8, or that of old Windows."""
    if (marked := _marked(head)) is not None:
        return marked
    n_even, n_odd = head[::2].count(0), head[1::2].count(0)
    if 0 in {n_even, n_odd} and n_even + n_odd > len(head) // 4:  # Latin letters in UTF-16
        return "utf-16-le" if n_odd else "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # its last character may be cut
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def marked_encoding(head: bytes, stated: str | None = None) -> str:
    """Name the encoding by the mark that a text begins with; else the stated one, or UTF-8."""
    if (marked := _marked(head)) is not None:
        return marked
    name = codecs.lookup(stated or "utf-8").name
    if name in {"utf-16", "utf-32"}:  # which want a mark; letters of Latin tell the order
        return f"{name}-be" if head.startswith(b"\0") else f"{name}-le"
    return name


def _marked(head: bytes) -> str | None:
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return encoding
    return None


def _binary(path: Path) -> IO[bytes]:
    if path.suffix == ".gz":
        return cast("IO[bytes]", gzip.open(path))
    return path.open("rb")
