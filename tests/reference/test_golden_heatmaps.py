"""Windows and maps against what the authors' own code made of the same CSV files."""

import json

import numpy as np
import pytest

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.shards import open_shards
from gazescribe.pipeline.core.tables import read_table, rows_of
from gazescribe.pipeline.core.yaml_files import override
from gazescribe.pipeline.geometry.canvas import Canvas
from gazescribe.pipeline.maps.heatmaps import run
from tests.running import gazescribe

SAME_S = 1e-9
SAME_MAP = 1e-5


@pytest.fixture(scope="module")
def ours(golden_associated):
    windows = read_table(golden_associated, "windows").to_pylist()
    return {
        (row["reading_id"], "report" if row["kind"] == "report" else row["sentence"]): row
        for row in windows
        if row["kind"] in ("sentence", "report")
    }


def published(golden_maps):
    return json.loads((golden_maps / "windows.json").read_text())


def test_windows_equal_the_published(golden_maps, ours):
    theirs = published(golden_maps)
    assert len(theirs) == 24
    assert len(ours) == len(theirs)
    for window in theirs:
        key = (window["id"], "report" if window["sentence"] is None else window["sentence"])
        row = ours[key]
        assert row["start_s"] == pytest.approx(window["start_s"], abs=SAME_S), key
        assert row["end_s"] == pytest.approx(window["end_s"], abs=SAME_S), key
        assert row["n_fixations"] == window["n_fixations_drawn"], key
        assert sorted(row["labels"]) == sorted(window["labels"]), key
        assert (row["width_px"], row["height_px"]) == (window["size_x"], window["size_y"])
        assert row["status"] == "ok"


def test_full_size_maps_equal_the_published(golden_maps, golden_associated, ours):
    gaussians = read_table(golden_associated, "gaussians")
    compared = 0
    for path in sorted(golden_maps.glob("maps_*.npz")):
        reading_id = path.stem.removeprefix("maps_")
        of_reading = rows_of(gaussians, "reading_id", [reading_id])[reading_id]
        theirs = np.load(path)
        for name in theirs.files:
            key = (reading_id, name if name == "report" else int(name))
            row = ours[key]
            one = of_reading["window"] == row["window"]
            columns = {column: values[one] for column, values in of_reading.items()}
            image_size = (row["height_px"], row["width_px"])
            heatmap, _ = Canvas(columns, image_size, None).label_map([row["window"]])
            assert heatmap.shape == theirs[name].shape
            assert heatmap.max() == pytest.approx(1, abs=1e-6)
            np.testing.assert_allclose(heatmap, theirs[name], atol=SAME_MAP, rtol=0)
            compared += 1
    assert compared == 24


def test_every_rule_gives_the_published_windows(golden_maps, golden_tables, tmp_path):
    """80 rules; 0 or more fixations, reversed ones included as the arithmetic gives them."""
    rules = json.loads((golden_maps / "windows_all_rules.json").read_text())
    assert len(rules) == 80
    compared = 0
    for rule, by_reading in rules.items():
        start, end = rule.rsplit("_", 1)
        lag, _, anchor = start.rpartition("s_")
        options = ["--start", anchor or start, "--end", end]
        options += ["--lag", lag] if lag else []
        out = tmp_path / rule
        mentions = golden_maps / "mentions_by_reading.csv"
        gazescribe("associate", golden_tables, mentions, out, *options, "--workers", 1)
        found = {
            (row["reading_id"], row["sentence"]): (row["start_s"], row["end_s"], row["status"])
            for row in read_table(out, "windows").to_pylist()
            if row["kind"] == "sentence"
        }
        expected = {
            (reading_id, sentence): (start_s, end_s)
            for reading_id, windows in by_reading.items()
            for sentence, start_s, end_s in windows
        }
        assert found.keys() == expected.keys(), rule
        for key, (start_s, end_s) in expected.items():
            assert found[key][:2] == pytest.approx((start_s, end_s), abs=SAME_S), (rule, key)
            assert (found[key][2] == "reversed") == (found[key][1] < found[key][0]), (rule, key)
            compared += 1
    assert compared == 1280


def test_published_training_items(golden_maps, golden_tables, golden_associated, tmp_path):
    """The ten channels at 512 after the two-step resize, and the readers' ellipses.

    Both sides are float16: where float32 values straddle a rounding edge they differ by one unit in
    the last place, 4.9e-4 near 1.
    """
    section = override(load_params().heatmaps, resize="published", size=512)
    for kind in ("label", "ellipse"):
        run(golden_tables, golden_associated, tmp_path / kind, kind, section, workers=1)
    paths = sorted(golden_maps.glob("labels512_*.npz"))
    assert len(paths) == 3
    for path in paths:
        reading_id = path.stem.removeprefix("labels512_")
        theirs = np.load(path)
        heatmaps = channels(open_shards(tmp_path / "label"), reading_id)
        assert heatmaps.max() > 0.9
        np.testing.assert_allclose(heatmaps, theirs["heatmaps"], atol=4.9e-4, rtol=0)
        assert np.mean(np.abs(heatmaps - theirs["heatmaps"]) > 2.5e-4) < 1e-5
        ellipses = channels(open_shards(tmp_path / "ellipse"), reading_id)
        assert ellipses.any()
        np.testing.assert_array_equal(ellipses, theirs["ellipses"])


def channels(shards, reading_id):
    """Maps of a reading by channel, shape (10, height, width)."""
    stacked = np.zeros((10, 512, 512), np.float32)
    for number, row in enumerate(shards.index.to_pylist()):
        if row["reading_id"] == reading_id:
            stacked[TEN_LABELS.index(row["label"])] = shards[number]
    return stacked


def test_direct_resize_stays_close_to_the_published(golden_maps, golden_associated, ours):
    """How far drawing at model size lies from drawing at full size and shrinking.

    At most 0.01 anywhere on these readings, 0.0005 on average. The published letterbox rounds the
    short side; a square image has the same place in both.
    """
    gaussians = read_table(golden_associated, "gaussians")
    furthest = []
    for (reading_id, _), row in ours.items():
        image_size = (row["height_px"], row["width_px"])
        if image_size[0] != image_size[1]:
            continue
        columns = rows_of(gaussians, "reading_id", [reading_id])[reading_id]
        columns = {name: v[columns["window"] == row["window"]] for name, v in columns.items()}
        direct, _ = Canvas(columns, image_size, (256, 256)).label_map([row["window"]])
        shrunk, _ = Canvas(columns, image_size, (256, 256), resize="published").label_map(
            [row["window"]]
        )
        furthest.append(np.abs(direct - shrunk))
    assert len(furthest) >= 4
    assert np.max(furthest) < 0.01
    assert np.mean(furthest) < 5e-4
