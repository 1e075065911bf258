import gzip

import pytest

from gazescribe.pipeline.core.errors import ManifestError
from tests.unit.pipeline.ingest.egd.egd_tree import dicom_id
from tests.unit.pipeline.ingest.egd.ingested import ONE, SETTINGS


def test_calibration_pictures_are_never_taken_for_the_image_they_are_named_after(tree, ingested):
    tree.add(1)
    tree.fixation(ONE[:-5], 5.0, 1.0, 0.5, 0.5)
    tree.sample(ONE[:-5], 5.0, 0.5, 0.5)
    tree.fixation(ONE + "a", 6.0, 1.0, 0.5, 0.5)
    tree.fixation(dicom_id(9), 7.0, 1.0, 0.5, 0.5)
    found = ingested()
    assert len(found.rows("fixations")) == 2
    assert len(found.rows("samples")) == 3
    reasons = found.reasons()
    assert reasons["fixations_calibration"] == reasons["eye_gaze_calibration"] == 1
    assert reasons["fixations_id_too_long"] == reasons["fixations_id_unknown"] == 1
    assert found.counts["counts"]["fixation_rows"] == 5


def test_rows_that_are_no_fixations_are_left_out_by_reason(tree, ingested):
    tree.add(1)
    tree.fixation(ONE, 1.0, 0.5, 0.5, 0.5, FPOGV=0)
    tree.fixation(ONE, 2.0, 0.0, 0.5, 0.5)
    tree.fixation(ONE, -3.0, 1.0, 0.5, 0.5)
    tree.fixation(ONE, 3.0, 1.0, 0.5, 0.5, FPOGX="")
    tree.fixation(ONE, -0.5, 0.55, 0.5, 0.5)
    found = ingested()
    assert found.column("fixations", "onset_s") == pytest.approx([0.0, 0.1, 0.5])
    assert found.column("fixations", "offset_s")[0] == pytest.approx(0.05)
    reasons = found.reasons()
    for reason in ("invalid", "without_length", "before_image", "unreadable", "begin_early"):
        assert reasons[f"fixations_{reason}"] == 1


def test_time_that_is_not_the_end_of_a_fixation_is_noted(tree, ingested):
    tree.add(1)
    tree.fixation(ONE, 1.0, 0.5, 0.5, 0.5, **{"Time (in secs)": 1.0})
    found = ingested()
    assert found.column("fixations", "offset_s")[-1] == 1.5
    assert found.reasons()["fixations_time_is_not_end"] == 1


def test_gaze_outside_the_image_keeps_its_place(tree, ingested):
    tree.add(1)
    tree.fixation(ONE, 1.0, 0.5, 0.1, 0.5)
    assert tree.gaze["fixations"][-1]["X_ORIGINAL"] == -2
    last = ingested().rows("fixations")[-1]
    assert last["x_px"] == pytest.approx(2544 / 852 * (192 - 534) - 0.5)
    assert last["y_px"] == pytest.approx(3056 / 1080 * 540 - 0.5)


def test_positions_that_the_size_does_not_give_are_noted(tree, ingested):
    tree.add(1)
    tree.fixation(ONE, 1.0, 0.5, 0.5, 0.5, X_ORIGINAL=100)
    found = ingested()
    assert found.rows("fixations")[-1]["x_px"] == 100
    assert found.reasons()["fixations_position_differs"] == 1


def test_samples_say_whether_they_are_valid_and_inside(tree, ingested):
    tree.add(1, size=(2021, 2453))
    tree.sample(ONE, 1.0, 0.5, 0.5, FPOGV=0)
    tree.sample(ONE, 1.1, 0.1, 0.5)
    right = (1920 - tree.sheet[0]["image_right_pad"] - 0.2) / 1920
    tree.sample(ONE, 1.2, right, 0.5)
    tree.sample(ONE, -0.1, 0.5, 0.5)
    found = ingested()
    rows = found.rows("samples")
    assert [row["time_s"] for row in rows[-3:]] == [1.0, 1.1, 1.2]
    assert [row["valid"] for row in rows[-3:]] == [False, True, True]
    assert [row["inside"] for row in rows[-3:]] == [True, False, False]
    assert rows[-1]["x_px"] == 2021
    assert min(row["time_s"] for row in rows) == 0.0
    assert found.reasons()["eye_gaze_early"] == 1


