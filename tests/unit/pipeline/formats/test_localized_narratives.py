import json

import pytest

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.formats.localized_narratives import read
from gazescribe.pipeline.formats.opening import open_recording

IMAGE = {
    "image_id": "abc",
    "annotator_id": 7,
    "caption": "A small nodule.",
    "timed_caption": [{"utterance": "A small", "start_time": 0.1, "end_time": 0.8}],
    "traces": [[{"x": 0.25, "y": 0.5, "t": 0.022}], [{"x": 0.3, "y": 0.5, "t": 0.1}]],
}
VIDEO = {
    "vidln_id": 99,
    "actor_narratives": [
        {"actor_name": "Nobody", "caption": "", "traces": []},
        {
            "actor_name": "Man",
            "caption": "He waves.",
            "recording_start_time_ms_since_epoch": 1_600_000_001_000,
            "traces": [
                [{"x": 0.1, "y": 0.2, "time_ms_since_epoch": 1_600_000_000_500, "kf_idx": 1}]
            ],
            "time_alignment": [{"referenced_word": "He", "start_ms": 100, "end_ms": 250}],
        },
    ],
}


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, [IMAGE, VIDEO])))

    def read_rows(table):
        names, pieces = read(path, table)
        return [row for piece in pieces for row in zip(*map(piece.columns.get, names), strict=True)]

    return read_rows


def test_narratives_of_images_and_of_videos(rows):
    assert rows("readings") == [
        ("abc_7", "abc", "", "A small nodule.", 0.0),
        ("99_0", "99", "Nobody", "", 0.0),
        ("99_1", "99", "Man", "He waves.", 1_600_000_001.0),
    ]
    assert rows("words") == [("abc_7", "A small", 0.1, 0.8), ("99_1", "He", 0.1, 0.25)]
    assert rows("samples") == [
        ("abc_7", "abc", "", 0.022, 0.25, 0.5),
        ("abc_7", "abc", "", 0.1, 0.3, 0.5),
        ("99_1", "99", 1, 1_600_000_000.5, 0.1, 0.2),
    ]


@pytest.mark.parametrize("line", ["{}", '{"image_id": 1, "annotator_id": 1, "traces": 3}', "[1]"])
def test_lines_of_something_else(tmp_path, line):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(IMAGE) + "\n" + line)
    names, pieces = read(path, "samples")
    assert names[0] == "narrative"
    with pytest.raises(ManifestError) as caught:
        list(pieces)
    assert caught.value.where.endswith("a.jsonl, line 2")


def test_readings_are_opened_with_their_captions(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(IMAGE))
    names, _ = open_recording("localized_narratives", path, "readings")
    assert "caption" in names
