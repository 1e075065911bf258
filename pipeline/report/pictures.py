"""Radiographs and small pictures, embedded in the pages as data."""

import base64
import io
from pathlib import Path
from xml.parsers.expat import ParserCreate

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.foreign import check_file, parsing
from gazescribe.pipeline.geometry.canvas import FloatMap, Size

PICTURE_PX = 2048  # long side in the inspector by default; a smaller radiograph is not enlarged
MAP_PX = 1024  # long side of heatmaps there at most: they are smooth, and are drawn in the browser
QUALITY = (
    90  # of JPEG; a radiograph of 2,048 px takes 0.5 MB, its greys are 2 of 255 off in the mean
)
COLOUR_MAPS = ("inferno", "viridis", "cividis", "magma")  # even in lightness, for all eyes
CARD_PX = 320  # long side in the gallery
STRENGTH = 0.8  # opacity of a heatmap where it is 1; it falls with the square root

Grey = NDArray[np.uint8]


def fit_size(image_size: Size, longest_px: int) -> Size:
    """Shrink (height, width) so that the long side is at most `longest_px`."""
    shrink = min(1.0, longest_px / max(image_size))
    return max(round(image_size[0] * shrink), 1), max(round(image_size[1] * shrink), 1)


def over(image: Grey, heatmap: FloatMap) -> NDArray[np.uint8]:
    """Lay a heatmap over a picture of the same size, as the inspector does; RGB."""
    colour = colours()[(heatmap.clip(0, 1) * 255).round().astype(int)]
    alpha = STRENGTH * np.sqrt(heatmap.clip(0, 1))[:, :, None]
    blended = image[:, :, None] * (1 - alpha) + colour * alpha
    picture: NDArray[np.uint8] = blended.round().astype(np.uint8)
    return picture


def colours(name: str = COLOUR_MAPS[0]) -> NDArray[np.uint8]:
    """Give the 256 colours of heatmaps, shape (256, 3)."""
    from matplotlib import colormaps

    table = colormaps[name](np.arange(256))[:, :3]
    return (table * 255).round().astype(np.uint8)


def as_data(picture: NDArray[np.uint8], quality: int = 85) -> str:
    """Encode a picture as the address of a JPEG that lies in the page itself.

    Not as WebP: its lossy form keeps 220 levels of grey, of which a narrow window shows the steps.
    """
    from PIL import Image

    with io.BytesIO() as file:
        Image.fromarray(picture).save(file, format="JPEG", quality=quality, optimize=True)
        return embedded("image/jpeg", file.getvalue())


def map_as_data(heatmap: FloatMap) -> str:
    """Encode a heatmap alone, with the opacity it has in the inspector, for the page itself."""
    from PIL import Image

    share = heatmap.clip(0, 1)
    picture = np.empty((*share.shape, 4), np.uint8)
    picture[..., :3] = colours()[(share * 255).round().astype(int)]
    picture[..., 3] = (255 * STRENGTH * np.sqrt(share)).round()
    with io.BytesIO() as file:
        Image.fromarray(picture).save(file, format="WEBP", quality=70)
        return embedded("image/webp", file.getvalue())


def file_as_data(path: Path, remedy: str | None = None) -> str:
    """Embed a PNG or SVG file; a GazeError with this remedy if it is none, or not whole."""
    check_file(path, GazeError, remedy)
    if path.suffix == ".png":
        from PIL import Image

        with parsing(path, "a whole PNG file", GazeError, remedy):
            with Image.open(path, formats=["PNG"]) as picture:
                picture.verify()
            return embedded("image/png", path.read_bytes())
    with parsing(path, "a whole SVG file", GazeError, remedy):
        content = path.read_bytes()
        parser = ParserCreate()  # unlike ElementTree's own it makes nothing of what it reads
        parser.Parse(content, True)
    return embedded("image/svg+xml", content)


def embedded(kind: str, content: bytes) -> str:
    """Give the address under which content of a MIME type lies in a page itself."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