def test_rows_come_out_in_time_order_whatever_their_order_in_the_file(tree, ingested):
    tree.add(2)
    tree.add(1)
    before = ingested()
    tables = ("readings", "fixations", "samples", "words", "regions", "attributes")
    expected = [before.rows(table) for table in tables]
    for rows in (*tree.gaze.values(), tree.sheet, tree.boxes):
        rows.reverse()
    after = ingested()
    assert [after.rows(table) for table in tables] == expected
    assert after.column("fixations", "fixation", reading_id=ONE) == [0, 1]


def test_gzipped_gaze_is_read(tree, ingested):
    tree.add(1)
    path = tree.finish() / "fixations.csv"
    path.with_name("fixations.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    assert len(ingested(finish=False).rows("fixations")) == 2


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param("FPOGX", "FPOGA", "no column FPOGX; the nearest is FPOGA", id="column"),
        pytest.param(",0.5,", ",abc,", "fixations.csv: this cannot be read.*abc", id="cell"),
    ],
)
def test_unreadable_gaze_stops_the_ingest(tree, ingested, old, new, expected):
    tree.add(1)
    path = tree.finish() / "fixations.csv"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(ManifestError, match=expected):
        ingested(finish=False)


def test_a_line_cut_off_is_counted(tree, ingested):
    tree.add(1)
    path = tree.finish() / "eye_gaze.csv"
    path.write_text(path.read_text() + "1,2,3\n")
    assert ingested(finish=False).reasons()["eye_gaze_ragged"] == 1


def test_a_line_cut_off_in_another_encoding_is_refused_with_its_number(tree, ingested, capfd):
    tree.add(1)
    path = tree.finish() / "eye_gaze.csv"
    n_lines = len(path.read_text().splitlines())
    path.write_bytes(path.read_bytes() + b"1,2,Caf\xe9\n")
    with pytest.raises(ManifestError, match=rf"line {n_lines + 1}: not UTF-8"):
        ingested(finish=False)
    assert "Traceback" not in capfd.readouterr().err, "Arrow prints what a handler of rows raises"


def test_gaze_beyond_a_threshold_is_left_out(tree, ingested):
    tree.add(1)
    thresholds = SETTINGS.quality.model_copy(update={"min_fixations_per_s": 100.0})
    found = ingested(SETTINGS.model_copy(update={"quality": thresholds}))
    assert found.rows("fixations") == []
    assert found.column("readings", "has_gaze") == [False]
    assert found.counts["without_gaze"] == {"quality: fixations_per_s": 1}


def test_rows_that_are_the_same_are_noted(tree, ingested):
    tree.add(1)
    tree.add(2)  # its rows are those of another reading
    tree.gaze["fixations"].append(tree.gaze["fixations"][0])
    tree.gaze["eye_gaze"] += [tree.gaze["eye_gaze"][0]] * 2
    found = ingested()
    assert found.reasons()["fixations_row_twice"] == 1
    assert found.reasons()["eye_gaze_row_twice"] == 2
    assert len(found.rows("fixations")) == 5


def test_a_file_without_a_last_line_end_is_noted(tree, ingested):
    tree.add(1)
    path = tree.finish() / "fixations.csv"
    path.write_text(path.read_text().rstrip("\n"))
    assert ingested(finish=False).reasons()["fixations_cut"] == 1


def test_a_reading_without_samples_is_a_loss(tree, ingested):
    tree.add(1)
    tree.add(2)
    del tree.gaze["eye_gaze"][3:]
    found = ingested()
    assert found.reasons()["samples_none"] == 1
    assert found.counts["lost"] == {"samples": 1}
