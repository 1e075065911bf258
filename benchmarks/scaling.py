"""What 1, 4, 16 and 64 workers give for a million readings, and for all pictures of MIMIC-CXR-JPG.

    python benchmarks/scaling.py [--disk MB/s] [--network MB/s] [--latency ms] [--check]

Each stage runs here, small, on a dask cluster of one worker, at two sizes (`stages.py`). A
simulation of discrete events then has so many workers, one writer that takes results in order and
sends new tasks as `map_tasks` does, one shared disk and one line to the writer. It is no
measurement: caches, other users and faults are not in it. A second table says what disk and line
must carry for nobody to wait for them. Then the same with an object store in place of the shared
disk: shards come to the writer, who sends them in the end. `--check` compares with one and two
workers of this machine, each the quickest of three runs; where the machine has other work, the
clock says little, and processor seconds say whether two workers and the writer do as much as one
and it.
"""

import argparse
import math
import random
import tempfile
from pathlib import Path

from simulation import Machine, Task, simulate
from stages import (
    MAPS,
    SHRINK,
    Measured,
    Places,
    Stage,
    Writer,
    cluster,
    cost_of_a_task,
    idle_share,
    measure,
    places_of,
    prepare,
    quickest,
    smaller_tasks,
    stages,
)

WORKERS = (1, 4, 16, 64)
MB = 1e6


def tasks_of(stage: Stage, measured: Measured, writer: Writer, *, store: bool) -> list[Task]:
    """Tasks of the whole, in their own size, as slow or fast as those that were measured."""
    draw = random.Random(0)  # noqa: S311  no secret
    mean_s = sum(measured.compute_s) / len(measured.compute_s)
    worker_s = min(sum(measured.compute_s), measured.worker_cpu_s)
    rows = maps_a_reading(stage, measured)
    n = stage.a_task / rows  # readings or pictures
    share = n / measured.n
    by_worker = stage.name in (MAPS, SHRINK)
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
    if stage.name != MAPS:
        return 1.0
    return measured.written / (512 * 512 * 2) / measured.n


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--disk", type=float, default=1000, help="MB/s of the shared disk")
    options.add_argument("--network", type=float, default=1250, help="MB/s to the writer")
    options.add_argument("--latency", type=float, default=1, help="ms to open a file of that disk")
    options.add_argument("--check", action="store_true", help="compare with this machine, too")
    asked = options.parse_args()
    smaller_tasks()
    with tempfile.TemporaryDirectory() as name:
        places = prepare(Path(name))
        measured: dict[str, Measured] = {}
        writers: dict[str, Writer] = {}
        with cluster(1) as client:
            task_s, idle = cost_of_a_task(client), idle_share()
            for stage in stages():
                warm, small, large = places_of(stage, *places)
                measure(stage, *warm, client)  # imports, compiled rules
                less, more = quickest(stage, small, client), quickest(stage, large, client)
                measured[stage.name] = more
                writers[stage.name] = Writer.of(less, more, task_s, idle)
        print(
            f"writer: {1000 * task_s:.1f} ms a task, {idle:.1%} of a core while it waits;"
            f" disk {asked.disk:,.0f} MB/s, line to the writer {asked.network:,.0f} MB/s,"
            f" {asked.latency:g} ms to open a file"
        )
        machine = Machine(asked.disk * MB, asked.network * MB, asked.latency / 1000)
        for store in (False, True):
            show(measured, writers, machine, store=store)
        if asked.check:
            check(places, measured, writers)


def show(
    measured: dict[str, Measured], writers: dict[str, Writer], machine: Machine, *, store: bool
) -> None:
    """Print what so many workers take, and what disk and line carry if nobody waits for them."""
    tasks = {
        stage.name: tasks_of(stage, measured[stage.name], writers[stage.name], store=store)
        for stage in stages()
        if stage.name in (MAPS, SHRINK) or not store
    }
    print("\nan object store, no shared disk" if store else "\na shared disk")
    hours = [f"hours with {n}" for n in WORKERS]
    head("stage", "tasks", "read, GB", "written, GB", *hours, "bound at 64", "pays up to")
    for name, listed in tasks.items():
        row(name, *hours_of(listed, writers[name].start_s, machine))
    head("stage", *(f"{what}, MB/s with {n}" for what in ("disk", "line") for n in WORKERS))
    for name, listed in tasks.items():
        row(name, *carried_by(listed, writers[name].start_s, Machine(latency_s=machine.latency_s)))


def row(*cells: object) -> None:
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def head(*cells: str) -> None:
    print()
    row(*cells)
    row(*["---"] * len(cells))


def hours_of(tasks: list[Task], start_s: float, machine: Machine) -> list[str]:
    """What so many workers take, and how far more of them pay."""
    outcomes = [simulate(tasks, workers, start_s, machine) for workers in WORKERS]
    last = outcomes[-1]
    read, written, result, writer_s = totals(tasks)
    network_s = result / (machine.network or math.inf)
    disk_s = (read + written) / (machine.disk or math.inf)
    shared_s = max(writer_s, network_s, disk_s)  # what no number of workers makes shorter
    return [
        f"{len(tasks):,}",
        f"{read / 1e9:,.1f}",
        f"{written / 1e9:,.1f}",
        *(f"{outcome.wall_s / 3600:.2f}" for outcome in outcomes),
        f"{last.bound}, {last.busy[last.bound]:.0%}",
        f"{outcomes[0].wall_s / shared_s:.0f}",
    ]


def carried_by(tasks: list[Task], start_s: float, machine: Machine) -> list[str]:
    """What disk and line to the writer must carry, for workers never to wait for them."""
    walls_s = [simulate(tasks, workers, start_s, machine).wall_s for workers in WORKERS]
    read, written, result, _ = totals(tasks)
    return [f"{n_bytes / MB / s:,.0f}" for n_bytes in (read + written, result) for s in walls_s]


def totals(tasks: list[Task]) -> list[float]:
    names = ("read", "written", "result", "writer_s")
    return [sum(getattr(task, name) for task in tasks) for name in names]


def check(
    places: tuple[Places, Places], measured: dict[str, Measured], writers: dict[str, Writer]
) -> None:
    """Compare the simulation of what was measured with what this machine took."""
    told = ("simulated, s", "by the clock", "of processors")
    head("stage", *(f"{n}: {what}" for n in ("1 worker", "2 workers") for what in told))
    with cluster(2) as client:
        for stage in stages():
            warm, _, large = places_of(stage, *places)
            measure(stage, *warm, client)
            two = quickest(stage, large, client)
            one, writer = measured[stage.name], writers[stage.name]
            each_s = writer.task_s + writer.each_s * one.n / len(one.compute_s)
            tasks = [Task(taken_s, each_s) for taken_s in one.compute_s]
            cells = [stage.name]
            for workers, run in ((1, one), (2, two)):
                simulated_s = simulate(tasks, workers, writer.start_s, Machine()).wall_s
                seconds = (simulated_s, run.wall_s, run.worker_cpu_s + run.cpu_s)
                cells += [f"{x:.2f}" for x in seconds]
            row(*cells)


if __name__ == "__main__":
    main()
