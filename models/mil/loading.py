"""Batches for the network: uint8 images, and float16 maps of the annotated ones alone.

Nothing is moved, scaled or made float here; that happens to whole batches on the device.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, TypedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from gazescribe.models.core.images import ImageRows, open_images
from gazescribe.models.mil.items import SUPERVISIONS, Items
from gazescribe.models.mil.settings import MilInputs, MilRun
from gazescribe.models.training.augment import draw
from gazescribe.models.training.sampling import EpochSampler, EvenBatches, Key
from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.errors import AlignmentError
from gazescribe.pipeline.core.shards import Shards, open_shards

Item = dict[str, Tensor]


class Batch(TypedDict):
    """B items, A of them annotated, of frames of S by S model pixels.

    Attributes
    ----------
    image : Tensor of uint8, shape (B, 1, S, S)
    labels : Tensor of float32, shape (B, 10)
    annotated : Tensor of bool, shape (B,)
    maps : Tensor of float16, shape (A, 10, S, S)
        Of the annotated items, in their order.
    affine : Tensor of float32, shape (B, 2, 3)
        What to do to each item (`models.training.augment.apply`); the identity when evaluating.
    index : Tensor of int64, shape (B,)
        Which of the items these are.
    """

    image: Tensor
    labels: Tensor
    annotated: Tensor
    maps: Tensor
    affine: Tensor
    index: Tensor


class MilImages(Dataset[Item]):
    """Items by key (epoch, index).

    Parameters
    ----------
    items : Items
        Which.
    images : ImageRows
        Where their `image_row` points.
    maps : Shards or None
        Where the `map_row` of annotated items points; None where none is annotated.
    run : MilRun
        Seed, ranges of the augmentation, size.
    augmented : bool
        Whether to draw an affine for each item, or to leave it as it is.
    """

    def __init__(
        self, items: Items, images: ImageRows, maps: Shards | None, run: MilRun, *, augmented: bool
    ) -> None:
        self._items = items
        self._images = images
        self._maps = maps
        self._run = run
        self._augmented = augmented

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, key: Key) -> Item:
        epoch, index = key
        items, run = self._items, self._run
        affine = np.eye(2, 3, dtype=np.float32)
        if self._augmented:
            affine = draw(run.seed, epoch, index, run.augment)
        item = {
            "image": self._images[int(items.image_row[index])],
            "labels": torch.from_numpy(items.labels[index]),
            "affine": torch.from_numpy(affine),
            "index": torch.tensor(index),
        }
        if self._maps is not None and items.annotated[index]:
            item["maps"] = stacked(self._maps, items.map_row[index], run.image_size)
        return item


def stacked(maps: Shards, rows: NDArray[np.int64], size: int) -> Tensor:
    """Read the maps of an item.

    Parameters
    ----------
    maps : Shards
        Of square maps whose side is a multiple of `size`.
    rows : ndarray of int, shape (channels,)
        Row of each channel's map; an empty map where it is negative.
    size : int
        Side of the maps to give.

    Returns
    -------
    Tensor of float16, shape (channels, size, size)
    """
    values = np.zeros((len(rows), size, size), np.float16)
    for channel in np.flatnonzero(rows >= 0):
        values[channel] = shrunk(maps[int(rows[channel])], size)
    return torch.from_numpy(values)


def shrunk(heatmap: NDArray[np.float16], size: int) -> NDArray[np.float16]:
    """Shrink a square map to the largest value of each block, as the network's grid does later."""
    factor = len(heatmap) // size
    bits = heatmap.view(np.uint16)  # of numbers ≥ 0 in the order of the numbers, and faster
    rows = bits.reshape(size, factor, -1).max(axis=1)
    values: NDArray[np.float16] = rows.reshape(size, size, factor).max(axis=2).view(np.float16)
    return values


def collate(items: Sequence[Item], size: int) -> Batch:
    """Put items into a batch; `size` is that of their frames."""
    maps = [item["maps"] for item in items if "maps" in item]
    none = torch.zeros((0, len(TEN_LABELS), size, size), dtype=torch.float16)
    return Batch(
        image=torch.stack([item["image"] for item in items]),
        labels=torch.stack([item["labels"] for item in items]),
        annotated=torch.tensor(["maps" in item for item in items]),
        maps=torch.stack(maps) if maps else none,
        affine=torch.stack([item["affine"] for item in items]),
        index=torch.stack([item["index"] for item in items]),
    )


def training_loader(items: Items, inputs: MilInputs, run: MilRun) -> DataLoader[Item]:
    """Load batches of training items: another order and other affines every epoch.

    Parameters
    ----------
    items : Items
        What to train on.
    inputs : MilInputs
        Folders of the shards.
    run : MilRun
        Batch size, seed, augmentation, number of loader processes.

    Returns
    -------
    DataLoader
        Of `Batch`. In each of several processes that train together, its own part of the items.

    Raises
    ------
    GazeError
        If the items fill no batch, or if shards do not fit.
    """
    maps = None
    if items.annotated.any():
        folder = getattr(inputs, SUPERVISIONS[run.supervision].maps)
        maps = _open_maps(folder, run.image_size)
    dataset = _dataset(items, inputs, maps, run, augmented=True)
    sampler = EpochSampler(len(items), run.batch_size, run.seed)
    return _loader(dataset, run, batch_size=run.batch_size, sampler=sampler, drop_last=True)


def evaluation_loader(
    items: Items, inputs: MilInputs, run: MilRun, *, batch_size: int
) -> DataLoader[Item]:
    """Load batches of images as they are, each once, in order; maps of none. Raises as above."""
    dataset = _dataset(items, inputs, None, run, augmented=False)
    return _loader(dataset, run, batch_sampler=EvenBatches(len(items), batch_size))


def _dataset(
    items: Items, inputs: MilInputs, maps: Shards | None, run: MilRun, *, augmented: bool
) -> MilImages:
    images = open_images(inputs.images, (run.image_size, run.image_size))
    return MilImages(items, images, maps, run, augmented=augmented)


def _open_maps(folder: str, size: int) -> Shards:
    maps = open_shards(folder)
    heights, widths = (maps.index[side].unique().to_pylist() for side in ("height", "width"))
    if heights != widths or len(heights) != 1 or heights[0] % size:
        message = (
            f"maps of heights {heights} and widths {widths} cannot be shrunk to {size} × {size}."
        )
        raise AlignmentError(message, where=folder, remedy=f"Draw them with a multiple of {size}.")
    return maps


def _loader(dataset: MilImages, run: MilRun, **options: Any) -> DataLoader[Item]:
    return DataLoader(
        dataset,
        num_workers=run.workers,
        persistent_workers=run.workers > 0,
        pin_memory=torch.cuda.is_available(),
        collate_fn=partial(collate, size=run.image_size),
        generator=torch.Generator(),  # its own, so that the global one is as in a resumed run
        **options,
    )
