"""In what order items come, by seed and epoch alone: an epoch that was cut short is replayed.

Items have keys (epoch, index), so that loader processes that live on know the epoch of each item.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
from torch import distributed
from torch.utils.data import Sampler

from gazescribe.pipeline.core.errors import ParamsError

Key = tuple[int, int]
FILL = (
    "Lower its batch_size in params.yaml, ingest or label more of these data, or train models that"
    " learn from other supervision or another split."
)
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


class NoBatchError(ParamsError):
    """Items to train on that fill no batch."""


@contextmanager
def naming(run: str, where: str, left_out: Mapping[str, int]) -> Iterator[None]:
    """Name, where the items of a run fill no batch, the run, its folders and what is left out."""
    try:
        yield
    except NoBatchError as error:
        raise NoBatchError(
            f"{run}: {error.what}", where=where, remedy=error.remedy, faults=faults_of(left_out)
        ) from error


def faults_of(left_out: Mapping[str, int]) -> list[str]:
    """Say of each reason what is left out for it, the commonest first."""
    by_number = sorted(left_out.items(), key=lambda item: (-item[1], item[0]))
    return [f"left out: {n}, {reason}" for reason, n in by_number]


class EpochSampler(Sampler[Key]):
    """Keys of one process's training items, in another order every epoch, or always in theirs.

    `batch_size` counts the items a batch and process. Items that fill no batch are left out, others
    every epoch (without `shuffle` the last ones, always); raises NoBatchError where they fill none.

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
            raise NoBatchError(f"{message} {world_size} devices.", remedy=FILL)
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
