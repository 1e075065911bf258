"""The published code's resize: shrink, pad to a square, shrink again (spec: `mil.md` 2.2).

Every step is linear and acts on each axis alone, so the whole of it is one matrix an axis.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import ArrayError
from gazescribe.pipeline.geometry.ellipses import ellipse_mask
from gazescribe.pipeline.geometry.letterbox import Letterbox

FloatArray = NDArray[np.float64]


def published_frame(image_size: tuple[int, int], size: tuple[int, int]) -> Letterbox:
    """Affine that the published resize amounts to, up to its rounding of the short side.

    Raises
    ------
    ArrayError
        If the frame is not a square.
    """
    square, sides = _square(image_size, size)
    scale = size[0] / max(image_size)
    pads = [(square - side) // 2 * size[0] / square for side in sides]
    return Letterbox(size[0], size[1], scale, pads[0], pads[1], image_size)


@lru_cache(maxsize=4)  # some 25 MB each, of the sizes that radiographs usually have
def published_resize(
    image_size: tuple[int, int], size: tuple[int, int]
) -> tuple[FloatArray, FloatArray]:
    """Matrices of the published resize.

    Parameters
    ----------
    image_size, size : tuple of int
        (height, width) of the image and of the square model frame.

    Returns
    -------
    tuple of ndarray of float64, shapes (size, height) and (size, width)
        Multiply a map from the left by the first and from the right by the second transposed.

    Raises
    ------
    ArrayError
        If the frame is not a square.
    """
    square, sides = _square(image_size, size)
    last = triangle_matrix(square, size[0])
    matrices = []
    for length, side in zip(image_size, sides, strict=True):
        begin = (square - side) // 2
        matrices.append(last[:, begin : begin + side] @ triangle_matrix(length, side))
    return matrices[0], matrices[1]


def triangle_matrix(length: int, target: int) -> FloatArray:
    """Antialiased bilinear resampling of one axis, as Pillow and torchvision do it.

    Returns
    -------
    ndarray of float64, shape (target, length)
        Rows sum to one.
    """
    scale = length / target
    support = max(scale, 1.0)
    centre = (np.arange(target) + 0.5) * scale
    begin = np.maximum((centre - support + 0.5).astype(int), 0)
    end = np.minimum((centre + support + 0.5).astype(int), length)
    pixels = np.arange(length)
    weight = np.maximum(1 - np.abs((pixels - centre[:, None] + 0.5) / support), 0)
    weight[(pixels < begin[:, None]) | (pixels >= end[:, None])] = 0
    normalised: FloatArray = weight / weight.sum(axis=1, keepdims=True)
    return normalised


def _square(image_size: tuple[int, int], size: tuple[int, int]) -> tuple[int, tuple[int, int]]:
    if size[0] != size[1]:
        raise ArrayError(f"the published resize makes squares, got a frame of {size}.")
    short, long = min(image_size), max(image_size)
    square = 16 * round(size[0] * long / short / 16)
    height, width = (square if side == long else round(side * square / long) for side in image_size)
    return square, (height, width)


def published_ellipse_mask(
    box_px: tuple[float, float, float, float], image_size: tuple[int, int], size: tuple[int, int]
) -> NDArray[np.bool_]:
    """Draw an ellipse at full size and shrink it as the published code does.

    Returns
    -------
    ndarray of bool, shape `size`
        Where more than half is left after the resize.
    """
    full = ellipse_mask(box_px, Letterbox.fit(image_size, None))
    inside = [np.flatnonzero(full.any(axis=axis)) for axis in (1, 0)]
    mask = np.zeros(size, bool)
    if not len(inside[0]):
        return mask
    # The rest of both matrices meets zeros alone.
    box = tuple(slice(places[0], places[-1] + 1) for places in inside)
    of_y, of_x = (
        of[:, part] for of, part in zip(published_resize(image_size, size), box, strict=True)
    )
    rows, columns = (np.flatnonzero(of.any(axis=1)) for of in (of_y, of_x))
    mask[np.ix_(rows, columns)] = of_y[rows] @ full[box].astype(float) @ of_x[columns].T > 0.5
    return mask
