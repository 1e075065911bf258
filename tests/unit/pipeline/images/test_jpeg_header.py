import numpy as np
import pytest

from gazescribe.pipeline.images.jpeg_header import read_header
from tests.unit.pipeline.images.jpeg_cases import jpeg, picture

CONTENT = jpeg(picture(30, 50), quality=95)


def test_size_divisors_codes_and_where_the_bits_begin():
    header = read_header(CONTENT)
    assert (header.height, header.width) == (30, 50)
    np.testing.assert_array_equal(header.divisors[:7], [2, 1, 1, 1, 1, 1, 2])
    counts, symbols = header.dc_codes
    assert (len(counts), sum(counts), len(symbols)) == (16, 12, 12)
    assert sum(header.ac_codes[0]) == 162
    assert CONTENT[header.first - 3 : header.first] == b"\x00\x3f\x00"


@pytest.mark.parametrize(
    ("marker", "offset", "byte"),
    [
        pytest.param(b"\xff\xc0", 4, 12, id="12 bits"),
        pytest.param(b"\xff\xc0", 1, 0xC2, id="progressive"),
        pytest.param(b"\xff\xc0", 1, 0xC9, id="arithmetic"),
        pytest.param(b"\xff\xc0", 11, 0x22, id="other sampling"),
        pytest.param(b"\xff\xc0", 12, 1, id="no such divisors"),
        pytest.param(b"\xff\xdb", 4, 0x10, id="divisors of 16 bits"),
        pytest.param(b"\xff\xdb", 5, 0, id="divisor of nought"),
        pytest.param(b"\xff\xc4", 5, 3, id="more codes than there are"),
        pytest.param(b"\xff\xc4", 21, 16, id="difference of 16 bits"),
        pytest.param(b"\xff\xda", 6, 0x11, id="no such codes"),
        pytest.param(b"\xff\xda", 8, 5, id="part of the coefficients"),
        pytest.param(b"\xff\xda", 9, 1, id="part of their bits"),
        pytest.param(b"\xff\xe0", 1, 0xDD, id="restarts"),
        pytest.param(b"\xff\xe0", 2, 0xFF, id="a segment beyond the end"),
    ],
)
def test_what_is_not_of_the_plain_kind(marker, offset, byte):
    place = CONTENT.index(marker) + offset
    assert CONTENT[place] != byte
    assert read_header(CONTENT[:place] + bytes((byte,)) + CONTENT[place + 1 :]) is None


def test_any_beginning_of_a_file():
    first = read_header(CONTENT).first
    assert [read_header(CONTENT[:length]) for length in range(first)] == [None] * first
