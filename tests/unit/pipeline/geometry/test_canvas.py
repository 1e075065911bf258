import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from gazescribe.pipeline.core.errors import ArrayError, ParamsError
from gazescribe.pipeline.geometry.canvas import Canvas, frame_of, render
from gazescribe.pipeline.geometry.letterbox import Letterbox

IMAGE = (80, 100)
ONE = pytest.approx(1, abs=1e-6)


def gaussian(x_px=50.0, y_px=40.0, window=0, sigma_px=6.0, weight_s=1.0, clip=(0, 0, 100, 80)):
    sides = (f"clip_{side}_px" for side in ("xmin", "ymin", "xmax", "ymax"))
    return {
        "window": window,
        "x_px": x_px,
        "y_px": y_px,
        "sigma_x_px": sigma_px,
        "sigma_y_px": sigma_px * 1.5,
        "weight_s": weight_s,
        **dict(zip(sides, clip, strict=True)),
    }


def frame(*gaussians):
    return pd.DataFrame(gaussians, columns=list(gaussian()))


def test_native_map():
    heatmap = render(frame(gaussian()), IMAGE)
    assert (heatmap.shape, heatmap.dtype) == (IMAGE, np.float32)
    assert heatmap.max() == heatmap[40, 50] == ONE
    assert heatmap[40, 56] == pytest.approx(np.exp(-0.5))
    assert heatmap[49, 50] == pytest.approx(np.exp(-0.5))


def test_arrow_and_pandas_give_the_same():
    rows = frame(gaussian(), gaussian(20, 30, window=1))
    np.testing.assert_array_equal(render(rows, IMAGE), render(pa.Table.from_pandas(rows), IMAGE))


@pytest.mark.parametrize("resize", ["direct", "published"])
@pytest.mark.parametrize("size", [(32, 32), (80, 80), (160, 160)])
def test_letterboxed_map(size, resize):
    heatmap = render(frame(gaussian(50, 40)), IMAGE, size, resize=resize)
    assert heatmap.shape == size
    assert 0.9 < heatmap.max() <= 1 + 1e-6
    y, x = np.unravel_index(np.argmax(heatmap), size)
    place = frame_of(IMAGE, size, resize)
    assert (y + 0.5) / size[0] == pytest.approx(0.5, abs=1 / size[0])
    assert abs((40.5 * place.scale + place.pad_y_px - 0.5) - y) < 1
    assert abs((50.5 * place.scale + place.pad_x_px - 0.5) - x) < 1
    assert not heatmap[: int(place.pad_y_px)].any()


@pytest.mark.parametrize(
    ("first", "second", "amplitude", "expected"),
    [
        pytest.param({}, {}, "mass", 1, id="alike"),
        pytest.param({"weight_s": 2.0}, {"weight_s": 0.5}, "mass", 0.25, id="by duration"),
        pytest.param({}, {"sigma_px": 12.0}, "mass", 0.25, id="unit mass: flatter when wider"),
        pytest.param({}, {"sigma_px": 12.0}, "peak", 1, id="unit height"),
    ],
)
def test_two_fixations_of_one_window(first, second, amplitude, expected):
    wide = (0, 0, 1000, 800)
    rows = frame(gaussian(200, 400, clip=wide, **first), gaussian(700, 400, clip=wide, **second))
    heatmap = render(rows, (800, 1000), amplitude=amplitude)
    assert heatmap[400, 200] == ONE
    assert heatmap[400, 700] == pytest.approx(expected, rel=1e-5)


def test_each_window_counts_by_its_own_maximum():
    rows = frame(gaussian(20, window=3, weight_s=9.0), gaussian(80, window=5, weight_s=0.1))
    heatmap = render(rows, IMAGE)
    assert heatmap[40, 20] == ONE
    assert heatmap[40, 80] == ONE


