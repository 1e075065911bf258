"""Square crops of images, as the published code of GazeGNN makes them.

To train: turned by up to 5°, then a part of 8 to 100 % of the area, of an aspect of 3:4 to 4:3,
brought to the network's size; half of them mirrored. To evaluate: the shorter side becomes 8/7 of
the network's (256 for 224), of which the middle is cut out.
There they are cut out of the film at full size, here out of what the shards hold of it.
Source: ukaukaaaa/GazeGNN, read_data.py; `spec/cooperative.md` 7.
"""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.geometry.letterbox import Letterbox

if TYPE_CHECKING:  # only where images are crops
    from PIL.Image import Image

TURN_DEG = 5.0
AREA = (0.08, 1.0)  # torchvision's RandomResizedCrop, as the four below
ASPECT = (3 / 4, 4 / 3)
TRIES = 10
SHORTER = 256 / 224

Box = tuple[float, float, float, float]
"""Left, top, right, bottom: edges in pixels."""


def centre_frame(image_size: tuple[int, int], side: int) -> Letterbox:
    """How an image lies in the square that is cut out of its middle: pads are negative."""
    shorter = min(image_size)
    scale = round(side * SHORTER) / shorter
    pads = [-round((int(length * scale) - side) / 2) for length in image_size]
    return Letterbox(side, side, scale, pads[0], pads[1], image_size)


def centre_crop(picture: NDArray[Any], stored: Letterbox, crop: Letterbox) -> NDArray[Any]:
    """Cut the middle out of an image that lies so in its shard; float32 where it is no picture."""
    ratio = stored.scale / crop.scale
    left, top = (
        pad - of_crop * ratio
        for pad, of_crop in (
            (stored.pad_x_px, crop.pad_x_px),
            (stored.pad_y_px, crop.pad_y_px),
        )
    )
    return _resized(
        _image(picture), (left, top, left + crop.width * ratio, top + crop.height * ratio), crop
    )


def random_crop(
    picture: NDArray[np.uint8], stored: Letterbox, crop: Letterbox, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Turn, cut and mirror an image that lies so in its shard, at random."""
    height, width = (max(1, round(length * stored.scale)) for length in stored.image_size)
    top, left = round(stored.pad_y_px), round(stored.pad_x_px)
    image = _image(picture[top : top + height, left : left + width])
    turned = image.rotate(rng.uniform(-TURN_DEG, TURN_DEG))  # nearest neighbour, black beside it
    cut = _resized(turned, draw_box(turned.height, turned.width, rng), crop)
    return np.ascontiguousarray(cut[:, ::-1]) if rng.random() < 0.5 else cut


def draw_box(height: int, width: int, rng: np.random.Generator) -> Box:
    """Draw the part of an image to be cut out, as torchvision's RandomResizedCrop does."""
    for _ in range(TRIES):
        area = height * width * rng.uniform(*AREA)
        aspect = math.exp(rng.uniform(math.log(ASPECT[0]), math.log(ASPECT[1])))
        box_width, box_height = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < box_width <= width and 0 < box_height <= height:
            break
    else:  # the middle, of the nearest aspect
        box_width = min(width, round(height * ASPECT[1]))
        box_height = min(height, round(width / ASPECT[0]))
        left, top = (width - box_width) // 2, (height - box_height) // 2
        return left, top, left + box_width, top + box_height
    top = int(rng.integers(height - box_height + 1))
    left = int(rng.integers(width - box_width + 1))
    return left, top, left + box_width, top + box_height


def _image(picture: NDArray[Any]) -> "Image":
    from PIL import Image

    is_picture = picture.dtype == np.uint8
    return Image.fromarray(np.ascontiguousarray(picture, None if is_picture else np.float32))


def _resized(image: "Image", box: Box, crop: Letterbox) -> NDArray[Any]:
    from PIL.Image import Resampling

    inside = (  # rounding can lead a hair beyond
        max(box[0], 0.0),
        max(box[1], 0.0),
        min(box[2], float(image.width)),
        min(box[3], float(image.height)),
    )
    size = crop.width, crop.height
    return np.array(image.resize(size, Resampling.BILINEAR, box=inside))
