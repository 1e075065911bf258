"""Ellipses as masks."""

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.geometry.letterbox import Letterbox

Mask = NDArray[np.bool_]


def ellipse_mask(box_px: tuple[float, float, float, float], frame: Letterbox) -> Mask:
    """Mark the model pixels whose centres lie strictly inside an axis-aligned ellipse.

    Parameters
    ----------
    box_px : tuple of float
        (xmin, ymin, xmax, ymax): ends of the axes in image pixels; may leave the image.
    frame : Letterbox
        Grid to draw on; the image itself for a full-size mask.

    Returns
    -------
    ndarray of bool, shape (height, width)
        All False when an axis has no length. Nothing is drawn outside the image.

    Notes
    -----
    The published code draws with ``skimage.draw.ellipse`` at full size, whose test is the same:
    strictly inside.
    """
    xmin, ymin, xmax, ymax = box_px
    radius_x, radius_y = abs(xmax - xmin) / 2, abs(ymax - ymin) / 2
    if radius_x == 0 or radius_y == 0:
        return np.zeros((frame.height, frame.width), bool)
    y, x = frame.centres_px(0), frame.centres_px(1)
    distance = ((y - (ymin + ymax) / 2) / radius_y)[:, None] ** 2
    distance = distance + ((x - (xmin + xmax) / 2) / radius_x)[None, :] ** 2
    inside = frame.on_image(0)[:, None] & frame.on_image(1)[None, :]
    mask: Mask = (distance < 1) & inside
    return mask
