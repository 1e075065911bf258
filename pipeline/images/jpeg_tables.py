"""Tables that say of the next bits of a JPEG file which whole symbols they begin with.

An entry stands for all symbols, up to eight coefficients, whose code and value lie in the bits that
one looks at: how many bits they take, how many zeros come before them, how far they lead in the
block, whether they end it, and their values as eight bytes.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.images.jpeg_compiled import compiled

BITS = 13
"""That are looked at. With more, tables leave the fast part of the memory."""
SKIP_BIT, END_BIT, LEAD_BIT = 6, BITS, BITS + 6
"""Where an entry has them: zeros before; 63 where the block ends, else 0; how far it leads."""
NOTHING = 128
"""Further than a block is long: no whole symbol, or none that a table may decide."""
CODE_BITS = 16
"""Of the longest code."""


class Tables(NamedTuple):
    """Entries and values, first for AC then for DC, and what 16 bits begin with, for each."""

    entries: NDArray[np.uint32]
    values: NDArray[np.uint64]
    ac_symbols: NDArray[np.uint16]
    dc_symbols: NDArray[np.uint16]


def empty_tables() -> Tables:
    """Make tables to be filled."""
    n_entries, n_codes = 2 << BITS, 1 << CODE_BITS
    return Tables(
        np.zeros(n_entries, np.uint32),
        np.zeros(n_entries, np.uint64),
        np.zeros(n_codes, np.uint16),
        np.zeros(n_codes, np.uint16),
    )


@compiled
def fill_symbols(
    counts: NDArray[np.uint8], symbols: NDArray[np.uint8], table: NDArray[np.uint16]
) -> None:
    """Write for 16 bits the length of the code that they begin with, times 256, and its symbol.

    The header was read before: there are no more codes than of that length there can be.
    """
    first = 0
    number = 0
    for length in range(1, CODE_BITS + 1):
        for _ in range(counts[length - 1]):
            end = first + (1 << (CODE_BITS - length))
            table[first:end] = (length << 8) | symbols[number]
            first = end
            number += 1


@compiled
def value_of(bits: int, n_bits: int) -> int:
    """Read the bits of a value: those that begin with 0 are negative."""
    if n_bits == 0 or bits >> (n_bits - 1):
        return bits
    return bits - (1 << n_bits) + 1


@compiled
def fill_entries(
    entries: NDArray[np.uint32],
    values: NDArray[np.uint64],
    ac_symbols: NDArray[np.uint16],
    dc_symbols: NDArray[np.uint16],
    most: int,
) -> None:
    """Write the entries; `most` is the largest value that needs no further look, of 127 at most."""
    for place in range(2 << BITS):
        ahead = (place & ((1 << BITS) - 1)) << (CODE_BITS - BITS)
        used = 0
        skip = 0
        end = 0
        lead = 0  # coefficients so far, with the zeros before them
        number = np.uint64(0)
        while True:
            is_first = used == 0
            is_dc = is_first and place >> BITS > 0
            bits = (ahead << used) & 0xFFFF
            symbol: Any = np.int64(dc_symbols[bits] if is_dc else ac_symbols[bits])
            length, run, n_bits = symbol >> 8, (symbol >> 4) & 15, symbol & 15
            if length == 0 or used + length + n_bits > BITS:
                break
            if n_bits == 0 and not is_dc:
                if run == 0:  # the rest of the block is zero
                    end = 63
                    used += length
                elif run == 15 and is_first:  # sixteen zeros
                    lead = 16
                    used += length
                break
            value_bits = (bits >> (CODE_BITS - length - n_bits)) & ((1 << n_bits) - 1)
            value = value_of(value_bits, n_bits)
            if is_first:
                skip = run
            if abs(value) > most or lead + run - skip > 7:
                break
            number |= np.uint64(value & 255) << np.uint64(8 * (lead + run - skip))
            used += length + n_bits
            lead += run + 1
        if used == 0:
            skip = 0
            lead = NOTHING
        entries[place] = used | (skip << SKIP_BIT) | (end << END_BIT) | (lead << LEAD_BIT)
        values[place] = number
