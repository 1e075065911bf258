"""Real narrations with timed words and timed pointing (Video Localized Narratives, CC BY 4.0)."""

import csv
import json

import numpy as np
import pytest
import yaml

from gazescribe.pipeline.core.shards import open_shards
from gazescribe.pipeline.core.tables import read_table, write_table
from tests.running import gazescribe

SIGMA = 0.02  # of the frame's width, there being no viewing distance


@pytest.fixture(scope="module")
def narrations(shared):
    folders = sorted((shared / "real" / "vidln" / "reflacx_shape").iterdir())
    assert len(folders) == 22
    return {folder.name: folder for folder in folders}


@pytest.fixture(scope="module")
def points(shared):
    """Raw points by narration: seconds from the start of the recording, fractions of the frame."""
    found = {}
    path = shared / "real" / "vidln" / "sample_combined.jsonl"
    for line in path.read_text(encoding="utf-8").splitlines():
        video = json.loads(line)
        for number, narrative in enumerate(video["actor_narratives"]):
            zero = narrative["recording_start_time_ms_since_epoch"]
            found[f"{video['vidln_id']}_{number}"] = [
                ((point["time_ms_since_epoch"] - zero) / 1000, point["x"], point["y"])
                for trace in narrative["traces"]
                for point in trace
            ]
    return found


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_tables(narrations, gaze, folder):
    """Adapter for this test alone: whole frame shown, sigma a share of its width."""
    tables = {name: [] for name in ("readings", "words", "sentences", "fixations")}
    for reading_id, source in narrations.items():
        text = (source / "transcription.txt").read_text(encoding="utf-8")
        frame = read(source / "fixations.csv")[0]
        width, height = int(frame["frame_width"]), int(frame["frame_height"])
        tables["readings"].append(
            {
                "reading_id": reading_id,
                "dataset": "vidln",
                "dicom_id": reading_id,
                "subject_id": 0,
                "width_px": width,
                "height_px": height,
                "has_gaze": True,
                "text": text,
            }
        )
        words, at, sentence = [], 0, 0
        for number, row in enumerate(read(source / "timestamps_transcription.csv")):
            at = text.index(row["word"], at)
            onset_s, offset_s = (float(row[f"timestamp_{side}_word"]) for side in ("start", "end"))
            words.append((reading_id, number, row["word"], onset_s, offset_s, at, sentence))
            at += len(row["word"])
            sentence += row["word"] == "."
        keys = ("reading_id", "word", "text", "onset_s", "offset_s", "char_start", "sentence")
        rows = [dict(zip(keys, word, strict=True)) for word in words]
        for row in rows:
            row["char_end"] = row["char_start"] + len(row["text"])
        tables["words"] += rows
        for number in range(max(row["sentence"] for row in rows) + 1):
            own = [row for row in rows if row["sentence"] == number]
            tables["sentences"].append(
                {
                    "reading_id": reading_id,
                    "sentence": number,
                    "onset_s": own[0]["onset_s"],
                    "offset_s": own[-1]["offset_s"],
                    "char_start": own[0]["char_start"],
                    "char_end": own[-1]["char_end"],
                }
            )
        for number, (onset_s, offset_s, x, y) in enumerate(gaze(reading_id, source)):
            tables["fixations"].append(
                {
                    "reading_id": reading_id,
                    "fixation": number,
                    "onset_s": onset_s,
                    "offset_s": offset_s,
                    "x_px": x * width,
                    "y_px": y * height,
                    "px_per_deg_x": SIGMA * width,
                    "px_per_deg_y": SIGMA * width,
                }
            )
    for name, rows in tables.items():
        write_table({key: [row[key] for row in rows] for key in rows[0]}, folder, name)


def write_mentions(narrations, path):
    """The gold noun spans, each noun a label of its own."""
    rows = [
        (reading_id, row["char_start"], row["char_end"], row["noun"], "positive")
        for reading_id, source in narrations.items()
        for row in read(source / "gold_windows.csv")
    ]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["report_id", "char_start", "char_end", "label", "polarity"])
        writer.writerows(rows)
    return rows


def write_rules(nouns, folder):
    folder.mkdir()
    content = {"channels": nouns, "labels": {noun.casefold(): [noun] for noun in nouns}}
    (folder / "labels.yaml").write_text(yaml.safe_dump(content, allow_unicode=True))
    return folder


