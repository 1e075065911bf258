"""The affine of one item against torchvision's, which moves whole batches alike."""

import itertools

import numpy as np
import pytest
import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms.functional import affine as torchvision_affine

from gazescribe.models.training.augment import affine, apply


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
@pytest.mark.parametrize("size", [(64, 64), (40, 64), (64, 48), (33, 50)])
def test_one_item_as_torchvision(size, mode):
    height, width = size
    picture = torch.rand(3, 2, *size, generator=torch.Generator().manual_seed(0))
    for angle, (x_px, y_px), scale in itertools.product(
        (-44, -7.5, 0, 31), ((0, 0), (5, -3), (-9, 6)), (0.87, 1, 1.13)
    ):
        expected = torchvision_affine(
            picture, angle, [x_px, y_px], scale, [0.0, 0.0], InterpolationMode(mode)
        )
        matrix = affine(angle, (x_px / width, y_px / height), scale, size)
        (found,) = apply(torch.from_numpy(np.stack([matrix] * 3)), picture, mode=mode)
        assert expected.abs().sum() > 0
        if mode == "bilinear":
            torch.testing.assert_close(found, expected, atol=5e-5, rtol=0)
        else:  # places half-way between two pixels may go to either
            assert (found != expected).float().mean() < 0.005
