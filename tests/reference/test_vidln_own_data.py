"""The same real narrations, ingested by a manifest alone (docs/own-data.md), down to the counts."""

import csv
import gzip
import json

import pytest
import yaml

from gazescribe.pipeline.core.shards import open_shards
from gazescribe.pipeline.core.tables import read_table
from tests.running import gazescribe

PER_READING = {
    "name": "vidln",
    "description": "Video Localized Narratives: pointing in place of gaze.",
    "ids": {"reading_id": r"\d+_\d+"},
    "resolution": {"image_width_deg": 50},
    "tables": {
        "readings": {
            "file": "{reading_id}/fixations.csv",
            "columns": {"width_px": "frame_width", "height_px": "frame_height"},
        },
        "fixations": {
            "file": "{reading_id}/fixations.csv",
            "columns": {
                "onset_s": "timestamp_start_fixation",
                "offset_s": "timestamp_end_fixation",
                "x_px": "x_position",
                "y_px": "y_position",
            },
        },
        "words": {
            "file": "{reading_id}/timestamps_transcription.csv",
            "columns": {
                "text": "word",
                "onset_s": "timestamp_start_word",
                "offset_s": "timestamp_end_word",
            },
        },
    },
}
RAW = {  # points of the published file: shares of the frame, absolute milliseconds
    **PER_READING,
    "tables": {
        "readings": {
            "file": "readings.csv",
            "columns": {
                "reading_id": "narrative",
                "subject_id": "video",
                "dicom_id": "video",
                "width_px": "width",
                "height_px": "height",
                "text": "caption",
                "audio_start": {"column": "recording_start", "unit": "ms"},
            },
        },
        "fixations": {
            "file": "points.tsv.gz",
            "columns": {
                "reading_id": "narrative",
                "onset_s": {"column": "time", "unit": "ms"},
                "duration_s": 1e-9,  # a point
                "x_px": {"column": "x", "unit": "share"},
                "y_px": {"column": "y", "unit": "share"},
            },
        },
        "words": {
            "file": "words.csv",
            "columns": {
                "reading_id": "narrative",
                "text": "word",
                "onset_s": "timestamp_start_word",
                "offset_s": "timestamp_end_word",
            },
        },
    },
}


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def folders(shared):
    found = sorted((shared / "real" / "vidln" / "reflacx_shape").iterdir())
    assert len(found) == 22
    return found


@pytest.fixture(scope="module")
def gold(folders):
    return {folder.name: read(folder / "gold_windows.csv") for folder in folders}


def write_manifest(content, folder):
    (folder / "vidln.yaml").write_text(yaml.safe_dump(content))
    return folder / "vidln.yaml"


def associate(gold, folder, *options):
    """Their nouns as mentions, each a label of its own."""
    rows = [
        (one, row["char_start"], row["char_end"], row["noun"], "positive")
        for one, nouns in gold.items()
        for row in nouns
    ]
    with (folder / "mentions.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [("report_id", "char_start", "char_end", "label", "polarity"), *rows]
        )
    nouns = sorted({noun.casefold() for _, _, _, noun, _ in rows})
    (folder / "rules").mkdir()
    content = {"channels": nouns, "labels": {noun: [noun] for noun in nouns}}
    (folder / "rules" / "labels.yaml").write_text(yaml.safe_dump(content, allow_unicode=True))
    gazescribe(
        *("associate", folder / "tables", folder / "mentions.csv", folder / "associated"),
        *("--unit", "mention", "--rules", folder / "rules", *options),
    )


def test_a_manifest_is_enough_for_maps(folders, gold, tmp_path):
    manifest = write_manifest(PER_READING, tmp_path)
    said = gazescribe("ingest", manifest, folders[0].parent, tmp_path / "tables", "--workers", 1)
    assert "22 readings, 22 with gaze, 22 images, 22 subjects; nothing left out" in said
    texts = {
        row["reading_id"]: row["text"]
        for row in read_table(tmp_path / "tables", "readings").to_pylist()
    }
    assert texts == {
        folder.name: (folder / "transcription.txt").read_text(encoding="utf-8").strip()
        for folder in folders
    }
    associate(gold, tmp_path, "--end", "nextword")
    gazescribe(
        "heatmaps", tmp_path / "tables", tmp_path / "associated", tmp_path / "maps", "--size", "64"
    )
    shards = open_shards(tmp_path / "maps")
    assert len(shards) > 60
    assert set(shards.index["dataset"].to_pylist()) == {"vidln"}
    assert all(heatmap.max() <= 1.001 for heatmap in shards)


def write_raw(shared, folders, root):
    """Tables of the raw points, as somebody might have them; words as in the derived files."""
    readings, points, words = [], [], []
    path = shared / "real" / "vidln" / "sample_combined.jsonl"
    sizes = {folder.name: read(folder / "fixations.csv")[0] for folder in folders}
    texts = {
        folder.name: (folder / "transcription.txt").read_text(encoding="utf-8").strip()
        for folder in folders
    }
    for line in path.read_text(encoding="utf-8").splitlines():
        video = json.loads(line)
        for number, narrative in enumerate(video["actor_narratives"]):
            one = f"{video['vidln_id']}_{number}"
            zero = narrative["recording_start_time_ms_since_epoch"]
            size = (sizes[one]["frame_width"], sizes[one]["frame_height"])
            readings.append((one, video["vidln_id"], *size, texts[one], zero))
            traces = [point for trace in narrative["traces"] for point in trace]
            points += [(one, at["time_ms_since_epoch"], at["x"], at["y"]) for at in traces]
    for folder in folders:
        timed = read(folder / "timestamps_transcription.csv")
        words += [(folder.name, *row.values()) for row in timed]
    root.mkdir()
    header = ("narrative", "video", "width", "height", "caption", "recording_start")
    for name, rows in (("readings", [header, *readings]), ("words", [WORDS, *words])):
        with (root / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
    with gzip.open(root / "points.tsv.gz", "wt", newline="", encoding="utf-8") as file:
        rows = [("narrative", "time", "x", "y"), *points]
        csv.writer(file, delimiter="\t").writerows(rows)


WORDS = ("narrative", "word", "timestamp_start_word", "timestamp_end_word")


@pytest.mark.parametrize(
    ("options", "column", "n_empty"),
    [
        pytest.param([], "n_points_strict", 36, id="own words"),
        pytest.param(["--end", "nextword"], "n_points_google_extended", 14, id="to next word"),
    ],
)
def test_points_in_the_window_of_each_noun(
    shared, folders, gold, tmp_path, options, column, n_empty
):
    write_raw(shared, folders, tmp_path / "raw")
    manifest = write_manifest(RAW, tmp_path)
    gazescribe("ingest", manifest, tmp_path / "raw", tmp_path / "tables", "--workers", 1)
    associate(gold, tmp_path, *options)
    windows = {
        (row["reading_id"], row["char_start"], row["char_end"]): row
        for row in read_table(tmp_path / "associated", "windows").to_pylist()
        if row["kind"] == "mention"
    }
    compared = [
        (int(noun[column]), windows[one, int(noun["char_start"]), int(noun["char_end"])])
        for one, nouns in gold.items()
        for noun in nouns
    ]
    assert len(compared) == 129
    assert [row["n_fixations"] for _, row in compared] == [n for n, _ in compared]
    assert sum(row["status"] == "empty" for _, row in compared) == n_empty
