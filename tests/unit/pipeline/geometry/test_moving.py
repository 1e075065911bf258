import numpy as np
import pytest

from gazescribe.pipeline.geometry.letterbox import Letterbox
from gazescribe.pipeline.geometry.moving import (
    LEFT_OUT,
    Motion,
    MovedGaussians,
    coverage,
    n_terms,
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
    return MovedGaussians(columns, motion, **options).draw(np.arange(len(columns["x_px"])))


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
    moved = MovedGaussians(columns, STILL)
    three, one = moved.draw(np.array([0]), 3.0), moved.draw(np.array([0]))
    np.testing.assert_allclose(three, 3 * one, rtol=1e-6)
    assert not moved.draw(np.array([], int)).any()


def test_a_clip_turns_with_the_picture():
    eighth = np.array([[1, 1], [-1, 1]]) / np.sqrt(2)
    motion = Motion(eighth, np.array([0.0, 30.0]), (80, 80))
    mask = coverage(motion, (0, 0, 80, 60))
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


def test_long_gaussians_stay_finite():
    """They are drawn one by one: hundreds of terms would be needed, whose powers overflow."""
    columns = gaussian(40, 30, sigma_x=12.0, sigma_y=3.0)
    eighth = Motion(np.array([[1, 1], [-1, 1]]) / np.sqrt(2), np.array([0.0, 30.0]), (60, 80))
    found = drawn(columns, eighth)
    assert np.isfinite(found).all()
    assert found.max() == pytest.approx(1 / (2 * np.pi * 36), rel=1e-2)
