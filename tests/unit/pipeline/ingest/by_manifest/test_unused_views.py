import pytest

from gazescribe.pipeline.ingest.by_manifest.unused_views import view_columns
from gazescribe.pipeline.sources.table_manifests import FixationColumns, MappedTable
from tests.unit.pipeline.ingest.by_manifest.lab import SCREEN


def on_screen(lab, name, cells, table="fixations"):
    """Make fixations, or samples, of two readings with a further column."""
    lab.manifest["screen"] = SCREEN
    rows = [
        f"{'A1' if n < 2 else 'B2'},{n},{n + 0.5},200,100,{cell}" for n, cell in enumerate(cells)
    ]
    lab.files["fixations.csv"] = "\n".join([f"id,start,end,x,y,{name}", *rows, ""])
    columns = lab.tables["fixations"]["columns"]
    columns |= {axis: {"column": axis[0], "unit": "screen_px"} for axis in ("x_px", "y_px")}
    if table == "samples":
        del lab.tables["fixations"], columns["offset_s"]
        columns["time_s"] = columns.pop("onset_s")
        lab.tables["samples"] = {"file": "fixations.csv", "columns": columns}
    return lab


@pytest.mark.parametrize("name", ["zoom", "Zoom Level", "panX", "xmin_shown_from_image", "flipped"])
@pytest.mark.parametrize("table", ["fixations", "samples"])
def test_a_view_that_changes_and_is_not_used_is_refused(lab, table, name):
    result = on_screen(lab, name, [1, 1.5, 1], table).run()
    assert result.exit_code == 2
    assert f"the column {name} changes within a reading" in result.output
    assert f"`where: {{{name}: 1}}`" in result.output
    says_part = "shown_xmin_px" in result.output
    assert says_part == (name != "flipped")


@pytest.mark.parametrize(
    "cells",
    [
        pytest.param(["1", "1.0", "1"], id="no zoom"),
        pytest.param(["0.4", "0.4", "0.6"], id="one an image"),
        pytest.param(["1", "", "2"], id="blank"),
    ],
)
def test_a_view_that_stays_is_taken(lab, cells):
    lab = on_screen(lab, "zoom", cells).ingest()
    assert lab.column("fixations", "x_px") == [49.7, 49.7]
    assert "fixations_view_unused" not in lab.summary["faults"]


def test_rows_of_one_view_can_be_chosen(lab):
    lab = on_screen(lab, "zoom", [1, 1.5, 1])
    lab.tables["fixations"]["where"] = {"zoom": 1}
    assert lab.ingest().column("fixations", "onset_s") == [0.0]
    assert lab.reasons()["fixations_not_chosen"] == 1


def test_positions_on_the_image_need_no_view(lab):
    lab = on_screen(lab, "zoom", [1, 1.5, 1])
    lab.tables["fixations"]["columns"] |= {"x_px": 10, "y_px": 20}
    assert lab.ingest().column("fixations", "x_px") == [10, 10]


@pytest.mark.parametrize(
    ("name", "is_view"),
    [
        *((name, True) for name in ("zoom_factor", "zoomLevel", "viewport_left", "pan_y", "scale")),
        *((name, True) for name in ("window_x", "image_rotation", "devicePixelRatio", "scrollY")),
        *((name, False) for name in ("window_width", "window_level", "pupil", "head_rotation_x")),
        *((name, False) for name in ("image_shown", "left_eye_visible", "greyscale", "span")),
    ],
)
def test_names_of_views(name, is_view):
    place = {"column": "x", "unit": "screen_px"}
    columns = FixationColumns(onset_s="start", offset_s="end", x_px=place, y_px=place)
    table = MappedTable[FixationColumns](file="f.csv", columns=columns)
    assert view_columns(table, ["x", name]) == ([name] if is_view else [])


def test_a_turned_image_is_no_part_of_it():
    place = {"column": "x", "unit": "screen_px"}
    shown = {f"shown_{side}_px": side for side in ("xmin", "ymin", "xmax", "ymax")}
    columns = FixationColumns(onset_s="s", offset_s="e", x_px=place, y_px=place, **shown)
    table = MappedTable[FixationColumns](file="f.csv", columns=columns)
    assert view_columns(table, ["zoom", "flipped"]) == ["flipped"]
