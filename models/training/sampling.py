"""In what order items come, by seed and epoch alone: an epoch that was cut short is replayed.

Items have keys (epoch, index), so that loader processes that live on know the epoch of each item.
"""

from collections.abc import Iterator

import numpy as np
from torch import distributed
from torch.utils.data import Sampler

from gazescribe.pipeline.core.errors import ParamsError

Key = tuple[int, int]
ORDER, SEED, AUGMENT = range(3)
"""What a stream of random numbers is for: streams of the same seed and epoch differ."""


def generator(seed: int, *key: int) -> np.random.Generator:
    """Random numbers of one purpose, epoch and item; the same on every machine."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=key)))


def epoch_seed(seed: int, epoch: int) -> int:
    """Seed for the global generators at the start of an epoch, below 2**32."""
    return int(generator(seed, SEED, epoch).integers(2**32))


def place() -> tuple[int, int]:
    """Tell which of how many processes that work together this one is."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return 0, 1
    return distributed.get_rank(), distributed.get_world_size()


class EpochSampler(Sampler[Key]):
    """Keys of one process's training items, in another order every epoch, or always in theirs.

    `batch_size` counts the items a batch and process. Items that fill no batch are left out, others
    every epoch (without `shuffle` the last ones, always); raises ParamsError where they fill none.

    No two processes have an item in common, and all have as many batches. Batch k of all of them
    is batch k of a single process that takes as many items as they do together.
    """

    def __init__(self, n_items: int, batch_size: int, seed: int, *, shuffle: bool = True) -> None:
        self._n_items = n_items
        self._batch_size = batch_size
        self._seed = seed
        self._shuffle = shuffle
        self._epoch = 0
        len(self)  # raises where there is no batch, before anything is loaded

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch; Lightning calls this before each."""
        self._epoch = epoch

    def __len__(self) -> int:
        _, world_size = place()
        n_batches = self._n_items // (self._batch_size * world_size)
        if not n_batches:
            message = f"{self._n_items} items fill no batch of {self._batch_size} on each of"
            remedy = "Lower batch_size, or give more items."
            raise ParamsError(f"{message} {world_size} devices.", remedy=remedy)
        return n_batches * self._batch_size

    def __iter__(self) -> Iterator[Key]:
        rank, world_size = place()
        epoch = self._epoch
        order = np.arange(self._n_items)
        if self._shuffle:
            order = generator(self._seed, ORDER, epoch).permutation(self._n_items)
        share = order[rank::world_size][: len(self)]
        return ((epoch, int(index)) for index in share)


class EvenBatches(Sampler[list[Key]]):
    """Batches of keys of one process that evaluates; all processes together give each item once.

    All processes have as many batches, for each waits for the others at every batch. So batches
    are of about one size; with several processes some hold one item more than `batch_size`.
    """

    def __init__(self, n_items: int, batch_size: int) -> None:
        self._n_items = n_items
        self.batch_size = batch_size

    def __len__(self) -> int:
        fewest = self._n_items // place()[1]
        return (fewest + self.batch_size - 1) // self.batch_size

    def __iter__(self) -> Iterator[list[Key]]:
        rank, world_size = place()
        share = np.arange(rank, self._n_items, world_size)
        batches = np.array_split(share, len(self)) if len(self) else []
        return ([(0, int(index)) for index in batch] for batch in batches)
