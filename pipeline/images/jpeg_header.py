"""What stands before the bits of a JPEG file, if it is of the plain kind that radiographs have.

Baseline, grey of 8 bits, one scan without restarts, tables as the standard wants them. Of all else
nothing is said: libjpeg reads it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

QUANTIZATION, HUFFMAN, BASELINE, SCAN = 0xDB, 0xC4, 0xC0, 0xDA
COMMENTS = {*range(0xE0, 0xF0), 0xFE}
MAX_DC_BITS = 11
"""Of a difference between means of blocks, in files of 8 bits."""

Codes = tuple[bytes, bytes]
"""How many codes there are of 1, 2, … 16 bits, and the symbol of each."""


class Header(NamedTuple):
    """Size of an image, divisors in the order of the file, codes, and where its bits begin."""

    height: int
    width: int
    divisors: NDArray[np.int32]
    dc_codes: Codes
    ac_codes: Codes
    first: int


def read_header(content: bytes) -> Header | None:
    """Read the header of a JPEG file; None where it is not of the plain kind, or damaged."""
    if content[:2] != b"\xff\xd8":
        return None
    divisors: dict[int, bytes] = {}
    codes: dict[int, Codes] = {}
    frame: bytes | None = None
    place = 2
    while place + 4 <= len(content) and content[place] == 0xFF:
        kind = content[place + 1]
        end = place + 2 + int.from_bytes(content[place + 2 : place + 4])
        segment = content[place + 4 : end]
        if end < place + 4 or end > len(content):
            return None
        if kind == SCAN:
            return _header(frame, segment, divisors, codes, end) if frame else None
        if kind == QUANTIZATION:
            is_plain = _read_divisors(segment, divisors)
        elif kind == HUFFMAN:
            is_plain = _read_codes(segment, codes)
        elif kind == BASELINE:
            is_plain = frame is None
            frame = segment
        else:
            is_plain = kind in COMMENTS
        if not is_plain:
            return None
        place = end
    return None


def _read_divisors(segment: bytes, divisors: dict[int, bytes]) -> bool:
    while segment:
        if segment[0] > 3 or len(segment) < 65 or 0 in segment[1:65]:  # > 3: of 16 bits
            return False
        divisors[segment[0]] = segment[1:65]
        segment = segment[65:]
    return True


def _read_codes(segment: bytes, codes: dict[int, Codes]) -> bool:
    while segment:
        number, counts = segment[0], segment[1:17]
        symbols = segment[17 : 17 + sum(counts)]
        if number & 0xEC or len(counts) < 16 or len(symbols) < sum(counts) or not symbols:
            return False
        code = 0
        for length, count in enumerate(counts, 1):
            code += count
            if code >= 1 << length:  # more than there are; ones alone are no code
                return False
            code <<= 1
        if number < 16 and max(symbols) > MAX_DC_BITS:
            return False
        codes[number] = counts, symbols
        segment = segment[17 + len(symbols) :]
    return True


def _header(
    frame: bytes, scan: bytes, divisors: dict[int, bytes], codes: dict[int, Codes], first: int
) -> Header | None:
    """Put the parts together, if they are those of one grey component in one scan."""
    if len(frame) != 9 or len(scan) != 6:  # other numbers of components
        return None
    bits, n_components, component, sampling, table = frame[0], *frame[5:]
    height, width = int.from_bytes(frame[1:3]), int.from_bytes(frame[3:5])
    dc, ac = scan[2] >> 4, 16 + (scan[2] & 15)
    is_plain = (bits, n_components, sampling) == (8, 1, 0x11)
    is_plain = is_plain and scan[:2] == bytes((1, component)) and scan[3:] == b"\x00\x3f\x00"
    if not (is_plain and height and width and table in divisors and {dc, ac} <= codes.keys()):
        return None
    values = np.frombuffer(divisors[table], np.uint8).astype(np.int32)
    return Header(height, width, values, codes[dc], codes[ac], first)
