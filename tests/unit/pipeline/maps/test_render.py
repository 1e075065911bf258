import json
import shutil

import numpy as np
import pytest
from PIL import Image

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.errors import ArrayError, GazeError, ParamsError
from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.geometry.canvas import render
from gazescribe.pipeline.maps.render import (
    choose_image_windows,
    choose_windows,
    combine_maps,
    draw_windows,
)
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
        pytest.param([], [5], id="all gaze"),
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
        pytest.param(["--window", 0, "--label", "Edema"], "give --window or --label", id="both"),
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
    both = ("--window", 0, "--label", "Edema")
    result = draw(associated, tmp_path / "map.npy", *both, "--debug", command=invoke)
    assert result.exit_code == 2
    assert "Traceback" in result.output
    assert "GazeError: give --window or --label, not both." in result.output


def test_reversed_windows_are_not_drawn(associated):
    windows = read_table(associated, "windows").to_pylist()
    for row in windows:
        row["status"] = "reversed" if row["window"] == 0 else row["status"]
    table = read_table(associated, "windows").from_pylist(windows)
    with pytest.raises(GazeError, match="for reading R1: its window is reversed"):
        choose_windows(table, "R1", 0, None)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """One image with three readings, laid out as `dvc.yaml` does: A and B saw edema, C a mass."""
    folder = tmp_path_factory.mktemp("images")
    readings = [reading(name, TEXT, dicom_id="image-1") for name in ("A", "B", "C")]
    readings += [reading("D", TEXT, dicom_id="image-2"), reading("E", dicom_id="image-3")]
    readings[-1]["has_gaze"] = False
    gaze = [
        fixation(0, 0, 1, reading_id=name, x_px=x_px, y_px=40.0)
        for name, x_px in (("A", 20.0), ("B", 60.0), ("C", 80.0), ("D", 50.0))
    ]
    names = [("A", "ann"), ("B", "bob"), ("C", "ann"), ("D", "ann")]
    write_tables(
        folder / "data" / "tables" / "lab",
        readings=readings,
        fixations=gaze,
        attributes=[
            {"reading_id": name, "name": "reader", "value": reader} for name, reader in names
        ],
    )
    told = [
        mention(TEXT, "seen", label, report_id=name)
        for name, label in (("A", "edema"), ("B", "edema"), ("C", "mass"), ("D", "edema"))
    ]
    (folder / "mentions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in told))
    out = folder / "data" / "associated" / "lab"
    gazescribe("associate", folder / "data" / "tables" / "lab", folder / "mentions.jsonl", out)
    return folder / "data"


def draw_dicom(project, dicom_id, size=None, **selection):
    tables, associated = project / "tables" / "lab", project / "associated" / "lab"
    chosen = choose_image_windows(tables, associated, dicom_id, **selection)
    maps = [draw_windows(associated, rows, size, load_params().heatmaps) for rows in chosen]
    return combine_maps(maps, selection.get("combine") or "max")


def test_image_of_one_reading(project):
    found = draw_dicom(project, "image-2", label="edema")
    gaussians = read_table(project / "associated" / "lab", "gaussians").to_pandas()
    own = gaussians["reading_id"].eq("D") & gaussians["window"].eq(0)
    np.testing.assert_array_equal(found, render(gaussians[own], (80, 100)))


def test_readings_of_an_image_are_joined(project):
    of_a, of_b = (draw_dicom(project, "image-1", label="edema", reader=name) for name in "AB")
    highest = draw_dicom(project, "image-1", label="Edema", combine="max")
    mean = draw_dicom(project, "image-1", label="Edema", combine="mean")
    np.testing.assert_array_equal(highest, np.maximum(of_a, of_b))
    np.testing.assert_allclose(mean, (of_a + of_b) / 2, atol=1e-7)  # C says nothing of edema
    assert (highest.dtype, mean.dtype) == (np.float32, np.float32)
    assert mean.max() < 0.6
    with pytest.raises(ArrayError, match=r"differ in shape .*\(2, 2\), \(2, 3\)"):
        combine_maps([np.zeros((2, 2), np.float32), np.zeros((2, 3), np.float32)], "max")


def test_a_reader_is_a_reading_or_an_attribute(project):
    by_id = draw_dicom(project, "image-1", label="edema", reader="B")
    by_name = draw_dicom(project, "image-1", label="edema", reader="bob")
    np.testing.assert_array_equal(by_id, by_name)


@pytest.mark.parametrize(
    ("dicom_id", "options", "message"),
    [
        pytest.param("image-9", {}, "no reading shows image 'image-9'; .* 3; the nearest", id="id"),
        pytest.param("x", {}, "the images are 3: image-1, image-2, image-3 …", id="far id"),
        pytest.param(
            "image-1",
            {},
            r"(?s)image image-1 has 3 readings\. Name one of them \(reader\), or join .*"
            r"- A by ann: mentions Edema, Opacity\n  - B by bob: .*\n  - C by ann: mentions",
            id="several",
        ),
        pytest.param("image-1", {"reader": "ann"}, "has 2 readings", id="reader of two"),
        pytest.param(
            "image-1",
            {"reader": "bop"},
            "no reader or reading 'bop'; the nearest is bob",
            id="near",
        ),
        pytest.param(
            "image-1", {"reader": "zz"}, "'zz'; there are A, B, C, ann, bob", id="far reader"
        ),
        pytest.param(
            "image-1",
            {"combine": "max", "label": "Fracture"},
            r"(?s)no reading of image image-1 can be drawn\..*A has no label 'Fracture'.*C has no",
            id="label of none",
        ),
        pytest.param("image-2", {"label": "Mass"}, "D has no label 'Mass'", id="label"),
        pytest.param("image-3", {}, r"no reading of image image-3 has windows \(E\)", id="no gaze"),
    ],
)
def test_bad_images(project, dicom_id, options, message):
    with pytest.raises(GazeError, match=message):
        draw_dicom(project, dicom_id, **{"label": "edema", **options})


def test_bad_combination(project):
    with pytest.raises(ParamsError, match="combine 'sum' is none of max, mean"):
        draw_dicom(project, "image-1", label="edema", combine="sum")


def test_render_an_image(project, tmp_path):
    associated, out = project / "associated" / "lab", tmp_path / "map.npy"
    options = ("--image", "image-1", "--label", "edema", "--size", "32")
    line = gazescribe("render", associated, out, *options, "--combine", "mean")
    assert line.startswith("2 windows of A, B, 32×32, maximum 0.")
    drawn = draw_dicom(project, "image-1", label="edema", combine="mean", size=(32, 32))
    np.testing.assert_array_equal(np.load(out), drawn)
    line = gazescribe(
        "render", associated, out, "--image", "image-1", "--reader", "bob", "--window", 0
    )
    assert line.startswith("1 window of B, 80×100, maximum 1.0")
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(associated, elsewhere)
    result = invoke("render", elsewhere, out, *options, "--combine", "max")
    assert result.exit_code == 2
    assert "--image needs the tables that ASSOCIATED was made from" in result.output
    tables = project / "tables" / "lab"
    gazescribe("render", elsewhere, out, *options, "--combine", "max", "--tables", tables)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["--label", "edema"], "give either --reading or --image", id="neither"),
        pytest.param(["--reading", "A", "--image", "image-1"], "give either --reading", id="both"),
        pytest.param(
            ["--reading", "A", "--label", "edema", "--combine", "max"], "go with --image", id="max"
        ),
        pytest.param(
            ["--image", "image-1", "--window", 0, "--combine", "max"],
            "image image-1 has 3 readings. Name one of them (reader).",
            id="a window of several readings",
        ),
    ],
)
def test_bad_options_of_images(project, tmp_path, options, message):
    result = invoke("render", project / "associated" / "lab", tmp_path / "map.npy", *options)
    assert result.exit_code == 2
    assert message in result.output


def test_a_reading_without_labels_says_how_to_draw_all_its_gaze(tmp_path):
    tables = write_tables(
        tmp_path / "tables", readings=[reading("R1")], fixations=[fixation(0, 0, 1)]
    )
    gazescribe("associate", tables, tmp_path / "associated")
    windows = read_table(tmp_path / "associated", "windows")
    message = "its windows mention no label. Without a label, all its gaze is drawn."
    with pytest.raises(GazeError, match=message):
        choose_windows(windows, "R1", None, "Edema")
    (whole,) = choose_windows(windows, "R1", None, None)
    assert whole["kind"] == "reading"
    place = windows.schema.get_field_index("kind")
    with pytest.raises(GazeError, match="R1 has no window of all its gaze; name one of the others"):
        choose_windows(windows.set_column(place, "kind", [["report"]]), "R1", None, None)
    with pytest.raises(GazeError, match="no reading 'R1' has windows; there are none"):
        choose_windows(windows.slice(0, 0), "R1", None, "Edema")
