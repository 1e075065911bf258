import json

import numpy as np
import pytest
from PIL import Image

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.geometry.canvas import render
from gazescribe.pipeline.maps.overlay import choose_maps
from gazescribe.pipeline.maps.render import choose_windows
from tests.running import gazescribe, invoke
from tests.synthetic import fixation, mention, reading, write_tables

TEXT = "edema seen . mass there . clear . big one ."


@pytest.fixture(scope="module")
def associated(tmp_path_factory):
    """R1: windows 0 and 1 have gaze, 2 none, 3 is reversed; then the whole report and reading."""
    folder = tmp_path_factory.mktemp("render")
    gaze = [fixation(0, 0, 1, x_px=20.0), fixation(1, 2, 3.2, x_px=80.0)]
    write_tables(
        folder / "tables",
        readings=[reading("R1", TEXT), reading("R2", TEXT)],
        fixations=gaze,
    )
    told = [
        mention(TEXT, "seen", "pulmonary edema"),
        mention(TEXT, "there", "mass"),
        mention(TEXT, "clear", "pneumothorax"),
        mention(TEXT, "one", "Edema"),
    ]
    (folder / "mentions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in told))
    out = folder / "associated"
    gazescribe("associate", folder / "tables", folder / "mentions.jsonl", out)
    return out


def draw(associated, out, *options, command=gazescribe):
    return command("render", associated, out, "--reading", "R1", *options)


@pytest.mark.parametrize(
    ("options", "windows"),
    [
        pytest.param(["--window", 0], [0], id="window"),
        pytest.param(["--window", 4], [4], id="whole report"),
        pytest.param(["--label", "Opacity"], [0, 1], id="label of two windows"),
        pytest.param(["--label", "lung lesion"], [1], id="label in small letters"),
        pytest.param(["--label", "Edema"], [0], id="label with a window without gaze"),
    ],
)
def test_render(associated, tmp_path, options, windows):
    line = draw(associated, tmp_path / "map.npy", *options)
    assert line.startswith(f"{len(windows)} window")
    found = np.load(tmp_path / "map.npy")
    gaussians = read_table(associated, "gaussians").to_pandas()
    own = gaussians["reading_id"].eq("R1") & gaussians["window"].isin(windows)
    np.testing.assert_array_equal(found, render(gaussians[own], (80, 100)))
    assert found.dtype == np.float32
    assert found.max() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("size", "shape"), [("native", (80, 100)), ("32", (32, 32)), ("40x60", (40, 60))]
)
def test_sizes_and_pictures(associated, tmp_path, size, shape):
    line = draw(associated, tmp_path / "map.npy", "--window", 0, "--size", size)
    assert f"1 window of R1, {shape[0]}×{shape[1]}, maximum " in line
    assert np.load(tmp_path / "map.npy").shape == shape
    draw(associated, tmp_path / "deep" / "map.png", "--window", 0, "--size", size)
    picture = np.asarray(Image.open(tmp_path / "deep" / "map.png"))
    assert picture.shape == (*shape, 3)
    brightest = np.unravel_index(np.argmax(picture.sum(axis=2)), shape)
    assert brightest == pytest.approx(
        np.unravel_index(np.argmax(np.load(tmp_path / "map.npy")), shape), abs=2
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param([], "give either --window or --label", id="neither"),
        pytest.param(["--window", 0, "--label", "Edema"], "give either --window", id="both"),
        pytest.param(["--window", 9], "R1 has no window 9; its windows are 0 to 5", id="window"),
        pytest.param(["--window", -1], "R1 has no window -1; its windows", id="negative window"),
        pytest.param(["--window", "x"], "'x' is not a valid integer", id="no window number"),
        pytest.param(
            ["--label", "Fracture"],
            "R1 has no label 'Fracture'; its windows mention Edema, Lung Lesion, Opacity, Pneumo",
            id="label",
        ),
        pytest.param(["--label", ""], "R1 has no label ''", id="empty label"),
        pytest.param(
            ["--label", "Pneumothorax"],
            "no gaze to draw for reading R1: its window is empty",
            id="empty",
        ),
        pytest.param(
            ["--window", 0, "--size", "12x"], "size '12x' is neither N nor HxW", id="size"
        ),
        pytest.param(["--window", 0, "--size", "0"], "size '0' is neither N nor HxW", id="zero"),
        pytest.param(["--window", 0, "--params", "none.yaml"], "'none.yaml' does not", id="params"),
        pytest.param(
            ["--window", 0, "--reading", "R9"],
            "no reading 'R9' has windows; there are 2: R1, R2",
            id="reading",
        ),
        pytest.param(
            ["--window", 0, "--reading", "R11"],
            "no reading 'R11' has windows; there are 2; the nearest is R1",
            id="near reading",
        ),
    ],
)
def test_bad_options(associated, tmp_path, options, message):
    result = draw(associated, tmp_path / "map.npy", *options, command=invoke)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output
    assert not list(tmp_path.iterdir())


def test_overlay_names_the_nearest_reading_too(associated):
    with pytest.raises(GazeError) as error:
        choose_maps(read_table(associated, "windows"), ("R11", "nobody"), 1)
    assert error.value.faults == ("'R11'; the nearest is R1", "'nobody'")


@pytest.mark.parametrize("name", ["map", "map.jpg", "map.npy.gz"])
def test_suffix(associated, tmp_path, name):
    result = draw(associated, tmp_path / name, "--window", 0, command=invoke)
    assert result.exit_code == 2
    assert "suffix must be .npy or .png, not" in result.output


def test_places_that_cannot_be_written(associated, tmp_path):
    (tmp_path / "folder.npy").mkdir()
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "folder.npy", tmp_path / "file" / "map.npy"):
        result = draw(associated, out, "--window", 0, command=invoke)
        assert result.exit_code == 2
        assert str(out.parent) in result.output


def test_a_folder_that_associate_did_not_write(tmp_path):
    result = draw(tmp_path, tmp_path / "map.npy", "--window", 0, command=invoke)
    assert result.exit_code == 2
    assert "windows.parquet: there is no table windows." in result.output
    assert len(result.output.splitlines()) == 1


def test_debug_shows_the_traceback(associated, tmp_path):
    result = draw(associated, tmp_path / "map.npy", "--debug", command=invoke)
    assert result.exit_code == 2
    assert "Traceback" in result.output
    assert "GazeError: give either --window or --label." in result.output


def test_reversed_windows_are_not_drawn(associated):
    windows = read_table(associated, "windows").to_pylist()
    for row in windows:
        row["status"] = "reversed" if row["window"] == 0 else row["status"]
    table = read_table(associated, "windows").from_pylist(windows)
    with pytest.raises(GazeError, match="for reading R1: its window is reversed"):
        choose_windows(table, "R1", 0, None)
