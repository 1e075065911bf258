"""Every `load_example.py` in an environment of one library and what that needs, without ours."""

import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from packaging.requirements import Requirement

from gazescribe.pipeline.core.shards import open_shards
from gazescribe.pipeline.geometry.canvas import render
from tests.running import gazescribe
from tests.synthetic import reading, write_tables

from .conftest import dicom

LIBRARIES = {
    "parquet": ("pandas", "pyarrow"),
    "npy": ("numpy",),
    "webdataset": ("webdataset",),
    "hf": ("datasets",),
    "zarr": ("zarr",),
    "coco": ("pycocotools",),
    "bids": ("pandas",),
}
OURS = ("pipeline", "models", "torch", "gazescribe", "skimage")
RUN = """
import importlib.util, runpy, sys
sys.path.insert(0, sys.argv[1])
assert not [name for name in sys.argv[4:] if importlib.util.find_spec(name)]
made = runpy.run_path(sys.argv[2])
import numpy as np
kept = {"drawn", "heatmap"} & set(made)
np.savez(sys.argv[3], **{name: np.asarray(made[name]) for name in kept})
"""


def closure(names):
    """Distributions that some need, themselves among them, extras left out."""
    found, waiting = {}, list(names)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            continue
        needs = [Requirement(line) for line in found[name].requires or ()]
        waiting += [
            one.name for one in needs if not one.marker or one.marker.evaluate({"extra": ""})
        ]
    return found


def site_of(folder: Path, names) -> Path:
    """A folder of packages that holds these distributions alone."""
    folder.mkdir()
    for one in closure(names).values():
        tops = {Path(file).parts[0] for file in one.files or ()} - {"..", "__pycache__"}
        for top in tops:
            target = Path(one.locate_file(top))
            if target.exists() and not (folder / top).exists():
                (folder / top).symlink_to(target)
    return folder


def run_example(folder, tmp_path, form):
    site = site_of(tmp_path / "site", LIBRARIES[form])
    out = tmp_path / "made.npz"
    arguments = ["-I", "-S", "-c", RUN, site, folder / "load_example.py", out, *OURS]
    environment = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=tmp_path,
        env={**environment, "PATH": "", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, dict(np.load(out))


def expected_window(inputs):
    """The first window that has Gaussians, drawn by us."""
    gaussians = pd.read_parquet(inputs.associated / "gaussians.parquet")
    first = gaussians.iloc[0]
    same = (gaussians.reading_id == first.reading_id) & (gaussians.window == first.window)
    return render(gaussians[same], (80, 100))


@pytest.mark.parametrize("form", LIBRARIES)
def test_example_runs_without_us(inputs, exported, tmp_path, form):
    folder = exported(form)
    assert len((folder / "load_example.py").read_text().splitlines()) <= 25
    printed, made = run_example(folder, tmp_path, form)
    if form == "coco":
        assert re.search(r"masks_train: \d+ images, [1-9]\d* regions", printed)
        return
    if form == "bids":
        assert "25 fixations" in printed
        return
    assert made["heatmap"].shape == (32, 24)
    opened = 2 if form == "hf" else 0  # the first of the last split, there
    np.testing.assert_array_equal(made["heatmap"], open_shards(inputs.label)[opened])
    drawn = made["drawn"] / made["drawn"].max()
    np.testing.assert_allclose(drawn, expected_window(inputs), atol=2e-6)


def test_gaussians_alone_are_an_export(inputs, tmp_path):
    inputs.export(tmp_path / "out", "npy")
    _, made = run_example(tmp_path / "out", tmp_path, "npy")
    assert "heatmap" not in made
    assert made["drawn"].shape == (80, 100)


def test_the_environment_is_as_bare_as_said(tmp_path):
    site = site_of(tmp_path / "site", ["numpy"])
    code = "import sys; sys.path.insert(0, sys.argv[1]); import numpy, pandas"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(site)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "No module named 'pandas'" in done.stderr


@pytest.mark.parametrize("form", ["parquet", "npy"])
def test_example_of_an_export_without_gaze_runs(tmp_path, form):
    rows = [reading("R1", has_gaze=False, dicom_id=dicom(0))]
    tables = write_tables(tmp_path / "tables", readings=rows)
    gazescribe("associate", tables, tmp_path / "associated")
    folder = tmp_path / "out"
    gazescribe("export", tables, tmp_path / "associated", folder, "--format", form)
    command = [sys.executable, folder / "load_example.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "no window has gaze: there are no Gaussians to draw\n"
