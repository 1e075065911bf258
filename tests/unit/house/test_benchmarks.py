"""Benchmarks import, say their ratios by stable names, and stand in the page that lists them."""

import importlib
import json
import re
import sys
from collections import Counter

import pyarrow as pa
import pytest

from gazescribe.pipeline.windows.associate import AssociatedPart
from tests.conftest import ROOT

FOLDER = ROOT / "benchmarks"
FILES = {path.stem: path.read_text() for path in FOLDER.glob("*.py")}
PAGE = ROOT / "docs" / "performance.md"


@pytest.fixture
def benchmark(monkeypatch):
    """Import a benchmark as its script does, and forget it: names are as common as `images`."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(FOLDER))
    yield importlib.import_module
    for name in set(FILES) & (set(sys.modules) - before):
        del sys.modules[name]


@pytest.mark.parametrize("name", sorted(FILES))
def test_it_imports(name, benchmark):
    benchmark(name)


def test_all_that_yield_ratios_are_run_by_make_bench(benchmark):
    yielding = {name for name, text in FILES.items() if "def ratios(" in text}
    assert set(benchmark("bench").BENCHMARKS) == yielding


def test_a_ratio_that_fell_is_named_with_the_commits_since(benchmark):
    bench, Ratio = benchmark("bench"), benchmark("ratio").Ratio  # noqa: N806  # a class
    measured = [Ratio(name, "work", "peer", 1.0, ours) for name, ours in (("a", 7.9), ("b", 8.1))]
    (warning,) = bench.drops(measured, {"commit": "0123456", "ratios": {"a": 10, "b": 10}})
    assert warning.startswith("a fell from 10 to 7.9: git log 0123456..")


def test_the_fastest_call_of_each_side_counts(benchmark):
    ratio = benchmark("ratio")
    ticks = iter([0, 9, 9, 19, 19, 20, 20, 24])  # a round of 9 and 10 s, then one of 1 and 4
    assert ratio.in_turns(int, int, rounds=2, clock=lambda: next(ticks)) == (1, 4)


def test_the_page_has_the_committed_ratios():
    committed = json.loads((FOLDER / "ratios.json").read_text())["ratios"]
    rows = re.findall(r"^\| `([\w-]+)` \|.*?\| ([\d.,]+) × \|", PAGE.read_text(), re.MULTILINE)
    listed = {name: float(ratio.replace(",", "")) for name, ratio in rows}
    assert listed == committed


@pytest.mark.parametrize(
    ("workers", "task", "machine", "wall_s", "bound"),
    [
        (1, {"compute_s": 2, "writer_s": 0.5}, {}, 1 + 12 * 2 + 0.5, "workers"),
        (4, {"compute_s": 2, "writer_s": 0.25}, {}, 1 + 3 * 2 + 4 * 0.25, "workers"),
        (64, {"compute_s": 2, "writer_s": 1}, {}, 1 + 2 + 12 * 1, "writer"),
        (64, {"compute_s": 1, "writer_s": 0, "read": 30}, {"disk": 10}, 1 + 12 * 3 + 1, "disk"),
        (64, {"compute_s": 1, "writer_s": 0, "written": 30}, {"disk": 10}, 2 + 12 * 3, "disk"),
        (64, {"compute_s": 1, "writer_s": 0, "result": 30}, {"network": 10}, 2 + 36, "network"),
        (2, {"compute_s": 1, "writer_s": 0, "files": 4}, {"latency_s": 0.5}, 1 + 6 * 3, "workers"),
    ],
)
def test_simulated_workers(benchmark, workers, task, machine, wall_s, bound):
    """Twelve equal tasks, whose end can be told by hand; the first can begin after a second."""
    simulation = benchmark("simulation")
    outcome = simulation.simulate(
        [simulation.Task(**task)] * 12, workers, 1.0, simulation.Machine(**machine)
    )
    assert outcome.wall_s == pytest.approx(wall_s)
    assert outcome.bound == bound


def test_simulated_results_are_taken_in_order(benchmark):
    """A slow first task keeps the others waiting, and no more are sent than some for a worker."""
    simulation = benchmark("simulation")
    tasks = [simulation.Task(10 if number == 0 else 1, 0.0) for number in range(9)]
    outcome = simulation.simulate(tasks, 2, 0.0, simulation.Machine())
    assert outcome.wall_s == pytest.approx(11)  # seven beside the first; the last came when it went


def test_what_dataclasses_hold_is_counted_as_it_travels(benchmark):
    """Arrow's buffers travel beside the pickle; the scheduler counts this result as 56 bytes."""
    table = pa.table({"x_px": [0.0] * 10_000})
    part = AssociatedPart(table, table.schema.empty_table(), Counter(), 0, 0)
    on_the_way = benchmark("stages").bytes_on_the_way
    assert table.nbytes < on_the_way(part) < table.nbytes + 2000
    assert table.nbytes < on_the_way((len, part)) < table.nbytes + 2000  # with the function


def test_what_the_writer_does_is_told_from_two_sizes(benchmark):
    """Two seconds at the start, 0.1 for a task, 0.01 for a reading; a tenth of a core idles."""
    stages = benchmark("stages")

    def run(n, tasks):
        idle_s = 0.1 * 30
        cpu_s = 2 + 0.1 * tasks + 0.01 * n + idle_s
        return stages.Measured(n, [1.0] * tasks, 1.0 * tasks, cpu_s, 30, 0, 0, 0)

    writer = stages.Writer.of(run(100, 4), run(500, 20), 0.1, 0.1)
    assert (writer.start_s, writer.task_s, writer.each_s) == pytest.approx((2, 0.1, 0.01))


def test_what_disk_and_line_must_carry(benchmark):
    """Until the writer is busy all the time, more workers ask for more of both."""
    scaling, simulation = benchmark("scaling"), benchmark("simulation")
    task = simulation.Task(compute_s=1, writer_s=0.125, read=3e6, written=1e6, result=8e6)
    carried = scaling.carried_by([task] * 6400, 0, simulation.Machine())
    assert carried == ["4", "16", "32", "32", "8", "32", "64", "64"]
