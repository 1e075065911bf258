import numpy as np
import pytest

pytest.importorskip("numba")

from gazescribe.pipeline.images import jpeg_blocks
from gazescribe.pipeline.images.jpeg_header import read_header
from gazescribe.pipeline.images.jpeg_tables import (
    BITS,
    END_BIT,
    LEAD_BIT,
    NOTHING,
    SKIP_BIT,
    value_of,
)
from tests.unit.pipeline.images.jpeg_cases import jpeg, picture


@pytest.fixture
def tables():
    header = read_header(jpeg(picture(16, 16)))
    return jpeg_blocks._tables(header.dc_codes, header.ac_codes, 100)


def look(tables, bits, *, is_dc=False):
    """Bits taken, zeros before, whether the block ends, how far it leads, values."""
    place = int(bits.ljust(BITS, "1"), 2) + (is_dc << BITS)
    entry = int(tables.entries[place])
    values = np.frombuffer(int(tables.values[place]).to_bytes(8, "little"), np.int8)
    return (
        entry & 63,
        entry >> SKIP_BIT & 15,
        entry >> END_BIT & 63,
        entry >> LEAD_BIT,
        values.tolist(),
    )


@pytest.mark.parametrize(
    ("bits", "is_dc", "expected"),
    [  # with the codes of the standard: 00 a value of a bit, 1010 the end, 11011 three zeros …
        ("001" + "000" + "1010", False, (10, 0, 63, 2, [1, -1])),
        ("1010", False, (4, 0, 63, 0, [])),
        ("11111111001", False, (11, 0, 0, 16, [])),
        ("1110101", False, (7, 3, 0, 4, [1])),
        ("00" + "1010", True, (6, 0, 63, 1, [0])),
        ("01110" + "001", True, (8, 0, 0, 2, [2, 1])),
        ("1111111", False, (0, 0, 0, NOTHING, [])),
    ],
)
def test_entries(tables, bits, is_dc, expected):
    used, skip, end, lead, values = look(tables, bits, is_dc=is_dc)
    if lead == NOTHING or end or bits.startswith("1111"):
        assert (used, skip, end, lead) == expected[:4]
    assert (used >= expected[0], skip, end) == (True, expected[1], expected[2])
    assert values[: len(expected[4])] == expected[4]


def test_no_entry_takes_more_than_is_looked_at_or_leads_further_than_a_step_may(tables):
    entries = tables.entries.astype(int)
    assert (entries & 63).max() <= BITS
    leads = entries >> LEAD_BIT
    assert leads[leads != NOTHING].max() <= 15 + 8
    assert ((entries & 63 == 0) == (leads == NOTHING)).all()
    assert {*(entries >> END_BIT & 63)} == {0, 63}


@pytest.mark.parametrize(
    ("bits", "n_bits", "value"),
    [(0, 0, 0), (0, 1, -1), (1, 1, 1), (0, 3, -7), (7, 3, 7), (4, 3, 4)],
)
def test_values(bits, n_bits, value):
    assert value_of(bits, n_bits) == value
