import polars as pl
import pymovements
import pytest

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.formats.pymovements import read


@pytest.fixture
def gaze():
    """Samples and events as pymovements has them."""
    samples = pl.DataFrame(
        {"time": [0, 2, 4], "x": [500.0, 502.0, None], "y": [400.0, 402.0, None]}
    )
    events = pymovements.Events(name=["fixation", "saccade"], onsets=[0, 2], offsets=[2, 4])
    gaze = pymovements.Gaze(samples=samples, pixel_columns=["x", "y"], events=events)
    gaze.compute_event_properties(("location", {"position_column": "pixel"}))
    return gaze


def test_what_pymovements_saves(tmp_path, gaze, rows_of):
    gaze.save_events(tmp_path / "events.feather")
    gaze.save_samples(tmp_path / "samples.feather")
    (row,) = rows_of(read, tmp_path / "events.feather", "fixations")
    assert (row["onset"], row["offset"], row["x"], row["y"]) == (0, 2, 501, 401)
    rows = rows_of(read, tmp_path / "samples.feather", "samples")
    assert [(row["time"], row["x"]) for row in rows] == [(0, 500), (2, 502), (4, "")]


def test_csv_with_unnested_or_written_lists(tmp_path, rows_of):
    path = tmp_path / "a.csv"
    path.write_text("name,onset,offset,location_x,location_y\nfixation_ivt,0,2,501.5,401\n")
    (row,) = rows_of(read, path, "fixations")
    assert (row["x"], row["y"]) == (501.5, 401)
    path.write_text('name,onset,offset,location\nfixation,0,2,"[501.5, 401.0]"\n')
    (row,) = rows_of(read, path, "fixations")
    assert (row["x"], row["y"]) == (501.5, 401)
    path.write_text("time,pixel_xl,pixel_yl,pixel_xr,pixel_yr\n0,500,400,510,420\n")
    (row,) = rows_of(read, path, "samples")
    assert (row["x"], row["y"]) == (505, 410)


def test_degrees_are_told_from_pixels(tmp_path, rows_of):
    path = tmp_path / "a.csv"
    path.write_text("name,onset,offset,location_x,location_y\nfixation,0,2,-5.5,3.25\n")
    (row,) = rows_of(read, path, "fixations")
    assert row["x_deg"] == -5.5
    path.write_text("time,position_x,position_y\n0,-5.5,3.25\n")
    (row,) = rows_of(read, path, "samples")
    assert row["y_deg"] == 3.25


@pytest.mark.parametrize(
    ("text", "table", "message"),
    [
        ("name,onset,offset\nsaccade,0,2\n", "fixations", "no event called fixation"),
        ("name,onset,offset\nfixation,0,2\n", "fixations", "have no location"),
        ("time,pupil\n0,2\n", "samples", "no samples in it"),
    ],
)
def test_files_without_what_is_asked_for(tmp_path, rows_of, text, table, message):
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(ManifestError, match=message):
        rows_of(read, path, table)
