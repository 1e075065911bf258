import json

import numpy as np
import pytest
from PIL import Image

import gazescribe as gs
from gazescribe.pipeline.core.resources import resource
from gazescribe.pipeline.core.tables import read_table, write_table
from tests.report_run import SIZE, make_run
from tests.running import gazescribe

FIRST = "image of R1"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("run"))


@pytest.fixture
def run(folder):
    return gs.open(str(folder))


@pytest.fixture(scope="module")
def two_readers(tmp_path_factory):
    """The image of R1 read again, by an EGD reader who says the same."""
    folder = make_run(tmp_path_factory.mktemp("two"))
    tables = folder / "data/tables/egd"
    rows = read_table(tables, "readings").to_pylist()
    width = {"width_px": SIZE[1], "height_px": SIZE[0]}
    write_table(_columns([{**rows[0], "dicom_id": FIRST, **width}]), tables, "readings")
    associated = folder / "data/associated/egd"
    windows = read_table(associated, "windows").to_pylist()
    labels = [["Edema"] * len(row["labels"]) for row in windows]
    windows = [row | width | {"labels": name} for row, name in zip(windows, labels, strict=True)]
    write_table(_columns(windows), associated, "windows")
    gaussians = read_table(associated, "gaussians").to_pylist()
    clip = {"clip_xmax_px": SIZE[1], "clip_ymax_px": SIZE[0], "x_px": 100.0, "y_px": 100.0}
    write_table(_columns([row | clip for row in gaussians]), associated, "gaussians")
    return gs.open(folder)


def _columns(rows):
    return {name: [row[name] for row in rows] for name in rows[0]}


def test_tables_of_all_data_sets_come_together(run):
    assert run.datasets == ("egd", "reflacx")
    assert run.readings["reading_id"].tolist() == ["E1", "R1", "R2"]
    assert run.mentions["report_id"].tolist() == ["E1", "R1", "R1", "R1"]
    assert set(run.windows["reading_id"]) == {"E1", "R1"}
    assert run.readings is run.readings


def test_a_heatmap_is_that_of_render(run, folder, tmp_path):
    out = tmp_path / "map.npy"
    arguments = ("--reading", "R1", "--label", "Edema", "--size", "64x48")
    gazescribe("render", folder / "data/associated/reflacx", out, *arguments)
    expected = np.load(out)
    for selection in ({"reading_id": "R1"}, {"dicom_id": FIRST}):
        heatmap = run.heatmap(label="edema", size=(64, 48), **selection)
        np.testing.assert_array_equal(heatmap, expected, strict=True)
    native = run.heatmap(label="Edema", reading_id="R1")
    assert (native.shape, native.dtype) == (SIZE, np.float32)
    assert native.max() == pytest.approx(1, abs=1e-6)


def test_parameters_are_those_of_the_run(folder, tmp_path):
    """A run that names its own parameters draws by them."""
    text = resource("params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(text.replace("amplitude: mass", "amplitude: peak"))
    parts = {
        "tables": "data/tables/reflacx",
        "associated": "data/associated/reflacx",
    }
    (tmp_path / "data").symlink_to(folder / "data")
    content = {"schema_version": 1, "datasets": {"mine": parts}, "params": "params.yaml"}
    (tmp_path / "run.json").write_text(json.dumps(content))
    run = gs.open(tmp_path)
    assert run.datasets == ("mine",)
    peak = run.heatmap(label="Edema", reading_id="R1")
    assert not np.array_equal(peak, gs.open(folder).heatmap(label="Edema", reading_id="R1"))


def test_an_image_is_that_of_its_file(run, folder):
    (path,) = (folder / "data/demo").rglob("*.jpg")
    image = run.image(FIRST)
    np.testing.assert_array_equal(image, np.array(Image.open(path)), strict=True)


def test_an_overlay_shows_map_image_fixations_and_ellipse(run):
    axes, _bar = run.overlay(reading_id="R1", label="edema").axes
    radiograph, heatmap = axes.images
    np.testing.assert_array_equal(radiograph.get_array(), run.image(FIRST))
    expected = run.heatmap(reading_id="R1", label="Edema")
    np.testing.assert_array_equal(heatmap.get_array(), expected)
    n_fixations = run.windows.query("reading_id == 'R1' and kind == 'sentence'").n_fixations.sum()
    assert len(axes.collections[0].get_offsets()) == n_fixations
    assert len(axes.patches) == 1  # the one of too little certainty reaches another label


def test_without_a_label_all_gaze_is_drawn(run, folder, tmp_path):
    out = tmp_path / "map.npy"
    gazescribe("render", folder / "data/associated/reflacx", out, "--reading", "R1")
    np.testing.assert_array_equal(run.heatmap(reading_id="R1"), np.load(out), strict=True)
    axes, _bar = run.overlay(reading_id="R1").axes
    assert axes.get_title() == "all gaze, R1"
    assert not axes.patches
    whole = run.windows.query("reading_id == 'R1' and kind == 'reading'")
    assert len(axes.collections[0].get_offsets()) == whole.n_fixations.sum()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({"reading_id": "R11"}, "no reading_id 'R11'; the nearest is R1", id="id"),
        pytest.param({"reading_id": "x"}, "no reading_id 'x'; it has 3: E1, R1, R2", id="far id"),
        pytest.param({"dicom_id": "image of S1"}, "the nearest is image of", id="image"),
        pytest.param(
            {"reading_id": "R1", "label": "Edma"},
            "'Edma'; the nearest is Edema",
            id="label",
        ),
        pytest.param({"reading_id": "R1", "label": "?"}, "no label '?'; there are Abn", id="far"),
        pytest.param(
            {"reading_id": "R1", "label": "Fracture"},
            "R1 has no label 'Fracture'; its windows mention Edema",
            id="not mentioned",
        ),
        pytest.param({"reading_id": "R2"}, "no reading 'R2' has windows", id="no gaze"),
        pytest.param({}, "give either reading_id or dicom_id", id="neither"),
        pytest.param(
            {"reading_id": "R1", "dicom_id": FIRST}, "give either reading_id or dicom_id", id="both"
        ),
        pytest.param(
            {"reading_id": "R1", "combine": "max"},
            "combine go with dicom_id",
            id="combine",
        ),
    ],
)
def test_what_cannot_be_drawn_is_said(arguments, message, run):
    with pytest.raises(gs.GazeError) as error:
        run.heatmap(**{"label": "Edema", **arguments})
    assert message in str(error.value)


