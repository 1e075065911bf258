import math

import pytest

from tests.unit.pipeline.ingest.by_manifest.lab import SCREEN

SHOWN = {f"shown_{side}_px": side for side in ("xmin", "ymin", "xmax", "ymax")}


@pytest.mark.parametrize(
    ("unit", "cells", "up", "expected"),
    [
        pytest.param("px", (10, 20), False, (10, 20), id="px"),
        pytest.param("px", (10, 20), True, (10, 59), id="px up"),
        pytest.param("share", (0.5, 0.25), False, (49.5, 19.5), id="share"),
        pytest.param("share", (0.5, 0.25), True, (49.5, 59.5), id="share up"),
        # 400 x 200 screen, image fitted by height to 250 x 200 about the centre: 2.5 a pixel
        pytest.param("screen_px", (199.5, 99.5), False, (49.5, 39.5), id="screen centre"),
        pytest.param("screen_px", (224.5, 99.5), False, (59.5, 39.5), id="screen"),
        pytest.param("screen_px", (224.5, 74.5), True, (59.5, 49.5), id="screen up"),
        pytest.param("screen_share", (0.5625, 0.5), False, (59.5, 39.5), id="screen share"),
        pytest.param("percent", (50, 25), False, (49.5, 19.5), id="per cent"),
        pytest.param("percent", (50, 25), True, (49.5, 59.5), id="per cent up"),
        pytest.param("screen_percent", (56.25, 50), False, (59.5, 39.5), id="screen per cent"),
        # 400 px are 800 mm: an eye 500 mm away is 250 px away
        pytest.param("deg", (math.degrees(math.atan(0.1)), 0.0), False, (59.5, 39.5), id="degrees"),
    ],
)
def test_positions_of_every_unit(lab, unit, cells, up, expected):
    lab.manifest["screen"] = SCREEN
    del lab.manifest["resolution"]
    lab.files["fixations.csv"] = "id,start,end,x,y\nA1,0,1,{},{}\n".format(*cells)
    columns = lab.tables["fixations"]["columns"]
    columns["x_px"] = {"column": "x", "unit": unit}
    columns["y_px"] = {"column": "y", "unit": unit, "up": up}
    (row,) = lab.ingest().rows("fixations")
    assert (row["x_px"], row["y_px"]) == pytest.approx(expected)
    expected_size = 250 * math.tan(math.radians(1)) / 2.5
    assert row["px_per_deg_x"] == pytest.approx(expected_size)
    assert row["px_per_deg_y"] == pytest.approx(expected_size)


def test_other_clocks_and_constants(lab):
    """Milliseconds since 1970, to the last bit."""
    lab.files["readings.csv"] = "id,began\nA1,1600000000123\nB2,0\n"
    lab.tables["readings"]["columns"] = {
        "reading_id": "id",
        "audio_start": {"column": "began", "unit": "ms"},
        "width_px": 100,
        "height_px": 80,
    }
    lab.files["fixations.csv"] = "id,t,x,y\nA1,1600000002456,1,2\n"
    columns = {"onset_s": {"column": "t", "unit": "ms"}, "duration_s": 0.25}
    lab.tables["fixations"]["columns"] = columns | {"reading_id": "id", "x_px": "x", "y_px": "y"}
    (row,) = lab.ingest().rows("fixations")
    assert (row["onset_s"], row["offset_s"]) == (2.333, 2.583)
    assert lab.rows("readings")[0]["width_px"] == 100
    assert lab.summary["without_gaze"] == {"no usable file": 1}


@pytest.mark.parametrize(
    ("unit", "cells", "up", "expected"),
    [
        pytest.param("px", (10, -20), False, (59.5, 19.5), id="px"),
        pytest.param("px", (10, 20), True, (59.5, 19.5), id="px up"),
        pytest.param("share", (0.1, -0.25), False, (59.5, 19.5), id="share"),
        pytest.param("screen_px", (25, 50), True, (59.5, 19.5), id="screen up"),
        pytest.param("screen_share", (0.0625, -0.25), False, (59.5, 19.5), id="screen share"),
    ],
)
def test_positions_from_the_centre(lab, unit, cells, up, expected):
    lab.manifest["screen"] = SCREEN
    lab.files["fixations.csv"] = "id,start,end,x,y\nA1,0,1,{},{}\n".format(*cells)
    columns = lab.tables["fixations"]["columns"]
    columns["x_px"] = {"column": "x", "unit": unit, "origin": "centre"}
    columns["y_px"] = {"column": "y", "unit": unit, "origin": "centre", "up": up}
    (row,) = lab.ingest().rows("fixations")
    assert (row["x_px"], row["y_px"]) == pytest.approx(expected)


