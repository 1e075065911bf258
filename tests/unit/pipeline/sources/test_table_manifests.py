import pickle
import subprocess
import sys
from typing import get_args

import pytest
import yaml

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.sources.loading import load_manifest
from gazescribe.pipeline.sources.table_manifests import OwnManifest, Tables

LEAST = """
name: mylab
resolution: {px_per_deg: 30}
tables:
  fixations:
    file: "{reading_id}.csv"
    columns: {onset_s: start, offset_s: end, x_px: x, y_px: y}
"""


@pytest.fixture
def manifest(tmp_path):
    """Write the least manifest after a change; give its path."""

    def write(change=lambda content: None):
        content = yaml.safe_load(LEAST)
        change(content)
        path = tmp_path / "mylab.yaml"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        return str(path)

    return write


def test_the_least_is_enough(manifest):
    found = load_manifest(manifest())
    assert isinstance(found, OwnManifest)
    assert found.long_name == "mylab"
    assert found.resolution.px_per_deg == (30, 30)
    assert found.licence.redistributable is False
    assert [(file.name, file.pattern) for file in found.files] == [
        ("fixations", "{reading_id}.csv")
    ]
    assert found.is_id("reading_id", "S01-a.2")
    assert not found.is_id("reading_id", "../S01")


def test_a_name_is_looked_up_here_and_beside_ours(manifest, tmp_path, monkeypatch):
    path = manifest()
    folder = tmp_path / "data_manifests"
    folder.mkdir()
    (tmp_path / "mylab.yaml").rename(folder / "mylab.yaml")
    monkeypatch.chdir(tmp_path)
    assert load_manifest("mylab").name == "mylab"
    assert load_manifest("egd").name == "egd"
    with pytest.raises(ManifestError, match=r"no manifest 'mylib'; the nearest is mylab"):
        load_manifest("mylib")
    with pytest.raises(ManifestError, match="no such file"):
        load_manifest(path)


def columns(**changes):
    return lambda content: content["tables"]["fixations"]["columns"].update(changes)


def table(**changes):
    return lambda content: content["tables"]["fixations"].update(changes)


def screen(**changes):
    sizes = {"width_px": 9, "height_px": 9, "width_mm": 9, "distance_mm": 9}
    content = {"monitor": "m", "tracker": "t", "sampling_hz": 60, **sizes, **changes}
    return lambda manifest: manifest.update(screen=content)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(columns(onset="t"), r"columns\.onset is unknown; the nearest", id="column"),
        pytest.param(
            columns(x_px={"column": "x", "units": "px"}),
            r"x_px\.units is unknown; the nearest is unit",
            id="unit",
        ),
        pytest.param(columns(x_px={"column": "x", "unit": "inch"}), "found 'inch'", id="inch"),
        pytest.param(
            columns(x_px={"column": "x", "unit": "screen_px"}),
            r"x_px is in screen_px, so the section screen is needed",
            id="screen",
        ),
        pytest.param(columns(duration_s="d"), "offset_s or duration_s, and not both", id="end"),
        pytest.param(
            columns(x_px={"unit": "px"}), r"x_px needs column, value or mean", id="nothing"
        ),
        pytest.param(table(file="gaze.csv"), r"columns\.reading_id is missing", id="no id"),
        pytest.param(table(file="../{reading_id}.csv"), "must lie below the root", id="outside"),
        pytest.param(table(file="{a b}.csv"), r"file has the part \{a b\}", id="part"),
        pytest.param(table(beside="all.csv"), r"beside must hold \{reading_id\}", id="beside"),
        pytest.param(
            lambda content: content.update(name="egd"),
            "'egd' must be lower case .* none",
            id="name",
        ),
        pytest.param(
            lambda content: content.update(ids={"reading": "x"}),
            r"ids\.reading is unknown; the nearest is reading_id",
            id="ids",
        ),
        pytest.param(
            lambda content: content.update(ids={"reading_id": ".*/.*"}), "not hold a /", id="slash"
        ),
        pytest.param(
            lambda content: content.update(resolution={}), "size of a degree is not known", id="deg"
        ),
        pytest.param(screen(width_px=0), r"screen\.width_px must be above 0, not 0", id="no width"),
        pytest.param(
            screen(image_area={"xmin_px": 9, "ymin_px": 0, "xmax_px": 9, "ymax_px": 9}),
            r"screen\.image_area has no width or no height",
            id="area",
        ),
        pytest.param(
            columns(x_px={"column": "x", "unit": "screen_px"}, shown_xmin_px="l"),
            r"needs shown_xmin_px, .* \(or shown_width_px, shown_height_px for the last two\)",
            id="a side shown",
        ),
        pytest.param(
            columns(on_screen_xmin_px="l"),
            r"(?s)needs on_screen_xmin_px, on_screen_ymin_px, .*the section screen is needed",
            id="on screen",
        ),
        pytest.param(
            columns(shown_xmin_px="l", shown_xmax_px="r", shown_width_px="w"),
            "needs shown_xmax_px or shown_width_px, and not both",
            id="two far sides",
        ),
        pytest.param(
            columns(shown_height_px="h"), r"shown_height_px needs shown_ymin_px", id="height alone"
        ),
        pytest.param(table(separator=", "), "at most 1 character", id="separator"),
        pytest.param(
            lambda content: content.update(tables={}), "neither fixations nor samples", id="none"
        ),
    ],
)
def test_faults_are_named(manifest, change, message):
    with pytest.raises(ManifestError, match=message):
        load_manifest(manifest(change))


