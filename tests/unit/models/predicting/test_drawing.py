import numpy as np
import pytest
from PIL import Image

from gazescribe.models.predicting.drawing import (
    HEAT,
    OUTLINE,
    TITLE_PX,
    Panel,
    spread,
    write_mask,
    write_overlay,
)
from gazescribe.pipeline.geometry.letterbox import Letterbox
from gazescribe.pipeline.images.reading import letterboxed


def lit(mask):
    return np.asarray(mask, bool)


@pytest.mark.parametrize("image_size", [(30, 50), (80, 20), (7, 7), (400, 300)])
@pytest.mark.parametrize("size", [(16, 16), (40, 64)])
def test_spread_follows_the_formula(image_size, size):
    frame = Letterbox.fit(image_size, size)
    values = np.arange(size[0] * size[1]).reshape(size)
    found = spread(values, frame)
    assert found.shape == image_size
    for y in range(0, image_size[0], 3):
        for x in range(0, image_size[1], 3):
            at_y = (y + 0.5) * frame.scale + frame.pad_y_px - 0.5
            at_x = (x + 0.5) * frame.scale + frame.pad_x_px - 0.5
            # Half-way between two model pixels either is right.
            row, column = divmod(int(found[y, x]), size[1])
            assert abs(row - at_y) <= 0.5 + 1e-6
            assert abs(column - at_x) <= 0.5 + 1e-6


def test_spread_brings_a_letterboxed_picture_back():
    picture = np.kron(np.random.default_rng(0).integers(0, 256, (6, 10)), np.ones((8, 8)))
    fitted, frame = letterboxed(picture.astype(np.uint8), (120, 120))
    found = spread(fitted, frame)
    inner = np.s_[3::8, 3::8]
    assert np.abs(found[inner] - picture[inner]).max() <= 2


def test_spread_to_a_smaller_picture():
    values = np.arange(16).reshape(4, 4)
    found = spread(values, Letterbox.fit((8, 16), (4, 4)), (2, 4))
    np.testing.assert_array_equal(found, [[4, 5, 6, 7], [8, 9, 10, 11]])


def test_mask(tmp_path):
    values = np.array([[0.6, 0.5, 0.1], [0, 0.9, 1]], np.float32)
    write_mask(values, Letterbox.fit((4, 6), (2, 3)), 0.5, tmp_path / "a" / "m.png")
    with Image.open(tmp_path / "a" / "m.png") as found:
        assert found.mode == "L"
        inside = np.array([[1, 0, 0], [0, 1, 1]])
        np.testing.assert_array_equal(found, np.kron(inside, np.ones((2, 2))) * 255)


def overlay(path, panels, shown=None):
    shown = np.full((40, 60), 100, np.uint8) if shown is None else shown
    write_overlay(shown, Letterbox.fit((80, 120), (6, 6)), "a title", panels, path)
    with Image.open(path) as picture:
        return np.array(picture.convert("RGB"))


def test_overlay_without_maps_is_the_picture(tmp_path):
    found = overlay(tmp_path / "o.png", [])
    assert found.shape == (40 + TITLE_PX, 60, 3)
    assert (found[TITLE_PX:] == 100).all()
    assert found[:TITLE_PX].any()


def test_overlay_colours_and_outlines(tmp_path):
    values = np.zeros((6, 6), np.float32)
    values[2, 1:3] = 1  # of the frame, in which the picture lies in rows 1 to 4
    panel = Panel("Edema 0.91", values, 0.5)
    found = overlay(
        tmp_path / "o.png", [panel, panel._replace(threshold=None), panel, panel, panel]
    )
    assert found.shape == (2 * (40 + TITLE_PX) + 4, 4 * 60 + 3 * 4, 3)
    first = found[TITLE_PX : TITLE_PX + 40, 64:124]
    at = np.s_[10:20, 10:30]
    outlined = (first == OUTLINE).all(axis=2)
    assert outlined[at].sum() == 2 * 20 + 2 * 8
    assert outlined.sum() == outlined[at].sum()
    assert (first[~outlined & ~lit(np.pad(np.ones((10, 20)), ((10, 20), (10, 30))))] == 100).all()
    second = found[TITLE_PX : TITLE_PX + 40, 128:188]
    np.testing.assert_allclose(second[15, 20], 0.3 * 100 + 0.7 * HEAT[-1], atol=0.51)
    assert not (second == OUTLINE).all(axis=2).any()


def test_the_same_overlay_has_the_same_bytes(tmp_path):
    values = np.random.default_rng(1).random((6, 6), np.float32)
    for name in "ab":
        overlay(tmp_path / name, [Panel("Opacity", values, 0.3)])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_title_without_room(tmp_path):
    assert overlay(tmp_path / "o.png", [], np.zeros((30, 2), np.uint8)).shape == (54, 2, 3)
