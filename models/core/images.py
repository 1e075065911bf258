"""Shards of radiographs and maps as the networks' lists need them.

Reads: what `gazescribe images` and `gazescribe heatmaps` wrote. Memory maps are opened where they
are read, so that loader processes share nothing but the files.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from gazescribe.pipeline.core.errors import AlignmentError, ParamsError, SchemaError
from gazescribe.pipeline.core.foreign import parse_json
from gazescribe.pipeline.core.shards import Kind, Shards, open_shards

FRAME = ("height", "width", "scale", "pad_y_px", "pad_x_px")
"""How a picture lies in its frame: columns of both indices, of images and of maps."""


@dataclass
class ImageShards(Shards):
    """Image shards that give 8 bits, as networks take them; 16 are rounded where they are read."""

    def _map(self, row: int) -> NDArray[Any]:
        image = super()._map(row)
        return image if image.dtype == np.uint8 else np.rint(image / 257).astype(np.uint8)


def open_kind(folder: Path | str, kind: Kind) -> Shards:
    """Open shards that must be of this kind; raises SchemaError for the other.

    Images come as 8 bits.
    """
    shards = open_shards(folder)
    if shards.kind != kind:
        raise SchemaError(f"these are shards of {shards.kind}, not of {kind}.", where=folder)
    return ImageShards(shards.folder, shards.index, kind) if kind == "images" else shards


def open_images(folder: Path | str, size: tuple[int, int]) -> Shards:
    """Open image shards that must be of this (height, width) in model pixels.

    Raises SchemaError if there are no whole shards of images, ParamsError if they have other sizes.
    """
    shards = open_kind(folder, "images")
    heights, widths = (shards.index[side].to_pylist() for side in FRAME[:2])
    sizes = set(zip(heights, widths, strict=True)) - {size}
    if sizes:
        texts = ", ".join(f"{height} × {width}" for height, width in sorted(sizes))
        message = f"these images are {texts}, but {size[0]} × {size[1]} is asked for."
        remedy = f"Make them with `gazescribe images --size {size[0]}x{size[1]}`."
        raise ParamsError(message, where=folder, remedy=remedy)
    return shards


def index_by_image(images: Shards) -> pd.DataFrame:
    """Index of image shards by dicom id: where each lies in its frame, and its `row`."""
    index: pd.DataFrame = images.index.to_pandas()
    # The index has a column `row`, too: the row within one shard.
    return index.assign(row=np.arange(len(index))).set_index("dicom_id")


def params_of(folder: Path | str) -> dict[str, Any]:
    """Give the parameters that shards were made with, as their index has them; none where not."""
    metadata = open_shards(folder).index.schema.metadata or {}
    text = metadata.get(b"params", b"{}").decode("utf-8", "replace")
    params: dict[str, Any] = parse_json(text, where=f"{folder}, params of the index")
    return params


def resize_of(folder: Path | str) -> str:
    """Tell how `gazescribe images` fitted the radiographs of a folder: direct or published."""
    return str(params_of(folder).get("resize", "direct"))


def check_frames(
    readings: NDArray[np.str_],
    differences: NDArray[np.float64],
    limits: ArrayLike,
    *,
    alike: str,
    where: object,
) -> None:
    """Refuse maps that were fitted into their frame otherwise than their image was.

    `differences`, (n, 5), are the columns `FRAME` of each map less those of its image, in pixels of
    the map; `limits`, (n, 5) or (5,), are what may differ: pads are whole pixels, and sizes in
    tables can be a bit off. Raises AlignmentError naming all `readings` with such a map; `alike` is
    what maps and images must share.
    """
    wrong = (np.abs(differences) > limits).any(axis=1)
    faults = sorted(set(readings[wrong].tolist()))
    if faults:
        message = f"maps of {len(faults)} readings do not lie on their images."
        remedy = (
            f"Draw maps and images with one {alike}, of images of the sizes that the tables say."
        )
        raise AlignmentError(message, where=where, remedy=remedy, faults=faults)
