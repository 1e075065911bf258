"""Batches for the network: uint8 images, and float16 maps of the annotated ones alone.

Nothing is moved, scaled or made float here; that happens to whole batches on the device. But maps
that come from Gaussians or ellipses are drawn where they are moved to, here or on the device, and
masks of shards beside them moved as well (`are_moved`).
"""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import compress
from typing import Any, NotRequired, TypedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from gazescribe.models.core.drawing import PLACED, draw_batch, is_placed, join_placed
from gazescribe.models.core.images import open_images
from gazescribe.models.core.loaders import Tensors, load_batches
from gazescribe.models.mil.items import MilItems
from gazescribe.models.mil.maps import Drawn, Maps, open_maps
from gazescribe.models.mil.settings import MilInputs, MilRun
from gazescribe.models.mil.supervision import Source, sources_of
from gazescribe.models.training.augment import apply, draw
from gazescribe.models.training.sampling import EpochSampler, EvenBatches, Key
from gazescribe.pipeline.core.errors import AlignmentError
from gazescribe.pipeline.core.shards import Shards
from gazescribe.pipeline.geometry.letterbox import Letterbox


class MilBatch(TypedDict):
    """B items, A of them annotated, of frames of S by S model pixels.

    Attributes
    ----------
    image : Tensor of uint8, shape (B, 1, S, S)
    labels : Tensor of float32, shape (B, labels)
    annotated : Tensor of bool, shape (B,)
    maps : Tensor of float16, shape (A, labels, S, S)
        Of the annotated items, in their order; moved where `MilImages.are_moved`.
    gaussians, ellipses : Tensor of float64, shape (n, columns)
        In place of maps that are to be drawn on the device (`draw_on`).
    affine : Tensor of float32, shape (B, 2, 3)
        What to do to each item (`models.training.augment.apply`); the identity when evaluating.
    index : Tensor of int64, shape (B,)
        Which of the items these are.
    """

    image: Tensor
    labels: Tensor
    annotated: Tensor
    maps: NotRequired[Tensor]
    gaussians: NotRequired[Tensor]
    ellipses: NotRequired[Tensor]
    affine: Tensor
    index: Tensor


class MilImages(Dataset[Tensors]):
    """Items by key (epoch, index), with an affine for each where they are `augmented`.

    `image_row` of the items points into `images`, `map_row` of the annotated ones into the `maps`
    of their source; there are none where none is annotated. With `draws_later` the items have what
    is to be drawn, where all maps can be drawn moved.
    """

    def __init__(
        self,
        items: MilItems,
        images: Shards,
        maps: Mapping[str, Maps],
        run: MilRun,
        *,
        augmented: bool,
        draws_later: bool = False,
    ) -> None:
        self._items = items
        self._images = images
        self._maps = maps
        self._run = run
        self._augmented = augmented
        can_move = [
            isinstance(source_maps, Drawn) and source_maps.can_move for source_maps in maps.values()
        ]
        self.are_moved = any(can_move)
        self.draws_later = draws_later and self.are_moved and all(can_move)

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
            item |= self._maps_of(index, affine)
        return item

    def _maps_of(self, index: int, affine: NDArray[np.float32]) -> Tensors:
        """Give the maps of an item, float16, moved where those of all items are."""
        maps, rows = self._maps[str(self._items.source[index])], self._items.map_row[index]
        size = self._run.image_size
        if isinstance(maps, Drawn):
            shown = rows[rows >= 0]
            frame = maps.frame(int(shown[0])) if len(shown) else Letterbox.fit((size, size), None)
            if self.draws_later:
                return {maps.placed_as: torch.from_numpy(maps.placed(rows, frame, affine))}
            return {"maps": torch.from_numpy(maps.drawn(rows, frame, affine))}
        stored = stacked(maps, rows, size)
        if not self.are_moved:
            return {"maps": stored}
        mode = self._run.augment.interpolation
        (moved,) = apply(torch.from_numpy(affine)[None], stored[None], mode=mode)
        return {"maps": moved[0].half()}


def stacked(maps: Shards, rows: NDArray[np.int64], size: int) -> Tensor:
    """Read the maps of an item as float16, shape (channels, size, size).

    `rows` has one a channel, negative for an empty map; the sides of the square maps in the shards
    are a multiple of `size`.
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


def collate(items: Sequence[Tensors], size: int) -> MilBatch:
    """Put items into a batch; `size` is that of their frames."""
    annotated = ["maps" in item or is_placed(item) for item in items]
    with_maps = list(compress(items, annotated))
    n_labels = len(items[0]["labels"])
    maps = join_placed(with_maps, n_labels)
    if not maps:
        none = torch.zeros((0, n_labels, size, size), dtype=torch.float16)
        maps["maps"] = torch.stack([item["maps"] for item in with_maps]) if with_maps else none
    batch: Any = {"annotated": torch.tensor(annotated), **maps}
    for name in ("image", "labels", "affine", "index"):
        batch[name] = torch.stack([item[name] for item in items])
    return batch  # type: ignore[no-any-return]  # parts of it need not be there


def draw_on(batch: Tensors, device: torch.device) -> Tensors:
    """Draw the maps of a batch on a device, where they are not yet."""
    if not is_placed(batch):
        return batch
    n_items, n_labels = int(batch["annotated"].sum()), batch["labels"].shape[1]
    shape = (n_items, n_labels, *batch["image"].shape[2:])
    others = {name: part for name, part in batch.items() if name not in PLACED}
    return {**others, "maps": draw_batch(batch, shape, device)}


def training_loader(
    items: MilItems, inputs: MilInputs, run: MilRun, *, draws_later: bool = False
) -> DataLoader[Tensors]:
    """Load batches of training items: another order and other affines every epoch.

    With `draws_later` they have what is to be drawn of maps in place of these (`draw_on`).

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
    changes = {"augmented": True, "draws_later": draws_later}
    return _load(items, inputs, maps, run, changes, **options)


def evaluation_loader(
    items: MilItems, inputs: MilInputs, run: MilRun, *, batch_size: int
) -> DataLoader[Tensors]:
    """Load batches of images as they are, each once, in order; maps of none. Raises as above."""
    batches = EvenBatches(len(items), batch_size)
    return _load(items, inputs, {}, run, {"augmented": False}, batch_sampler=batches)


def _load(
    items: MilItems,
    inputs: MilInputs,
    maps: Mapping[str, Maps],
    run: MilRun,
    changes: Mapping[str, bool],
    **options: Any,
) -> DataLoader[Tensors]:
    images = open_images(inputs.images, (run.image_size, run.image_size))
    dataset = MilImages(items, images, maps, run, **changes)
    return load_batches(
        dataset, run.workers, collate_fn=partial(collate, size=run.image_size), **options
    )


def _open_maps(inputs: MilInputs, source: Source, size: int) -> Maps:
    maps = open_maps(inputs, source, (size, size))
    if isinstance(maps, Drawn):
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
