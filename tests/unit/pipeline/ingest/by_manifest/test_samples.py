import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.ingest import chunks
from gazescribe.pipeline.ingest.by_manifest import samples
from tests.running import gazescribe

COLUMNS = {"reading_id": "id", "time_s": "t", "x_px": "x", "y_px": "y", "valid": "ok"}


def test_samples_alone_go_on_to_fixations(lab, tmp_path):
    rows = "".join(f"A1,{10 * n},{20 if n < 50 else 60},40,{n != 30}\n" for n in range(100))
    lab.files["samples.csv"] = "id,ms,x,y,ok\n" + rows
    del lab.tables["fixations"]
    lab.tables["samples"] = {
        "file": "samples.csv",
        "columns": {
            "reading_id": "id",
            "time_s": {"column": "ms", "unit": "ms"},
            "x_px": "x",
            "y_px": "y",
            "valid": "ok",
        },
    }
    lab.ingest()
    assert lab.column("samples", "valid").count(False) == 1
    assert lab.summary["without_gaze"] == {"samples alone": 2}
    assert {row["name"]: row["value"] for row in lab.rows("attributes")} == {
        "px_per_deg_x": "30.0",
        "px_per_deg_y": "30.0",
    }
    text = gazescribe("fixations", tmp_path / "out", tmp_path / "found", "--workers", "1")
    assert "3 fixations of 1 reading" in text
    found = read_table(tmp_path / "found", "fixations").to_pylist()
    assert [row["x_px"] for row in found] == [20, 20, 60]


def test_samples_on_another_clock_than_the_words_are_said(lab):
    lab.files["samples.csv"] = "id,s,x,y\nA1,100.5,1,1\nA1,101,1,1\nB2,1,1,1\n"
    del lab.tables["fixations"]
    columns = {"reading_id": "id", "time_s": "s", "x_px": "x", "y_px": "y"}
    lab.tables["samples"] = {"file": "samples.csv", "columns": columns}
    text = lab.run("verify", "--workers", "1").output
    assert "gaze is from 100.5 to 101.0 s, words from" in text


def test_a_file_of_samples_without_rows_is_read(lab):
    samples = {"file": "samples/{reading_id}.csv"}
    samples["columns"] = {"time_s": "t", "x_px": "x", "y_px": "y", "valid": "ok"}
    lab.tables["samples"] = samples
    lab.files |= {"samples/A1.csv": "t,x,y,ok\n", "samples/B2.csv": "t,x,y,ok\n1.5,10,20,1\n"}
    lab.ingest()
    assert lab.rows("samples") == []
    assert lab.column("samples", "valid", "B2") == [True]


def written(n_rows, *, order=None):
    """Rows of samples in a file: some without a time or a position, one in a hundred not valid."""
    rows = []
    for row in range(n_rows):
        time = "" if row % 97 == 5 else f"{row / 500:.3f}"
        x = "" if row % 31 == 7 else f"{50 + 40 * np.sin(row / 50):.3f}"
        rows.append(f"A1,{time},{x},{30 + row % 7:.2f},{int(row % 100 > 0)}")
    rows = rows if order is None else [rows[row] for row in order]
    return "\n".join(["id,t,x,y,ok", *rows, ""])


SCREEN = {"width_px": 400, "height_px": 200, "width_mm": 800, "height_mm": 400, "distance_mm": 500}
ON_SCREEN = {axis: {"column": axis[0], "unit": "screen_px"} for axis in ("x_px", "y_px")}
ZOOMED = {f"shown_{side}_px": side for side in ("xmin", "ymin", "xmax", "ymax")}


@pytest.mark.parametrize(
    ("columns", "screen"),
    [
        pytest.param({}, None, id="in place"),
        pytest.param({"y_px": "x"}, None, id="one column twice"),
        pytest.param({"x_px": {"mean": ["x", "y"]}, "y_px": {"mean": ["y", "x"]}}, None, id="eyes"),
        pytest.param(ON_SCREEN, SCREEN, id="on screen"),
        pytest.param({**ON_SCREEN, **ZOOMED}, SCREEN, id="zoomed"),
        pytest.param({"time_s": {"column": "t", "unit": "ms"}}, None, id="ms"),
    ],
)
@pytest.mark.parametrize("is_shuffled", [False, True])
def test_a_long_reading_in_pieces_is_what_it_is_in_one(
    lab, monkeypatch, columns, screen, is_shuffled
):
    order = np.random.default_rng(0).permutation(1000) if is_shuffled else None
    lines = written(1000, order=order).splitlines()
    zoom = [",xmin,ymin,xmax,ymax", *(f",{row // 400},0,{90 + row % 3},60" for row in range(1000))]
    if isinstance(columns.get("time_s"), dict):
        lines = [line.replace(".", "", 1) for line in lines]
    lines = [line + part for line, part in zip(lines, zoom, strict=True)]
    lab.files["samples.csv"] = "\n".join(lines) + "\n"
    lab.tables["samples"] = {"file": "samples.csv", "columns": {**COLUMNS, **columns}}
    if screen is not None:
        lab.manifest["screen"] = screen
        lab.manifest["resolution"] = {"image_on_screen": "fitted"}
    whole, text = lab.ingest().all_rows("samples"), lab.run("verify").output
    counts = lab.summary
    monkeypatch.setattr(samples, "GROUP_ROWS", 64)
    monkeypatch.setattr(chunks, "GROUP_ROWS", 100)
    assert lab.ingest().all_rows("samples") == whole
    assert (lab.summary, lab.run("verify").output) == (counts, text)
    assert len(whole) == 1000 - len(range(5, 1000, 97))


MEASURE = """
import sys
from pathlib import Path
from gazescribe.pipeline.commands.cli import main

folder = sys.argv[1]
words = ["ingest", f"{folder}/lab.yaml", f"{folder}/raw", f"{folder}/out", "--workers", "1"]
main(words, standalone_mode=False)
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""
MANIFEST = """name: mylab
resolution: {px_per_deg: 30}
tables:
  readings: {file: readings.csv, columns: {reading_id: id, width_px: w, height_px: h}}
  samples:
    file: samples.csv
    columns: {reading_id: id, time_s: t, x_px: x, y_px: y, valid: ok}
"""


def write_long(folder, n_rows):
    """A file of one long reading, 30 bytes a row, out of order; give its size."""
    (folder / "raw").mkdir(parents=True)
    (folder / "lab.yaml").write_text(MANIFEST)
    (folder / "raw" / "readings.csv").write_text("id,w,h\nA001,2000,1500\n")
    path = folder / "raw" / "samples.csv"
    with path.open("w") as file:
        file.write("id,t,x,y,ok\n")
        for row in np.random.default_rng(0).permutation(n_rows).tolist():
            x, y = 1000 + row % 9973 / 100, 700 + row % 7919 / 100
            file.write(f"A001,{row / 1000:.3f},{x:.2f},{y:.2f},{int(row % 50 > 0)}\n")
    return path.stat().st_size


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="counts as Linux does")
def test_one_long_reading_takes_less_than_twice_its_file(tmp_path):
    """By the growth of the peak with the file, as the system counts it: 1.6; it was 3.5."""
    sizes, peaks = [], []
    for n_rows in (300_000, 1_200_000):
        sizes.append(write_long(tmp_path / str(n_rows), n_rows))
        program = [sys.executable, "-c", MEASURE, str(tmp_path / str(n_rows))]
        output = subprocess.run(program, capture_output=True, text=True, check=True).stdout
        peaks.append(int(output.split()[-1]) * 1024)
    assert peaks[1] - peaks[0] < 2 * (sizes[1] - sizes[0])
