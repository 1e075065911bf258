import numpy as np
import pytest

from gazescribe.pipeline.geometry.ellipses import ellipse_mask
from gazescribe.pipeline.geometry.letterbox import Letterbox
from gazescribe.pipeline.geometry.moving import Motion, placed_ellipses, placed_gaussians
from gazescribe.pipeline.geometry.placed import (
    CLIP,
    WEIGHT,
    Picture,
    PlacedGaussians,
    coverage,
    draw_masks,
)

IMAGE = (60, 80)
STILL = Motion.of_frame(Letterbox.fit(IMAGE, None), np.eye(2, 3))
QUARTER = np.array([[0, 3 / 4, 0], [-4 / 3, 0, 0]])
"""A quarter turn of a picture of 60 × 80."""


def gaussian(x_px, y_px, *, sigma_x=4.0, sigma_y=4.0, clip=(0, 0, 80, 60)):
    """Columns of one Gaussian of a second."""
    names = ("x_px", "y_px", "sigma_x_px", "sigma_y_px", "weight_s")
    names += ("clip_xmin_px", "clip_ymin_px", "clip_xmax_px", "clip_ymax_px")
    values = (x_px, y_px, sigma_x, sigma_y, 1.0, *clip)
    return {name: np.array([value]) for name, value in zip(names, values, strict=True)}


def drawn(columns, motion=STILL, **options):
    return summed(placed_gaussians(columns, motion, **options), motion.size)


def summed(placed, size):
    return PlacedGaussians(placed, Picture.of(size)).sum(slice(0, len(placed)))


def test_a_picture_that_is_not_moved_shows_the_image():
    assert STILL.size == IMAGE
    np.testing.assert_allclose(STILL.turn, np.eye(2))
    np.testing.assert_allclose(STILL.start, 0, atol=1e-12)


def test_a_motion_goes_from_pixels_of_the_picture_to_those_of_the_image():
    frame = Letterbox.fit(IMAGE, (40, 40))  # half as large, five pixels above and below
    shifted = Motion.of_frame(frame, [[1, 0, 0.1], [0, 1, 0]])
    np.testing.assert_allclose(shifted.turn, 2 * np.eye(2))
    np.testing.assert_allclose(shifted.start, [0.5 + 2 * 0.1 * 20, 0.5 - 2 * 5])


def test_a_quarter_turn_moves_a_gaussian_and_swaps_its_spreads():
    columns = gaussian(50, 20, sigma_x=6.0, sigma_y=3.0)
    whole, turned = (
        drawn(columns),
        drawn(columns, Motion.of_frame(Letterbox.fit(IMAGE, None), QUARTER)),
    )
    assert np.unravel_index(whole.argmax(), IMAGE) == (20, 50)
    y, x = np.unravel_index(turned.argmax(), IMAGE)
    # From the middle, (39.5, 29.5), 10.5 right and 9.5 up becomes 9.5 and 10.5.
    assert (abs(x - 39.5), abs(y - 29.5)) == (9.5, 10.5)
    for axis, sigma in ((0, 6.0), (1, 3.0)):
        profile = turned.sum(axis=1 - axis, dtype=float)
        at = np.arange(len(profile))
        mean = profile @ at / profile.sum()
        assert np.sqrt(profile @ (at - mean) ** 2 / profile.sum()) == pytest.approx(sigma, abs=0.03)


def test_amplitudes_and_weights():
    columns = gaussian(40, 30)
    assert drawn(columns, amplitude="peak").max() == pytest.approx(1)
    assert drawn(columns).sum() == pytest.approx(1, abs=1e-4)
    placed = placed_gaussians(columns, STILL)
    one = summed(placed, IMAGE)
    placed[:, WEIGHT] *= 3
    np.testing.assert_allclose(summed(placed, IMAGE), 3 * one, rtol=1e-6)
    assert not summed(placed[:0], IMAGE).any()


