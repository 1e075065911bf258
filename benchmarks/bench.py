"""All benchmarks at small size, compared with what was measured when `ratios.json` was committed.

    python benchmarks/bench.py [NAME...] [--write]

Each benchmark runs in a process of its own and yields ratios: the time of a stated peer over ours,
both measured in turns in the same run, so that a slower or busier machine moves both. A ratio that
lies 20 % or more below the committed one is a warning that names the commits since. `--write` makes
these figures the committed ones; commit them together with `docs/performance.md`.
"""

import argparse
import importlib
import json
import os
import re
import subprocess
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from ratio import Ratio

HERE = Path(__file__).parent
COMMITTED = HERE / "ratios.json"
BENCHMARKS = (
    *("cooperative", "heatmaps", "images", "labeler", "learned", "loader", "mil", "scale"),
    *("steps", "tune"),
)
PAGE = HERE.parent / "docs" / "performance.md"
DROP = 0.2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[[], *BENCHMARKS], metavar="NAME")
    parser.add_argument("--write", action="store_true", help="make these the committed figures")
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"  # of each process, before it imports numpy
    begin = time.perf_counter()
    committed = json.loads(COMMITTED.read_text())
    measured = []
    for name in arguments.names or BENCHMARKS:
        for ratio in measure(name):
            measured.append(ratio)
            show(ratio, committed["ratios"].get(ratio.name))
    for warning in drops(measured, committed):
        print(f"warning: {warning}")
    print(f"{len(measured)} ratios in {time.perf_counter() - begin:.0f} s")
    if arguments.write:
        write(measured, committed["ratios"])


def measure(name: str) -> list[Ratio]:
    """Ratios of one benchmark, of a new process: threads, caches and memory are its own."""
    with ProcessPoolExecutor(1, get_context("spawn")) as processes:
        return processes.submit(measure_here, name).result()


def measure_here(name: str) -> list[Ratio]:
    with tempfile.TemporaryDirectory() as folder:
        return list(importlib.import_module(name).ratios(Path(folder)))


def show(ratio: Ratio, committed: float | None) -> None:
    before = "new" if committed is None else f"committed {committed:.3g}"
    print(f"{ratio.name:20s} {ratio.ratio:8.3g} x ({before})  {ratio.work}")
    print(f"{'':20s} {ratio.ours_s:.3g} s; {ratio.peer_s:.3g} s, {ratio.peer}", flush=True)


def drops(measured: list[Ratio], committed: dict) -> list[str]:
    """One sentence for each ratio that fell, with the commits that may have done it."""
    return [
        f"{ratio.name} fell from {committed['ratios'][ratio.name]:.3g} to {ratio.ratio:.3g}:"
        f" git log {committed['commit']}..{commit()}"
        for ratio in measured
        if ratio.ratio <= (1 - DROP) * committed["ratios"].get(ratio.name, 0)
    ]


def write(measured: list[Ratio], committed: dict[str, float]) -> None:
    known = committed | {ratio.name: float(f"{ratio.ratio:.3g}") for ratio in measured}
    figures = {"commit": commit(), "ratios": dict(sorted(known.items()))}
    COMMITTED.write_text(json.dumps(figures, indent=2) + "\n")
    page = PAGE.read_text()
    for name, ratio in known.items():
        cell = rf"\g<1> {ratio:,g} × |"
        page = re.sub(rf"^(\| `{name}` \|.*?\|.*?\|) [\d.,]+ × \|", cell, page, flags=re.MULTILINE)
    PAGE.write_text(page)


def commit() -> str:
    command = ["git", "-C", str(HERE), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    main()
