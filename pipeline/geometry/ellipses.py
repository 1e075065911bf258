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
    by_row, by_column = (
        ((frame.centres_px(axis) - middle) / radius) ** 2
        for axis, middle, radius in (
            (0, (ymin + ymax) / 2, radius_y),
            (1, (xmin + xmax) / 2, radius_x),
        )
    )
    # Only the box is looked at: outside of it the distance along one axis is 1 already.
    box = np.ix_((by_row < 1) & frame.on_image(0), (by_column < 1) & frame.on_image(1))
    mask: Mask = np.zeros((frame.height, frame.width), bool)
    mask[box] = by_row[box[0]] + by_column[box[1]] < 1
    return mask
