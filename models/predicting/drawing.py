"""Maps over pictures: spread to pixels, cut into masks, drawn as overlays.

Maps are enlarged by nearest neighbour, as they are when they are scored. The same content gives the
same bytes; Pillow's own font and no matplotlib, so that a machine for training can draw.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.files import replacing
from gazescribe.pipeline.geometry.letterbox import Letterbox

if TYPE_CHECKING:
    from PIL.Image import Image

HEAT = np.array([(0, 0, 4), (87, 16, 110), (188, 55, 84), (249, 142, 9), (252, 255, 164)], float)
"""Colours of a map's 0, ¼, ½, ¾ and 1: those of matplotlib's inferno."""
OPACITY = 0.7
OUTLINE = (0, 255, 255)
COLUMNS = 4
TITLE_PX = 24
MARGIN_PX = 4


class Panel(NamedTuple):
    """One map to draw: its title, the map, and the threshold whose outline is drawn."""

    title: str
    values: NDArray[np.float32]
    threshold: float | None


def spread(
    values: NDArray[Any], frame: Letterbox, size: tuple[int, int] | None = None
) -> NDArray[Any]:
    """Take a map out of its frame: the value at each pixel of the picture.

    Or of a copy of the picture, of (height, width) `size`.
    """
    rows, columns = (_cells(frame, axis, (size or frame.image_size)[axis]) for axis in (0, 1))
    return values[np.ix_(rows, columns)]


def _cells(frame: Letterbox, axis: int, n: int) -> NDArray[np.int_]:
    """Model pixels that the centres of n equal parts of a picture's side fall on."""
    length, pad = ((frame.height, frame.pad_y_px), (frame.width, frame.pad_x_px))[axis]
    places_px = (np.arange(n) + 0.5) * (frame.image_size[axis] / n) * frame.scale + pad
    cells: NDArray[np.int_] = np.clip(np.floor(places_px).astype(int), 0, length - 1)
    return cells


def write_mask(values: NDArray[np.float32], frame: Letterbox, threshold: float, path: Path) -> None:
    """Write the pixels of a picture where a map is above a threshold as PNG: 255 inside, else 0."""
    from PIL import Image

    mask = spread(values, frame) > np.float32(threshold)  # as float32, as maps were scored
    _write(Image.fromarray(mask.astype(np.uint8) * 255), path)


def write_overlay(
    shown: NDArray[np.uint8], frame: Letterbox, title: str, panels: Sequence[Panel], path: Path
) -> None:
    """Draw a picture, at the size it is `shown` in, and beside it each map over it, as PNG.

    Colours of maps are those of `HEAT`, stronger where the map is higher; a cyan line is where it
    crosses its threshold.
    """
    from PIL import Image, ImageDraw, ImageFont

    tiles = [(title, np.dstack([shown] * 3))]
    tiles += [(panel.title, _heated(shown, frame, panel)) for panel in panels]
    height, width = shown.shape
    wide, high = width + MARGIN_PX, height + TITLE_PX + MARGIN_PX
    n_columns = min(COLUMNS, len(tiles))
    n_rows = -(-len(tiles) // n_columns)  # rounded up
    canvas = Image.new("RGB", (n_columns * wide - MARGIN_PX, n_rows * high - MARGIN_PX))
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(16)
    for number, (text, tile) in enumerate(tiles):
        x, y = number % n_columns * wide, number // n_columns * high
        draw.text((x + MARGIN_PX, y + 2), _fitting(text, font, width - MARGIN_PX), font=font)
        canvas.paste(Image.fromarray(tile), (x, y + TITLE_PX))
    _write(canvas, path)


def _fitting(text: str, font: Any, width: int) -> str:
    while len(text) > 1 and font.getlength(text) > width:
        text = f"{text[:-2]}…"
    return text


def _heated(shown: NDArray[np.uint8], frame: Letterbox, panel: Panel) -> NDArray[np.uint8]:
    size = (shown.shape[0], shown.shape[1])
    values = np.clip(spread(panel.values, frame, size), 0, 1)
    levels = np.linspace(0, 1, len(HEAT))
    colours = np.dstack([np.interp(values, levels, channel) for channel in HEAT.T])
    alpha = OPACITY * values[..., None]
    drawn = (1 - alpha) * shown[..., None] + alpha * colours
    if panel.threshold is not None:
        drawn[_edge(values > panel.threshold)] = OUTLINE
    rounded: NDArray[np.uint8] = np.rint(drawn).astype(np.uint8)
    return rounded


def _edge(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels of a mask that touch, by a side, one that is outside; the picture's rim is none."""
    padded = np.pad(mask, 1, mode="edge")
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return mask & ~inner


def _write(picture: "Image", path: Path) -> None:
    with replacing(path) as beside:
        picture.save(beside, format="PNG")
