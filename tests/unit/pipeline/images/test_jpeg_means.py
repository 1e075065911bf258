import numpy as np
import pytest

pytest.importorskip("numba")

from gazescribe.pipeline.images.jpeg_means import MOST, ZIGZAG, means_of, rows_read


def test_the_order_of_coefficients():
    assert ZIGZAG[:6] == [(0, 0), (0, 1), (1, 0), (2, 0), (1, 1), (0, 2)]
    assert ZIGZAG[-2:] == [(7, 6), (7, 7)]
    assert len({*ZIGZAG}) == 64


@pytest.mark.parametrize("side", [2, 4])
def test_means_are_those_of_the_inverse_transform(side):
    rng = np.random.default_rng(side)
    coefficients = rng.integers(-100, 100, (8, 8, 50))
    k, x = np.mgrid[:8, :8]
    waves = np.cos((2 * x + 1) * k * np.pi / 16) / 2 * np.where(k == 0, np.sqrt(0.5), 1)
    pixels = np.einsum("uvn,uy,vx->yxn", coefficients, waves, waves)
    expected = pixels.reshape(side, 8 // side, side, 8 // side, 50).mean(axis=(1, 3))
    kept = {
        (row, column): coefficients[row, column]
        for row in rows_read(side)
        for column in rows_read(side)
    }
    found = np.array(means_of(kept, side)) / 2 ** (20 if side == 2 else 19)
    np.testing.assert_allclose(found, expected.reshape(side * side, 50), atol=0.5)


@pytest.mark.parametrize("side", [2, 4])
def test_no_sum_leaves_32_bits(side):
    """Of the largest coefficients with the signs that add up, for each mean."""
    cells = [(row, column) for row in rows_read(side) for column in rows_read(side)]
    rng = np.random.default_rng(0)
    signs = {cell: rng.choice([-1, 1], 4000) for cell in cells}
    alone = {
        cell: np.array(means_of({c: (c == cell) * MOST for c in cells}, side)) for cell in cells
    }
    for mean in range(side * side):
        for cell in cells:
            signs[cell][mean] = np.sign(alone[cell][mean]) or 1
    largest = np.abs(means_of({cell: MOST * signs[cell] for cell in cells}, side)).max()
    assert 2**28 < largest < 2**31 - 2**20
