"""What 1, 4, 16 and 64 workers give for a million readings, and for all pictures of MIMIC-CXR-JPG.

    python benchmarks/scaling.py [--disk MB/s] [--network MB/s] [--latency ms] [--store] [--check]

Each stage runs here, small, on a dask cluster of one worker, at two sizes. The scheduler's own task
stream says how long each task computed and how many bytes its result has; on a machine that has
other work, the processor time of the worker counts. That of this process, beside the number of
tasks and of readings, says what the one writer does for each. A
simulation of discrete events then has so many workers, one writer that takes results in order and
sends new tasks as `map_tasks` does, one shared disk and one line to the writer. It is no
measurement: caches, other users and faults are not in it. With `--store` there is no shared disk:
shards come to the writer, who sends them to the object store in the end. `--check` compares with
one and two workers of this machine.
"""

import argparse
import math
import random
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cloudpickle
import dask
from distributed import Client, LocalCluster, get_task_stream
from images import FEW, MANY, write_tree
from simulation import Machine, Task, simulate

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

WORKERS = (1, 4, 16, 64)
READINGS, PICTURES = 1_000_000, 377_110
SIZES = (160, 640)  # readings, at which the stages are measured
PICTURES_A_TASK = 6  # while they are measured
IDLE_S = 3
BY_WORKERS = ("heatmaps 512", "images 512")  # their tasks write shards, the others give rows
MB = 1e6


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
        Stage("heatmaps 512", draw, ("windows",), "maps", ROWS_A_SHARD),
        Stage("images 512", shrink, ("files",), "shards", ROWS_A_SHARD, PICTURES, files=1),
    ]


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
    sent = 0
    on_cluster = parallel._on_cluster  # noqa: SLF001  to see what goes to the workers

    def counting(function: Any, tasks: Iterator[Any], *where: Any) -> Iterator[Any]:
        def counted() -> Iterator[Any]:
            nonlocal sent
            for task in tasks:
                sent += len(cloudpickle.dumps(task))
                yield task

        return on_cluster(function, counted(), *where)

    parallel._on_cluster = counting  # noqa: SLF001  likewise
    begin_s, begin_cpu_s, begin_worker_s = time.perf_counter(), time.process_time(), used(client)
    try:
        with get_task_stream(client) as stream:
            stage.run(at, {"scheduler": client.scheduler.address})
            wall_s, cpu_s = time.perf_counter() - begin_s, time.process_time() - begin_cpu_s
    finally:
        parallel._on_cluster = on_cluster  # noqa: SLF001  likewise
    computed = [
        part["stop"] - part["start"]
        for task in stream.data
        for part in task["startstops"]
        if part["action"] == "compute"
    ]
    sent += sum(task["nbytes"] for task in stream.data)
    read = sum(bytes_of(at / place) for place in stage.reads)
    return Measured(
        n,
        computed,
        used(client) - begin_worker_s,
        cpu_s,
        wall_s,
        sent,
        read,
        bytes_of(at / stage.writes),
    )


def used(client: Client) -> float:
    """Processor seconds of all workers so far."""
    return sum(client.run(time.process_time).values())


def bytes_of(place: Path) -> int:
    files = place.rglob("*") if place.is_dir() else [place]
    return sum(path.stat().st_size for path in files if path.is_file())


def prepare(folder: Path) -> dict[str, list[tuple[Path, int]]]:
    """Raw trees of two sizes and radiographs in two tables, the smaller first."""
    params = load_params()
    readings = []
    for n in SIZES:
        (folder / f"{n}").mkdir()
        write_demo(folder / f"{n}" / "raw", override(params.demo, readings=n), "none", workers=1)
        readings.append((folder / f"{n}", n))
    tree = folder / "pictures"
    write_tree(tree)
    pictures = []
    for name, n in (("few", FEW), ("many", MANY)):
        place = folder / name
        place.mkdir()
        (place / "files").symlink_to(tree / "files")
        (place / "listed").symlink_to(tree / name)
        pictures.append((place, n))
    return {"readings": readings, "pictures": pictures}


def places_of(stage: Stage, prepared: dict[str, list[tuple[Path, int]]]) -> list[tuple[Path, int]]:
    return prepared["pictures" if stage.total == PICTURES else "readings"]


def smaller_tasks() -> None:
    """Cut tasks finer while they are measured, so that there is something to share."""
    labelling.REPORTS_A_TASK = 64
    parts.READINGS_A_TASK = 64
    heatmaps.ROWS_A_SHARD = 64
    images.ROWS_A_SHARD = PICTURES_A_TASK


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


