"""Readings that the authors' code has read (spec: golden), through our reader."""

import csv
import json

import pytest

from gazescribe.pipeline.core.tables import read_table
from tests.running import gazescribe


@pytest.fixture(scope="module")
def golden_search_tables(shared, tmp_path_factory):
    out = tmp_path_factory.mktemp("search") / "tables"
    tree = shared / "golden" / "search"
    gazescribe("ingest", "reflacx", tree, out, "--val-subjects", tree / "val_mimicid.txt")
    return out


def test_windows_tree_gives_what_its_files_hold(golden_maps, golden_tables):
    readings = read_table(golden_tables, "readings").to_pylist()
    assert len(readings) == 8
    folder = golden_maps / "reflacx" / "main_data"
    for reading in readings:
        here = folder / reading["reading_id"]
        assert reading["text"] == (here / "transcription.txt").read_text()
        with (here / "fixations.csv").open(newline="") as handle:
            raw = list(csv.DictReader(handle))
        ours = [
            row
            for row in read_table(golden_tables, "fixations").to_pylist()
            if row["reading_id"] == reading["reading_id"]
        ]
        assert len(ours) == len(raw) > 0
        for row, given in zip(ours, raw, strict=True):
            assert row["onset_s"] == float(given["timestamp_start_fixation"])
            assert row["offset_s"] == float(given["timestamp_end_fixation"])
            assert row["x_px"] == float(given["x_position"])
            assert row["shown_ymax_px"] == float(given["ymax_shown_from_image"])


def test_sentences_end_at_the_periods_of_the_text(golden_tables):
    texts = {
        row["reading_id"]: row["text"] for row in read_table(golden_tables, "readings").to_pylist()
    }
    sentences = read_table(golden_tables, "sentences").to_pylist()
    assert len(sentences) == sum(text.count(".") for text in texts.values())
    for row in sentences:
        assert texts[row["reading_id"]][row["char_start"] : row["char_end"]].endswith(".")


def test_the_flag_of_the_discarded_reading_decides(golden_search_tables):
    readings = read_table(golden_search_tables, "readings").to_pylist()
    assert len(readings) == 12
    (discarded,) = [row for row in readings if not row["has_gaze"]]
    assert (discarded["reading_id"], discarded["text"]) == ("P111R015838", None)
    for name, expected in (("fixations", False), ("words", False), ("regions", True)):
        ids = read_table(golden_search_tables, name)["reading_id"].to_pylist()
        assert ("P111R015838" in ids) == expected
    counts = json.loads((golden_search_tables / "ingest.json").read_text())
    assert counts["without_gaze"] == {"discarded": 1}
    assert counts["faults"]["discarded_with_files"]["rows"] == 3


def test_the_published_list_is_named(golden_search_tables):
    counts = json.loads((golden_search_tables / "ingest.json").read_text())
    assert counts["split_source"].startswith("published list val_mimicid.txt (2 subjects, sha256 ")
    assert counts["splits"]["validate"] == 0
