"""Crops against torchvision's own transforms."""

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2
from torchvision.transforms.functional import center_crop, resize, resized_crop

from gazescribe.models.cooperative.crops import (
    centre_crop,
    centre_frame,
    draw_box,
    random_crop,
)
from gazescribe.pipeline.geometry.letterbox import Letterbox


def film(height, width):
    y, x = np.mgrid[:height, :width]
    waves = np.sin(y / 9) + np.cos(x / 13) + np.sin((x + y) / 31)
    return np.rint(127 + 40 * waves).astype(np.uint8)


@pytest.mark.parametrize("size", [(300, 260), (260, 300), (256, 256), (901, 455)])
def test_the_middle_is_torchvisions(size):
    picture = film(*size)
    whole = Letterbox.fit(size, None)
    found = centre_crop(picture, whole, centre_frame(size, 224))
    expected = np.asarray(center_crop(resize(Image.fromarray(picture), 256), 224), float)
    assert found.shape == (224, 224)
    differences = np.abs(found - expected)  # it rounds once more, and sides to whole pixels
    assert differences.mean() < 3
    assert differences.max() <= 8


def test_the_middle_is_cut_out_of_a_frame_with_margins():
    """One image, in two frames: the crop is of the image, whatever lies around it."""
    size = (300, 260)
    crop = centre_frame(size, 64)
    padded = np.pad(film(*size), ((10, 10), (30, 30)), constant_values=255)
    stored = Letterbox(320, 320, 1.0, 10, 30, size)
    whole = centre_crop(film(*size), Letterbox.fit(size, None), crop)
    np.testing.assert_array_equal(centre_crop(padded, stored, crop), whole)
    maps = centre_crop(padded.astype(np.float16), stored, crop)
    assert maps.dtype == np.float32
    np.testing.assert_allclose(maps, whole, atol=1.1)  # bytes are rounded twice


def test_the_frame_says_where_a_crop_lies():
    size = (300, 260)
    frame = centre_frame(size, 224)
    marked = np.zeros(size, np.uint8)
    marked[200:203, 100:103] = 255
    y, x = np.argwhere(centre_crop(marked, Letterbox.fit(size, None), frame) > 100).mean(axis=0)
    expected = [(place + 0.5) * frame.scale - 0.5 for place in (201, 101)]
    assert [y - frame.pad_y_px, x - frame.pad_x_px] == pytest.approx(expected, abs=0.6)
    assert frame.on_image(0).all()
    assert frame.on_image(1).all()


def test_parts_are_drawn_as_torchvision_draws_them():
    """The same spread of areas and aspects; parts lie on the image."""
    rng = np.random.default_rng(0)
    ours = np.array([draw_box(400, 300, rng) for _ in range(4000)])
    torch.manual_seed(0)
    transform = v2.RandomResizedCrop(224)
    theirs = [transform.make_params([torch.zeros(1, 400, 300)]) for _ in range(4000)]
    sizes = ours[:, 2:] - ours[:, :2]
    assert (ours[:, :2] >= 0).all()
    assert (ours[:, 2:] <= [300, 400]).all()
    expected = np.array([[part["width"], part["height"]] for part in theirs])
    for share in (0.1, 0.5, 0.9):
        found = np.quantile(sizes, share, axis=0), np.quantile(ours[:, :2], share, axis=0)
        corner = np.array([[part["left"], part["top"]] for part in theirs])
        np.testing.assert_allclose(found[0], np.quantile(expected, share, axis=0), atol=8)
        np.testing.assert_allclose(found[1], np.quantile(corner, share, axis=0), atol=8)


def test_a_strip_has_no_such_part():
    assert draw_box(1000, 10, np.random.default_rng(0)) == (0, 493, 10, 506)


class Fixed:
    """Draws that are known: no turn, then the middle of the range of everything."""

    def __init__(self, mirrored):
        self.mirrored = mirrored

    def uniform(self, low, high):
        return (low + high) / 2

    def integers(self, limit):
        return limit // 2

    def random(self):
        return 0.0 if self.mirrored else 0.9


def test_cut_and_mirrored_is_torchvisions():
    size = (300, 260)
    padded = np.pad(film(*size), ((10, 10), (30, 30)), constant_values=255)
    stored = Letterbox(320, 320, 1.0, 10, 30, size)
    crop = centre_frame(size, 224)
    left, top, right, bottom = draw_box(*size, Fixed(mirrored=False))
    box = top, left, bottom - top, right - left
    expected = np.asarray(resized_crop(Image.fromarray(film(*size)), *box, [224, 224]))
    np.testing.assert_array_equal(random_crop(padded, stored, crop, Fixed(False)), expected)
    mirrored = random_crop(padded, stored, crop, Fixed(True))
    np.testing.assert_array_equal(mirrored, expected[:, ::-1])
