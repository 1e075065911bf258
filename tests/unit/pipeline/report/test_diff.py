"""`diff` finds what was edited, and nothing else."""

import json
import os
import shutil

import numpy as np
import pandas as pd
import pytest

from gazescribe.pipeline.core.files import JOURNAL
from gazescribe.pipeline.core.shards import open_shards
from gazescribe.pipeline.core.tables import write_table
from gazescribe.pipeline.report.diff import find_tables
from tests.running import gazescribe, invoke
from tests.synthetic import fixation, mention, reading, table, write_tables

TEXT = "edema seen . mass there . clear . big one ."
FLIPPED = "2 changed: 2 labels flipped (2 positive → negative) (R1)"
TOLD = [mention(TEXT, "seen", "edema"), mention(TEXT, "there", "mass")]


def mentions(folder, rows):
    (folder / "mentions").mkdir(exist_ok=True)
    write_table(table(rows, "mentions"), folder / "mentions", "mentions")


@pytest.fixture
def run(tmp_path):
    """One reading with two sentences that are drawn, and a copy of all that was made."""
    before, after = tmp_path / "before", tmp_path / "after"
    gaze = [fixation(0, 0, 1, x_px=20.0), fixation(1, 2, 3.2, x_px=80.0)]
    write_tables(before / "tables", readings=[reading("R1", TEXT)], fixations=gaze)
    mentions(before, TOLD)
    draw(before)
    shutil.copytree(before, after)
    return before, after


def draw(folder, *options):
    told, out = folder / "mentions" / "mentions.parquet", folder / "associated"
    gazescribe("associate", folder / "tables", told, out, *options)
    gazescribe("heatmaps", folder / "tables", out, folder / "maps", "--size", "32")


def differences(before, after, *options):
    return json.loads(gazescribe("diff", before, after, "--json", *options))["tables"]


def test_what_a_killed_stage_did_not_move_is_moved_first(run):
    before, after = run
    folder = after / "associated"
    staging = folder.with_name(f".{folder.name}.partial")
    (staging / ".old").mkdir(parents=True)
    (folder / "windows.parquet").rename(staging / "windows.parquet")
    journal = {"inside": False, "mark": None, "old": [], "new": ["windows.parquet"]}
    (folder / JOURNAL).write_text(json.dumps(journal))
    assert find_tables(after).keys() == find_tables(before).keys()
    assert not staging.exists()


def test_equal_runs_do_not_differ(run):
    found = differences(*run)
    assert set(found) == {
        "associated/windows.parquet",
        "maps/index.parquet",
        "mentions/mentions.parquet",
    }
    assert all(part["n"] == {} and part["ids"] == [] for part in found.values())


def test_mentions_are_added_removed_and_changed(run):
    before, after = run
    changed = {**TOLD[0], "polarity": "uncertain"}
    mentions(after, [changed, mention(TEXT, "clear", "fracture")])
    found = differences(before, after)["mentions/mentions.parquet"]
    assert found["n"] == {"added": 1, "changed": 1, "removed": 1}
    assert found["by_label"] == {"edema": 1, "fracture": 1, "mass": 1}
    assert found["ids"] == ["R1"]


def test_windows_and_maps_follow_a_parameter(run, tmp_path):
    before, after = run
    draw(after, "--end", "endofsentence")
    found = differences(before, after, "--out", tmp_path / "changes.csv")
    assert found["associated/windows.parquet"]["n"] == {"changed": 2}
    maps = found["maps/index.parquet"]
    assert set(maps["n"]) == {"changed"}
    assert 0 < maps["mean_iou"] < 1
    rows = pd.read_csv(tmp_path / "changes.csv")
    windows = rows[rows.table == "windows"]
    assert list(windows.id) == ["R1", "R1"]
    assert (windows.end_s_before < windows.end_s_after).all()
    assert windows.labels_before.str.contains("Edema").any()
    assert windows.iou.isna().all()
    assert rows[rows.table == "heatmaps"].iou.between(0, 1).all()
    fields = (tmp_path / "changes.csv").read_text().splitlines()[1].split(",")
    assert fields[list(rows.columns).index("n_fixations_before")] == "1"


def test_iou_is_that_of_pixels_above_the_threshold(run):
    before, after = run
    old = np.asarray(open_shards(before / "maps")[0], np.float32)
    shard = after / "maps" / "heatmaps-00000.npy"
    edited = np.load(shard)
    edited[0] = np.where(old > 0.5, 0, old)
    np.save(shard, edited)
    found = differences(before, after, "--threshold", "0.25")["maps/index.parquet"]
    was, now = old > 0.25, (old > 0.25) & (old <= 0.5)
    assert was.any()
    assert found["n"] == {"changed": 1}
    assert found["mean_iou"] == pytest.approx((was & now).sum() / (was | now).sum())