def zoom(lab, rows, unit="screen_px", **columns):
    """Make the fixations of a reading, one a second, with what was on screen in each."""
    lab.manifest["screen"] = SCREEN
    del lab.manifest["resolution"]
    header = "id,start,end,x,y,xmin,ymin,xmax,ymax,left,top,right,bottom"
    lines = [f"A1,{start},{start + 1},{row}" for start, row in enumerate(rows)]
    lab.files["fixations.csv"] = "\n".join([header, *lines, ""])
    place = {axis: {"column": axis[0], "unit": unit} for axis in ("x_px", "y_px")}
    lab.tables["fixations"]["columns"] |= {**place, **(columns or SHOWN)}
    return lab


# The image of 100 x 80 stands 250 x 200 large in the middle of a screen of 400 x 200.
WHOLE = "0,0,100,80,75,0,325,200"


@pytest.mark.parametrize(
    ("row", "expected", "scale"),
    [
        pytest.param(f"224.5,99.5,{WHOLE}", (59.5, 39.5), 2.5, id="whole"),
        # the right lower quarter fills the height: 5 a pixel about its middle, 75, 60
        pytest.param("199.5,99.5,50,40,100,80,75,0,325,200", (74.5, 59.5), 5.0, id="zoomed"),
        pytest.param("224.5,74.5,50,40,100,80,75,0,325,200", (79.5, 54.5), 5.0, id="beside"),
        # 80 x 40 pixels fill the width, and the height: 5 a pixel about 40, 20
        pytest.param(
            "0,199.5,0,0,80,40,0,0,400,200", (-0.4, 39.5), 5.0, id="as wide as the screen"
        ),
        pytest.param(
            "249.5,99.5,-10,0,90,80,75,0,325,200", (59.5, 39.5), 2.5, id="past the border"
        ),
    ],
)
def test_each_row_is_placed_by_its_own_view(lab, row, expected, scale):
    lab = zoom(lab, [f"199.5,99.5,{WHOLE}", row]).ingest()
    first, second = lab.rows("fixations")
    assert (first["x_px"], first["y_px"]) == pytest.approx((49.5, 39.5))
    assert (second["x_px"], second["y_px"]) == pytest.approx(expected)
    assert first["px_per_deg_x"] == pytest.approx(250 * math.tan(math.radians(1)) / 2.5)
    assert second["px_per_deg_x"] == pytest.approx(250 * math.tan(math.radians(1)) / scale)
    assert "fixation_no_view" not in lab.summary["faults"]


def test_a_part_may_stand_anywhere_on_the_screen(lab):
    """As REFLACX says it: a quarter of the image, 200 x 160 large, in the left lower corner."""
    sides = zip(("xmin", "ymin", "xmax", "ymax"), ("left", "top", "right", "bottom"), strict=True)
    columns = SHOWN | {f"on_screen_{side}_px": column for side, column in sides}
    row = "99.5,119.5,0,40,50,80,0,40,200,200"
    first, second = zoom(lab, [f"199.5,99.5,{WHOLE}", row], **columns).ingest().rows("fixations")
    assert (first["x_px"], first["y_px"]) == pytest.approx((49.5, 39.5))
    assert (second["x_px"], second["y_px"]) == pytest.approx((24.5, 59.5))
    assert second["px_per_deg_y"] == pytest.approx(250 * math.tan(math.radians(1)) / 4)


def test_a_width_and_a_height_say_the_far_sides(lab):
    columns = {"shown_xmin_px": "xmin", "shown_ymin_px": "ymin"}
    columns |= {"shown_width_px": "xmax", "shown_height_px": "ymax"}
    (row,) = zoom(lab, ["199.5,99.5,50,40,50,40,0,0,0,0"], **columns).ingest().rows("fixations")
    assert (row["x_px"], row["y_px"]) == pytest.approx((74.5, 59.5))
    assert (row["shown_xmax_px"], row["shown_ymax_px"]) == (100, 80)


def test_one_screen_pixel_an_image_pixel_is_panned_alone(lab):
    lab = zoom(lab, ["199.5,99.5,50,40,100,80,0,0,0,0"])
    lab.manifest["resolution"] = {"image_on_screen": "actual"}
    (row,) = lab.ingest().rows("fixations")
    assert (row["x_px"], row["y_px"]) == pytest.approx((74.5, 59.5))
    assert row["px_per_deg_x"] == pytest.approx(250 * math.tan(math.radians(1)))


