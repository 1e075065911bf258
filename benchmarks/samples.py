"""How much memory a table of gaze samples takes while it is ingested, beside the size of its file.

    python benchmarks/samples.py [--rows 3000000]

One long reading in order, one out of order, and a hundred readings, 30 bytes a row, each in a
process of its own. Memory is the peak by the system's own count (VmHWM of /proc/self/status), so
Linux is needed; what a table of a thousand rows takes, mostly imports, is not counted. The peer is
pandas, which reads the same file and writes it as Parquet.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

FEW = 1000
AT_ONCE = 100_000
MANIFEST = """name: mylab
resolution: {px_per_deg: 30}
tables:
  readings: {file: readings.csv, columns: {reading_id: id, width_px: w, height_px: h}}
  samples:
    file: samples.csv
    columns: {reading_id: id, time_s: t, x_px: x, y_px: y, valid: ok}
"""
OURS = """
from gazescribe.pipeline.commands.cli import main
main(["ingest", "{0}/lab.yaml", "{0}/raw", "{0}/out", "--workers", "1"], standalone_mode=False)
"""
PANDAS = """
import pandas
pandas.read_csv("{0}/raw/samples.csv").to_parquet("{0}/pandas.parquet")
"""
PEAK = """
from pathlib import Path
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""


def write(folder: Path, n_rows: int, n_readings: int, *, is_shuffled: bool) -> Path:
    """Write a tree; give the file of its samples."""
    (folder / "raw").mkdir(parents=True)
    (folder / "lab.yaml").write_text(MANIFEST)
    ids = [f"A{number:03d}" for number in range(n_readings)]
    rows = "".join(f"{reading_id},2000,1500\n" for reading_id in ids)
    (folder / "raw" / "readings.csv").write_text(f"id,w,h\n{rows}")
    numbers = np.random.default_rng(0).permutation(n_rows) if is_shuffled else np.arange(n_rows)
    path = folder / "raw" / "samples.csv"
    with path.open("w") as file:
        file.write("id,t,x,y,ok\n")
        for start in range(0, n_rows, AT_ONCE):
            for row in numbers[start : start + AT_ONCE].tolist():
                x, y = 1000 + row % 9973 / 100, 700 + row % 7919 / 100
                reading_id = ids[row * n_readings // n_rows]
                file.write(f"{reading_id},{row / 1000:.3f},{x:.2f},{y:.2f},{int(row % 50 > 0)}\n")
    return path


def peak_mb(program: str, folder: Path) -> float:
    """Run a program on a tree; give its peak of memory."""
    words = [sys.executable, "-c", program.format(folder) + PEAK]
    output = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return int(output.split()[-1]) * 1024 / 1e6


def cases(folder: Path, n_rows: int) -> Iterator[tuple[str, float, float, float]]:
    """Measure each case: what it is, the size of its file, our memory and that of pandas, in MB."""
    write(folder / "few", FEW, 1, is_shuffled=False)
    ours_mb, pandas_mb = (peak_mb(program, folder / "few") for program in (OURS, PANDAS))
    for name, n_readings, is_shuffled in (
        ("one reading", 1, False),
        ("one reading, rows out of order", 1, True),
        ("a hundred readings", 100, False),
    ):
        place = folder / name
        size = write(place, n_rows, n_readings, is_shuffled=is_shuffled).stat().st_size / 1e6
        peaks = peak_mb(OURS, place) - ours_mb, peak_mb(PANDAS, place) - pandas_mb
        yield name, size, *peaks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=3_000_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name, size, ours_mb, pandas_mb in cases(Path(folder), asked.rows):
            ours, theirs = ours_mb / size, pandas_mb / size
            print(f"{name}: {size:.0f} MB, memory {ours:.2f} x, pandas {theirs:.2f} x", flush=True)


if __name__ == "__main__":
    main()
