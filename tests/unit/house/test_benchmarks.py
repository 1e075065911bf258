"""Benchmarks import, say their ratios by stable names, and stand in the page that lists them."""

import importlib
import json
import re
import sys

import pytest

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
