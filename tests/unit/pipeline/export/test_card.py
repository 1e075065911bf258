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
from PIL import Image

from gazescribe.pipeline.core.shards import open_shards
from gazescribe.pipeline.export.as_coco import on_image
from gazescribe.pipeline.geometry.canvas import render
from tests.running import gazescribe
from tests.synthetic import reading, write_tables

from .conftest import IDS, dicom

LIBRARIES = {
    "parquet": ("pandas", "pyarrow"),
    "npy": ("numpy",),
    "npz": ("numpy",),
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
import numpy as np
script, out = sys.argv[2:4]
sys.argv[:] = [script]
made = runpy.run_path(script)
kept = {"drawn", "heatmap"} & set(made)
np.savez(out, **{name: np.asarray(made[name]) for name in kept})
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
    assert len((folder / "load_example.py").read_text().splitlines()) <= 75
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


OVERLAY = """
import runpy, sys
sys.path.insert(0, sys.argv[1])
sys.argv[:] = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def lay_over(folder, site, *options):
    command = [sys.executable, "-I", "-S", "-c", OVERLAY, site, folder / "load_example.py"]
    return subprocess.run(
        [str(part) for part in (*command, *options)],
        cwd=site.parent,
        env={"HF_HUB_OFFLINE": "1", "HF_HOME": str(site.parent), "PATH": "", "HOME": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def picture(tmp_path):
    """A grey picture of the first reading's image, under its name."""
    path = tmp_path / f"{dicom(0)}.png"
    grey = np.random.default_rng(0).integers(0, 256, (80, 100), dtype=np.uint8)
    Image.fromarray(grey).save(path)
    return path


def expected_overlay(heatmap, grey):
    """Mix picture and map, brought into its pixels by what writes COCO's regions."""
    values = np.clip(heatmap, 0, 1)[..., None]
    colours = 255 * np.concatenate([2 * values, 2 * values - 1, 0 * values], 2).clip(0, 1)
    return grey[..., None] * (1 - 0.6 * values) + colours * 0.6 * values


@pytest.mark.parametrize("form", [form for form in LIBRARIES if form != "bids"])
def test_example_lays_a_map_over_the_reader_s_own_picture(
    inputs, exported, tmp_path, picture, form
):
    site = site_of(tmp_path / "site", (*LIBRARIES[form], "numpy", "pillow"))
    done = lay_over(exported(form), site, picture, "--save", tmp_path / "laid.png")
    assert done.returncode == 0, done.stderr
    assert re.search(rf"of this picture: row \d, Cardiomegaly, {IDS[0]}\n", done.stdout)
    shards = open_shards(inputs.label)
    row = shards.index.to_pylist()[0]
    heatmap = on_image(shards[0], row, (80, 100))
    if form == "coco":
        heatmap = (heatmap > 0.5).astype(float)
    with Image.open(picture) as grey, Image.open(tmp_path / "laid.png") as laid:
        expected = expected_overlay(heatmap, np.asarray(grey))
        assert np.abs(np.asarray(laid) - expected).max() < 2


def test_a_picture_of_another_name_asks_for_a_row(exported, tmp_path, picture):
    site = site_of(tmp_path / "site", ("numpy", "pillow"))
    other = picture.rename(tmp_path / "other.png")
    laid = tmp_path / "laid.png"
    done = lay_over(exported("npy"), site, other, "--save", laid)
    assert done.returncode == 2
    assert "(is it hashed?): give --row" in done.stderr
    assert "--row is from 0 to 3" in lay_over(exported("npy"), site, other, "--row", 4).stderr
    assert lay_over(exported("npy"), site, other, "--row", 3, "--save", laid).returncode == 0
    assert laid.is_file()


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
