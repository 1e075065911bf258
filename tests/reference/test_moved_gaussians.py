"""Maps on a moved picture against scipy's normal densities, and against resampled large maps."""

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

from gazescribe.models.training.augment import affine, apply
from gazescribe.pipeline.geometry.canvas import Canvas
from gazescribe.pipeline.geometry.letterbox import Letterbox
from gazescribe.pipeline.geometry.moving import Motion, placed_gaussians
from gazescribe.pipeline.geometry.placed import Picture, PlacedGaussians
from tests.reference.test_gaussians_scipy import IMAGE, fixations

SIZE = (48, 64)
FINER = 16
TURNED = [
    pytest.param(0.0, (0.0, 0.0), 1.0, id="still"),
    pytest.param(0.0, (0.12, -0.07), 1.13, id="shift and scale"),
    pytest.param(33.0, (0.0, 0.1), 0.87, id="turned"),
    pytest.param(-90.0, (0.05, 0.0), 1.0, id="quarter"),
    pytest.param(178.0, (0.0, 0.0), 1.1, id="nearly half"),
]


def summed(columns, motion):
    """Densities at the places that pixels show, inside their rectangles; a ramp at edges."""
    height, width = motion.size
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    places = motion.start + np.stack([x, y], axis=-1) @ motion.turn.T
    side = np.sqrt(abs(np.linalg.det(motion.turn)))
    total = np.zeros(motion.size)
    for row in range(len(columns["y_px"])):
        one = {name: float(values[row]) for name, values in columns.items()}
        spread = np.diag([one["sigma_x_px"] ** 2, one["sigma_y_px"] ** 2])
        density = multivariate_normal([one["x_px"], one["y_px"]], spread).pdf(places)
        for axis, name in enumerate("xy"):
            low, high = (one[f"clip_{name}{end}_px"] - 0.5 for end in ("min", "max"))
            begin = np.maximum(places[..., axis] - side / 2, low)
            end = np.minimum(places[..., axis] + side / 2, high)
            density = density * np.clip((end - begin) / side, 0, 1)
        total += one["weight_s"] * density
    return total


def drawn(columns, motion):
    placed = placed_gaussians(columns, motion)
    return PlacedGaussians(placed, Picture.of(motion.size)).sum(slice(0, len(placed)))


@pytest.mark.parametrize(("angle_deg", "shift", "scale"), TURNED)
@pytest.mark.parametrize("round_ones", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_a_moved_map_is_the_map_at_the_places_that_it_shows(
    angle_deg, shift, scale, round_ones, seed
):
    columns = fixations(seed, 12)
    if round_ones:
        columns["sigma_x_px"] = columns["sigma_y_px"]
    matrix = affine(angle_deg, shift, scale, SIZE)
    motion = Motion.of_frame(Letterbox.fit(IMAGE, SIZE), matrix)
    found = drawn(columns, motion)
    expected = summed(columns, motion)
    assert expected.max() > 0
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * expected.max())


@pytest.mark.parametrize(("angle_deg", "shift", "scale"), TURNED)
def test_a_motion_shows_what_resampling_shows(angle_deg, shift, scale):
    """Of a map drawn finely and moved by torch's own grid, which knows nothing of Gaussians."""
    columns = fixations(4, 8)
    for name, side in zip(("y", "x"), IMAGE, strict=True):  # edges are another matter
        columns[f"clip_{name}min_px"][:], columns[f"clip_{name}max_px"][:] = 0, side
    frame = Letterbox.fit(IMAGE, SIZE)
    motion = Motion.of_frame(frame, affine(angle_deg, shift, scale, SIZE))
    found = drawn(columns, motion)
    fine = tuple(side * FINER for side in SIZE)
    large, peak = Canvas(columns, IMAGE, fine).label_map([0])
    matrix = torch.from_numpy(affine(angle_deg, shift, scale, fine))[None]
    (moved,) = apply(matrix, torch.from_numpy(large)[None, None], mode="bilinear")
    inner = motion.start + np.stack(np.meshgrid(*map(np.arange, SIZE[::-1])), -1) @ motion.turn.T
    margin = 1.5 / frame.scale
    far = np.ones(SIZE, bool)
    for axis, side in enumerate(IMAGE[::-1]):
        for edge in (-0.5, side - 0.5):
            far &= np.abs(inner[..., axis] - edge) > margin
    # The centre of a pixel lies between the four middle ones of its block.
    half = FINER // 2
    blocks = moved[0, 0].numpy().reshape(SIZE[0], FINER, SIZE[1], FINER)
    at_centre = blocks[:, half - 1 : half + 1, :, half - 1 : half + 1].mean(axis=(1, 3))
    assert far.mean() > 0.5
    np.testing.assert_allclose(found[far] / peak, at_centre[far], rtol=0, atol=2e-3)
