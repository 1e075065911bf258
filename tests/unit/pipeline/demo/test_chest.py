import numpy as np
import pytest

from gazescribe.pipeline.demo.cases import Anatomy
from gazescribe.pipeline.demo.chest import Frame, blobs, draw_chest, filled, outlines

ANATOMY = Anatomy(
    right_lung=(0.12, 0.13, 0.46, 0.79),
    left_lung=(0.54, 0.13, 0.88, 0.79),
    heart=(0.40, 0.48, 0.71, 0.80),
    mediastinum=(0.43, 0.11, 0.57, 0.53),
    tilt_deg=0.0,
    exposure=1.0,
)


def test_the_middle_of_the_image_stays_where_it_is_whatever_the_tilt():
    for tilt_rad in (0.0, 0.3, -1.0):
        placed = Frame(100, 60, tilt_rad).place(np.array([[0.5, 0.5]]))
        assert placed == pytest.approx(np.array([[29.5, 49.5]]))


def test_an_upright_frame_puts_the_edge_of_the_image_half_a_pixel_outside():
    placed = Frame(100, 60, 0.0).place(np.array([[0.0, 0.0], [1.0, 1.0]]))
    assert placed == pytest.approx(np.array([[-0.5, -0.5], [59.5, 99.5]]))


def test_a_quarter_turn_swaps_across_and_down():
    # 10 px right of the middle goes to 10 px below it.
    placed = Frame(100, 100, np.pi / 2).place(np.array([[0.6, 0.5]]))
    assert placed == pytest.approx(np.array([[49.5, 59.5]]))


def test_coarse_frames_round_up():
    assert Frame(101, 60, 0.2).coarse(2) == Frame(51, 30, 0.2)


def test_outlines_fill_the_boxes_of_the_anatomy():
    shapes = outlines(ANATOMY)
    assert set(shapes) == {"right_lung", "left_lung", "heart", "mediastinum", "aortic_knob"}
    for name in ("right_lung", "left_lung", "heart", "mediastinum"):
        box = np.concatenate([shapes[name].min(axis=0), shapes[name].max(axis=0)])
        np.testing.assert_allclose(box, getattr(ANATOMY, name), atol=0.02, err_msg=name)


def test_the_left_lung_mirrors_the_right_one():
    shapes = outlines(ANATOMY)
    mirrored = shapes["right_lung"] * (-1, 1) + (1, 0)  # the two boxes mirror about x = 0.5
    np.testing.assert_allclose(shapes["left_lung"], mirrored)


def test_a_filled_square_covers_its_pixels():
    square = np.array([[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]])
    picture = np.asarray(filled(Frame(40, 40, 0.0), square))
    assert (picture[11:29, 11:29] == 255).all()
    assert not picture[:9].any()
    assert not picture[:, 31:].any()


def test_blobs_are_smooth_and_centred():
    noise = blobs((200, 300), 20, np.random.default_rng(0))
    assert noise.shape == (200, 300)
    assert abs(noise.mean()) < 0.15
    assert 0.5 < noise.std() < 1.2
    assert np.abs(np.diff(noise, axis=1)).mean() < 0.3 * noise.std()


def test_lungs_are_aerated_and_vessels_lie_in_them():
    frame = Frame(254, 212, 0.0)
    chest = draw_chest(ANATOMY, frame, np.random.default_rng(0))
    assert {plane.shape for plane in (chest.density, chest.aerated, chest.vessels)} == {(254, 212)}
    row, right, middle = 115, round(0.27 * 212), round(0.5 * 212)
    assert chest.aerated[row, right] > 0.9
    assert chest.aerated[row, middle] < 0.2
    assert chest.density[row, right] < chest.density[row, middle]
    assert chest.vessels.max() > 0.05
    assert not chest.vessels[chest.aerated == 0].any()
