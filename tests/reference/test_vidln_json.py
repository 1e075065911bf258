"""Real narrations from their own JSON: points in the window of each noun, and maps."""

import csv

import numpy as np
import pytest
import yaml

from gazescribe.pipeline.core.tables import read_table
from tests.running import gazescribe

FORMAT = {"file": "sample_combined.jsonl", "format": "localized_narratives"}
MANIFEST = {
    "name": "vidln",
    "resolution": {"image_width_deg": 50},
    "tables": {
        "readings": {**FORMAT, "columns": {"width_px": 1280, "height_px": 720}},
        "samples": FORMAT,
        "words": FORMAT,
    },
}


@pytest.fixture(scope="module")
def tables(shared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("vidln")
    (folder / "vidln.yaml").write_text(yaml.safe_dump(MANIFEST))
    root = shared / "real" / "vidln"
    said = gazescribe("ingest", folder / "vidln.yaml", root, folder / "tables", "--workers", 1)
    assert "22 readings, 0 with gaze, 6 images, 6 subjects" in said
    return folder / "tables"


def by_reading(tables, name):
    rows = {}
    for row in read_table(tables, name).to_pylist():
        rows.setdefault(row["reading_id"], []).append(row)
    return rows


def test_points_in_the_window_of_each_noun(shared, tables):
    """As the published windows count them: from the start of its first word to its last's end."""
    samples, words = by_reading(tables, "samples"), by_reading(tables, "words")
    n_nouns = 0
    for folder in sorted((shared / "real" / "vidln" / "reflacx_shape").iterdir()):
        times = np.array([row["time_s"] for row in samples[folder.name]])
        with (folder / "gold_windows.csv").open(encoding="utf-8", newline="") as file:
            nouns = list(csv.DictReader(file))
        text = (folder / "transcription.txt").read_text(encoding="utf-8").strip()
        spoken = [
            (row["onset_s"], row["offset_s"])
            for row in words[folder.name]
            if any(letter.isalnum() for letter in row["text"])
        ]
        spans = words_of(text)
        assert len(spans) == len(spoken)
        for noun in nouns:
            start, end = int(noun["char_start"]), int(noun["char_end"])
            said = [
                time
                for time, (first, last) in zip(spoken, spans, strict=True)
                if first < end and start < last
            ]
            # Milliseconds since 1970 as float64 seconds are good to some tenths of a microsecond.
            inside = (times >= said[0][0] - 1e-6) & (times <= said[-1][1] + 1e-6)
            assert np.count_nonzero(inside) == int(noun["n_points_strict"])
            n_nouns += 1
    assert n_nouns == 129


def words_of(text):
    """Characters of each word, split at blanks, without the marks that stand alone."""
    spans, start = [], 0
    for word in text.split():
        start = text.index(word, start)
        if any(letter.isalnum() for letter in word):
            spans.append((start, start + len(word)))
        start += len(word)
    return spans


def test_fixations_and_maps(tables, tmp_path):
    said = gazescribe("fixations", tables, tmp_path / "fixed", "--workers", 1)
    assert "without gaze: no fixation 8" in said  # the mouse hardly rests
    gazescribe("associate", tmp_path / "fixed", tmp_path / "associated")
    gazescribe(
        *("heatmaps", tmp_path / "fixed", tmp_path / "associated", tmp_path / "maps"),
        *("--kind", "saliency", "--size", 64),
    )
    assert (tmp_path / "maps" / "heatmaps-00000.npy").is_file()
