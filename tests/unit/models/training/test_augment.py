import numpy as np
import pytest
import torch

from gazescribe.models.core.settings import Augment
from gazescribe.models.training.augment import affine, apply, draw

SETTINGS = Augment(
    degrees=45, translate=0.15, scale_min=0.85, scale_max=1.15, interpolation="bilinear"
)
STILL = (0.0, (0.0, 0.0), 1.0)
CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def moved(matrix, *tensors, mode="bilinear"):
    matrices = torch.from_numpy(np.broadcast_to(matrix, (len(tensors[0]), 2, 3)).copy())
    return apply(matrices, *tensors, mode=mode)


def blobs(size, places):
    """One item for each place (y, x): a block of five by five pixels there."""
    picture = torch.zeros(len(places), 1, *size)
    for item, (y, x) in zip(picture, places, strict=True):
        item[0, y - 2 : y + 3, x - 2 : x + 3] = 1
    return picture


def centre(picture):
    """Centre of mass (y, x) of each item, in shares of height and width."""
    height, width = picture.shape[-2:]
    mass = picture.sum(dim=(1, 2, 3))
    assert (mass > 0).all()
    y = (picture.sum(dim=(1, 3)) * (torch.arange(height) + 0.5)).sum(dim=1) / mass / height
    x = (picture.sum(dim=(1, 2)) * (torch.arange(width) + 0.5)).sum(dim=1) / mass / width
    return torch.stack([y, x], dim=1)


def test_draws_are_those_of_seed_epoch_and_index_alone():
    keys = [(seed, epoch, index) for seed in range(2) for epoch in range(3) for index in range(4)]
    drawn = [draw(*key, SETTINGS) for key in keys]
    assert len({matrix.tobytes() for matrix in drawn}) == len(keys)
    for key, matrix in zip(keys, drawn, strict=True):
        np.testing.assert_array_equal(draw(*key, SETTINGS), matrix)
    assert drawn[0].shape == (2, 3)
    assert drawn[0].dtype == np.float32


def test_draws_fill_their_ranges():
    drawn = np.stack([draw(0, 0, index, SETTINGS) for index in range(2000)]).astype(float)
    scale = 1 / np.sqrt(np.linalg.det(drawn[:, :, :2]))
    angle = np.degrees(np.arctan2(drawn[:, 0, 1], drawn[:, 0, 0]))
    shift = -np.linalg.solve(drawn[:, :, :2], drawn[:, :, 2:])[..., 0] / 2
    for values, low, high in [
        (scale, 0.85, 1.15),
        (angle, -45, 45),
        (shift[:, 0], -0.15, 0.15),
        (shift[:, 1], -0.15, 0.15),
    ]:
        span = high - low
        assert low - 1e-5 <= values.min() < low + 0.01 * span
        assert high - 0.01 * span < values.max() <= high + 1e-5
        assert abs(values.mean() - (low + high) / 2) < 0.05 * span
    assert abs(np.corrcoef(np.stack([scale, angle, *shift.T])) - np.eye(4)).max() < 0.1


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_no_movement_changes_nothing(mode):
    picture = torch.arange(2 * 3 * 4 * 6).reshape(2, 3, 4, 6).to(torch.uint8)
    (found,) = moved(affine(*STILL, size=(4, 6)), picture, mode=mode)
    torch.testing.assert_close(found, picture.float(), atol=1e-4, rtol=0)


@pytest.mark.parametrize("size", [(40, 40), (40, 80), (90, 40)])
def test_pictures_turn_about_their_centre_without_shear(size):
    height, width = size
    y, x = height // 2, width // 2 + 12
    (found,) = moved(affine(90, (0, 0), 1, size), blobs(size, [(y, x)]))
    assert found.sum() == pytest.approx(25, abs=0.5)
    turned = centre(found)[0] * torch.tensor([height, width])
    expected = torch.tensor([height / 2 + 12.5, width / 2 - 0.5])  # right of the centre → below it
    torch.testing.assert_close(turned, expected, atol=0.05, rtol=0)


@pytest.mark.parametrize("size", [(40, 40), (40, 80)])
def test_shifts_are_shares_of_the_sides(size):
    place = (size[0] // 2, size[1] // 2)
    (found,) = moved(affine(0, (0.1, -0.2), 1, size), blobs(size, [place]))
    before = centre(blobs(size, [place]))
    torch.testing.assert_close(centre(found) - before, torch.tensor([[-0.2, 0.1]]))


def test_a_factor_above_one_enlarges_and_what_is_outside_is_black():
    picture = torch.ones(1, 1, 40, 40)
    (small,) = moved(affine(0, (0, 0), 0.5, (40, 40)), picture)
    assert small.sum() == pytest.approx(400, rel=0.05)
    assert small[0, 0, :9].sum() == 0
    (large,) = moved(affine(0, (0, 0), 2, (40, 40)), blobs((40, 40), [(20, 20)]))
    assert large.sum() == pytest.approx(100, rel=0.05)


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_items_of_a_batch_move_differently_but_image_and_map_alike(mode):
    n = 6
    places = [(30, 28), (32, 36), (28, 32), (36, 30), (31, 31), (34, 33)]
    image = (blobs((64, 64), places) * 255).to(torch.uint8)
    heatmap = blobs((64, 64), places).repeat_interleave(2, 2).repeat_interleave(2, 3)
    drawn = torch.from_numpy(np.stack([draw(0, 0, index, SETTINGS) for index in range(n)]))
    annotated = torch.tensor([True, False, True, True, False, True])
    (images,) = apply(drawn, image, mode=mode)
    maps, masks = apply(
        drawn[annotated], heatmap[annotated].half(), heatmap[annotated] > 0.5, mode=mode
    )
    assert images.dtype == maps.dtype == masks.dtype == torch.float32
    assert maps.shape == (4, 1, 128, 128)
    shifts = centre(images) - centre(image.float())
    assert len(torch.unique((shifts * 1000).round(), dim=0)) == n
    torch.testing.assert_close(centre(images)[annotated], centre(maps), atol=0.006, rtol=0)
    torch.testing.assert_close(masks, maps)


def test_no_annotated_item():
    (found,) = apply(
        torch.zeros(0, 2, 3), torch.zeros(0, 10, 8, 8, dtype=torch.float16), mode="nearest"
    )
    assert found.shape == (0, 10, 8, 8)
    assert found.dtype == torch.float32


@CUDA
@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_the_gpu_moves_as_the_cpu_does(mode):
    """Also where TF32 and autocast would make the grid coarse."""
    drawn = torch.from_numpy(np.stack([draw(0, 0, index, SETTINGS) for index in range(4)]))
    picture = torch.rand(4, 1, 512, 512, generator=torch.Generator().manual_seed(0))
    (expected,) = apply(drawn, picture, mode=mode)
    precision = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    with torch.autocast("cuda"):
        (found,) = apply(drawn.cuda(), picture.cuda(), mode=mode)
    torch.set_float32_matmul_precision(precision)
    off = (found.cpu() - expected).abs() > 1e-3
    assert off.float().mean() < 1e-4
