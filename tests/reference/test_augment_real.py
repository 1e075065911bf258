"""Augmentation of real radiographs with their lung masks (CC BY 3.0 and 4.0)."""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.ndimage import affine_transform

from gazescribe.models.core.settings import Augment
from gazescribe.models.training.augment import apply, draw
from gazescribe.pipeline.images.reading import letterboxed, read_radiograph

SIZE = (256, 256)
SETTINGS = Augment(
    degrees=45, translate=0.15, scale_min=0.85, scale_max=1.15, interpolation="bilinear"
)


@pytest.fixture(scope="module")
def lungs(shared):
    """Radiographs and lung masks in one frame, uint8, and for each an affine."""
    folder = shared / "real" / "cxr_ccby"
    pairs = []
    for path in sorted((folder / "lung_masks").glob("*.png")):
        mask = (np.asarray(Image.open(path)) > 0).astype(np.uint8) * 255
        image = read_radiograph(folder / "images" / path.name)
        pairs.append([letterboxed(one, SIZE)[0] for one in (image, mask)])
    assert len(pairs) > 5
    images, masks = (torch.from_numpy(np.stack(one))[:, None] for one in zip(*pairs, strict=True))
    drawn = [draw(0, 0, index, SETTINGS) for index in range(len(pairs))]
    return images, (masks > 127).half(), torch.from_numpy(np.stack(drawn))


def test_image_and_mask_keep_together_pixel_by_pixel(lungs):
    images, masks, drawn = lungs
    moved, moved_masks = apply(drawn, images, masks, mode="nearest")
    (cut_out,) = apply(drawn, images * masks, mode="nearest")
    assert (moved_masks.sum(dim=(1, 2, 3)) > 2000).all()
    assert ((moved - images) != 0).float().mean() > 0.3
    assert torch.equal(cut_out, moved * moved_masks)


def test_masks_of_another_size_lie_on_the_image_too(lungs):
    _, masks, drawn = lungs
    twice = masks.repeat_interleave(2, 2).repeat_interleave(2, 3)
    small, large = apply(drawn, masks, twice, mode="bilinear")
    shrunk = torch.nn.functional.avg_pool2d(large, 2)
    assert (small - shrunk).abs().mean() < 0.004
    inside, other = small > 0.5, shrunk > 0.5
    overlap = (inside & other).sum(dim=(1, 2, 3)) / (inside | other).sum(dim=(1, 2, 3))
    assert overlap.min() > 0.97


def test_the_same_as_scipy_with_the_matrix_in_pixels(lungs):
    images, _, drawn = lungs
    (moved,) = apply(drawn, images, mode="bilinear")
    half = SIZE[0] / 2
    for image, matrix, found in zip(images[:4, 0], drawn.numpy(), moved[:4, 0], strict=False):
        turn = matrix[::-1, 1::-1].astype(float)  # y first
        offset = half - 0.5 + half * matrix[::-1, 2] - turn @ np.full(2, half - 0.5)
        expected = affine_transform(image.numpy().astype(float), turn, offset, order=1)
        inner = expected > 0  # scipy does not fade out beyond the border
        assert np.abs(found.numpy() - expected)[inner].mean() < 0.05