def test_all_faults_at_once(manifest):
    def change(content):
        content["name"] = "My lab"
        content["resolution"] = {}
        content["tables"]["fixations"]["columns"].pop("offset_s")

    with pytest.raises(ManifestError) as error:
        load_manifest(manifest(change))
    assert len(error.value.faults) == 3


def test_every_table_is_named_in_faults_as_in_the_manifest():
    for name, field in Tables.model_fields.items():
        (kind, _) = get_args(field.annotation)
        assert kind.model_fields["columns"].annotation.table == name


def test_another_process_can_unpickle_a_manifest(manifest, tmp_path):
    path = tmp_path / "manifest.pickle"
    path.write_bytes(pickle.dumps(load_manifest(manifest())))
    code = "import pickle, sys; print(pickle.load(open(sys.argv[1], 'rb')).tables.fixations.file)"
    loaded = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=True
    )
    assert loaded.stdout == "{reading_id}.csv\n"


def test_texts_that_yaml_makes_something_else_of_are_texts(tmp_path):
    """Columns called on, no and 010, and what `where` asks for, are as people write them."""
    path = tmp_path / "mylab.yaml"
    columns = "{onset_s: on, offset_s: no, x_px: x, y_px: 010, fixation: 1:30}"
    path.write_text(
        LEAST.replace("columns: {onset_s: start, offset_s: end, x_px: x, y_px: y}", "")
        + f"    columns: {columns}\n    where: {{yes: off, 1: [007, 0x1F, 2024-05-01, 7, true]}}\n"
    )
    table = load_manifest(str(path)).tables.fixations
    names = [table.columns.onset_s, table.columns.offset_s, table.columns.y_px]
    assert [cell.column for cell in names] == ["on", "no", "010"]
    assert table.columns.fixation.column == "1:30"
    assert table.where == {"yes": ["off"], "1": ["007", "0x1F", "2024-05-01", 7, True]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(columns(x_px=True), "True is no name of a column: quote it", id="truth"),
        pytest.param(columns(x_px={"column": 7}), "valid string, found 7: quote it", id="number"),
        pytest.param(table(header=["a", True]), "valid string, found True: quote it", id="header"),
        pytest.param(
            columns(fixation={"value": False}), "False is a truth value: quote it", id="value"
        ),
        pytest.param(table(encoding="ansi"), "'ansi' is no encoding of texts", id="encoding"),
        pytest.param(
            columns(valid={"column": "v", "is": 1, "at_least": 2}),
            "valid needs is, or at_least and at_most, and not both",
            id="valid",
        ),
        pytest.param(
            columns(x_px={"mean": ["l", "r"]}), "y_px needs as many columns in its mean", id="mean"
        ),
        pytest.param(
            columns(reading_id={"join": ["a"], "column": "b"}), "no two of them", id="join"
        ),
        pytest.param(table(header=["a"], skip_to="a"), "skip_to leads to the line", id="skip_to"),
    ],
)
def test_faults_of_cells_and_texts_are_named(manifest, change, message):
    with pytest.raises(ManifestError, match=message):
        load_manifest(manifest(change))


def test_what_is_missing_of_a_table_is_that_of_its_positions(manifest):
    def change(content):
        content["tables"]["fixations"]["missing"] = [-1, 0]
        content["tables"]["fixations"]["columns"]["y_px"] = {"column": "y", "missing": [9]}

    found = load_manifest(manifest(change)).tables.fixations.columns
    assert (found.x_px.missing, found.y_px.missing) == ([-1, 0], [9])
