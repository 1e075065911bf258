import pytest

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.formats.tobii_sdk import read

PAIRS = """\
device_time_stamp;system_time_stamp;left_gaze_point_on_display_area;left_gaze_point_validity;\
right_gaze_point_on_display_area;right_gaze_point_validity
5;1000000;(0.4, 0.3);1;(0.6, 0.5);1
6;1008333;(0.4, 0.3);1;(nan, nan);0
7;1016666;(nan, nan);0;(nan, nan);0
"""
SPLIT = """\
system_time_stamp,left_gaze_point_on_display_area_x,left_gaze_point_on_display_area_y,\
left_gaze_point_validity,right_gaze_point_on_display_area_x,right_gaze_point_on_display_area_y,\
right_gaze_point_validity
1000000,0.4,0.3,1,0.6,0.5,1
1008333,0.4,0.3,True,0.9,0.9,False
1016666,nan,nan,0,nan,nan,0
"""
QUOTED = PAIRS.replace("(0.4, 0.3)", '"[0.4, 0.3]"').replace(";", ",")
QUOTED = QUOTED.replace("(0.6, 0.5)", '"(0.6, 0.5)"').replace("(nan, nan)", '"(nan, nan)"')
NUMBERED = SPLIT.replace("area_x", "area[0]").replace("area_y", "area[1]")


@pytest.mark.parametrize("content", [PAIRS, SPLIT, QUOTED, NUMBERED])
def test_the_mean_of_the_eyes_that_are_valid(tmp_path, rows_of, content):
    path = tmp_path / "a.csv"
    path.write_text(content)
    rows = rows_of(read, path, "samples")
    assert [(row["time"], row["x"], row["y"], row["valid"]) for row in rows] == [
        ("1000000", 0.5, 0.4, "1"),
        ("1008333", 0.4, 0.3, "1"),
        ("1016666", "", "", "0"),
    ]


def test_a_file_without_times(tmp_path, rows_of):
    path = tmp_path / "a.csv"
    path.write_text("left_gaze_point_on_display_area\n1\n")
    with pytest.raises(ManifestError, match="neither system_time_stamp"):
        rows_of(read, path, "samples")
