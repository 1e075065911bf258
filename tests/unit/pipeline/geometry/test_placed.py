"""What numpy draws of placed Gaussians and ellipses, and torch of the same."""

import numpy as np
import pytest
import torch

from gazescribe.pipeline.geometry.letterbox import Letterbox
from gazescribe.pipeline.geometry.moving import Motion, placed_ellipses, placed_gaussians
from gazescribe.pipeline.geometry.placed import (
    CLIP,
    DRAWN,
    LEFT_OUT,
    LONG,
    MAP,
    RHO,
    WINDOW,
    Picture,
    draw_maps,
    draw_masks,
    n_terms,
)

IMAGE, SIZE = (60, 80), (48, 40)
FRAME = Letterbox.fit(IMAGE, SIZE)
TURNED = np.array([[0.8, 0.5, 0.1], [-0.6, 0.9, -0.2]])
STEP = 2**-11
"""Of float16 below 1: sums in another order may round to neighbours."""
TORCH = Picture.of(SIZE, torch, device="cpu")


def placed(n=40, motion=None, *, long=0):
    """Gaussians of four windows, some cut by one of two rectangles, some long."""
    rng = np.random.default_rng(0)
    names = ("clip_xmin_px", "clip_ymin_px", "clip_xmax_px", "clip_ymax_px")
    clips = rng.choice([(0, 0, 80, 60), (20, 10, 60, 40)], n)
    columns = {
        "x_px": rng.uniform(20, 60, n),
        "y_px": rng.uniform(10, 50, n),
        "sigma_x_px": np.where(np.arange(n) < long, 20.0, rng.uniform(3, 6, n)),
        "sigma_y_px": rng.uniform(3, 4, n),
        "weight_s": rng.uniform(0.1, 0.2, n),
        **dict(zip(names, clips.T, strict=True)),
    }
    rows = placed_gaussians(columns, motion or Motion.of_frame(FRAME, TURNED), amplitude="peak")
    rows[:, WINDOW] = np.arange(n) % 4
    return rows[np.lexsort((rows[:, CLIP], rows[:, WINDOW]))]


def on_maps(rows, windows_by_map):
    parts = []
    for number, windows in windows_by_map.items():
        for window in windows:
            part = rows[rows[:, WINDOW] == window]
            part[:, MAP] = number
            parts.append(part)
    return np.concatenate(parts)


def test_maps_are_the_largest_of_their_windows():
    rows = placed()
    alone = draw_maps(on_maps(rows, {0: [0], 1: [1], 2: [2], 3: [3]}), 4, Picture.of(SIZE))
    joined = draw_maps(on_maps(rows, {1: [0, 2], 3: [1, 3, 2], 4: [0, 2]}), 5, Picture.of(SIZE))
    assert alone.dtype == np.float16
    assert alone.max(axis=(1, 2)).min() > 0.2
    np.testing.assert_array_equal(joined[1], np.maximum(alone[0], alone[2]))
    np.testing.assert_array_equal(joined[3], alone[1:].max(axis=0))
    np.testing.assert_array_equal(joined[4], joined[1])
    assert not joined[[0, 2]].any()


@pytest.mark.parametrize("affine", [np.eye(2, 3), TURNED])
@pytest.mark.parametrize("long", [0, 5, 40])
def test_torch_draws_what_numpy_draws(affine, long):
    rows = placed(motion=Motion.of_frame(FRAME, affine), long=long)
    is_turned = affine is TURNED
    assert (np.abs(rows[:, RHO]) > LONG).sum() == is_turned * long
    assert (rows[:, CLIP] >= 0).any()
    rows = on_maps(rows, {0: [0, 2], 1: [1], 3: [3, 0]})
    expected = draw_maps(rows, 4, Picture.of(SIZE))
    on = torch.from_numpy(rows[:, DRAWN])
    found = draw_maps(rows, 4, TORCH, on)
    assert found.dtype == torch.float16
    np.testing.assert_allclose(found.numpy().astype(float), expected.astype(float), atol=STEP)


def test_torch_draws_the_masks_of_numpy():
    rows = placed_ellipses([(10, 8, 41, 30), (-9, 20, 30, 70), (9, 9, 50, 41)], FRAME, TURNED)
    rows[:, MAP] = [0, 0, 2]
    expected = draw_masks(rows, 3, Picture.of(SIZE))
    assert expected.dtype == np.float16
    assert set(np.unique(expected)) == {0, 1}
    assert expected.any(axis=(1, 2)).tolist() == [True, False, True]
    np.testing.assert_array_equal(draw_masks(rows, 3, TORCH).numpy(), expected)


def test_nothing_to_draw():
    assert draw_maps(placed()[:0], 2, Picture.of(SIZE)).shape == (2, *SIZE)
    assert draw_masks(np.zeros((0, 16)), 0, Picture.of(SIZE)).shape == (0, *SIZE)


@pytest.mark.parametrize("rho", [0.0, 0.02, 0.3, 0.6, 0.8])
def test_terms_are_as_many_as_the_bound_needs(rho):
    x = np.linspace(-7, 7, 281)
    bells = np.exp(-(x**2) / 2)
    exact = bells * bells[:, None] * np.exp(-rho * x * x[:, None])
    term = bells * bells[:, None]
    total = term.copy()
    for k in range(1, n_terms(rho)):
        term = term * (-rho * x * x[:, None] / k)
        total += term
    assert np.abs(total - exact).max() <= LEFT_OUT
    assert n_terms(0.0) == 1
