"""Many tasks on this machine's cores, or on a running `dask.distributed` scheduler.

Results come back in the order of the tasks, so what is written never depends on the worker count.
"""

import ctypes
import gc
import logging
import os
import signal
import sys
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager, suppress
from functools import partial
from itertools import chain, islice
from multiprocessing import resource_tracker
from typing import Any, TypeVar

from gazescribe.pipeline.core.console import progress
from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.resources import Project, run_in_project
from gazescribe.pipeline.core.travelling import Journey, run_packed

Task = TypeVar("Task")
Result = TypeVar("Result")

FEW_TASKS = 3  # starting workers takes about two seconds: not worth it for this many
WAIT_S = 30
AHEAD = 4  # tasks in flight per worker: enough to keep it busy, few enough to bound the memory

KEPT_MEMORY = {
    **{f"{library}_NUM_THREADS": 1 for library in ("OMP", "MKL", "OPENBLAS")},
    "MALLOC_MMAP_THRESHOLD_": 2**25,
    "MALLOC_TRIM_THRESHOLD_": 2**28,
}
"""Environment of workers: one thread each, and arrays of a few megabytes come from memory that was
freed before. dask's own setting gives every one back to the system, which took half of the time."""

NO_PAGES: dict[str, list[str]] = {
    f"distributed.{role}.http.routes": [] for role in ("scheduler", "worker")
}
"""dask serves pages to everybody, even without a dashboard: who works on what, call stacks."""

UNWATCHED = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.low-level-log-length": 10,
}
"""Nobody sees the call stacks that each worker takes a hundred times a second, nor the thousand
messages that each connection keeps, with all that finished tasks were given."""


def map_tasks(
    function: Callable[[Task], Result],
    tasks: Iterable[Task],
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    description: str = "",
    few: int = FEW_TASKS,
) -> Iterator[Result]:
    """Apply a function to each task and give the results in task order.

    Parameters
    ----------
    function : callable
        Importable by name (or a `functools.partial` of such), for it travels to other processes.
    tasks : iterable
        One argument each; their number and order must not depend on the workers. A few are read
        ahead, never all.
    workers : int, optional
        Processes on this machine; as many as cores by default, and none where the tasks are few.
    scheduler : str, optional
        Address of a running scheduler, used instead of local processes.
    description : str, optional
        Text beside the progress bar.
    few : int
        So many tasks are done before workers would have started.

    Raises
    ------
    GazeError
        If no scheduler answers at that address.
    """
    total = len(tasks) if isinstance(tasks, Sized) else None
    waiting = iter(tasks)
    first = deque(islice(waiting, few + 1))
    are_few = len(first) <= few
    n_workers = workers or os.cpu_count() or 1
    if are_few:
        n_workers = min(n_workers, max(len(first), 1))
    tasks = chain(_emptying(first), waiting)
    if scheduler is not None:
        function = partial(run_in_project, function=function, project=Project.here())
    if scheduler is None and (n_workers == 1 or (workers is None and are_few)):
        results: Iterator[Result] = map(function, tasks)
    elif scheduler is not None and (journey := Journey.of(function)):
        run = partial(run_packed, function=journey.function)
        answers = _on_cluster(run, map(journey.pack, tasks), n_workers, scheduler)
        results = map(journey.unpack, answers)
    else:
        results = _on_cluster(function, tasks, n_workers, scheduler)
    yield from progress(results, description, total=total)


def _emptying(tasks: deque[Task]) -> Iterator[Task]:
    while tasks:
        yield tasks.popleft()


def _on_cluster(
    function: Callable[[Task], Result], tasks: Iterator[Task], workers: int, scheduler: str | None
) -> Iterator[Result]:
    with _client(workers, scheduler) as client:
        ahead = AHEAD * max(len(client.nthreads()), 1)
        submit = partial(client.submit, function, pure=False)  # equal tasks are run each time
        futures = deque(map(submit, islice(tasks, ahead)))
        while futures:
            yield futures.popleft().result()
            futures.extend(map(submit, islice(tasks, 1)))


@contextmanager
def _client(workers: int, scheduler: str | None) -> Iterator[Any]:
    from distributed import Client

    if scheduler is None:
        with _local_cluster(workers) as cluster, Client(cluster, direct_to_workers=True) as client:
            yield client
        return
    try:
        client = Client(scheduler, timeout="5s")
    # TypeError: TLS without certificates; RuntimeError: no TLS where dask's settings ask for it
    except (OSError, TypeError, ValueError, RuntimeError) as error:
        # The half-made client closes itself when it is collected. That must not happen while
        # another one starts: both take the same lock, and the process would wait for itself.
        traceback.clear_frames(error.__traceback__)
        gc.collect()
        message = f"no dask.distributed scheduler answers at {scheduler} ({error})."
        remedy = "Start one with `dask scheduler`, or leave it out."
        if scheduler.startswith("tls:"):
            remedy += " The certificates are those of dask's configuration, distributed.comm.tls."
        raise GazeError(message, remedy=remedy) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=WAIT_S)
        except TimeoutError as error:
            message = f"the scheduler at {scheduler} has had no worker for {WAIT_S} s."
            raise GazeError(message, remedy="Start some with `dask worker ADDRESS`.") from error
        yield client


def _give_back() -> None:
    """Give freed memory back to the system before workers need it.

    What tasks are planned by, such as a whole table, is often larger than what is left of it; the
    allocators of Arrow and of the C library keep it for themselves.
    """
    if (arrow := sys.modules.get("pyarrow")) is not None:
        arrow.default_memory_pool().release_unused()
    with suppress(OSError, AttributeError):  # of other C libraries than GNU's
        ctypes.CDLL("libc.so.6").malloc_trim(0)


@contextmanager
def _local_cluster(workers: int) -> Iterator[Any]:
    """Start workers that only this process can reach, and that Ctrl-C does not."""
    import dask
    from distributed import LocalCluster

    _give_back()
    # The terminal sends Ctrl-C to all processes; workers are stopped by this one. They inherit the
    # mask. Python's resource tracker would lift it, were it started by the first of them.
    resource_tracker.ensure_running()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        with (
            dask.config.set(
                {"distributed.nanny.pre-spawn-environ": KEPT_MEMORY, **NO_PAGES, **UNWATCHED}
            ),
            LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                host="127.0.0.1",
                # Tasks are code, and a machine may have other users: they lack the certificates,
                # which are made for this run and known to its processes alone.
                security=True,
                scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
                silence_logs=logging.CRITICAL,  # what fails in a worker is raised here
            ) as cluster,
        ):
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            try:
                yield cluster
            finally:  # a second Ctrl-C would leave workers behind
                signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
