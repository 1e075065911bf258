"""Fixations in pixels of the frame that a network sees, and the grid of them that GazeGNN takes."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.tables import read_readings
from gazescribe.pipeline.geometry.letterbox import Letterbox

REACH_PX = 7  # that GazeGNN's stem sees on either side of the centre of a patch
PATCH_PX = 4
SHORTEST_S = 0.01  # added to durations before their logarithm, in the published code

FloatArray = NDArray[np.float64]


class ImageGaze(NamedTuple):
    """Fixations of one reading on its image; those beside it are left out.

    `places_px`, (n, 2), are x and y in pixels of the frame.
    """

    places_px: FloatArray
    duration_s: FloatArray


def gaze_of(
    folder: Path, readings: Sequence[str], frames: Sequence[Letterbox]
) -> tuple[ImageGaze, ...]:
    """Read the fixations of readings, the image of each of which lies so in its frame."""
    fixations = read_readings(folder, "fixations", readings)
    gaze = []
    for reading, frame in zip(readings, frames, strict=True):
        rows = fixations[reading]
        height, width = frame.image_size
        x, y = rows["x_px"], rows["y_px"]
        # Pixel 0 reaches from -0.5 to 0.5.
        on = (x >= -0.5) & (x < width - 0.5) & (y >= -0.5) & (y < height - 0.5)
        image_px = np.column_stack((x, y))[on]
        places = (image_px + 0.5) * frame.scale + (frame.pad_x_px, frame.pad_y_px) - 0.5
        gaze.append(ImageGaze(places, (rows["offset_s"] - rows["onset_s"])[on]))
    return tuple(gaze)


def gaze_grid(gaze: ImageGaze, size: tuple[int, int]) -> NDArray[np.float32]:
    """How long each patch was looked at, as GazeGNN takes it.

    `size` is (height, width) of the frame in pixels, divisible by 4. The grid, (height / 4,
    width / 4), is in [0, 1], all 0 without fixation.

    As published, a pixel has the logarithm of 0.01 s more than its duration, less that of 0.01 s;
    a patch has the sum over what the network's stem sees of it, and the largest patch has 1. Unlike
    there, two fixations on a pixel are added, durations are those of the fixations (not times from
    one to the next), nothing is rounded to 8 bits, and a window is 15 pixels wide (not 14).
    """
    height, width = size
    looked_s = np.zeros(size)
    x, y = np.floor(gaze.places_px.T + 0.5).astype(int)
    cell = np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)
    # Not `looked_s[cell] +=`, which takes one of several fixations on a pixel.
    np.add.at(looked_s, cell, gaze.duration_s)
    rows, columns = (_windows(side) for side in size)
    grid = rows @ np.log1p(looked_s / SHORTEST_S) @ columns.T
    return np.asarray(grid / (grid.max() or 1), np.float32)


def _windows(length: int) -> FloatArray:
    centres = np.arange(0, length, PATCH_PX)
    seen: FloatArray = np.abs(np.arange(length) - centres[:, None]) <= REACH_PX
    return seen.astype(float)
