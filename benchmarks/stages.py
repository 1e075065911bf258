"""Stages as they run here, small, on dask's workers: what `scaling.py` reckons from.

The scheduler's own task stream says how long each task computed; on a machine that has other work,
the processor time of the worker counts. That of this process, beside the number of tasks and of
readings, says what the one writer does for each. What travels is made again to be counted.
"""

import gc
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dask
from distributed import Client, LocalCluster, get_task_stream
from distributed.protocol import serialize_bytelist
from images import write_tree

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core import parallel
from gazescribe.pipeline.core.parallel import KEPT_MEMORY
from gazescribe.pipeline.core.shards import ROWS_A_SHARD
from gazescribe.pipeline.core.yaml_files import override
from gazescribe.pipeline.demo.run import write_demo
from gazescribe.pipeline.dictation import run as labelling
from gazescribe.pipeline.dictation.run import label_file
from gazescribe.pipeline.images import run as images
from gazescribe.pipeline.ingest.chunks import CHUNK_READINGS
from gazescribe.pipeline.ingest.run import ingest_tree
from gazescribe.pipeline.ingest.settings import IngestOptions
from gazescribe.pipeline.maps import heatmaps
from gazescribe.pipeline.sources.loading import load_manifest
from gazescribe.pipeline.sources.roots import find_root
from gazescribe.pipeline.windows import associate, parts

READINGS, PICTURES = 1_000_000, 377_110
SIZES = (160, 640, 2560)  # readings: maps are measured at the first two, tables at the last
FEW, MANY = 24, 240  # pictures
ROUNDS = 3
IDLE_S = 3
MAPS, SHRINK = "heatmaps 512", "images 512"  # their tasks write shards, the others give rows


@dataclass
class Stage:
    """A stage: how it is run, what it reads and writes, and how much a task of it has."""

    name: str
    run: Callable[[Path, dict[str, Any]], object]
    reads: tuple[str, ...]
    writes: str
    a_task: int
    total: int = READINGS
    files: int = 0  # that a task opens for each reading or picture


@dataclass
class Measured:
    """A stage at one size."""

    n: int  # readings or pictures
    compute_s: list[float]  # of each task, by the clock
    worker_cpu_s: float  # less than these where the machine has other work
    cpu_s: float  # of this process: the writer, and the scheduler
    wall_s: float
    sent: float  # bytes to the worker and back
    read: float
    written: float


def stages() -> list[Stage]:
    params = load_params()
    fit = override(params.images, size="512", source="jpg", decode="exact")
    manifest = load_manifest("reflacx")

    def ingest(at: Path, how: dict[str, Any]) -> object:
        root = find_root(at / "raw", manifest)
        options = IngestOptions(**how)
        return ingest_tree(root, at / "tables", manifest, params.ingest, options)

    def label(at: Path, how: dict[str, Any]) -> object:
        return label_file(at / "tables", at / "mentions.parquet", params.label, **how)

    def tie(at: Path, how: dict[str, Any]) -> object:
        tables, mentions, out = at / "tables", at / "mentions.parquet", at / "windows"
        return associate.run(tables, mentions, out, params.associate, **how)

    def draw(at: Path, how: dict[str, Any]) -> object:
        places = (at / "tables", at / "windows", at / "maps")
        return heatmaps.run(*places, "label", override(params.heatmaps, size="512"), **how)

    def shrink(at: Path, how: dict[str, Any]) -> object:
        return images.run([(at / "listed", at)], at / "shards", fit, **how)

    return [
        Stage("ingest", ingest, ("raw/reflacx/main_data",), "tables", CHUNK_READINGS, files=5),
        Stage("label", label, ("tables",), "mentions.parquet", labelling.REPORTS_A_TASK),
        Stage("associate", tie, ("tables",), "windows", parts.READINGS_A_TASK),
        Stage(MAPS, draw, ("windows",), "maps", ROWS_A_SHARD),
        Stage(SHRINK, shrink, ("files",), "shards", ROWS_A_SHARD, PICTURES, files=1),
    ]


Places = list[tuple[Path, int]]
"""Folders in which a stage is measured, and how many readings or pictures each has."""


def prepare(folder: Path) -> tuple[Places, Places]:
    """Make raw trees of three sizes, and radiographs in two tables, the smaller first."""
    params = load_params()
    readings = [(folder / f"{n}", n) for n in SIZES]
    for place, n in readings:
        place.mkdir()
        write_demo(place / "raw", override(params.demo, readings=n), "none")
    tree = folder / "pictures"
    write_tree(tree, FEW, MANY)
    pictures = [(folder / "few", FEW), (folder / "many", MANY)]
    for place, _ in pictures:
        place.mkdir()
        (place / "files").symlink_to(tree / "files")
        (place / "listed").symlink_to(tree / place.name)
    return readings, pictures


