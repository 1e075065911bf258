import numpy as np
import pytest

from gazescribe.models.cooperative.gaze import ImageGaze, gaze_grid, gaze_of
from gazescribe.pipeline.geometry.letterbox import Letterbox
from tests.unit.models.cooperative.cooperative_cases import World

SIZE = (64, 96)


def gaze(*fixations):
    places = np.array([one[:2] for one in fixations], float).reshape(-1, 2)
    return ImageGaze(places, np.array([one[2] for one in fixations], float))


def test_a_fixation_is_seen_by_the_patches_whose_window_holds_it():
    grid = gaze_grid(gaze((40, 20, 0.3)), SIZE)
    assert grid.shape == (16, 24)
    assert grid.dtype == np.float32
    rows, columns = np.nonzero(grid)
    # Patch k stands for pixel 4 k and sees 7 pixels either way.
    assert sorted(set(rows)) == [4, 5, 6]
    assert sorted(set(columns)) == [9, 10, 11]
    assert (grid[4:7, 9:12] == 1).all()


def test_patches_sum_logarithms_of_durations():
    grid = gaze_grid(gaze((0, 0, 0.5), (1, 0, 0.1), (60, 40, 0.1)), SIZE)
    first, other = np.log(0.51 / 0.01) + np.log(0.11 / 0.01), np.log(0.11 / 0.01)
    assert grid[0, 0] == 1
    assert grid[10, 15] == pytest.approx(other / first)
    twice = gaze_grid(gaze((0, 0, 0.5), (0, 0, 0.1), (60, 40, 0.61)), SIZE)
    assert twice[10, 15] == 1
    assert twice[0, 0] == pytest.approx(np.log(0.61 / 0.01) / np.log(0.62 / 0.01))


def test_no_fixation_is_no_gaze():
    assert (gaze_grid(gaze(), SIZE) == 0).all()


def test_fixations_at_the_very_edge_stay_in_the_frame():
    grid = gaze_grid(gaze((95.5, 63.5, 1.0)), SIZE)
    assert grid[15, 23] == 1


def test_fixations_are_read_in_pixels_of_the_frame(tmp_path):
    world = World(tmp_path)
    world.image(99000001, gaze=((0, 0, 0.3), (89.4, 59.4, 0.1), (90, 10, 1), (3, -0.6, 1)))
    world.image(99000002, gaze=((44.5, 29.5, 0.25),))
    world.image(99000003, gaze=())
    inputs = world.write()
    frame = Letterbox.fit((60, 90), (64, 64))
    names = [row["reading_id"] for row in world.readings]
    first, second, third = gaze_of(tmp_path / "egd", names, [frame] * 3)
    assert inputs.tables["egd"] == str(tmp_path / "egd")
    scale = 64 / 90
    expected = [(0.5 * scale - 0.5, 0.5 * scale + 10 - 0.5)]
    expected += [(89.9 * scale - 0.5, 59.9 * scale + 10 - 0.5)]
    np.testing.assert_allclose(first.places_px, expected)
    np.testing.assert_allclose(first.duration_s, [0.3, 0.1])
    np.testing.assert_allclose(second.places_px, [(45 * scale - 0.5, 30 * scale + 9.5)])
    assert third.places_px.shape == (0, 2)
