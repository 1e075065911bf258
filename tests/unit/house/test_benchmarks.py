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