def test_nothing_is_drawn_outside_the_clip():
    heatmap = render(frame(gaussian(clip=(45, 30, 52, 39))), IMAGE)
    inside = np.zeros(IMAGE, bool)
    inside[30:39, 45:52] = True
    np.testing.assert_array_equal(heatmap > 0, inside)
    assert heatmap[38, 50] == ONE


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(frame(), id="no fixation"),
        pytest.param(frame(gaussian(weight_s=0.0)), id="fixation of no length"),
        pytest.param(frame(gaussian(x_px=-9000.0)), id="far off the image"),
        pytest.param(frame(gaussian(clip=(0, 0, 0, 0))), id="nothing shown"),
        pytest.param(frame(gaussian(clip=(60, 60, 20, 20))), id="shown rectangle turned round"),
    ],
)
@pytest.mark.parametrize("size", [None, (32, 48)])
def test_no_gaze_gives_zeros(rows, size):
    heatmap = render(rows, IMAGE, size)
    assert heatmap.shape == (size or IMAGE)
    assert not heatmap.any()


def test_a_blank_window_does_not_hide_another():
    rows = frame(gaussian(weight_s=0.0), gaussian(window=1))
    np.testing.assert_array_equal(render(rows, IMAGE), render(frame(gaussian(window=1)), IMAGE))


@pytest.mark.parametrize("size", [None, (64, 64)])
def test_peak_is_the_full_size_maximum(size):
    gaussians = frame(gaussian(), gaussian(54, 44, weight_s=0.5), gaussian(10, window=1))
    columns = {name: gaussians[name].to_numpy() for name in gaussians}
    _, highest = Canvas(columns, IMAGE, size).label_map([0, 1])
    _, second = Canvas(columns, IMAGE, size).label_map([1])
    assert second == pytest.approx(1 / (2 * np.pi * 6 * 9), rel=1e-5)
    assert highest > second


def test_frame_of():
    assert frame_of(IMAGE, None, "published") == Letterbox.fit(IMAGE, None)
    assert frame_of(IMAGE, (64, 64), "direct") == Letterbox.fit(IMAGE, (64, 64))


@pytest.mark.parametrize(
    ("rows", "options", "kind", "message"),
    [
        pytest.param(
            frame(gaussian()).drop(columns=["window", "x_px"]),
            {},
            ArrayError,
            "lack the columns window, x_px",
            id="columns",
        ),
        pytest.param(frame(), {"size": (0, 9)}, ArrayError, r"frame \(0, 9\)", id="size"),
        pytest.param(frame(), {"image_size": (0, 9)}, ArrayError, r"image \(0, 9\)", id="image"),
        pytest.param(
            frame(), {"amplitude": "Mass"}, ParamsError, "'Mass' is none of mass, peak", id="mass"
        ),
        pytest.param(
            frame(), {"resize": "crop"}, ParamsError, "'crop' is none of direct", id="resize"
        ),
        pytest.param(
            frame(),
            {"size": (32, 48), "resize": "published"},
            ArrayError,
            r"squares, got a frame of \(32, 48\)",
            id="published oblong",
        ),
        pytest.param(
            frame(gaussian(sigma_px=0.0)), {}, ArrayError, "positive, got 0.0 at 0", id="sigma"
        ),
    ],
)
def test_render_refuses(rows, options, kind, message):
    with pytest.raises(kind, match=message):
        render(rows, **({"image_size": IMAGE} | options))


def test_profiles_of_a_letterbox_are_empty_beside_the_image():
    """An image of 40 by 80 in a square of 20: five empty rows above it and five below."""
    row = gaussian(x_px=79.0, y_px=0.0, sigma_px=9.0, clip=(0, 0, 80, 40))
    columns = {name: np.array([value]) for name, value in row.items()}
    canvas = Canvas(columns, (40, 80), (20, 20))
    np.testing.assert_array_equal(canvas.rows[0] > 0, [*[False] * 5, *[True] * 10, *[False] * 5])
    assert np.argmax(canvas.rows) == 5
    assert np.argmax(canvas.columns) == 19
