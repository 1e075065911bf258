"""Rotate, shift and scale: drawn for each item by (seed, epoch, index), applied to whole batches.

In effect torchvision's `RandomAffine` with fill 0, but that draws one transform for a whole batch.
Source: Lanfredi et al. 2023, Section 2.9; `spec/mil.md` 6.4.
"""

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from gazescribe.models.core.settings import Augment
from gazescribe.models.training.sampling import AUGMENT, generator

Interpolation = Literal["nearest", "bilinear"]


def draw(
    seed: int, epoch: int, index: int, settings: Augment, size: tuple[int, int] = (1, 1)
) -> NDArray[np.float32]:
    """Draw the affine of one item, as `affine` gives it; `size` matters by its ratio alone."""
    rng = generator(seed, AUGMENT, epoch, index)
    angle_deg = rng.uniform(-settings.degrees, settings.degrees)
    shift_x, shift_y = rng.uniform(-settings.translate, settings.translate, 2)
    scale = rng.uniform(settings.scale_min, settings.scale_max)
    return affine(angle_deg, (shift_x, shift_y), scale, size)


def affine(
    angle_deg: float, shift: tuple[float, float], scale: float, size: tuple[int, int]
) -> NDArray[np.float32]:
    """Where each place of the output comes from, for `torch.nn.functional.affine_grid`.

    Parameters
    ----------
    angle_deg : float
        Rotation about the centre, clockwise on the screen.
    shift : tuple of float
        To the right and down, in shares of width and height.
    scale : float
        Above 1 enlarges.
    size : tuple of int
        (height, width) of the image, or of one of the same shape.

    Returns
    -------
    ndarray of float32, shape (2, 3)
        From output to input coordinates (x, y, 1), which run from -1 to 1 between the edges.

    Notes
    -----
    It rotates pixels, not normalised coordinates: the picture is turned without being sheared
    whatever its shape.
    """
    angle = math.radians(angle_deg)
    cos, sin = math.cos(angle) / scale, math.sin(angle) / scale
    ratio = size[0] / size[1]
    turn = np.array([[cos, sin * ratio], [-sin / ratio, cos]])
    return np.column_stack([turn, -2 * turn @ shift]).astype(np.float32)


def apply(affine: Tensor, *tensors: Tensor, mode: Interpolation) -> tuple[Tensor, ...]:
    """Move the items of a batch, each by its own affine; what comes from outside is 0.

    Matrices, (n, 2, 3), are as `affine` gives them; of annotated items alone they are
    `batch["affine"][batch["annotated"]]`. Tensors, (n, channels, height, width), are images, maps,
    masks, of any size but one shape (height to width); they come back as float32 in the same units.
    """
    return tuple(_move(affine, tensor, mode) for tensor in tensors)


def _move(affine: Tensor, tensor: Tensor, mode: Interpolation) -> Tensor:
    if not len(tensor):
        return tensor.float()
    size = [len(tensor), 1, *tensor.shape[-2:]]
    # Float64: TF32 or autocast would round the grid to a quarter of a pixel.
    grid = functional.affine_grid(affine.double(), size, align_corners=False).float()
    return functional.grid_sample(
        tensor.float(), grid, mode=mode, padding_mode="zeros", align_corners=False
    )