@pytest.mark.parametrize(
    ("options", "column", "n_empty"),
    [
        pytest.param([], "n_points_strict", 36, id="own words"),
        pytest.param(["--end", "nextword"], "n_points_google_extended", 14, id="to next word"),
    ],
)
def test_points_in_the_window_of_each_noun(narrations, points, tmp_path, options, column, n_empty):
    def gaze(reading_id, _):
        return sorted((time_s, time_s, x, y) for time_s, x, y in points[reading_id])

    write_tables(narrations, gaze, tmp_path / "tables")
    mentions = write_mentions(narrations, tmp_path / "mentions.csv")
    nouns = sorted({noun.casefold() for _, _, _, noun, _ in mentions})
    rules = write_rules(nouns, tmp_path / "rules")
    gazescribe(
        *("associate", tmp_path / "tables", tmp_path / "mentions.csv", tmp_path / "associated"),
        *("--unit", "mention", "--rules", rules, *options),
    )
    windows = {
        (row["reading_id"], row["char_start"], row["char_end"]): row
        for row in read_table(tmp_path / "associated", "windows").to_pylist()
        if row["kind"] == "mention"
    }
    compared = empty = 0
    for reading_id, source in narrations.items():
        for gold in read(source / "gold_windows.csv"):
            row = windows[(reading_id, int(gold["char_start"]), int(gold["char_end"]))]
            assert row["start_s"] == pytest.approx(float(gold["start_s"]), abs=1e-9)
            assert row["n_fixations"] == int(gold[column]), (reading_id, gold)
            assert row["status"] == ("ok" if int(gold[column]) else "empty")
            compared += 1
            empty += row["status"] == "empty"
    assert compared == 129
    assert empty == n_empty


def test_points_grouped_to_fixations_make_maps(narrations, tmp_path):
    """The same with fixations that last, on to heatmaps: finite, and 1 at most."""

    def gaze(_, source):
        for row in read(source / "fixations.csv"):
            onset_s, offset_s = (
                float(row[f"timestamp_{side}_fixation"]) for side in ("start", "end")
            )
            x = int(row["x_position"]) / int(row["frame_width"])
            yield onset_s, offset_s, x, int(row["y_position"]) / int(row["frame_height"])

    write_tables(narrations, gaze, tmp_path / "tables")
    mentions = write_mentions(narrations, tmp_path / "mentions.csv")
    nouns = sorted({noun.casefold() for _, _, _, noun, _ in mentions})
    rules = write_rules(nouns, tmp_path / "rules")
    associated = tmp_path / "associated"
    gazescribe(
        *("associate", tmp_path / "tables", tmp_path / "mentions.csv", associated),
        *("--unit", "mention", "--end", "nextword", "--rules", rules),
    )
    gazescribe("heatmaps", tmp_path / "tables", associated, tmp_path / "maps", "--size", "64x96")
    shards = open_shards(tmp_path / "maps")
    assert len(shards) > 60
    for number, row in enumerate(shards.index.to_pylist()):
        heatmap = shards[number]
        assert heatmap.shape == (64, 96)
        assert np.isfinite(heatmap).all()
        if row["peak"]:
            assert 0.5 < heatmap.max() <= 1.001


def test_another_vocabulary_is_another_folder(narrations, tmp_path):
    """Their nouns as rules: label, associate and draw without a line of Python."""

    def gaze(_, source):
        for row in read(source / "fixations.csv"):
            times = (float(row[f"timestamp_{side}_fixation"]) for side in ("start", "end"))
            yield *times, int(row["x_position"]) / int(row["frame_width"]), 0.5

    write_tables(narrations, gaze, tmp_path / "tables")
    gold = write_mentions(narrations, tmp_path / "gold.csv")
    nouns = sorted({noun.casefold() for _, _, _, noun, _ in gold})
    rules = write_rules(nouns, tmp_path / "rules")
    concepts = [
        {"id": f"noun_{number}", "labels": [noun], "phrases": [noun]}
        for number, noun in enumerate(nouns)
    ]
    (rules / "vocabulary").mkdir()
    content = {"about": "Nouns of the narrations.", "concepts": concepts}
    (rules / "vocabulary" / "nouns.yaml").write_text(yaml.safe_dump(content, allow_unicode=True))
    mentions = tmp_path / "mentions.parquet"
    gazescribe("label", tmp_path / "tables", mentions, "--rules", rules)
    found = read_table(tmp_path, "mentions").to_pylist()
    assert {row["polarity"] for row in found} == {"positive"}
    spans = {(row["report_id"], row["char_start"], row["label"]) for row in found}
    asked = {(report_id, int(start), noun.casefold()) for report_id, start, _, noun, _ in gold}
    assert len(asked & spans) >= len(asked) - 4  # four nouns lie inside a longer word
    associated, maps = tmp_path / "associated", tmp_path / "maps"
    gazescribe(
        *("associate", tmp_path / "tables", mentions, associated),
        *("--unit", "mention", "--end", "nextword", "--rules", rules),
    )
    gazescribe("heatmaps", tmp_path / "tables", associated, maps, "--size", "64")
    assert len(open_shards(maps)) > 60
