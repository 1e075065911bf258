import json
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

from gazescribe.pipeline.core.tables import read_table, write_table
from tests.running import gazescribe, invoke
from tests.synthetic import table
from tests.unit.pipeline.gaze.sync.dictations import delayed, egd_tree, summary, write
from tests.unit.pipeline.ingest.egd.egd_tree import dicom_id


def test_both_corrections_are_applied_to_a_copy(both, params, tmp_path):
    tables, root = both
    delayed(tables, 0.8)
    before = {path.name: path.read_bytes() for path in tables.iterdir()}
    out = tmp_path / "moved"
    options = ("--raw", root, "--params", params, "--apply", out, "--what", "both", "--json")
    done = json.loads(gazescribe("sync", tables, *options))
    assert {path.name: path.read_bytes() for path in tables.iterdir()} == before
    offset_s = done["applied"]["offset_s"]
    assert offset_s == pytest.approx(-0.8, abs=0.2)
    drift = {
        axis: done["sessions"]["2"]["calibration"][f"{axis}_deg"]["value"] for axis in ("x", "y")
    }
    was, now = (read_table(folder, "fixations").to_pandas() for folder in (tables, out))
    second = was["reading_id"].isin(done["sessions"]["2"]["readings"])
    assert second.sum() == 6 * 112
    for axis, per_deg in (("x", 10), ("y", 12)):
        moved = now[f"{axis}_px"] - was[f"{axis}_px"]
        np.testing.assert_allclose(moved[second], -drift[axis] * per_deg, atol=1e-9)
        assert (moved[~second] == 0).all()
    spoken = [read_table(folder, "words")["onset_s"].to_numpy() for folder in (tables, out)]
    np.testing.assert_allclose(spoken[1] - spoken[0], offset_s)
    assert (out / "regions.parquet").read_bytes() == before["regions.parquet"]
    assert b"sync" in pq.read_schema(out / "words.parquet").metadata
    assert json.loads((out / "sync.json").read_text())["applied"] == done["applied"]
    again = summary(out, "--raw", root, "--params", params)
    assert again["offset"]["value_s"] == pytest.approx(0, abs=0.11)
    twice = invoke("sync", out, "--apply", tmp_path / "twice", "--what", "offset")
    assert twice.exit_code == 2
    assert "moved by sync already" in twice.output


def test_an_offset_that_may_be_none_is_not_applied(both, params, tmp_path):
    tables, root = both
    arrival = summary(tables, "--params", params)["arrival"]
    assert arrival["low_s"] < arrival["value_s"] < arrival["high_s"]
    content = yaml.safe_load(params.read_text())
    content["sync"]["expected_arrival_s"] = arrival["value_s"]
    params.write_text(yaml.safe_dump(content))
    common = ("sync", tables, "--raw", root, "--params", params, "--apply", tmp_path / "moved")
    refused = invoke(*common, "--what", "offset")
    assert refused.exit_code == 2
    assert "the offset cannot be told from 0: " in refused.output
    assert not (tmp_path / "moved").exists()
    printed = gazescribe(*common, "--what", "both")
    assert "moved gaze of 6 readings; moved words by 0 s (its interval holds 0)" in printed
    assert (tmp_path / "moved/words.parquet").read_bytes() == (
        tables / "words.parquet"
    ).read_bytes()


def test_why_no_gaze_was_moved(tmp_path, params):
    root = egd_tree(tmp_path / "egd", calibrated=False).finish()
    tables = write(tmp_path / "tables", name=dicom_id)
    options = ("--raw", root, "--params", params, "--apply", tmp_path / "moved", "--what", "drift")
    assert "moved gaze of 0 readings (all intervals hold 0)" in gazescribe("sync", tables, *options)


def test_samples_move_with_the_fixations_and_may_leave_the_image(both, params, tmp_path):
    tables, root = both
    second = dicom_id(1)
    rows = [
        {"reading_id": one, "sample": k, "time_s": k / 60, "x_px": x, "y_px": 40.0}
        | {"valid": True, "inside": True}
        for one in (dicom_id(0), second)
        for k, x in enumerate([0.0, 50.0])
    ]
    shutil.rmtree(tables)
    write(tables, name=dicom_id)
    write_table(table(rows, "samples"), tables, "samples", {"source": "kept"})
    out = tmp_path / "moved"
    gazescribe("sync", tables, "--raw", root, "--params", params, "--apply", out, "--what", "drift")
    now = read_table(out, "samples").to_pandas()
    mine = now[now["reading_id"] == second]
    assert mine["inside"].tolist() == [False, True]
    assert mine["x_px"].tolist() == pytest.approx([-3.0, 47.0], abs=0.1)
    assert now[now["reading_id"] != second]["x_px"].tolist() == [0.0, 50.0]
    assert pq.read_schema(out / "samples.parquet").metadata[b"source"] == b"kept"
    assert (out / "words.parquet").read_bytes() == (tables / "words.parquet").read_bytes()


def test_tables_that_others_put_out_of_order_are_sorted(both, params, tmp_path):
    tables, root = both
    delayed(tables, 0.8)
    options = ("--raw", root, "--params", params, "--what", "both")
    gazescribe("sync", tables, *options, "--apply", tmp_path / "in order")
    for path in tables.glob("*.parquet"):
        content = pq.read_table(path)
        order = np.random.default_rng(0).permutation(len(content))
        pq.write_table(content.take(order), path)
    gazescribe("sync", tables, *options, "--apply", tmp_path / "sorted")
    for path in (tmp_path / "in order").glob("*.parquet"):
        expected, found = (
            pq.read_table(folder / path.name).to_pylist()
            for folder in (path.parent, tmp_path / "sorted")
        )
        assert found == expected, path.name
