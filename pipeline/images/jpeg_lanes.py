"""Bits of JPEG files read in two places at once.

Each symbol begins where the one before ends, so that a processor mostly waits. A second lane begins
in the middle of a file, where symbols are soon told apart rightly even from a wrong beginning, and
uses the waits of the first. Its blocks count where the first lane ends a block exactly where the
second began.

No index leaves its array. A step or a symbol leads to the beginning of the next block at most
(`_step` says where it would lead further, and then `_symbol` decides, which refuses), and takes 27
bits at most. A lane looks every `STEPS` steps whether it has come to the last `MARGIN` bits that it
may read, or to the last `SLACK` bytes of its buffer, and there reads symbol by symbol, with a look
at each. `_empty` refuses more blocks than a file has.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.images.jpeg_compiled import compiled, inlined, load, store, swapped
from gazescribe.pipeline.images.jpeg_means import (
    BIT,
    BLOCK,
    DONE,
    IS_DAMAGED,
    MOST,
    N_LARGE,
    PLACE,
    Lane,
    means_of_blocks,
)
from gazescribe.pipeline.images.jpeg_tables import (
    BITS,
    END_BIT,
    LEAD_BIT,
    SKIP_BIT,
    Tables,
    value_of,
)

FULL = 256 * BLOCK
"""Coefficients that a lane has read when the means of their blocks are made."""
SLACK = 1024
MARGIN = 1024
STEPS = 4
"""Before more bits are fetched: with `BITS` each they are fewer than the 56 that there are then."""
PADDING = 128
"""Bytes of zeros after the bits of a file."""
SPLIT_BITS = 1 << 18
"""Shorter files have one lane."""
WARM_BLOCKS = 64
"""That are read where the second lane begins, to tell symbols apart."""

Bytes = NDArray[np.uint8]
Window = tuple[np.uint64, np.uint64, np.uint64]
"""Bits that come next from the highest on, the byte after those, and how many of them are sure."""


Stepped = tuple[np.uint64, np.uint64, np.uint64, np.uint64, np.uint64]
"""A window, the place after, and where entries begin that hold for it."""


class Scan(NamedTuple):
    """What a file has, with the divisors of its coefficients, and what is wanted of it."""

    bits: Bytes
    n_bits: int
    n_blocks: int
    tables: Tables
    divisors: NDArray[np.int32]
    side: int


@compiled
def bits_of(content: Bytes, bits: Bytes) -> int:
    """Copy the bits of a scan without the zeros after bytes of ones; give how many bytes there are.

    -1 unless the scan is followed by the end of the file and nothing else. `bits` has the length of
    `content` and `PADDING`: it is read as far as it is written, and never written ahead of that.
    """
    n_bytes = len(content)
    place = 0
    n_copied = 0
    highest, ones = np.uint64(0x8080808080808080), np.uint64(0x0101010101010101)
    while place + 1 < n_bytes:
        if place + 8 < n_bytes:
            eight = load(content, np.uint64(place))
            if (~eight - ones) & eight & highest == 0:  # no byte of ones among them
                store(bits, np.uint64(n_copied), eight)
                place += 8
                n_copied += 8
                continue
        last = min(place + 8, n_bytes - 1)
        while place < last:
            byte, following = content[place], content[place + 1]
            if byte == 0xFF and following != 0:
                is_end = following == 0xD9 and place + 2 == n_bytes
                bits[n_copied : n_copied + PADDING] = 0
                return n_copied if is_end else -1
            bits[n_copied] = byte
            n_copied += 1
            place += 2 if byte == 0xFF else 1
    return -1


@compiled
def _symbol(scan: Scan, bit: Any, place: Any, lane: Lane) -> tuple[int, int]:
    """Read one symbol; give the bit and the place of the next, a place of -1 where this is none."""
    state, coefficients, large = lane.state, lane.coefficients, lane.large
    ahead = swapped(load(scan.bits, np.uint64(bit >> 3))) << np.uint64(bit & 7)
    code = ahead >> np.uint64(48)
    within = place & (BLOCK - 1)
    symbol: Any = np.int64(scan.tables.ac_symbols[code] if within else scan.tables.dc_symbols[code])
    length, run, n_bits = symbol >> 8, (symbol >> 4) & 15, symbol & 15
    is_end = n_bits == 0 and run == 0 and within > 0
    is_unknown = n_bits == 0 and 0 < run < 15
    if length == 0 or is_unknown or within + run >= BLOCK or n_bits > 10 + (within == 0):
        return bit, -1
    for behind in range(0, BLOCK, 8):  # a step may have written what it should not
        store(coefficients, np.uint64(place + behind), np.uint64(0))
    if is_end:
        return bit + length, (place | (BLOCK - 1)) + 1
    value: Any = np.int64(0)
    if n_bits > 0:
        of_value: Any = np.int64((ahead << np.uint64(length)) >> np.uint64(64 - n_bits))
        value = value_of(of_value, n_bits)
    place += run
    within += run
    if within and abs(value) * scan.divisors[within] > MOST:
        return bit, -1
    if -128 < value < 128:
        coefficients[place] = value & 255
    else:
        large[state[N_LARGE], 0] = place
        large[state[N_LARGE], 1] = value
        state[N_LARGE] += 1
    return bit + length + n_bits, place + 1


@inlined
def _window(bits: Bytes, bit: int) -> Window:
    first, beyond = np.uint64(bit >> 3), np.uint64(bit & 7)
    return swapped(load(bits, first)) << beyond, first + np.uint64(7), np.uint64(56) - beyond


@inlined
def _refilled(bits: Bytes, window: np.uint64, byte: np.uint64, sure: np.uint64) -> Window:
    window |= swapped(load(bits, byte)) >> sure
    return window, byte + ((np.uint64(63) - sure) >> np.uint64(3)), sure | np.uint64(56)


@inlined
def _half(place: int) -> np.uint64:
    """Say where entries begin that hold for a place: at its beginning a block has another code."""
    return np.uint64((place & (BLOCK - 1)) == 0) << np.uint64(BITS)


@inlined
def _step(
    window: np.uint64,
    sure: np.uint64,
    place: np.uint64,
    half: np.uint64,
    coefficients: Bytes,
    entries: NDArray[np.uint32],
    values: NDArray[np.uint64],
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64, bool, np.uint64]:
    """Read what an entry of the tables says, which may be too much: beyond the end of the block.

    Without a branch, since no processor can guess where a block ends.
    """
    number = (window >> np.uint64(64 - BITS)) | half
    entry = np.uint64(entries[number])
    skip = (entry >> np.uint64(SKIP_BIT)) & np.uint64(15)
    store(coefficients, place + skip, values[number])
    end = place + (entry >> np.uint64(LEAD_BIT))
    is_beyond = (end ^ place) >> np.uint64(6) != 0
    half = entry & np.uint64(1 << END_BIT)
    place = (end | ((entry >> np.uint64(END_BIT)) & np.uint64(63))) + (half >> np.uint64(END_BIT))
    used = entry & np.uint64(63)
    return window << used, sure - used, place, half, is_beyond, used


@inlined
def _instead(scan: Scan, bit: np.uint64, place: np.uint64, lane: Lane) -> Stepped:
    """Read one symbol where a step was too much."""
    following, after = _symbol(scan, np.int64(bit), np.int64(place), lane)
    if after < 0:
        lane.state[IS_DAMAGED] = 1
        after = FULL
    window, byte, sure = _window(scan.bits, following)
    return window, byte, sure, np.uint64(after), _half(after)


@compiled
def _run(scan: Scan, lane: Lane, stop: np.uint64) -> None:
    """Read until a lane is full or near the byte where it stops."""
    entries, values, coefficients = scan.tables.entries, scan.tables.values, lane.coefficients
    window, byte, sure = _window(scan.bits, lane.state[BIT])
    place, half = np.uint64(lane.state[PLACE]), _half(lane.state[PLACE])
    while place < np.uint64(FULL) and byte < stop:
        window, byte, sure = _refilled(scan.bits, window, byte, sure)
        for _ in range(STEPS):
            window, sure, after, half, is_beyond, used = _step(
                window, sure, place, half, coefficients, entries, values
            )
            if is_beyond:
                bit = byte * np.uint64(8) - sure - used
                window, byte, sure, after, half = _instead(scan, bit, place, lane)
            place = after
    lane.state[BIT], lane.state[PLACE] = byte * np.uint64(8) - sure, place


@compiled
def _run_both(scan: Scan, a: Lane, b: Lane, stop_a: np.uint64, stop_b: np.uint64) -> None:
    """Read in turns until one of two lanes is full or near the byte where it stops."""
    entries, values, full = scan.tables.entries, scan.tables.values, np.uint64(FULL)
    coefficients_a, coefficients_b = a.coefficients, b.coefficients
    window_a, byte_a, sure_a = _window(scan.bits, a.state[BIT])
    window_b, byte_b, sure_b = _window(scan.bits, b.state[BIT])
    place_a, half_a = np.uint64(a.state[PLACE]), _half(a.state[PLACE])
    place_b, half_b = np.uint64(b.state[PLACE]), _half(b.state[PLACE])
    while place_a < full and place_b < full and byte_a < stop_a and byte_b < stop_b:
        window_a, byte_a, sure_a = _refilled(scan.bits, window_a, byte_a, sure_a)
        window_b, byte_b, sure_b = _refilled(scan.bits, window_b, byte_b, sure_b)
        for _ in range(STEPS):
            window_a, sure_a, after_a, half_a, is_beyond, used = _step(
                window_a, sure_a, place_a, half_a, coefficients_a, entries, values
            )
            if is_beyond:
                bit = byte_a * np.uint64(8) - sure_a - used
                window_a, byte_a, sure_a, after_a, half_a = _instead(scan, bit, place_a, a)
            place_a = after_a
            window_b, sure_b, after_b, half_b, is_beyond, used = _step(
                window_b, sure_b, place_b, half_b, coefficients_b, entries, values
            )
            if is_beyond:
                bit = byte_b * np.uint64(8) - sure_b - used
                window_b, byte_b, sure_b, after_b, half_b = _instead(scan, bit, place_b, b)
            place_b = after_b
    a.state[BIT], a.state[PLACE] = byte_a * np.uint64(8) - sure_a, place_a
    b.state[BIT], b.state[PLACE] = byte_b * np.uint64(8) - sure_b, place_b


@compiled
def _empty(scan: Scan, lane: Lane) -> bool:
    """Make means of the blocks that are whole and make room; False where they are too many."""
    state, coefficients, large = lane.state, lane.coefficients, lane.large
    n_whole = state[PLACE] // BLOCK
    if state[IS_DAMAGED] or state[DONE] + n_whole > scan.n_blocks:
        return False
    means_of_blocks(lane, n_whole, scan.divisors, scan.side)
    whole = n_whole * BLOCK
    rest = 2 * BLOCK  # of the last block, and what a step may have written beyond it
    for place in range(rest):
        coefficients[place] = coefficients[whole + place]
    coefficients[rest:] = 0
    n_later = 0
    for number in range(state[N_LARGE]):
        if large[number, 0] >= whole:
            large[n_later, 0] = large[number, 0] - whole
            large[n_later, 1] = large[number, 1]
            n_later += 1
    state[N_LARGE] = n_later
    state[PLACE] -= whole
    state[DONE] += n_whole
    return True


@compiled
def _crawl(scan: Scan, lane: Lane, goal_bit: int, goal_block: int) -> bool:
    """Read symbol by symbol to the first block that begins at or after a bit, or has a number."""
    state = lane.state
    while True:
        block = state[DONE] + state[PLACE] // BLOCK
        is_whole = state[PLACE] % BLOCK == 0
        if is_whole and (state[BIT] >= goal_bit or block >= goal_block):
            return True
        if state[PLACE] >= FULL and not _empty(scan, lane):
            return False
        if state[BIT] > scan.n_bits:
            return False
        bit, place = _symbol(scan, state[BIT], state[PLACE], lane)
        if place < 0:
            return False
        state[BIT], state[PLACE] = bit, place


@compiled
def _run_alone(scan: Scan, lane: Lane, stop_bit: int) -> bool:
    """Read until a lane is near a bit; False where there is damage before."""
    while lane.state[BIT] + 64 < stop_bit:
        _run(scan, lane, np.uint64(stop_bit // 8))
        if lane.state[PLACE] >= FULL and not _empty(scan, lane):
            return False
    return True


@compiled
def _enter(scan: Scan, lane: Lane) -> None:
    """Move a lane to where a block seems to begin, a little after the middle of the bits."""
    state = lane.state
    state[BIT] = scan.n_bits // 2
    for _ in range(WARM_BLOCKS):
        first = state[BIT]
        state[PLACE] = state[N_LARGE] = 0
        if not _crawl(scan, lane, scan.n_bits, 1):
            state[BIT] = first + 1
    state[PLACE] = state[N_LARGE] = 0
    lane.coefficients[:] = 0


@compiled
def _finish(scan: Scan, lane: Lane, n_left: int) -> bool:
    """Read the blocks that are left; say whether they are those, and the bits no more."""
    if not _run_alone(scan, lane, scan.n_bits - MARGIN):
        return False
    if not _crawl(scan, lane, scan.n_bits + 64, n_left):
        return False
    if not _empty(scan, lane):
        return False
    n_over: int = scan.n_bits - lane.state[BIT]
    return bool(lane.state[DONE] == n_left) and 0 <= n_over < 8


@compiled
def read_blocks(scan: Scan, a: Lane, b: Lane) -> int:
    """Read all blocks of a file, by two lanes if it is long; give how many are the first's.

    -1 where the file is not as it should be.
    """
    if scan.n_bits >= SPLIT_BITS:
        _enter(scan, b)
        middle = b.state[BIT]
        stop_a, stop_b = middle - MARGIN, scan.n_bits - MARGIN
        is_right = True
        while is_right and a.state[BIT] + 64 < stop_a and b.state[BIT] + 64 < stop_b:
            _run_both(scan, a, b, np.uint64(stop_a // 8), np.uint64(stop_b // 8))
            if a.state[PLACE] >= FULL and not _empty(scan, a):
                return -1
            if b.state[PLACE] >= FULL:
                is_right = _empty(scan, b)
        if not _run_alone(scan, a, stop_a):
            return -1
        if not _crawl(scan, a, middle, scan.n_blocks):
            return -1
        if is_right and a.state[BIT] == middle:
            if not _empty(scan, a):
                return -1
            n_left = scan.n_blocks - a.state[DONE]
            is_right = _finish(scan, b, n_left)
            return a.state[DONE] if is_right else -1
    is_right = _finish(scan, a, scan.n_blocks)
    return scan.n_blocks if is_right else -1
