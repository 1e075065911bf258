"""Batches of a data set, made by processes of their own that cannot leave the others waiting.

Such a process hands batches on by shared memory (/dev/shm), of which a container has 64 MB unless
it is told otherwise. Where that is full, torch's own loaders print an error and wait for ever. Here
batches go through a pipe then, which is slower; and a process that gives no batch for long, or was
killed, is an error.
"""

import functools
import time
from collections.abc import Callable, Iterator, Sequence, Sized
from dataclasses import dataclass
from typing import Any

import click
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from gazescribe.models.core.device import process_rank
from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.shared_memory import MORE, free_shared_memory, in_words

Tensors = dict[str, Tensor]
"""An item, or a batch, by the names of its parts."""

TIMEOUT_S = 600
"""A batch takes seconds at most; disks of a network can stand still for minutes."""
TOLD_S = 1
"""By then the system has told which process is gone."""
PREFETCHED = 2
"""Batches that each process makes ahead: torch's default."""
IN_HAND = 2
"""Batches that the process which asked for them holds."""
MEASURED = 8
"""Items by which the size of a batch is judged."""
LEAST = 2**20
"""Bytes that locks and queues between processes take, rounded up."""
FEWER = "Lower `workers` in params/<profile>.yaml; 0 loads without processes of its own."


class BatchLoader(DataLoader[Any]):
    """A DataLoader that raises GazeError where its processes hang or are killed.

    `workers` is how many there are, none where they could not share even locks; options are
    torch's.
    """

    def __init__(self, dataset: Dataset[Any], workers: int, **options: Any) -> None:
        workers = possible_workers(workers)
        timeout_s = TIMEOUT_S if workers else 0
        super().__init__(dataset, num_workers=workers, timeout=timeout_s, **options)

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]  # torch names the class of its iterator
        """Give the batches."""
        try:
            # Held to the end: torch's signal is lost where it meets an iterator that is deleted.
            batches = super().__iter__()
            try:
                yield from batches
            except (ConnectionError, EOFError):
                # A process broke off. torch's handler of signals raises which one it was, at
                # whatever line is run when the system tells it; here that is.
                time.sleep(TOLD_S)
                raise
        except (RuntimeError, ConnectionError, EOFError) as fault:
            if (error := _explained(fault, self.num_workers)) is None:
                raise
            raise error from fault


def _explained(error: Exception, workers: int) -> GazeError | None:
    """Put torch's words for a process that is gone into ours; None where it is another fault."""
    processes, fault = f"the {workers} processes that load images", str(error)
    is_cut = workers and isinstance(error, ConnectionError | EOFError)
    if fault.startswith("DataLoader timed out"):
        message = f"no batch came from {processes} within {TIMEOUT_S} s."
        remedy = f"Look whether the disk of the images answers. {FEWER}"
        return GazeError(message, remedy=remedy)
    # A process that goes while it hands on a batch is noticed by the broken connection first.
    if fault.startswith("DataLoader worker (pid") or is_cut:
        first = fault.splitlines()[0] if fault else "no more came from it"
        message = f"one of {processes} is gone ({first.rstrip('. ')})."
        remedy = f"Most often there was no memory left. {FEWER} {MORE}"
        return GazeError(message, remedy=remedy)
    return None


def load_batches(dataset: Dataset[Any], workers: int, **options: Any) -> BatchLoader:
    """Load a data set of dicts of tensors by its sampler; options are torch's.

    `workers` are processes of their own; see `BatchLoader`.
    """
    collate = options.pop("collate_fn", stack_items)
    batches = options.get("batch_sampler")
    batch_size = options["batch_size"] if batches is None else batches.batch_size
    workers = possible_workers(workers)
    if workers:
        collate = HandOn(collate, shares=_is_room(dataset, batch_size, workers))
    return BatchLoader(
        dataset,
        workers,
        persistent_workers=workers > 0,
        pin_memory=torch.cuda.is_available(),
        generator=torch.Generator(),  # its own, so that the global one is as in a resumed run
        collate_fn=collate,
        **options,
    )


def stack_items(items: Sequence[Tensors]) -> Tensors:
    """Put items into a batch, without shared memory, which torch's own way takes in a worker."""
    return {name: torch.stack([item[name] for item in items]) for name in items[0]}


def possible_workers(workers: int) -> int:
    """Give as many, or none where /dev/shm has no room for what processes need to talk at all."""
    free = free_shared_memory()
    if not workers or free is None or free >= LEAST:
        return workers
    _warn(f"{in_words(free)}, so no processes load images beside this one. {MORE}")
    return 0


def _is_room(dataset: Dataset[Any], batch_size: int, workers: int) -> bool:
    """Whether batches fit into the shared memory that is free; warns where they do not."""
    free = free_shared_memory()
    needed = _bytes_of_item(dataset) * batch_size * (PREFETCHED * workers + IN_HAND)
    if free is None or needed <= free:
        return True
    wants = f"batches of {workers} processes need {needed / 1e6:,.1f}"
    remedy = f"{MORE} Or lower `workers` in params/<profile>.yaml."
    _warn(f"{in_words(free)}, {wants}, so they go through pipes, which is slower. {remedy}")
    return False


def _bytes_of_item(dataset: Dataset[Any]) -> float:
    """Measure an item on average, by a few from all over the data set."""
    n_items = len(dataset) if isinstance(dataset, Sized) else 0
    sizes = []
    for index in sorted({n_items * k // MEASURED for k in range(MEASURED)} if n_items else []):
        item: Tensors = dataset[0, index]
        sizes.append(sum(part.nbytes for part in item.values()))
    return sum(sizes) / max(len(sizes), 1)


@functools.cache
def _warn(text: str) -> None:
    """Say it once, and not in the summary of a run: it is of the machine, not of what it gives."""
    if process_rank() == 0:
        click.secho(f"warning: {text}", fg="yellow", err=True)


@dataclass(frozen=True)
class HandOn:
    """Put items into a batch in a process that loads, fit to be handed on.

    `shares` says whether to try shared memory. That is done here and not by torch's queue, where a
    failure is printed and the batch lost, for which the other side then waits.
    """

    collate: Callable[..., Tensors]
    shares: bool

    def __call__(self, items: Sequence[Any]) -> "Tensors | PipedBatch":
        """Give the batch, or what comes out of a pipe as the batch."""
        batch = self.collate(items)
        if self.shares:
            try:
                for part in batch.values():
                    if part.numel():
                        part.share_memory_()  # type: ignore[no-untyped-call]  # of torch
            except (RuntimeError, OSError):  # somebody else has filled it meanwhile
                return PipedBatch(batch)
            return batch
        return PipedBatch(batch)


class PipedBatch:
    """A batch that comes out on the other side of a pipe as the dict of tensors that it was."""

    def __init__(self, batch: Tensors) -> None:
        self._batch = batch

    def __reduce__(self) -> tuple[Any, ...]:
        # Arrays are pickled by their bytes; tensors would be moved to shared memory.
        return _unpiped, ({name: part.numpy() for name, part in self._batch.items()},)


def _unpiped(arrays: dict[str, NDArray[Any]]) -> Tensors:
    return {name: torch.from_numpy(array) for name, array in arrays.items()}
