import json

import pytest

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.formats.scanpaths import read
from gazescribe.pipeline.sources.presets import recognised

SEARCH = [
    {
        "name": "a.jpg",
        "subject": 1,
        "task": "lung lesion",
        "bbox": [0, 0],
        "X": [18, 12],
        "Y": [182, 144],
        "T": [0.75, 0.5],
        "correct": True,
    },
    {"name": "b.jpg", "subject": 1, "task": "edema", "X": [], "Y": [], "T": [], "split": "test"},
]
VOLUME = [{"name": "ct", "subject": "2", "X": [5], "Y": [6], "Z": [40], "T": [0.3], "report": "r"}]
SIIM = [{"image_id": "1.2.3", "gaze_x": [0.25, 0.5], "gaze_y": [0.1, 0.2], "time": [3, 1]}]


@pytest.fixture
def rows(tmp_path):
    def read_rows(content, table="fixations"):
        path = tmp_path / "a.json"
        path.write_text(json.dumps(content, indent=4))
        assert recognised(path) == ["scanpaths"]
        names, pieces = read(path, table)
        cells = [
            row for piece in pieces for row in zip(*map(piece.columns.get, names), strict=True)
        ]
        return [dict(zip(names, row, strict=True)) for row in cells]

    return read_rows


def test_a_row_for_each_fixation_in_order(rows):
    common = {"name": "a.jpg", "subject": 1, "task": "lung lesion", "correct": True, "split": ""}
    assert rows(SEARCH) == [
        {**common, "fixation": 1, "X": 18, "Y": 182, "T": 0.75},
        {**common, "fixation": 2, "X": 12, "Y": 144, "T": 0.5},
    ]


def test_a_row_for_each_scanpath_without_its_lists(rows):
    found = rows(SEARCH, "readings")
    assert [row["name"] for row in found] == ["a.jpg", "b.jpg"]
    assert [row["split"] for row in found] == ["", "test"]
    assert "bbox" not in found[0]


def test_each_slice_of_a_volume_is_an_image(rows):
    assert rows(VOLUME, "readings") == rows(VOLUME)
    assert rows(VOLUME)[0]["Z"] == 40


def test_the_layout_of_the_siim_gaze(rows):
    first, _ = rows(SIIM)
    assert first == {"image_id": "1.2.3", "fixation": 1, "gaze_x": 0.25, "gaze_y": 0.1, "time": 3}
    assert rows(SIIM, "readings") == [{"image_id": "1.2.3"}]


@pytest.mark.parametrize(
    "content",
    [
        {},
        [],
        [1],
        [{"name": "a"}],
        [{"X": [1], "Y": [1, 2], "T": [1]}],
        [{"X": 1, "Y": 1, "T": 1}],
        [{"gaze_x": [1], "gaze_y": [1], "time": None}],
    ],
)
def test_files_of_something_else(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ManifestError, match=r"a\.json"):
        read(path, "fixations")
