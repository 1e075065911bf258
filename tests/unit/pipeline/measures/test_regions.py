import numpy as np
import pytest

from gazescribe.pipeline.core.errors import AlignmentError, SchemaError
from gazescribe.pipeline.measures.regions import (
    Region,
    Shape,
    ellipses,
    grid_points,
    read_own_regions,
    whole_image,
)
from tests.synthetic import reading

HEAD = "region,xmin_px,ymin_px,xmax_px,ymax_px,reading_id,shape\n"
READINGS = [reading("R1"), reading("R2")]


def own(tmp_path, text):
    path = tmp_path / "own.csv"
    path.write_text(text)
    return read_own_regions(path, READINGS)


def test_boxes_and_ellipses_hold_places():
    places = np.array([[0.0, 0.0], [10, 5], [9.9, 0.1], [5, 2.5], [5, 5.1]])
    box = Shape((0, 0, 10, 5))
    assert box.holds(places).tolist() == [True, True, True, True, False]
    inside = Shape((0, 0, 10, 5), is_ellipse=True).holds(places)
    assert inside.tolist() == [False, False, False, True, False]
    assert not Shape((3, 0, 3, 5), is_ellipse=True).holds(np.array([[3.0, 2.5]])).any()
    assert Region("own", "two", (box, Shape((5, 5, 6, 6)))).holds(places)[4]


def test_areas_are_shares_of_the_image():
    points = grid_points(200, 100)
    assert whole_image(200, 100).holds(points).all()
    half = Region("own", "half", (Shape((-0.5, -0.5, 99.5, 99.5)),))
    assert half.holds(points).mean() == 0.5
    round_one = Region("own", "round", (Shape((0, 0, 100, 100), is_ellipse=True),))
    assert round_one.holds(points).mean() == pytest.approx(np.pi * 50**2 / 200 / 100, rel=0.01)


def test_ellipses_by_channel_else_by_their_own_name():
    sides = {side: np.zeros(3) for side in ("xmin_px", "ymin_px", "xmax_px", "ymax_px")}
    labels = np.array(["Groundglass", "Mass", "Consolidation"], object)
    rows = {**sides, "label": labels, "certainty": np.array([3, 4, 2])}
    column_map = {"Groundglass": ("Opacity", "Edema"), "Consolidation": ("Opacity",)}
    found = ellipses(rows, column_map, 3)
    assert [(one.kind, one.name, len(one.shapes)) for one in found] == [
        ("ellipse", "Edema", 1),
        ("ellipse", "Mass", 1),
        ("ellipse", "Opacity", 1),
    ]


def test_own_regions(tmp_path):
    rows = "apex,0,0,10,5,R1,\napex,0,5,10,9,R1,box\nround,0,0,9,9,R1,ellipse\nx,0,0,1,1,other,\n"
    regions = own(tmp_path, HEAD + rows)
    first, second = regions.of(READINGS[0])
    assert (first.kind, first.name, len(first.shapes)) == ("own", "apex", 2)
    assert second.shapes[0].is_ellipse
    assert regions.of(READINGS[1]) == []


def test_own_regions_by_image(tmp_path):
    text = "dicom_id,region,xmin_px,ymin_px,xmax_px,ymax_px\nimage of R2,a,0,0,1,1\n"
    assert [one.name for one in own(tmp_path, text).of(READINGS[1])] == ["a"]


def test_all_faults_of_a_file_at_once(tmp_path):
    rows = [
        "a,0,0,1,1,R1",
        ",0,0,1,1,R1,",
        "a,0,0,1,1,,",
        "a,x,0,1,1,R1,",
        "a,5,0,1,1,R1,",
        "a,0,0,1,inf,R1,",
        "a,0,0,1,1,R1,circle",
    ]
    with pytest.raises(SchemaError, match="7 rows are no regions") as caught:
        own(tmp_path, HEAD + "\n".join(rows))
    assert caught.value.faults == (
        "line 2 has 6 cells, not 7",
        "line 3: region is empty",
        "line 4: reading_id is empty",
        "line 5: xmin_px 'x' is no number",
        "line 6: xmin_px or ymin_px is above xmax_px or ymax_px",
        "line 7: its sides are not within 16,384 pixels",
        "line 8: shape 'circle' is neither box nor ellipse",
    )


def test_files_that_are_of_something_else(tmp_path):
    with pytest.raises(SchemaError, match=r"lacks the columns xmin_px, ymin_px, .*dicom_id"):
        own(tmp_path, "region\na\n")
    with pytest.raises(AlignmentError, match=r"no reading_id of this file is in TABLES.*'X9'"):
        own(tmp_path, HEAD + "a,0,0,1,1,X9,\n")
