import numpy as np
import pytest

pytest.importorskip("numba")

from gazescribe.pipeline.images.jpeg_lanes import PADDING, bits_of


def copied(content):
    scan = np.frombuffer(content, np.uint8)
    bits = np.full(len(scan) + PADDING, 7, np.uint8)
    n_bytes = bits_of(scan, bits)
    assert n_bytes < 0 or not bits[n_bytes : n_bytes + PADDING].any()
    return None if n_bytes < 0 else bits[:n_bytes].tobytes()


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 100])
@pytest.mark.parametrize("place", range(12))
def test_zeros_after_ones_are_left_out(length, place):
    content = bytes(range(1, length + 1))
    with_ones = content[:place] + b"\xff" + content[place:]
    stuffed = with_ones.replace(b"\xff", b"\xff\x00")
    assert copied(stuffed + b"\xff\xd9") == with_ones


@pytest.mark.parametrize(
    "end", [b"", b"\xff", b"\xff\xd8", b"\xff\xd0abc\xff\xd9", b"\xff\xd9a", b"\xff\xff\xd9"]
)
@pytest.mark.parametrize("length", [0, 6, 7, 8, 20])
def test_a_scan_that_ends_otherwise(length, end):
    assert copied(bytes(length) + end) is None