def test_maps_of_another_size_change_without_iou(run):
    before, after = run
    gazescribe("heatmaps", after / "tables", after / "associated", after / "maps", "--size", "48")
    found = differences(before, after)["maps/index.parquet"]
    assert found["n"]["changed"] == len(open_shards(before / "maps"))
    assert found["mean_iou"] is None


def test_what_one_side_lacks_is_named(run):
    before, after = run
    shutil.rmtree(after / "maps")
    shown = gazescribe("diff", before, after)
    assert "only before: maps/index.parquet" in shown
    assert shown.splitlines()[-1] == "0 changes in 2 tables"


def test_two_files_are_compared(run):
    paths = [folder / "associated" / "windows.parquet" for folder in run]
    assert gazescribe("diff", *paths).splitlines()[0] == "windows: no change"


def test_folders_without_common_tables_are_refused(run, tmp_path):
    (tmp_path / "empty").mkdir()
    result = invoke("diff", run[0], tmp_path / "empty")
    assert result.exit_code == 2
    assert "there is nothing to compare" in result.output


def test_a_broken_file_is_named(run):
    (run[1] / "mentions" / "mentions.parquet").write_text("none")
    result = invoke("diff", *run)
    assert result.exit_code == 2
    assert "mentions.parquet: this is not a Parquet file" in result.output


def test_maps_of_another_size_are_counted_as_such(run):
    before, after = run
    gazescribe("heatmaps", after / "tables", after / "associated", after / "maps", "--size", "48")
    n = len(open_shards(before / "maps"))
    assert f"maps/index.parquet: {n} changed: {n} maps of another size (R1)" in gazescribe(
        "diff", *run
    )


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_mentions_of_any_form_are_compared(tmp_path, suffix):
    told = [
        pd.DataFrame([{**one, "polarity": polarity} for one in TOLD])
        for polarity in ("positive", "negative")
    ]
    paths = [tmp_path / f"{side}{suffix}" for side in ("before", "after")]
    for frame, path in zip(told, paths, strict=True):
        if suffix == ".csv":
            frame.to_csv(path, index=False)
        else:
            frame.to_json(path, orient="records", lines=True)
    assert gazescribe("diff", *paths).splitlines()[0] == f"mentions: {FLIPPED}"
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    for path, side in zip(paths, ("one", "two"), strict=True):
        path.rename(tmp_path / side / f"told{suffix}")
        (tmp_path / side / "scores.csv").write_text("label,auc\n")
    said = gazescribe("diff", tmp_path / "one", tmp_path / "two")
    assert said == f"told{suffix}: {FLIPPED}\n2 changes in 1 table\n"


def test_a_number_that_no_table_holds_is_refused(tmp_path):
    for name in ("before", "after"):
        pd.DataFrame(TOLD).to_json(tmp_path / f"{name}.jsonl", orient="records", lines=True)
    path = tmp_path / "after.jsonl"
    path.write_text(path.read_text().replace('"char_end":', f'"char_end":{10**30},"was":', 1))
    result = invoke("diff", tmp_path / "before.jsonl", path)
    assert result.exit_code == 2
    assert "after.jsonl: this is not a table mentions" in result.output


def test_two_data_sets_have_no_reading_in_common(run, tmp_path):
    mentions(tmp_path, [{**TOLD[0], "report_id": "X1"}])
    paths = [folder / "mentions" / "mentions.parquet" for folder in (run[0], tmp_path)]
    result = invoke("diff", *paths)
    assert result.exit_code == 2
    assert "there is no reading in common" in result.output


def test_a_pipe_is_refused_and_not_waited_for(run):
    os.mkfifo(run[1] / "mentions" / "more.csv")
    result = invoke("diff", *run)
    assert result.exit_code == 2
    assert "more.csv: this is a pipe or a device" in result.output


@pytest.mark.parametrize("side", [0, 1])
def test_a_map_that_is_not_finite_is_named(run, side):
    shard = run[side] / "maps" / "heatmaps-00000.npy"
    maps = np.load(shard)
    maps[0, 0, 0] = np.nan
    np.save(shard, maps)
    result = invoke("diff", *run)
    assert result.exit_code == 2
    assert "heatmaps-00000.npy: a map holds numbers that are not finite. Copy" in result.output
