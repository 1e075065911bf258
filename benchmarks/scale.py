"""How memory and time of each stage grow with the number of readings, without pictures.

    python benchmarks/scale.py FOLDER --readings 3000 12000 100000

Each stage is one command with two workers, at every size: with as many processes, peaks can be
compared. Memory is that of all processes of the command, by the system's own count (PSS of
/proc/PID/smaps_rollup, ten times a second), so Linux is needed. FOLDER keeps synthetic trees for
the next time; 100,000 readings take 5 GB and 500,000 files.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ratio import Ratio

STAGES = ("demo", "ingest", "label", "associate")
FEW, MANY = 600, 1500  # tasks enough for two workers
WORKERS = 2
PAUSE_S = 0.1
FLAT = 1.3


@dataclass(frozen=True)
class Run:
    """One stage at one size."""

    seconds: float
    cpu_s: float  # of all its processes: what counts on a machine that has other work
    peak_mb: float


def commands(folder: Path, n: int) -> dict[str, list[object]]:
    """The commands of all stages, by name."""
    raw, tables, mentions = folder / "raw", folder / "tables", folder / "mentions.parquet"
    return {
        "demo": ["demo", raw, "--readings", n, "--images", "none"],
        "ingest": ["ingest", "reflacx", raw, tables],
        "label": ["label", tables, mentions],
        "associate": ["associate", tables, mentions, folder / "gaze"],
    }


def measure(arguments: list[object]) -> Run:
    """Run a command in a session of its own, whose processes are counted together."""
    program = "from gazescribe.pipeline.commands.cli import main; main()"
    words = [*map(str, arguments), "--workers", str(WORKERS)]
    begin, begin_cpu_s, peak_kb = time.perf_counter(), cpu_of_children(), 0
    with subprocess.Popen(
        [sys.executable, "-c", program, *words], start_new_session=True, stdout=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            peak_kb = max(peak_kb, memory_kb(process.pid))
            time.sleep(PAUSE_S)
    if process.returncode:
        raise SystemExit(f"{words[0]} ended with {process.returncode}")
    seconds, cpu_s = time.perf_counter() - begin, cpu_of_children() - begin_cpu_s
    return Run(seconds, cpu_s, peak_kb / 1000)


def cpu_of_children() -> float:
    """Processor seconds of all processes that have ended, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def memory_kb(session: int) -> int:
    """Memory of all processes of a session; what they share is counted once."""
    total = 0
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended
            fields = (place / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                lines = (place / "smaps_rollup").read_text().splitlines()
                total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total


def measure_sizes(folder: Path, sizes: list[int]) -> dict[str, dict[int, Run]]:
    """Run all stages at each size."""
    runs: dict[str, dict[int, Run]] = {stage: {} for stage in STAGES}
    for n in sizes:
        for stage, arguments in commands(folder / str(n), n).items():
            if stage == "demo" and (folder / str(n) / "raw" / "ground_truth.jsonl").exists():
                continue
            runs[stage][n] = measure(arguments)
            show(stage, n, runs[stage])
    return runs


def show(stage: str, n: int, runs: dict[int, Run]) -> None:
    """Print a run, beside the smallest size."""
    run, least = runs[n], runs[min(runs)]
    line = f"{stage:10}{n:9,}{run.seconds:9.1f} s{run.seconds / n * 1e3:8.2f} ms a reading"
    line += f", {run.cpu_s / n * 1e3:.2f} of processors{run.peak_mb:8.0f} MB"
    if run is not least:
        more, growth = (n - min(runs)) / 1e3, run.peak_mb / least.peak_mb
        line += f"  {growth:.2f} x {min(runs):,}{'' if growth <= FLAT else ' (grows)'}; "
        line += f"{(run.seconds - least.seconds) / more:.2f} ms for each more, "
        line += f"{(run.cpu_s - least.cpu_s) / more:.2f} of processors"
    print(line, flush=True)


def ratios(folder: Path) -> Iterator[Ratio]:
    """Memory at two sizes, in MB where other ratios have seconds, and seconds a reading."""
    for stage, runs in measure_sizes(folder, [FEW, MANY]).items():
        few, many = runs[FEW], runs[MANY]
        what = f"{stage} of {MANY:,} readings"
        peer = f"the same of {FEW:,}"
        yield Ratio(f"scale-{stage}-memory", f"{what}, MB", peer, many.peak_mb, few.peak_mb)
        each = many.seconds / MANY, few.seconds / FEW
        yield Ratio(
            f"scale-{stage}-seconds", f"{what}, s a reading", f"{peer}, start included", *each
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--readings", type=int, nargs="+", default=[3000, 12000])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        measure_sizes(asked.folder or Path(name), sorted(asked.readings))


if __name__ == "__main__":
    main()
