"""Batches for the cooperative network and its baselines.

Nothing is made float here; that happens to whole batches on the device. Images are not augmented,
as published, so that what a frozen network says of one is constant; but for GazeGNN's crops.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NotRequired, TypedDict

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from gazescribe.models.cooperative.crops import centre_crop, random_crop
from gazescribe.models.cooperative.gaze import gaze_grid
from gazescribe.models.cooperative.items import CooperativeItems, block_of, frames_of
from gazescribe.models.cooperative.maps import Maps, open_maps
from gazescribe.models.cooperative.settings import CooperativeInputs, CooperativeRun
from gazescribe.models.core.drawing import PLACED, draw_batch, is_placed, join_placed
from gazescribe.models.core.images import open_kind
from gazescribe.models.core.loaders import Tensors, load_batches, stack_items
from gazescribe.models.training.sampling import (
    AUGMENT,
    FILL,
    ORDER,
    EpochSampler,
    EvenBatches,
    Key,
    NoBatchError,
    generator,
    place,
)
from gazescribe.pipeline.core.shards import Shards


class CooperativeBatch(TypedDict):
    """B images of H by W pixels.

    Attributes
    ----------
    image : Tensor of uint8, shape (B, 1, H, W)
    target : Tensor of int64, shape (B,)
        Number of the diagnosis; -1 where it is not known.
    map : Tensor of float16, shape (B, 1, H, W)
        Where the reader looked; all 0 where there is none.
    gaussians : Tensor of float64, shape (n, columns)
        In place of maps that are to be drawn on the device (`draw_on`).
    valid : Tensor of bool, shape (B, 1, H, W)
        Pixels on the image.
    gaze : Tensor of float32, shape (B, H / 4, W / 4)
        How long each patch was looked at.
    index : Tensor of int64, shape (B,)
        Which of the items these are.
    """

    image: Tensor
    target: Tensor
    map: NotRequired[Tensor]
    gaussians: NotRequired[Tensor]
    valid: Tensor
    gaze: Tensor
    index: Tensor


class Radiographs(Dataset[CooperativeBatch]):
    """Items by key (epoch, index); all epochs see the same.

    Rows of the items point into `images` and `maps`, of which blocks of `factor` pixels a side
    become one. Maps that are drawn are drawn at that size; with `draws_later` the items have what
    is to be drawn of these.
    """

    def __init__(
        self,
        items: CooperativeItems,
        images: Shards,
        maps: Maps,
        factor: int,
        *,
        draws_later: bool = False,
    ) -> None:
        self._items = items
        self._images = images
        self._maps = maps
        self._factor = factor
        self.draws_later = draws_later and maps.are_drawn

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, key: Key) -> CooperativeBatch:
        _, index = key
        items = self._items
        frame = items.frames[index]
        size = frame.height, frame.width
        valid = frame.on_image(0)[:, None] & frame.on_image(1)[None]
        # Means of blocks become bytes again: all images are, until they are on the device.
        grey = shrunk(self._images[int(items.image_row[index])], size)
        item = CooperativeBatch(
            image=torch.from_numpy(np.rint(grey).astype(np.uint8))[None],
            target=torch.tensor(items.target[index]),
            valid=torch.from_numpy(valid)[None],
            gaze=torch.from_numpy(gaze_grid(items.gaze[index], size)),
            index=torch.tensor(index),
        )
        row = int(items.map_row[index])
        if self.draws_later:
            item["gaussians"] = torch.from_numpy(self._maps.placed(row, frame))
        else:
            heatmap = self._maps.at(row, frame) if row >= 0 else np.zeros(size, np.float16)
            item["map"] = torch.from_numpy(shrunk(heatmap, size).astype(np.float16))[None]
        return item


def collate(items: Sequence[Tensors]) -> Tensors:
    """Put items into a batch."""
    others = [{name: part for name, part in item.items() if name not in PLACED} for item in items]
    return stack_items(others) | join_placed(items, 1)


def draw_on(batch: Tensors, device: torch.device) -> Tensors:
    """Draw the maps of a batch on a device, where they are not yet."""
    if not is_placed(batch):
        return batch
    n_items, _, height, width = batch["image"].shape
    maps = draw_batch(batch, (n_items, 1, height, width), device)
    return {name: part for name, part in batch.items() if name not in PLACED} | {"map": maps}


class Crops(Dataset[CooperativeBatch]):
    """The same of square crops: at random by seed, epoch and index to train, else of the middle.

    The maps of what is cut at random are 0 everywhere: nothing is trained on them.
    """

    def __init__(
        self, items: CooperativeItems, images: Shards, maps: Maps, seed: int | None
    ) -> None:
        self._items = items
        self._images = images
        self._maps = maps
        self._seed = seed
        index: pd.DataFrame = images.index.to_pandas()
        self._stored = frames_of(index.iloc[items.image_row], 1)

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, key: Key) -> CooperativeBatch:
        epoch, index = key
        items = self._items
        frames = self._stored[index], items.frames[index]
        size = frames[1].height, frames[1].width
        picture = self._images[int(items.image_row[index])]
        row = int(items.map_row[index])
        heatmap = np.zeros(size, np.float16)
        if self._seed is not None:
            grey = random_crop(picture, *frames, generator(self._seed, AUGMENT, epoch, index))
        else:
            grey = centre_crop(picture, *frames)
            if row >= 0:
                heatmap = self._maps.at(row, items.frames[index])
                if not self._maps.are_drawn:
                    heatmap = centre_crop(heatmap, *frames).astype(np.float16)
        return CooperativeBatch(
            image=torch.from_numpy(grey)[None],
            target=torch.tensor(items.target[index]),
            map=torch.from_numpy(heatmap)[None],
            valid=torch.ones(1, *size, dtype=torch.bool),
            gaze=torch.from_numpy(gaze_grid(items.gaze[index], size)),
            index=torch.tensor(index),
        )


def shrunk(picture: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """Average blocks, so that (height, width) becomes `size`; the same numbers, or float32."""
    if picture.shape == size:
        return np.array(picture)
    (rows, height), (columns, width) = (
        (side, stored // side) for side, stored in zip(size, picture.shape, strict=True)
    )
    blocks = picture.reshape(rows, height, columns, width)
    return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float32))


def unit_range(images: Tensor) -> Tensor:
    """Divide each image, (B, 1, H, W), by its largest value: [0, 1], as the paper has it.

    Black images stay black.
    """
    images = images.float()
    return images / images.amax(dim=(1, 2, 3), keepdim=True).clamp(min=1)


def scaled(images: Tensor, run: CooperativeRun) -> Tensor:
    """Bring images to [0, 1] as a run sees them: by their maximum, crops by that of bytes."""
    return images.float() / 255 if run.crops == "published" else unit_range(images)


class ClassSampler(Sampler[Key]):
    """Keys in batches that hold as many images of every class, in another order every epoch.

    `target` is the class of each item; `batch_size` counts the items a batch and process. Where it
    is no multiple of `n_classes`, a batch has one more of some classes. Raises NoBatchError if a
    class is absent, if the items fill no batch, or if no batch has two of one class.

    An epoch has as many batches as the items fill. Images of a rarer class come again before others
    of a commoner one have come once; where they begin anew, a batch can hold one of them twice.
    """

    def __init__(
        self, target: NDArray[np.int64], batch_size: int, seed: int, n_classes: int
    ) -> None:
        self._classes = [np.flatnonzero(target == k) for k in range(n_classes)]
        self._n_items = len(target)
        self._batch_size = batch_size
        self._seed = seed
        self._epoch = 0
        if not all(map(len, self._classes)) or not len(self):
            counts = [len(rows) for rows in self._classes]
            message = f"training images by class are {counts}: no batch of {batch_size} with each."
            raise NoBatchError(message, remedy=FILL)
        if batch_size <= n_classes:
            message = f"in batches of {batch_size} images no two are of one of {n_classes} classes:"
            remedy = f"Set batch_size of the contrastive model to {2 * n_classes} or more."
            raise NoBatchError(f"{message} there are no triplets.", remedy=remedy)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch; Lightning calls this before each."""
        self._epoch = epoch

    def __len__(self) -> int:
        _, world_size = place()
        return self._n_items // (self._batch_size * world_size) * self._batch_size

    def __iter__(self) -> Iterator[Key]:
        rank, world_size = place()
        # Of each class, for all processes together.
        n = -(-len(self) // len(self._classes)) * world_size
        rng = generator(self._seed, ORDER, self._epoch)
        drawn = [
            np.concatenate([rng.permutation(rows) for _ in range(-(-n // len(rows)))])[:n]
            for rows in self._classes
        ]
        # Classes in turn, so that every batch holds each equally often.
        share = np.column_stack(drawn)[rank::world_size].ravel()
        return ((self._epoch, int(index)) for index in share[: len(self)])


def training_loader(
    items: CooperativeItems,
    inputs: CooperativeInputs,
    run: CooperativeRun,
    n_classes: int,
    *,
    draws_later: bool = False,
) -> DataLoader[CooperativeBatch]:
    """Load batches to train on: all classes alike for triplets, else in the order of the run.

    The published code made triplets of batches as they came. Images that teach nothing are left
    out: those that nobody looked at where the map is all that is trained for, else those without
    diagnosis. Raises GazeError if the items fill no batch, or if
    shards do not fit.
    """
    used = items.taught(run.objective)
    sampler: Sampler[Key]
    if run.objective == "triplet" and run.mining != "published":
        sampler = ClassSampler(used.target, run.batch_size, run.seed, n_classes)
    else:
        sampler = EpochSampler(len(used), run.batch_size, run.seed, shuffle=run.shuffle)
    options = {"batch_size": run.batch_size, "sampler": sampler, "drop_last": True}
    dataset = _dataset(used, inputs, run, run.seed, draws_later=draws_later)
    return load_batches(dataset, run.workers, collate_fn=collate, **options)


def evaluation_loader(
    items: CooperativeItems,
    inputs: CooperativeInputs,
    run: CooperativeRun,
    *,
    batch_size: int,
    draws_later: bool = False,
) -> DataLoader[CooperativeBatch]:
    """Load batches of all items, each once, in order; raises as `training_loader` does."""
    batches = EvenBatches(len(items), batch_size)
    dataset = _dataset(items, inputs, run, draws_later=draws_later)
    return load_batches(dataset, run.workers, collate_fn=collate, batch_sampler=batches)


def _dataset(
    items: CooperativeItems,
    inputs: CooperativeInputs,
    run: CooperativeRun,
    seed: int | None = None,
    *,
    draws_later: bool,
) -> Dataset[CooperativeBatch]:
    """Give the items as the network sees them; with a seed, as it is trained on them."""
    images = open_kind(inputs.images, "images")
    maps = open_maps(inputs, images)
    if run.crops == "published":
        return Crops(items, images, maps, seed)
    factor = block_of(images, run, inputs.images)
    return Radiographs(items, images, maps, factor, draws_later=draws_later)
