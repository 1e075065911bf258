"""The page of `diff`: which readings it shows first, and what of each."""

import base64
import io
import re

import pytest
from PIL import Image

from gazescribe.pipeline.core.shards import open_shards
from gazescribe.pipeline.core.tables import write_table
from gazescribe.pipeline.report import diff_page
from gazescribe.pipeline.report.diff import Change
from gazescribe.pipeline.report.diff_page import rank_readings
from tests.running import gazescribe
from tests.synthetic import fixation, mention, reading, table, write_tables


def map_change(reading_id, iou, change="changed"):
    return Change("maps", "heatmaps", change, reading_id, "Edema", {}, {}, iou)


def flip(reading_id):
    polarity = {"polarity": "positive"}, {"polarity": "negative"}
    return Change("told", "mentions", "changed", reading_id, "edema", *polarity)


def test_readings_whose_maps_lost_most_come_first_then_those_with_more_changes():
    changes = [
        flip("A"),
        *(flip("B"), flip("B")),
        map_change("C", 0.9),
        *(map_change("D", 0.7), map_change("D", 0.7)),
        map_change("E", None, "removed"),
        flip("F"),
    ]
    assert list(rank_readings(changes)) == ["E", "D", "C", "B", "A", "F"]


TEXT = "edema seen . mass there . clear . big one ."


@pytest.fixture
def runs(tmp_path):
    """Two runs over one reading that differ in where windows end."""
    gaze = [fixation(0, 0, 1, x_px=20.0), fixation(1, 2, 3.2, x_px=80.0)]
    tables = write_tables(tmp_path / "tables", readings=[reading("R1", TEXT)], fixations=gaze)
    told = [mention(TEXT, "seen", "edema"), mention(TEXT, "there", "mass")]
    write_table(table(told, "mentions"), tmp_path, "mentions")
    for name, end in (("before", "lastmention"), ("after", "endofsentence")):
        folder = tmp_path / name
        inputs = tables, tmp_path / "mentions.parquet", folder / "associated"
        gazescribe("associate", *inputs, "--end", end, "--workers", 1)
        drawn = tables, folder / "associated", folder / "maps"
        gazescribe("heatmaps", *drawn, "--size", 32, "--workers", 1)
    return tmp_path / "before", tmp_path / "after"


def test_maps_and_windows_before_and_after(runs, tmp_path):
    said = gazescribe("diff", *runs, "--page", tmp_path / "page.html")
    assert said.endswith(f"→ {tmp_path / 'page.html'}\n")
    page = (tmp_path / "page.html").read_text()
    assert re.search(r"<p class=\"lead\">1 of 1 readings that changed", page)
    pictures = re.findall(r'src="data:image/jpeg;base64,([^"]+)" alt="Map of [^"]+, (\w+)"', page)
    assert [side for _, side in pictures][:2] == ["before", "after"]
    sizes = {Image.open(io.BytesIO(base64.b64decode(data))).size for data, _ in pictures}
    assert sizes == {open_shards(runs[0] / "maps")[0].shape[::-1]}
    assert pictures[0][0] != pictures[1][0]
    assert re.search(r"<td>[A-Z][^<]*: \d+\.\d\d to \d+\.\d\d s, \d+ fixations, ok</td>", page)
    assert "http" not in page.replace("http-equiv", "")


def test_a_side_without_a_map_is_empty(runs):
    index = runs[1] / "maps"
    change = Change("maps/index.parquet", "heatmaps", "added", "R1", "Edema", None, {"place": 0})
    pair = diff_page._pair(change, [open_shards(index), open_shards(index)])
    assert (pair.before, pair.caption) == ("", "Edema, maps: added")
    assert pair.after.startswith("data:image/jpeg")


def test_nothing_changed(runs, tmp_path):
    gazescribe("diff", runs[0], runs[0], "--page", tmp_path / "page.html")
    assert "Nothing: both sides are the same." in (tmp_path / "page.html").read_text()
