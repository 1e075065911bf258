"""Grey JPEG files decoded to the means of their blocks, as Pillow does, in a third of the time.

What takes time in a JPEG file is to read it symbol by symbol. Here tables tell several symbols at
once, and two places of a file are read in turns. What is not of the plain kind (`jpeg_header.py`),
or damaged in any way, is left to Pillow, and so is all where numba, an extra, is not installed.
"""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.images.jpeg_compiled import kept
from gazescribe.pipeline.images.jpeg_header import Codes, read_header
from gazescribe.pipeline.images.jpeg_lanes import FULL, PADDING, SLACK, Scan, bits_of, read_blocks
from gazescribe.pipeline.images.jpeg_means import BLOCK, MOST, Lane, place_means
from gazescribe.pipeline.images.jpeg_tables import (
    Tables,
    empty_tables,
    fill_entries,
    fill_symbols,
)

Bytes = NDArray[np.uint8]


def blocks_of(content: bytes, block_px: int) -> Bytes | None:
    """Decode a grey JPEG file to the means of its blocks.

    Parameters
    ----------
    content : bytes
        Of the file.
    block_px : {2, 4, 8}
        Side of the blocks in pixels.

    Returns
    -------
    ndarray of uint8, shape (height, width) over `block_px`, rounded up, or None
        What libjpeg-turbo gives, to the bit; None where the file is damaged or of another kind.
    """
    header = read_header(content)
    if header is None:
        return None
    side = 8 // block_px
    n_rows, n_columns = -(-header.height // 8), -(-header.width // 8)
    picture = np.empty((n_rows * side, n_columns * side), np.uint8)
    most = min(127, MOST // int(header.divisors.max()))
    tables = _tables(header.dc_codes, header.ac_codes, most)
    scan = np.frombuffer(content, np.uint8, offset=header.first)
    if not _decode(scan, *tables, header.divisors, side, picture):
        return None
    return picture[: -(-header.height // block_px), : -(-header.width // block_px)]


@lru_cache(maxsize=8)
def _tables(dc_codes: Codes, ac_codes: Codes, most: int) -> Tables:
    tables = empty_tables()
    arrays = [np.frombuffer(part, np.uint8) for part in (*dc_codes, *ac_codes)]
    _fill(*arrays, most, *tables)
    return tables


@kept
def _empty_lane(n_blocks: int, side: int) -> Lane:
    """Make a lane that has read nothing."""
    # Lanes read at most as many blocks as there are, and write eight at a time.
    n_written = n_blocks + 8
    n_means = n_written if side > 1 else 0
    return Lane(
        np.zeros(5, np.int64),
        np.zeros(FULL + SLACK, np.uint8),
        np.empty((FULL + SLACK, 2), np.int64),
        np.empty(8 * BLOCK, np.int8),
        np.empty(8 * BLOCK, np.int32),
        np.empty((side * side, n_means), np.int32),
        np.empty(n_written, np.int32),
    )


def _kept_decode(sources: tuple[tuple[int, int], ...]) -> Callable[..., bool]:
    """Make what decodes a scan into a picture; False where it cannot.

    What numba keeps of it is for these sources alone: a variable of a closure is part of its name.
    """

    def decode(
        scan: Bytes,
        entries: NDArray[np.uint32],
        values: NDArray[np.uint64],
        ac_symbols: NDArray[np.uint16],
        dc_symbols: NDArray[np.uint16],
        divisors: NDArray[np.int32],
        side: int,
        picture: Bytes,
    ) -> bool:
        bits = np.empty(len(scan) + PADDING, np.uint8)
        n_bytes = bits_of(scan, bits)
        n_columns = picture.shape[1] // side
        n_blocks = picture.shape[0] // side * n_columns
        if n_bytes < 0 or len(sources) == 0:
            return False
        tables = Tables(entries, values, ac_symbols, dc_symbols)
        a, b = _empty_lane(n_blocks, side), _empty_lane(n_blocks, side)
        file = Scan(bits, n_bytes * 8, n_blocks, tables, divisors, side)
        n_first = read_blocks(file, a, b)
        if n_first < 0:
            return False
        n_left = n_blocks - n_first
        a.differences[n_first:n_blocks] = b.differences[:n_left]
        if side > 1:
            a.means[:, n_first:n_blocks] = b.means[:, :n_left]
        block_means = np.empty(n_columns, np.int32)
        return place_means(a.means, a.differences, divisors[0], side, block_means, picture)

    return kept(decode)


def _kept_fill(sources: tuple[tuple[int, int], ...]) -> Callable[..., None]:
    """Make what fills tables, likewise kept for these sources alone."""

    def fill(
        dc_counts: Bytes,
        dc_codes: Bytes,
        ac_counts: Bytes,
        ac_codes: Bytes,
        most: int,
        entries: NDArray[np.uint32],
        values: NDArray[np.uint64],
        ac_symbols: NDArray[np.uint16],
        dc_symbols: NDArray[np.uint16],
    ) -> None:
        if len(sources) > 0:
            fill_symbols(dc_counts, dc_codes, dc_symbols)
            fill_symbols(ac_counts, ac_codes, ac_symbols)
            fill_entries(entries, values, ac_symbols, dc_symbols, most)

    return kept(fill)


def _sources() -> tuple[tuple[int, int], ...]:
    """When the files that are compiled were written, and their sizes."""
    paths = sorted(Path(__file__).parent.glob("jpeg_*.py"))
    return tuple((path.stat().st_mtime_ns, path.stat().st_size) for path in paths)


_decode, _fill = _kept_decode(_sources()), _kept_fill(_sources())
