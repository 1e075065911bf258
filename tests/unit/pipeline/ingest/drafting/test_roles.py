import pytest

from gazescribe.pipeline.ingest.drafting.roles import guess_columns, role_of
from gazescribe.pipeline.ingest.drafting.sheets import Sheet


@pytest.mark.parametrize(
    ("header", "table"),
    [
        ("event,start,length,x,y", "fixations"),
        ("id,s,d,x,y", "fixations"),
        ("CURRENT_FIX_START,CURRENT_FIX_END,CURRENT_FIX_X,CURRENT_FIX_Y", "fixations"),
        ("timestamp,dur,x,y", "fixations"),
        ("trial,timestamp [ms],gaze_x,gaze_y,validity", "samples"),
        ("word,start,end,score", "words"),
        ("trial,patient,image,columns,rows", "readings"),
        ("label,xmin,ymin,xmax,ymax,certainty", "ellipses"),
        ("bbox_name,x1,y1,x2,y2", "regions"),
    ],
)
def test_tables_are_known_by_their_columns(header, table):
    sheet = Sheet(header.split(","), [], "utf-8", ",", ".")
    assert role_of(sheet)[0] == table


def test_what_fits_nothing():
    assert role_of(Sheet(["colour", "size"], [], "utf-8", ",", ".")) is None


def test_each_column_is_used_once_and_one_end_is_enough():
    columns = role_of(Sheet(["start", "end", "duration", "x", "y"], [], "utf-8", ",", "."))[1]
    assert columns == {"onset_s": "start", "offset_s": "end", "x_px": "x", "y_px": "y"}
    assert guess_columns("words", ["text"]) == {"text": "text"}
