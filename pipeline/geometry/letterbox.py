"""Fit an image into a frame without distortion: one affine for images, maps and ellipses."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import ArrayError
from gazescribe.pipeline.geometry.sizes import MAX_SIDE


@dataclass(frozen=True)
class Letterbox:
    """model = (image_px + 0.5)·scale + pad − 0.5, the same scale on both axes.

    Attributes
    ----------
    height, width : int
        Size of the frame in model pixels.
    scale : float
        Model pixels an image pixel.
    pad_y_px, pad_x_px : float
        Empty model pixels above and left of the image.
    image_size : tuple of int
        (height, width) of the image in pixels.
    """

    height: int
    width: int
    scale: float
    pad_y_px: float
    pad_x_px: float
    image_size: tuple[int, int]

    @classmethod
    def fit(cls, image_size: tuple[int, int], size: tuple[int, int] | None) -> "Letterbox":
        """Centre an image in a frame.

        Parameters
        ----------
        image_size : tuple of int
            (height, width) of the image in pixels.
        size : tuple of int or None
            (height, width) of the frame; None is the image itself.

        Raises
        ------
        ArrayError
            If a side is not positive, or longer than `MAX_SIDE`.
        """
        size = size or image_size
        if min(*image_size, *size) < 1:
            raise ArrayError(f"sizes must be positive, got image {image_size} and frame {size}.")
        if max(*image_size, *size) > MAX_SIDE:
            message = (
                f"sides of more than {MAX_SIDE:,} pixels are not drawn, got image {image_size}"
            )
            raise ArrayError(f"{message} and frame {size}.")
        to, per = min(zip(size, image_size, strict=True), key=lambda sides: sides[0] / sides[1])
        # In whole numbers: the float scale may lie a hair off, and the floor then a pixel.
        pads = [
            (side * per - length * to) // (2 * per)
            for side, length in zip(size, image_size, strict=True)
        ]
        return cls(size[0], size[1], to / per, max(pads[0], 0), max(pads[1], 0), image_size)

    def centres_px(self, axis: int) -> NDArray[np.float64]:
        """Image coordinates of the model pixels' centres along an axis (0 = y, 1 = x)."""
        length, pad = ((self.height, self.pad_y_px), (self.width, self.pad_x_px))[axis]
        pixels = np.arange(length, dtype=float)
        centres: NDArray[np.float64] = (pixels - pad + 0.5) / self.scale - 0.5
        return centres

    def on_image(self, axis: int) -> NDArray[np.bool_]:
        """Which model pixels have their centre on the image, along an axis (0 = y, 1 = x)."""
        centres = self.centres_px(axis)
        inside: NDArray[np.bool_] = (centres >= -0.5) & (centres < self.image_size[axis] - 0.5)
        return inside
