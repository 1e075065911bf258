import json

import pytest

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.gaze.sync.estimates import run
from tests.running import gazescribe, invoke
from tests.synthetic import fixation, reading, write_tables
from tests.unit.pipeline.gaze.sync.dictations import SYNC, delayed, egd_tree, summary, write
from tests.unit.pipeline.ingest.egd.egd_tree import dicom_id


@pytest.mark.parametrize("lead_s", [0.5, 1.5, 2.5])
def test_the_planted_arrival_is_found_within_its_interval(tmp_path, params, lead_s):
    found = summary(write(tmp_path / "tables", lead_s=lead_s), "--params", params)
    arrival = found["arrival"]
    assert arrival["value_s"] == pytest.approx(lead_s, abs=0.2)
    assert arrival["low_s"] - 0.1 <= lead_s <= arrival["high_s"] + 0.1
    assert (arrival["n_readings"], arrival["p"]) == (12, pytest.approx(1 / 61, abs=1e-4))
    assert found["offset"]["value_s"] == pytest.approx(1.5 - lead_s, abs=0.2)
    assert found["sessions"] is None
    # the naming word is 3 s into a visit of 6 s that begins lead_s before the sentence
    assert found["lead"]["value_s"] == pytest.approx(lead_s, abs=0.6)


def test_a_planted_offset_shifts_the_estimates_by_as_much(tmp_path, params):
    tables = write(tmp_path / "tables")
    before = summary(tables, "--params", params)
    delayed(tables, 0.8)
    after = summary(tables, "--params", params)
    for name, sign in (("lead", 1), ("arrival", 1), ("offset", -1)):
        moved = after[name]["value_s"] - before[name]["value_s"]
        assert moved == pytest.approx(sign * 0.8, abs=0.11), name


def test_too_few_readings_have_no_estimate(tmp_path, params):
    tables = write(tmp_path / "tables", n=3)
    found = summary(tables, "--params", params)
    assert (found["lead"]["value_s"], found["lead"]["n_readings"]) == (None, 3)
    assert "only 3 readings name anatomy" in gazescribe("sync", tables, "--params", params)
    shown = invoke(
        "sync", tables, "--params", params, "--apply", tmp_path / "new", "--what", "offset"
    )
    assert shown.exit_code == 2
    assert "more than by chance (p = None)" in shown.output


def test_tables_without_words_have_no_estimate(tmp_path, params):
    tables = write(tmp_path / "tables", n=3)
    for name in ("words", "sentences"):
        (tables / f"{name}.parquet").unlink()
    assert "only 0 readings name anatomy" in gazescribe("sync", tables, "--params", params)


def test_sessions_are_told_with_pixels_degrees_and_leads(both, params, tmp_path):
    tables, root = both
    out = tmp_path / "sync.json"
    printed = gazescribe("sync", tables, "--raw", root.parent, "--params", params, "--out", out)
    assert "session 2: right 0.30°" in printed
    found = json.loads(out.read_text())["sessions"]
    assert found["2"]["calibration"]["x_screen_px"]["value"] == pytest.approx(12, abs=0.05)
    assert found["2"]["calibration"]["y_screen_px"]["value"] == pytest.approx(-50, abs=0.05)
    assert found["2"]["anatomy"]["tied_to"] == "calibration"
    assert found["1"]["arrival"]["value_s"] == pytest.approx(1.5, abs=0.3)
    assert len(found["1"]["readings"]) == 6


def test_no_calibration_rows_are_said(tmp_path, params):
    root = egd_tree(tmp_path / "egd", calibrated=False).finish()
    tables = write(tmp_path / "tables", name=dicom_id)
    printed = gazescribe("sync", tables, "--raw", root, "--params", params)
    assert "no drift by calibration" in printed
    found = summary(tables, "--raw", root, "--params", params)["sessions"]["1"]
    assert found["calibration"] is None
    assert found["anatomy"]["tied_to"] == "the mean of sessions"


def test_other_data_sets_have_neither_these_boxes_nor_sessions(tmp_path):
    chest = {"reading_id": "R1", "region": "chest", "xmin_px": 0, "ymin_px": 0}
    tables = write_tables(
        tmp_path / "tables",
        readings=[reading("R1", "the heart is normal .")],
        fixations=[fixation(0, 0, 1)],
        regions=[{**chest, "xmax_px": 9, "ymax_px": 9}],
    )
    shown = invoke("sync", tables)
    assert shown.exit_code == 2
    assert "(found: chest)" in shown.output
    shown = invoke("sync", tables, "--raw", tmp_path)
    assert "these tables are of reflacx, not of egd" in shown.output
    (tables / "regions.parquet").unlink()
    with pytest.raises(SchemaError, match="no table regions"):
        run(tables, None, SYNC)
