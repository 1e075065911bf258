"""Radiographs out of image shards, as tensors.

Reads: what `gazescribe images` wrote. Memory maps are opened where they are read, so that loader
processes share nothing but the files.
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gazescribe.pipeline.core.errors import ParamsError, SchemaError
from gazescribe.pipeline.core.shards import Shards, open_shards

FRAME = ("height", "width", "scale", "pad_y_px", "pad_x_px")
"""How a picture lies in its frame: columns of both indices, of images and of maps."""


class ImageRows:
    """Radiographs by row.

    Attributes
    ----------
    index : pandas.DataFrame
        By dicom id: its `row`, and the columns `FRAME`.
    """

    def __init__(self, shards: Shards) -> None:
        self._shards = shards
        index = shards.index.select(["dicom_id", *FRAME]).to_pandas()
        self.index = index.assign(row=np.arange(len(index))).set_index("dicom_id")

    def __len__(self) -> int:
        return len(self._shards)

    def __getitem__(self, row: int) -> Tensor:
        """Radiograph of a row, shape (1, height, width), uint8."""
        return torch.from_numpy(np.array(self._shards[row]))[None]


def open_images(folder: Path | str, size: tuple[int, int]) -> ImageRows:
    """Open image shards.

    Parameters
    ----------
    folder : path
        What `gazescribe images` wrote.
    size : tuple of int
        (height, width) in model pixels that they must have.

    Raises
    ------
    SchemaError
        If there are no whole shards of images.
    ParamsError
        If the images are of another size.
    """
    shards = open_shards(folder)
    if shards.kind != "images":
        raise SchemaError(f"these are shards of {shards.kind}, not of images.", where=folder)
    rows = ImageRows(shards)
    sizes = set(zip(rows.index["height"], rows.index["width"], strict=True)) - {size}
    if sizes:
        texts = ", ".join(f"{height} × {width}" for height, width in sorted(sizes))
        message = f"these images are {texts}, but {size[0]} × {size[1]} is asked for."
        remedy = f"Make them with `gazescribe images --size {size[0]}x{size[1]}`."
        raise ParamsError(message, where=folder, remedy=remedy)
    return rows


def resize_of(folder: Path | str) -> str:
    """Tell how `gazescribe images` fitted the radiographs of a folder: direct or published."""
    metadata = open_shards(folder).index.schema.metadata or {}
    return str(json.loads(metadata.get(b"params", b"{}")).get("resize", "direct"))
