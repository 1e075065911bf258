"""Batches for the network: uint8 images, and float16 maps of the annotated ones alone.

Nothing is moved, scaled or made float here; that happens to whole batches on the device. But maps
that come from Gaussians are drawn where they are moved to, and masks beside them moved as well
(`are_moved`).
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, TypedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from gazescribe.models.core.drawn_maps import DrawnMaps
from gazescribe.models.core.images import open_images
from gazescribe.models.core.loaders import Tensors, load_batches
from gazescribe.models.mil.items import MilItems
from gazescribe.models.mil.maps import Maps, open_maps
from gazescribe.models.mil.settings import MilInputs, MilRun
from gazescribe.models.mil.supervision import Source, sources_of
from gazescribe.models.training.augment import apply, draw
from gazescribe.models.training.sampling import EpochSampler, EvenBatches, Key
from gazescribe.pipeline.core.errors import AlignmentError
from gazescribe.pipeline.core.shards import Shards


class MilBatch(TypedDict):
    """B items, A of them annotated, of frames of S by S model pixels.

    Attributes
    ----------
    image : Tensor of uint8, shape (B, 1, S, S)
    labels : Tensor of float32, shape (B, labels)
    annotated : Tensor of bool, shape (B,)
    maps : Tensor of float16, shape (A, labels, S, S)
        Of the annotated items, in their order; moved where `MilImages.are_moved`.
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


class MilImages(Dataset[Tensors]):
    """Items by key (epoch, index), with an affine for each where they are `augmented`.

    `image_row` of the items points into `images`, `map_row` of the annotated ones into the `maps`
    of their source; there are none where none is annotated.
    """

    def __init__(
        self,
        items: MilItems,
        images: Shards,
        maps: Mapping[str, Maps],
        run: MilRun,
        *,
        augmented: bool,
    ) -> None:
        self._items = items
        self._images = images
        self._maps = maps
        self._run = run
        self._augmented = augmented
        self.are_moved = any(isinstance(one, DrawnMaps) and one.can_move for one in maps.values())

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, key: Key) -> Tensors:
        epoch, index = key
        items, run = self._items, self._run
        affine = np.eye(2, 3, dtype=np.float32)
        if self._augmented:
            affine = draw(run.seed, epoch, index, run.augment)
        # A copy: what the shards give is the file itself, which torch could write to.
        image = np.array(self._images[int(items.image_row[index])])
        item = {
            "image": torch.from_numpy(image)[None],
            "labels": torch.from_numpy(items.labels[index]),
            "affine": torch.from_numpy(affine),
            "index": torch.tensor(index),
        }
        if self._maps and items.annotated[index]:
            item["maps"] = self._maps_of(index, affine)
        return item

    def _maps_of(self, index: int, affine: NDArray[np.float32]) -> Tensor:
        """Give the maps of an item, float16, moved where those of all items are."""
        maps, rows = self._maps[str(self._items.source[index])], self._items.map_row[index]
        size = self._run.image_size
        if isinstance(maps, DrawnMaps):
            return drawn(maps, rows, size, affine)
        stored = stacked(maps, rows, size)
        if not self.are_moved:
            return stored
        mode = self._run.augment.interpolation
        (moved,) = apply(torch.from_numpy(affine)[None], stored[None], mode=mode)
        return moved[0].half()


def stacked(maps: Shards, rows: NDArray[np.int64], size: int) -> Tensor:
    """Read the maps of an item as float16, shape (channels, size, size).

    `rows` has one a channel, negative for an empty map; the sides of the square maps in the shards
    are a multiple of `size`.
    """
    values = np.zeros((len(rows), size, size), np.float16)
    for channel in np.flatnonzero(rows >= 0):
        values[channel] = shrunk(maps[int(rows[channel])], size)
    return torch.from_numpy(values)


def drawn(
    maps: DrawnMaps, rows: NDArray[np.int64], size: int, affine: NDArray[np.float32]
) -> Tensor:
    """Draw the maps of an item as float16, shape (channels, size, size), moved by its affine.

    `rows` has one a channel, negative for an empty map.
    """
    shown = rows[rows >= 0]
    if not len(shown):
        return torch.zeros((len(rows), size, size), dtype=torch.float16)
    return torch.from_numpy(maps.drawn(rows, maps.frame(int(shown[0])), affine))


def shrunk(heatmap: NDArray[np.float16], size: int) -> NDArray[np.float16]:
    """Shrink a square map to the largest value of each block, as the network's grid does later."""
    factor = len(heatmap) // size
    bits = heatmap.view(np.uint16)  # of numbers ≥ 0 in the order of the numbers, and faster
    rows = bits.reshape(size, factor, -1).max(axis=1)
    values: NDArray[np.float16] = rows.reshape(size, size, factor).max(axis=2).view(np.float16)
    return values


def collate(items: Sequence[Tensors], size: int) -> MilBatch:
    """Put items into a batch; `size` is that of their frames."""
    maps = [item["maps"] for item in items if "maps" in item]
    none = torch.zeros((0, len(items[0]["labels"]), size, size), dtype=torch.float16)
    return MilBatch(
        image=torch.stack([item["image"] for item in items]),
        labels=torch.stack([item["labels"] for item in items]),
        annotated=torch.tensor(["maps" in item for item in items]),
        maps=torch.stack(maps) if maps else none,
        affine=torch.stack([item["affine"] for item in items]),
        index=torch.stack([item["index"] for item in items]),
    )


def training_loader(items: MilItems, inputs: MilInputs, run: MilRun) -> DataLoader[Tensors]:
    """Load batches of training items: another order and other affines every epoch.

    Returns
    -------
    DataLoader
        Of `MilBatch`. In each of several processes that train together, its part of the items.

    Raises
    ------
    GazeError
        If the items fill no batch, or if shards do not fit.
    """
    maps = {}
    if items.annotated.any():
        maps = {
            source.dataset: _open_maps(inputs, source, run.image_size)
            for source in sources_of(run.supervision)
        }
    sampler = EpochSampler(len(items), run.batch_size, run.seed)
    options = {"batch_size": run.batch_size, "sampler": sampler, "drop_last": True}
    return _load(items, inputs, maps, run, augmented=True, **options)


def evaluation_loader(
    items: MilItems, inputs: MilInputs, run: MilRun, *, batch_size: int
) -> DataLoader[Tensors]:
    """Load batches of images as they are, each once, in order; maps of none. Raises as above."""
    batches = EvenBatches(len(items), batch_size)
    return _load(items, inputs, {}, run, augmented=False, batch_sampler=batches)


def _load(
    items: MilItems,
    inputs: MilInputs,
    maps: Mapping[str, Maps],
    run: MilRun,
    *,
    augmented: bool,
    **options: Any,
) -> DataLoader[Tensors]:
    images = open_images(inputs.images, (run.image_size, run.image_size))
    dataset = MilImages(items, images, maps, run, augmented=augmented)
    return load_batches(
        dataset, run.workers, collate_fn=partial(collate, size=run.image_size), **options
    )


def _open_maps(inputs: MilInputs, source: Source, size: int) -> Maps:
    maps = open_maps(inputs, source, (size, size))
    if isinstance(maps, DrawnMaps):
        return maps
    heights, widths = (maps.index[side].unique().to_pylist() for side in ("height", "width"))
    if heights != widths or len(heights) != 1 or heights[0] % size:
        message = (
            f"maps of heights {heights} and widths {widths} cannot be shrunk to {size} × {size}."
        )
        raise AlignmentError(
            message, where=maps.folder, remedy=f"Draw them with a multiple of {size}."
        )
    return maps