def places_of(stage: Stage, readings: Places, pictures: Places) -> Places:
    """Give the smallest, to warm up in, and the two to measure in."""
    if stage.name == SHRINK:
        return pictures[:1] + pictures
    return readings[:1] + readings[:2] if stage.name == MAPS else readings


def smaller_tasks() -> None:
    """Cut pictures and maps finer while they are measured, so that there is something to share.

    And begin with the first report, not with as many as would be labelled without workers.
    """
    heatmaps.ROWS_A_SHARD = 64
    images.ROWS_A_SHARD = 12
    labelling.FEW_TASKS = 0


@contextmanager
def cluster(workers: int) -> Iterator[Client]:
    """Workers as `map_tasks` starts them, whose scheduler says what they did."""
    environment = {"distributed.nanny.pre-spawn-environ": KEPT_MEMORY}
    with (
        dask.config.set(environment),
        LocalCluster(
            n_workers=workers, threads_per_worker=1, host="127.0.0.1", dashboard_address=":0"
        ) as started,
        Client(started) as client,
    ):
        yield client


def measure(stage: Stage, at: Path, n: int, client: Client) -> Measured:
    """Run a stage in the workers of a cluster; give what the task stream and this process say."""
    travelled: list[object] = []
    on_cluster = parallel._on_cluster  # noqa: SLF001  to see what goes to workers and comes back

    def noting(function: Any, tasks: Iterator[Any], *where: Any) -> Iterator[Any]:
        def noted() -> Iterator[Any]:
            for task in tasks:
                travelled.append((function, task))
                yield task

        for result in on_cluster(function, noted(), *where):
            travelled.append(result)
            yield result

    # What all imports left is looked through in a tenth of a second or two. Within a run of half a
    # second it would count as the writer's work for some hundred readings.
    gc.collect()
    gc.freeze()
    parallel._on_cluster = noting  # noqa: SLF001  likewise
    begin_s, begin_cpu_s, begin_worker_s = time.perf_counter(), time.process_time(), used(client)
    try:
        with get_task_stream(client) as stream:
            stage.run(at, {"scheduler": client.scheduler.address})
            wall_s, cpu_s = time.perf_counter() - begin_s, time.process_time() - begin_cpu_s
    finally:
        parallel._on_cluster = on_cluster  # noqa: SLF001  likewise
    return Measured(
        n,
        [
            part["stop"] - part["start"]
            for task in stream.data
            for part in task["startstops"]
            if part["action"] == "compute"
        ],
        used(client) - begin_worker_s,
        cpu_s,
        wall_s,
        sum(map(bytes_on_the_way, travelled)),
        sum(bytes_of(at / place) for place in stage.reads),
        bytes_of(at / stage.writes),
    )


def bytes_on_the_way(value: object) -> int:
    """Count a task or result as dask sends it; its own count does not look into dataclasses."""
    return sum(memoryview(frame).nbytes for frame in serialize_bytelist(value))


def quickest(stage: Stage, place: tuple[Path, int], client: Client) -> Measured:
    """Give the run that other work on this machine disturbed least."""
    runs = [measure(stage, *place, client) for _ in range(ROUNDS)]
    return min(runs, key=lambda run: run.wall_s)


def used(client: Client) -> float:
    """Processor seconds of all workers so far."""
    return sum(client.run(time.process_time).values())


def bytes_of(place: Path) -> int:
    files = place.rglob("*") if place.is_dir() else [place]
    return sum(path.stat().st_size for path in files if path.is_file())


def idle_share() -> float:
    """Share of a core that this process takes while it waits: the cluster's own house-keeping."""
    begin_s, begin_cpu_s = time.perf_counter(), time.process_time()
    time.sleep(IDLE_S)
    return (time.process_time() - begin_cpu_s) / (time.perf_counter() - begin_s)


def nothing(task: int) -> int:
    return task


def cost_of_a_task(client: Client) -> float:
    """Seconds of this process for a task that does nothing: to send it, and to take its result."""
    address = client.scheduler.address
    used_s = []
    for n in (100, 500):
        begin_s = time.process_time()
        deque(parallel.map_tasks(nothing, range(n), scheduler=address), maxlen=0)
        used_s.append(time.process_time() - begin_s)
    return (used_s[1] - used_s[0]) / 400


@dataclass
class Writer:
    """What this process does in a stage: seconds at its start, for each task, for each reading."""

    start_s: float
    task_s: float
    each_s: float

    @classmethod
    def of(cls, small: Measured, large: Measured, task_s: float, idle: float) -> "Writer":
        own_s = [at.cpu_s - task_s * len(at.compute_s) - idle * at.wall_s for at in (small, large)]
        each_s = max((own_s[1] - own_s[0]) / (large.n - small.n), 0.0)
        return cls(max(own_s[1] - each_s * large.n, 0.0), task_s, each_s)
