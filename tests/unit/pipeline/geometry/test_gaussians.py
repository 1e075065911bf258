import numpy as np
import pytest

from gazescribe.pipeline.core.errors import ArrayError
from gazescribe.pipeline.geometry.gaussians import (
    REACH,
    Peaks,
    as_slice,
    draw,
    profiles,
)

WHOLE = np.array([[0, 5]])
AT = np.arange(5.0)


def one(centre=2.0, sigma=1.0, clip=WHOLE, at=AT, **how):
    return profiles(np.array([centre]), np.array([sigma]), np.asarray(clip), at, **how)[0]


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        pytest.param({}, [0.053991, 0.241971, 0.398942, 0.241971, 0.053991], id="unit mass"),
        pytest.param(
            {"amplitude": "peak"}, [0.135335, 0.606531, 1, 0.606531, 0.135335], id="unit height"
        ),
        pytest.param(
            {"clip": [[1, 3]]},
            [0, 0.241971, 0.398942, 0, 0],
            id="clip includes its first pixel only",
        ),
        pytest.param({"clip": [[3, 1]]}, [0] * 5, id="clip turned round"),
        pytest.param({"clip": [[2, 2]]}, [0] * 5, id="clip of no length"),
        pytest.param(
            {"centre": -1.0},
            [0.241971, 0.053991, 0.004432, 0.000134, 0.0000015],
            id="off the image",
        ),
        pytest.param({"centre": 2.5, "sigma": 0.05}, [0] * 5, id="between two pixels"),
        pytest.param({"centre": 1e9}, [0] * 5, id="out of reach"),
    ],
)
def test_profile(how, expected):
    found = one(**how)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_no_value_is_so_small_that_arithmetic_slows():
    found = one(centre=0.0, clip=[[0, 40]], at=np.arange(40.0))
    assert (found[: int(REACH) + 1] > 0).all()
    assert not found[int(REACH) + 1 :].any()
    assert found[found > 0].min() > np.finfo(np.float32).tiny


def test_a_cell_that_the_clip_cuts_counts_for_its_part():
    """Cells of four pixels: [-0.5, 3.5) and [3.5, 7.5); the clip [2, 5) covers [1.5, 4.5)."""
    at = np.array([1.5, 5.5])
    whole = one(centre=3.5, sigma=2.0, clip=[[0, 8]], at=at, cell_px=4)
    cut = one(centre=3.5, sigma=2.0, clip=[[2, 5]], at=at, cell_px=4)
    np.testing.assert_allclose(cut / whole, [0.5, 0.25], rtol=1e-6)


@pytest.mark.parametrize(
    ("centre", "sigma", "message"),
    [
        pytest.param([1, 2], [1.0, 0.0], "sigma_px must be positive, got 0.0 at 1", id="zero"),
        pytest.param(
            [1, 2], [-2.0, 1.0], "sigma_px must be positive, got -2.0 at 0", id="negative"
        ),
        pytest.param([1, 2], [1.0, np.nan], "sigma_px must be positive, got nan at 1", id="nan"),
        pytest.param([np.nan, 2], [1, 1], "centre_px must be finite, got nan at 0", id="nowhere"),
    ],
)
def test_profiles_refuse(centre, sigma, message):
    with pytest.raises(ArrayError, match=message):
        profiles(np.array(centre), np.array(sigma), np.tile(WHOLE, (2, 1)), AT)


def test_lengths_must_agree():
    with pytest.raises(ArrayError, match=r"differ in length: \(2,\), \(1,\), \(1, 2\)"):
        profiles(np.zeros(2), np.ones(1), WHOLE, AT)


def test_draw_sums_weighted_products():
    rows = np.array([[1, 0], [1, 2]], np.float32)
    columns = np.array([[1, 2, 3], [0, 1, 0]], np.float32)
    found = draw(rows, columns, np.array([2.0, 0.5]))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, [[2, 4.5, 6], [0, 1, 0]])


def test_draw_nothing():
    found = draw(np.zeros((0, 2), np.float32), np.zeros((0, 3), np.float32), np.zeros(0))
    np.testing.assert_array_equal(found, np.zeros((2, 3)))


@pytest.mark.parametrize(
    ("n", "weight"),
    [
        pytest.param(0, 1.0, id="no Gaussian"),
        pytest.param(3, 0.0, id="no weight"),
    ],
)
def test_peak_of_nothing(n, weight):
    drawn = np.ones((n, 20), np.float32)
    assert Peaks(drawn, drawn).of(np.full(n, weight)) == 0


def test_peak_lies_in_a_cell_that_its_middle_does_not_show():
    rows = np.zeros((2, 40), np.float32)
    rows[0, 8], rows[1, 33] = 1, 5
    columns = np.ones((2, 3), np.float32)
    assert Peaks(rows, columns).of(np.array([1.0, 1.0])) == 5


def test_peak_where_its_bound_is_met_exactly():
    """Looks at one whole pixel in the middle of a cell: bound and pixel differ by rounding only."""
    random = np.random.default_rng(0)
    for n in [2, 13, 25] * 300:
        length = int(random.integers(9, 100))
        sigma, weight = random.uniform(20, 100, n), random.uniform(0.1, 1, n)
        at, clip = np.full(n, 8.0), np.tile([0, length], (n, 1))
        drawn = profiles(at, sigma, clip, np.arange(float(length)))
        expected = draw(drawn, drawn, weight).max()
        assert Peaks(drawn, drawn).of(weight) == pytest.approx(expected, rel=1e-5)


def test_rows_that_follow_each_other_are_a_slice():
    assert as_slice(np.array([2, 3, 4])) == slice(2, 5)
    assert as_slice(np.array([7])) == slice(7, 8)
    np.testing.assert_array_equal(as_slice(np.array([2, 4])), [2, 4])


GAP = np.array([0, 0.5, 0, 0.0, 1.0, 0])  # Gaussians that do not follow each other


def test_peaks_of_several_weightings():
    random = np.random.default_rng(4)
    rows, columns = (random.random((6, length), np.float32) for length in (50, 37))
    peaks = Peaks(rows, columns)
    for weight in [*random.uniform(0, 1, (5, 6)), np.array([0, 0, 1.0, 0, 0, 0]), GAP]:
        assert peaks.of(weight) == pytest.approx(draw(rows, columns, weight).max(), rel=1e-6)
    assert peaks.of(np.zeros(6)) == 0