def tasks_of(stage: Stage, measured: Measured, writer: Writer, *, store: bool) -> list[Task]:
    """Tasks of the whole, in their own size, as slow or fast as those that were measured."""
    draw = random.Random(0)  # noqa: S311  no secret
    mean_s = sum(measured.compute_s) / len(measured.compute_s)
    worker_s = min(sum(measured.compute_s), measured.worker_cpu_s)
    rows = maps_a_reading(stage, measured)
    n = stage.a_task / rows  # readings or pictures
    share = n / measured.n
    by_worker = stage.name in BY_WORKERS
    tasks = []
    for _ in range(math.ceil(stage.total / n)):
        written = share * measured.written
        sent = share * measured.sent + (written if store and by_worker else 0)
        compute_s = share * worker_s * draw.choice(measured.compute_s) / mean_s
        tasks.append(
            Task(
                compute_s=compute_s,
                writer_s=writer.task_s + n * writer.each_s,
                read=share * measured.read,
                written=0 if store and by_worker else written,
                result=sent,
                files=n * stage.files,
            )
        )
    return tasks


def maps_a_reading(stage: Stage, measured: Measured) -> float:
    """Rows of a shard are maps, of which a reading has some."""
    if not stage.name.startswith("heatmaps"):
        return 1.0
    return measured.written / (512 * 512 * 2) / measured.n


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--disk", type=float, default=1000, help="MB/s of the shared disk")
    options.add_argument("--network", type=float, default=1250, help="MB/s to the writer")
    options.add_argument("--latency", type=float, default=1, help="ms to open a file of that disk")
    options.add_argument("--store", action="store_true", help="an object store, no shared disk")
    options.add_argument("--check", action="store_true", help="compare with this machine, too")
    asked = options.parse_args()
    machine = Machine(asked.disk * MB, asked.network * MB, asked.latency / 1000)
    listed = stages()
    smaller_tasks()
    with tempfile.TemporaryDirectory() as name:
        prepared = prepare(Path(name))
        measured: dict[str, Measured] = {}
        writers: dict[str, Writer] = {}
        with cluster(1) as client:
            task_s, idle = cost_of_a_task(client), idle_share()
            for stage in listed:
                (small, n), (large, n_large) = places_of(stage, prepared)
                measure(stage, small, n, client)  # imports, compiled rules
                less = measure(stage, small, n, client)
                measured[stage.name] = measure(stage, large, n_large, client)
                writers[stage.name] = Writer.of(less, measured[stage.name], task_s, idle)
        if asked.check:
            check(listed, prepared, measured, writers)
    print(
        f"writer: {1000 * task_s:.1f} ms a task, {idle:.1%} of a core while it waits;"
        f" disk {asked.disk:,.0f} MB/s, line to the writer {asked.network:,.0f} MB/s,"
        f" {asked.latency:g} ms to open a file"
    )
    head = ["stage", "tasks", *(f"hours with {n}" for n in WORKERS), "bound at 64", "pays up to"]
    head += ["read, GB", "written, GB", "disk, MB/s", "to the writer, MB/s"]
    row(head)
    row(["---"] * len(head))
    for stage in listed:
        tasks = tasks_of(stage, measured[stage.name], writers[stage.name], store=asked.store)
        show(stage, tasks, writers[stage.name].start_s, machine)


def row(cells: Sequence[object]) -> None:
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def show(stage: Stage, tasks: list[Task], start_s: float, machine: Machine) -> None:
    outcomes = [simulate(tasks, workers, start_s, machine) for workers in WORKERS]
    last = outcomes[-1]
    read, written, result, writer_s = (
        sum(getattr(task, name) for task in tasks)
        for name in ("read", "written", "result", "writer_s")
    )
    network_s = result / (machine.network or math.inf)
    disk_s = (read + written) / (machine.disk or math.inf)
    shared_s = max(writer_s, network_s, disk_s)  # what no number of workers makes shorter
    row(
        [
            stage.name,
            f"{len(tasks):,}",
            *(f"{outcome.wall_s / 3600:.2f}" for outcome in outcomes),
            f"{last.bound}, {last.busy[last.bound]:.0%}",
            f"{outcomes[0].wall_s / shared_s:.0f}",
            f"{read / 1e9:,.0f}",
            f"{written / 1e9:,.0f}",
            f"{(read + written) / MB / last.wall_s:,.0f}",
            f"{result / MB / last.wall_s:,.0f}",
        ]
    )


def check(
    listed: list[Stage],
    prepared: dict[str, list[tuple[Path, int]]],
    measured: dict[str, Measured],
    writers: dict[str, Writer],
) -> None:
    """Compare the simulation of what was measured with what this machine took."""
    row(["stage", "1 worker: simulated, s", "measured", "2 workers: simulated, s", "measured"])
    row(["---"] * 5)
    with cluster(2) as client:
        for stage in listed:
            (small, n), (large, n_large) = places_of(stage, prepared)
            measure(stage, small, n, client)
            two = measure(stage, large, n_large, client)
            one, writer = measured[stage.name], writers[stage.name]
            each_s = writer.task_s + writer.each_s * one.n / len(one.compute_s)
            tasks = [Task(taken_s, each_s) for taken_s in one.compute_s]
            walls = [simulate(tasks, n, writer.start_s, Machine()).wall_s for n in (1, 2)]
            row([stage.name, *(f"{x:.2f}" for x in (walls[0], one.wall_s, walls[1], two.wall_s))])


if __name__ == "__main__":
    main()
