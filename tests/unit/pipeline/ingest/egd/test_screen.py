import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.ingest.egd.screen import (
    axes_of,
    display_of,
    display_pads,
    fit_size,
    to_image,
)
from gazescribe.pipeline.sources.loading import load_manifest
from tests.unit.pipeline.ingest.egd.egd_tree import pads, published

DISPLAY = display_of(load_manifest("egd"))
SIZES = [(2544, 3056), (3056, 2544), (2500, 2500), (2022, 2022), (2539, 3050), (2021, 2453)]
FRACTION = st.integers(0, 100_000).map(lambda number: number / 100_000)
SIDE = st.integers(1600, 4400)


def axes(*size):
    return axes_of([size], [pads(*size)], DISPLAY)


def place(size, x, y):
    """Ours, from what is published of a place on the screen."""
    shown = [np.array([value], dtype=float) for value in published(x, y, *size)]
    fractions = np.array([x]), np.array([y])
    return [float(value[0]) for value in to_image(axes(*size), fractions, shown, np.array([0]))]


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        pytest.param((2544, 3056), (0, 0, 534, 534), id="portrait"),
        pytest.param((3056, 2544), (86, 86, 448, 448), id="landscape"),
        pytest.param((2500, 2500), (0, 0, 448, 448), id="square"),
    ],
)
def test_pads_are_those_of_the_release(size, expected):
    assert display_pads(*size, DISPLAY) == expected


def test_screen_pixels_per_degree():
    assert DISPLAY.px_per_deg_x == pytest.approx(39.9, abs=0.04)  # 39.87 to 39.94 (spec egd 5)
    assert DISPLAY.px_per_deg_y == pytest.approx(39.9, abs=0.04)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        pytest.param((2544, 3056), (119, 113), id="portrait"),
        pytest.param((3056, 2544), (119, 112), id="landscape"),
        pytest.param((2500, 2500), (97.4, 92.4), id="square"),
        pytest.param((2022, 2022), (78.8, 74.7), id="small square"),
    ],
)
def test_image_pixels_per_degree(size, expected):
    across, down = axes(*size)
    assert (across.px_per_deg[0], down.px_per_deg[0]) == pytest.approx(expected, rel=3e-3)


@pytest.mark.parametrize("size", [pytest.param(size, id=f"{size[0]}x{size[1]}") for size in SIZES])
def test_inside_the_published_position_is_kept(size):
    assert place(size, 0.45, 0.5) == [float(value) for value in published(0.45, 0.5, *size)]


@pytest.mark.parametrize("size", [pytest.param(size, id=f"{size[0]}x{size[1]}") for size in SIZES])
def test_outside_the_place_is_extrapolated_on_the_same_map(size):
    top, bottom, left, right = pads(*size)
    across = (size[0] + size[0] % 2) / (1920 - left - right)
    down = (size[1] + size[1] % 2) / (1080 - top - bottom)
    for x, y in ((0.1, 0.5), (0.95, 0.4), (0.5, 1.1), (-0.2, -0.3)):
        assert published(x, y, *size)[0] < 0
        expected = [across * (x * 1920 - left) - 0.5, down * (y * 1080 - top) - 0.5]
        assert place(size, x, y) == pytest.approx(expected)


def test_an_image_smaller_than_on_screen_is_marked_by_zeros():
    size = (424, 510)
    assert published(0.1, 0.5, *size) == (0, 0)
    x_px, y_px = place(size, 0.1, 0.5)
    left, right = pads(*size)[2:]
    assert x_px == pytest.approx(424 / (1920 - left - right) * (192 - left) - 0.5)
    assert y_px == pytest.approx(510 / 1080 * 540 - 0.5)


def test_the_pixel_an_odd_size_is_padded_by_is_kept_as_published():
    size = (2021, 2453)
    right = pads(*size)[3]
    x = (1920 - right - 0.2) / 1920
    assert published(x, 0.5, *size)[0] == 2021
    assert place(size, x, 0.5)[0] == 2021


@given(SIDE, SIDE, FRACTION, FRACTION)
def test_positions_agree_with_the_linear_map(width, height, x, y):
    across, down = axes(width, height)
    linear = [
        axis.extrapolate(np.array([v]), np.array([0]))[0] for axis, v in ((across, x), (down, y))
    ]
    assert place((width, height), x, y) == pytest.approx(linear, abs=0.501)


@given(SIDE, SIDE, st.lists(st.tuples(FRACTION, FRACTION), min_size=40, max_size=60))
def test_a_fitted_size_is_the_even_one_or_none(width, height, places):
    inside = [(x, y) for x, y in places if published(x, y, width, height)[0] >= 0]
    shown = np.array([published(x, y, width, height) for x, y in inside], float).reshape(-1, 2)
    given_ = np.array(inside, float).reshape(-1, 2)
    for number, (axis, true) in enumerate(zip(axes(width, height), (width, height), strict=True)):
        pad = axis.low_pad_px[0], axis.high_pad_px[0]
        fitted = fit_size(given_[:, number], shown[:, number], *pad, axis.screen_px)
        assert fitted is None or fitted % 2 == 0
        assert fitted is None or abs(fitted - (true + true % 2)) <= 0.01 * true


def test_sizes_are_fitted_exactly_to_a_usual_reading():
    rng = np.random.default_rng(0)
    size = (2539, 3050)
    given_ = np.round(rng.uniform((0.3, 0.05), (0.7, 0.95), (45, 2)), 5)
    shown = np.array([published(x, y, *size) for x, y in given_], float)
    for number, axis in enumerate(axes(*size)):
        pad = axis.low_pad_px[0], axis.high_pad_px[0]
        fitted = fit_size(given_[:, number], shown[:, number], *pad, axis.screen_px)
        assert fitted == (2540, 3050)[number]


def test_contradicting_positions_give_no_size():
    assert fit_size(np.array([0.5, 0.5]), np.array([100.0, 900.0]), 448, 448, 1920) is None


def test_one_position_near_the_edge_gives_no_size():
    x = (448 + 3) / 1920
    assert fit_size(np.array([x]), np.array([7.0]), 448, 448, 1920) is None


def test_no_position_gives_no_size():
    assert fit_size(np.empty(0), np.empty(0), 448, 448, 1920) is None


def test_a_manifest_without_millimetres_is_refused():
    manifest = load_manifest("reflacx")
    with pytest.raises(ManifestError, match=r"reflacx.yaml: screen needs width_mm"):
        display_of(manifest)