def test_readings_of_an_image_are_listed(two_readers):
    with pytest.raises(gs.GazeError) as error:
        two_readers.heatmap(dicom_id=FIRST, label="Edema")
    assert error.value.faults == ("E1 of egd", "R1 of reflacx")
    assert "combine: max or mean" in str(error.value)


def test_readings_of_an_image_are_chosen_or_joined(two_readers):
    one, other = (two_readers.heatmap(reading_id=name, label="Edema") for name in ("E1", "R1"))
    assert one.shape == other.shape == SIZE
    for name, heatmap in (("E1", one), ("R1", other)):
        chosen = two_readers.heatmap(dicom_id=FIRST, label="Edema", reader=name)
        np.testing.assert_array_equal(chosen, heatmap)
    joined = two_readers.heatmap(dicom_id=FIRST, label="Edema", combine="max")
    np.testing.assert_array_equal(joined, np.maximum(one, other))
    mean = two_readers.heatmap(dicom_id=FIRST, label="Edema", combine="mean")
    np.testing.assert_allclose(mean, (one + other) / 2, atol=1e-6)
    axes, _bar = two_readers.overlay(dicom_id=FIRST, label="Edema", combine="max").axes
    np.testing.assert_array_equal(axes.images[1].get_array(), joined)


@pytest.mark.parametrize("arguments", [{"reader": "E2"}, {"combine": "median"}])
def test_unknown_readers_and_combinations_are_refused(arguments, two_readers):
    with pytest.raises(gs.GazeError) as error:
        two_readers.heatmap(dicom_id=FIRST, label="Edema", **arguments)
    assert next(iter(arguments.values())) in str(error.value)


@pytest.mark.parametrize(
    ("name", "reason"), [("R2", "one-absent"), ("E1", "its image_path is empty")]
)
def test_an_absent_radiograph_is_said(name, reason, run):
    with pytest.raises(gs.GazeError, match=f"image of {name} is not there .*{reason}"):
        run.image(f"image of {name}")


def test_a_copy_at_another_scale_and_a_radiograph_of_another_aspect(tmp_path):
    folder = make_run(tmp_path)
    (path,) = (folder / "data/demo").rglob("*.jpg")
    Image.fromarray(np.zeros((300, 240), np.uint8)).save(path)
    assert gs.open(folder).image("image of R1").shape == (600, 480)
    Image.fromarray(np.zeros((60, 80), np.uint8)).save(path)
    with pytest.raises(gs.GazeError, match="another aspect than its table says"):
        gs.open(folder).overlay(reading_id="R1", label="Edema")


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(gs.GazeError, match=r"neither run.json nor data/tables/\*/readings.parquet"):
        gs.open(tmp_path)
    with pytest.raises(gs.GazeError, match="there is no such folder"):
        gs.open(tmp_path / "absent")


def test_parts_that_a_run_lacks_are_said(folder, tmp_path):
    (tmp_path / "data").symlink_to(folder / "data")
    content = {"schema_version": 1, "datasets": {"reflacx": {"tables": "data/tables/reflacx"}}}
    (tmp_path / "run.json").write_text(json.dumps(content))
    run = gs.open(tmp_path)
    with pytest.raises(gs.GazeError, match=r"this run has no windows\. Run `gazescribe associate`"):
        run.windows  # noqa: B018  # it is the access that fails
    with pytest.raises(gs.GazeError, match=r"this run has no mentions\. Run `gazescribe label`"):
        run.mentions  # noqa: B018  # likewise
    with pytest.raises(gs.GazeError, match="names no folder of radiographs"):
        run.image(FIRST)