def test_a_clip_turns_with_the_picture():
    eighth = np.array([[1, 1], [-1, 1]]) / np.sqrt(2)
    motion = Motion(eighth, np.array([0.0, 30.0]), (80, 80))
    (placed,) = placed_gaussians(gaussian(2, 30), motion)
    assert placed[CLIP] == 0
    mask = coverage(placed, Picture.of(motion.size))
    x, y = np.meshgrid(np.arange(80), np.arange(80))
    places = motion.start + np.stack([x, y], -1) @ eighth.T
    inside = ((places > 0.5) & (places < [78.5, 58.5])).all(axis=-1)
    outside = ((places < -1.5) | (places > [80.5, 60.5])).any(axis=-1)
    assert inside.any()
    assert outside.any()
    np.testing.assert_allclose(mask[inside], 1, atol=1e-4)
    assert (mask[outside] == 0).all()


def test_an_edge_cuts_a_gaussian_beside_it_and_no_other():
    near, far = gaussian(20, 30, clip=(18, 0, 80, 60)), gaussian(60, 30, clip=(18, 0, 80, 60))
    assert not drawn(near)[:, :18].any()
    whole = drawn(gaussian(60, 30))
    np.testing.assert_array_equal(drawn(far), whole)


def test_long_gaussians_stay_finite():
    """They are drawn one by one: hundreds of terms would be needed, whose powers overflow."""
    columns = gaussian(40, 30, sigma_x=12.0, sigma_y=3.0)
    eighth = Motion(np.array([[1, 1], [-1, 1]]) / np.sqrt(2), np.array([0.0, 30.0]), (60, 80))
    found = drawn(columns, eighth)
    assert np.isfinite(found).all()
    assert found.max() == pytest.approx(1 / (2 * np.pi * 36), rel=1e-2)


FRAME = Letterbox.fit(IMAGE, (48, 40))
BOXES = [(10.0, 8.0, 41.0, 30.0), (-9.0, 20.0, 30.0, 70.0), (50.0, 3.0, 50.0, 30.0)]


def masks(affine, boxes=BOXES, frame=FRAME):
    placed = placed_ellipses(boxes, frame, affine)
    return draw_masks(placed, 1, Picture.of((frame.height, frame.width)))[0]


@pytest.mark.parametrize("size", [None, (48, 40), (640, 512), (97, 131)])
def test_masks_that_are_not_moved_are_those_of_shards(size):
    frame = Letterbox.fit(IMAGE, size)
    for box in [*BOXES, (0.0, 0.0, 80.0, 60.0), (16.0, 12.0, 48.0, 36.0), (90.0, 3.0, 99.0, 9.0)]:
        expected = ellipse_mask(box, frame)
        np.testing.assert_array_equal(masks(np.eye(2, 3), [box], frame), expected)


@pytest.mark.parametrize(
    "affine",
    [
        pytest.param([[0.8, 0.5, 0.1], [-0.6, 0.9, -0.2]], id="turned"),
        pytest.param([[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]], id="upside down"),
        pytest.param([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]], id="nearly outside"),
    ],
)
def test_a_moved_mask_is_what_its_pixels_show(affine):
    """Each place is looked up on its own, through all coordinates, and the largest box."""
    height, width = FRAME.height, FRAME.width
    expected = np.zeros((height, width), bool)
    for y in range(height):
        for x in range(width):
            picture = np.array([(2 * x + 1) / width - 1, (2 * y + 1) / height - 1, 1.0])
            shown = (np.array(affine) @ picture + 1) * (width, height) / 2 - 0.5
            at = (shown - (FRAME.pad_x_px, FRAME.pad_y_px) + 0.5) / FRAME.scale - 0.5
            on_image = (at >= -0.5).all() and at[0] < 79.5 and at[1] < 59.5
            for xmin, ymin, xmax, ymax in BOXES[:2]:
                from_middle = (2 * at - (xmin + xmax, ymin + ymax)) / (xmax - xmin, ymax - ymin)
                expected[y, x] |= on_image and from_middle @ from_middle < 1
    assert expected.any()
    np.testing.assert_array_equal(masks(affine), expected)


def test_a_mask_of_no_ellipse_is_empty():
    assert not masks(np.eye(2, 3), []).any()
    assert not masks(np.eye(2, 3), BOXES[2:]).any()