@pytest.mark.parametrize("shown", [",,,", "50,40,50,80", "0,0,x,80"], ids=["blank", "thin", "text"])
def test_a_row_without_a_view_is_counted_and_not_guessed(lab, shown):
    rows = [f"224.5,99.5,{shown},0,0,0,0", f"224.5,99.5,{WHOLE}"]
    lab = zoom(lab, rows).ingest()
    assert lab.column("fixations", "onset_s") == [1.0]
    assert lab.reasons()["fixation_no_view"] == 1
    assert not {"fixation_nowhere", "fixation_no_resolution"} & {*lab.summary["faults"]}


def test_a_degree_that_is_stated_is_that_of_the_whole_image(lab):
    lab = zoom(lab, [f"199.5,99.5,{WHOLE}", "199.5,99.5,50,40,100,80,0,0,0,0"])
    lab.manifest["resolution"] = {"px_per_deg": 30}
    assert lab.ingest().column("fixations", "px_per_deg_x") == [30, 15]


def test_positions_on_the_image_are_not_moved_by_the_view(lab):
    """The size of a degree is; an unknown part is all of the image."""
    rows = ["10,20,50,40,100,80,0,0,0,0", "10,20,,,,,0,0,0,0"]
    lab = zoom(lab, rows, unit="px").ingest()
    assert lab.column("fixations", "x_px") == [10, 10]
    of_whole = 250 * math.tan(math.radians(1)) / 2.5
    assert lab.column("fixations", "px_per_deg_x") == pytest.approx([of_whole / 2, of_whole])
    assert lab.column("fixations", "shown_xmin_px") == [50, None]


def test_samples_of_a_zoomed_image_are_placed_as_fixations_are(lab):
    lab = zoom(lab, [f"224.5,99.5,{WHOLE}", "224.5,74.5,50,40,100,80,75,0,325,200", "9,9,,,,,,,,"])
    fixations = lab.tables["fixations"]
    columns = {**fixations["columns"], "time_s": fixations["columns"]["onset_s"]}
    del columns["onset_s"], columns["offset_s"]
    lab.tables["samples"] = {**fixations, "columns": columns}
    lab.ingest()
    assert lab.column("samples", "x_px")[:2] == pytest.approx([59.5, 79.5])
    assert lab.column("samples", "y_px")[:2] == pytest.approx([39.5, 54.5])
    assert lab.column("samples", "valid") == [True, True, False]
    assert lab.reasons()["sample_no_view"] == 1


def test_each_reading_may_have_an_area_of_its_own(lab):
    """The image of 100 x 80 is fitted into 200 x 160 at the right, then into the whole screen."""
    lab.manifest["screen"] = SCREEN
    lab.files["readings.csv"] = "id,who,w,h,l,t,iw,ih\nA1,7,100,80,200,0,200,160\nB2,8,100,80,,,,\n"
    sides = {"xmin": "l", "ymin": "t", "width": "iw", "height": "ih"}
    columns = {f"image_area_{side}_px": column for side, column in sides.items()}
    lab.tables["readings"]["columns"] |= columns
    lab.files["fixations.csv"] = "id,start,end,x,y\nA1,0,1,299.5,79.5\nB2,0,1,199.5,99.5\n"
    place = {axis: {"column": axis[0], "unit": "screen_px"} for axis in ("x_px", "y_px")}
    lab.tables["fixations"]["columns"] |= place
    lab.ingest()
    for reading_id in ("A1", "B2"):
        assert lab.column("fixations", "x_px", reading_id) == pytest.approx([49.5])
        assert lab.column("fixations", "y_px", reading_id) == pytest.approx([39.5])


def test_zoom_and_place_may_be_said_by_reading_too(lab):
    """What rows do not say, the table of readings does; a place alone is of the whole image."""
    rows = [f"199.5,99.5,{WHOLE}", "199.5,99.5,50,40,100,80,75,0,325,200"]
    by_row = zoom(lab, rows).ingest().rows("fixations")[1]
    columns = lab.tables["fixations"]["columns"]
    for name in SHOWN:
        del columns[name]
    lab.tables["readings"]["columns"] |= SHOWN
    lab.files["readings.csv"] = "id,who,w,h,xmin,ymin,xmax,ymax\nA1,7,100,80,50,40,100,80\n"
    by_reading = lab.ingest().rows("fixations")[1]
    assert by_reading == by_row
    assert by_reading["shown_xmin_px"] == 50
    sides = zip(("xmin", "ymin", "xmax", "ymax"), ("left", "top", "right", "bottom"), strict=True)
    columns |= {f"on_screen_{side}_px": column for side, column in sides}
    lab.tables["readings"]["columns"] = {"reading_id": "id", "width_px": "w", "height_px": "h"}
    assert lab.ingest().column("fixations", "x_px") == pytest.approx([49.5, 49.5])
