import gzip

import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.ingest.settings import IngestOptions
from tests.unit.pipeline.ingest.reflacx.ingested import SETTINGS


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        pytest.param(("1.0", "1.0", "5", "5"), "fixation_reversed", id="no-length"),
        pytest.param(("1.0", "0.9", "5", "5"), "fixation_reversed", id="reversed"),
        pytest.param(("1.0", "1.2", "", "5"), "fixation_unreadable", id="blank"),
        pytest.param(("1.0", "1.2", "nan", "5"), "fixation_unreadable", id="nan"),
        pytest.param(("one", "1.2", "5", "5"), "fixation_unreadable", id="text"),
    ],
)
def test_a_bad_fixation_is_left_out_and_counted(reflacx_tree, ingested, row, reason):
    reflacx_tree.add("P300R000001")
    reflacx_tree.fixations("P300R000001", [("0.5", "0.7", "1", "1"), row, ("2", "3", "4", "5")])
    found = ingested()
    assert [one["onset_s"] for one in found.rows("fixations")] == [0.5, 2.0]
    assert [one["fixation"] for one in found.rows("fixations")] == [0, 1]
    assert found.reasons() == {reason: 1}
    assert found.counts["faults"][reason]["loses"] == "fixations"


def test_without_a_usable_fixation_there_is_no_gaze(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    reflacx_tree.fixations("P300R000001", [("1.0", "0.9", "5", "5")])
    found = ingested()
    assert found.rows("readings")[0]["has_gaze"] is False
    assert found.counts["without_gaze"] == {"no fixation": 1}
    assert found.reasons() == {"fixation_reversed": 1, "fixations_none": 1}


def test_unusual_fixations_are_kept(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    rows = [("1", "2.5", "-700", "5"), ("-0.2", "0.3", "5", "5"), ("2", "3", "5", "500")]
    reflacx_tree.fixations("P300R000001", rows)
    found = ingested()
    fixations = found.rows("fixations")
    assert [one["onset_s"] for one in fixations] == [-0.2, 1.0, 2.0]
    assert [one["x_px"] for one in fixations] == [5.0, -700.0, 5.0]
    assert found.reasons() == {
        "fixation_off_image": 2,
        "fixation_order": 1,
        "fixation_outside_audio": 1,
        "fixation_overlap": 1,
    }


def test_blank_or_unreadable_parts_of_fixations_are_null(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    blank = {"pupil_area_normalized": "", "xmin_shown_from_image": "left"}
    reflacx_tree.fixations("P300R000001", [("1", "2", "5", "5")], **blank)
    found = ingested()
    (fixation,) = found.rows("fixations")
    assert (fixation["pupil_area_norm"], fixation["shown_xmin_px"]) == (None, None)
    assert found.reasons() == {"fixation_part_unreadable": 1}


@pytest.mark.parametrize("resolution", ["0", "-3"])
def test_no_resolution_no_fixation(reflacx_tree, ingested, resolution):
    reflacx_tree.add("P300R000001")
    change = {"angular_resolution_y_pixels_per_degree": resolution}
    reflacx_tree.fixations("P300R000001", [("1", "2", "5", "5")], **change)
    assert ingested().reasons() == {"fixation_no_resolution": 1, "fixations_none": 1}


def test_a_quality_threshold_leaves_the_gaze_out(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    reflacx_tree.fixations("P300R000001", [("0", "1", "5", "5"), ("9", "9.5", "5", "5")])
    reflacx_tree.add("P300R000002", 99000002)
    quality = SETTINGS.quality.model_copy(update={"max_gap_s": 5.0})
    found = ingested(settings=SETTINGS.model_copy(update={"quality": quality}))
    assert [row["has_gaze"] for row in found.rows("readings")] == [False, True]
    assert {row["reading_id"] for row in found.rows("fixations")} == {"P300R000002"}
    assert found.rows("words", reading_id="P300R000001")
    assert found.counts["without_gaze"] == {"quality: longest_gap_s": 1}


GAZE = "timestamp_sample,x_position,y_position,window_width"


def test_samples_when_asked_for(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    lines = ["0.5,10,20,1.0", "0.501,,,1.0", "0.502,5,,1.0", "0.6,-3,20,1.0", ",1,1,1"]
    reflacx_tree.put(reflacx_tree.path("P300R000001", "gaze"), "\r\n".join([GAZE, *lines]))
    reflacx_tree.add("P300R000002", 99000002)
    found = ingested(options=IngestOptions(samples=True, workers=1))
    rows = [tuple(row.values())[2:] for row in found.rows("samples", reading_id="P300R000001")]
    assert rows == [
        (0.5, 10.0, 20.0, True, True),
        (0.501, None, None, False, False),
        (0.502, 5.0, None, False, False),
        (0.6, -3.0, 20.0, True, False),
    ]
    assert found.reasons() == {
        "gaze_missing": 1,
        "sample_half_blank": 1,
        "sample_no_time": 1,
        "sample_step": 1,
    }


def test_gzipped_samples_are_one_row_group_a_reading(reflacx_tree, ingested):
    for number in (1, 2):
        reflacx_tree.add(f"P300R00000{number}", 99000000 + number)
        path = reflacx_tree.root / f"gaze_data/P300R00000{number}/gaze.csv.gz"
        path.parent.mkdir(parents=True)
        path.write_bytes(gzip.compress(f"{GAZE}\n0.5,1,2,1\n0.501,3,4,1\n".encode()))
    found = ingested(options=IngestOptions(samples=True, workers=1))
    assert pq.ParquetFile(found.out / "samples.parquet").num_row_groups == 2
    assert [row["x_px"] for row in found.rows("samples")] == [1.0, 3.0, 1.0, 3.0]
    assert found.reasons() == {}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(f"{GAZE}\n", "gaze_none", id="header-only"),
        pytest.param("timestamp_sample,x_position\n1,2\n", "gaze_unreadable", id="no-column"),
        pytest.param(f"{GAZE}\n1,left,2,3\n", "gaze_unreadable", id="text"),
        pytest.param("", "gaze_unreadable", id="empty"),
    ],
)
def test_unusable_samples_are_counted(reflacx_tree, ingested, text, reason):
    reflacx_tree.add("P300R000001")
    reflacx_tree.put(reflacx_tree.path("P300R000001", "gaze"), text)
    found = ingested(options=IngestOptions(samples=True, workers=1))
    assert found.rows("samples") == []
    assert found.reasons() == {reason: 1}


def test_a_run_without_samples_takes_old_ones_away(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    assert (
        ingested(options=IngestOptions(samples=True, workers=1)).out / "samples.parquet"
    ).exists()
    assert not (ingested().out / "samples.parquet").exists()
