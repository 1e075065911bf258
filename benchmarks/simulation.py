"""Workers, one writer, a disk and a cable, as discrete events: what `scaling.py` reckons with."""

import heapq
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from gazescribe.pipeline.core.parallel import AHEAD


@dataclass
class Task:
    """One task: seconds of a worker and of the writer, bytes, and files that are opened."""

    compute_s: float
    writer_s: float
    read: float = 0.0
    written: float = 0.0
    result: float = 0.0
    files: float = 0.0


@dataclass
class Machine:
    """What all workers share; None is without limit."""

    disk: float | None = None  # bytes a second
    network: float | None = None  # of the writer
    latency_s: float = 0.0  # to open a file


@dataclass
class Line:
    """Something that serves one after another: a disk, a cable, the writer."""

    free_s: float = 0.0
    busy_s: float = 0.0

    def take(self, now_s: float, takes_s: float) -> float:
        """Give the moment at which it has served somebody who comes now."""
        self.busy_s += takes_s
        self.free_s = max(now_s, self.free_s) + takes_s
        return self.free_s


@dataclass
class Outcome:
    wall_s: float
    busy: dict[str, float] = field(default_factory=dict)  # share of the time

    @property
    def bound(self) -> str:
        return max(self.busy, key=lambda name: self.busy[name])


def simulate(tasks: Sequence[Task], workers: int, start_s: float, machine: Machine) -> Outcome:
    """Run tasks as `map_tasks` does: some ahead for each worker, results taken in their order."""
    disk, network, writer, computing = Line(), Line(), Line(start_s), Line()
    events: list[tuple[float, int, str]] = []
    waiting = deque(range(min(AHEAD * workers, len(tasks))))
    finished: set[int] = set()
    n_sent, n_taken, n_idle, now_s, is_taking = len(waiting), 0, workers, start_s, False

    def on_disk(number_of_bytes: float) -> float:
        return disk.take(now_s, number_of_bytes / machine.disk if machine.disk else 0.0)

    while True:
        while n_idle and waiting:
            number = waiting.popleft()
            n_idle -= 1
            heapq.heappush(events, (on_disk(tasks[number].read), number, "read"))
        if not is_taking and n_taken in finished:
            is_taking = True
            result = tasks[n_taken].result
            comes_s = network.take(now_s, result / machine.network if machine.network else 0.0)
            heapq.heappush(
                events, (writer.take(comes_s, tasks[n_taken].writer_s), n_taken, "taken")
            )
        if not events:
            break
        now_s, number, what = heapq.heappop(events)
        if what == "read":
            takes_s = tasks[number].compute_s + tasks[number].files * machine.latency_s
            computing.busy_s += takes_s / workers
            heapq.heappush(events, (now_s + takes_s, number, "computed"))
        elif what == "computed":
            heapq.heappush(events, (on_disk(tasks[number].written), number, "written"))
        elif what == "written":
            n_idle += 1
            finished.add(number)
        else:
            n_taken += 1
            is_taking = False
            if n_sent < len(tasks):
                waiting.append(n_sent)
                n_sent += 1
    lines = {"workers": computing, "writer": writer, "disk": disk, "network": network}
    return Outcome(now_s, {name: line.busy_s / now_s for name, line in lines.items()})
