import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gazescribe.pipeline.geometry.canvas import Canvas
from gazescribe.pipeline.geometry.gaussians import Peaks, draw, profiles
from gazescribe.pipeline.geometry.letterbox import Letterbox

SIDE = st.integers(1, 70)
MILLISECONDS = st.just(0) | st.integers(1, 5000)


@st.composite
def sums(pick, least=0):
    """An image size and columns of Gaussians: any clip, centres off the image, any sigma."""
    height, width = pick(SIDE), pick(SIDE)
    n = pick(st.integers(least, 6))

    def column(values):
        return np.array(pick(st.lists(values, min_size=n, max_size=n)), float)

    columns = {"window": column(st.integers(0, 2)), "weight_s": column(MILLISECONDS) / 1000}
    for axis, length in (("y", height), ("x", width)):
        columns[f"{axis}_px"] = column(st.integers(-30, 100) | st.floats(-30, 100))
        columns[f"sigma_{axis}_px"] = 10 ** column(st.floats(-1.5, 4))
        columns[f"clip_{axis}min_px"] = column(st.just(0) | st.integers(0, length))
        columns[f"clip_{axis}max_px"] = column(st.just(length) | st.integers(0, length))
    return (height, width), columns


def factored(image_size, columns, amplitude="mass"):
    return tuple(
        profiles(
            columns[f"{axis}_px"],
            columns[f"sigma_{axis}_px"],
            np.stack([columns[f"clip_{axis}{side}_px"] for side in ("min", "max")], axis=1),
            np.arange(float(length)),
            amplitude=amplitude,
        )
        for axis, length in zip("yx", image_size, strict=True)
    )


@settings(deadline=None, max_examples=300)
@given(sums(least=1), st.sampled_from(["mass", "peak"]))
def test_peak_is_the_maximum_of_the_drawn_map(case, amplitude):
    image_size, columns = case
    rows, across = factored(image_size, columns, amplitude)
    drawn = draw(rows, across, columns["weight_s"])
    assert drawn.shape == image_size
    assert np.isfinite(drawn).all()
    assert (drawn >= 0).all()
    np.testing.assert_allclose(Peaks(rows, across).of(columns["weight_s"]), drawn.max(), rtol=1e-5)


@settings(deadline=None, max_examples=100)
@given(sums(least=1), st.randoms(use_true_random=False))
def test_the_order_does_not_matter(case, random):
    image_size, columns = case
    rows, across = factored(image_size, columns)
    order = list(range(len(rows)))
    random.shuffle(order)
    drawn = draw(rows, across, columns["weight_s"])
    again = draw(rows[order], across[order], columns["weight_s"][order])
    np.testing.assert_allclose(again, drawn, rtol=1e-5, atol=1e-6 * drawn.max())


@settings(deadline=None, max_examples=100)
@given(st.floats(1, 8), st.floats(1, 8), st.floats(60, 90), st.floats(55, 75), st.floats(0.01, 5))
def test_mass_is_the_weight_when_nothing_is_cut(sigma_y, sigma_x, y, x, weight_s):
    columns = {"y_px": [y], "x_px": [x], "sigma_y_px": [sigma_y], "sigma_x_px": [sigma_x]}
    columns |= {"clip_ymin_px": [0], "clip_xmin_px": [0]}
    columns |= {"clip_ymax_px": [150], "clip_xmax_px": [130]}
    rows, across = factored((150, 130), {name: np.array(one) for name, one in columns.items()})
    drawn = draw(rows, across, np.array([weight_s]))
    np.testing.assert_allclose(drawn.sum(dtype=float), weight_s, rtol=1e-5)


@settings(deadline=None, max_examples=100)
@given(sums(least=1), st.integers(0, 9), st.integers(0, 9))
def test_a_shifted_gaze_gives_the_shifted_map(case, down, right):
    (height, width), columns = case
    shifted = dict(columns)
    for axis, by in (("y", down), ("x", right)):
        for name in (f"{axis}_px", f"clip_{axis}min_px", f"clip_{axis}max_px"):
            shifted[name] = columns[name] + by
    drawn = draw(*factored((height, width), columns), columns["weight_s"])
    moved = draw(*factored((height + down, width + right), shifted), columns["weight_s"])
    np.testing.assert_allclose(moved[down:, right:], drawn, rtol=1e-4, atol=1e-5 * drawn.max())
    assert not moved[:down].any()
    assert not moved[:, :right].any()


@settings(deadline=None, max_examples=100)
@given(sums(), st.sampled_from([None, (32, 32), (24, 40)]))
def test_a_label_map_is_the_maximum_of_its_windows_each_by_its_own_peak(case, size):
    image_size, columns = case
    canvas = Canvas(columns, image_size, size)
    joined, highest = canvas.label_map([0, 1, 2])
    singles = [canvas.label_map([window]) for window in range(3)]
    np.testing.assert_array_equal(joined, np.max([one for one, _ in singles], axis=0))
    assert highest == max(top for _, top in singles)
    assert np.isfinite(joined).all()
    if size is None:
        assert abs(joined.max() - bool(highest)) < 1e-6


@settings(deadline=None, max_examples=200)
@given(st.tuples(SIDE, SIDE), st.tuples(SIDE, SIDE))
def test_letterbox_goes_there_and_back_and_holds_the_image(image_size, size):
    frame = Letterbox.fit(image_size, size)
    pads = (frame.pad_y_px, frame.pad_x_px)
    for axis, (length, side, pad) in enumerate(zip(image_size, size, pads, strict=True)):
        back = (frame.centres_px(axis) + 0.5) * frame.scale + pad - 0.5
        np.testing.assert_allclose(back, np.arange(side), atol=1e-9)
        assert pad >= 0
        assert pad + length * frame.scale <= side + 1e-9
        assert abs(side - length * frame.scale - 2 * pad) < 2
    assert any(
        np.isclose(length * frame.scale, side)
        for length, side in zip(image_size, size, strict=True)
    )
