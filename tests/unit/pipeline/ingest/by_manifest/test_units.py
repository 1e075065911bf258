import math

import pytest

from tests.unit.pipeline.ingest.by_manifest.lab import SCREEN


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
