import json
from collections import Counter

import numpy as np
import pytest

from gazescribe.pipeline.core.errors import AlignmentError, SchemaError
from gazescribe.pipeline.scanpaths.predictions import (
    check_frames,
    image_of,
    in_frame,
    read_predictions,
)

PATH = {"name": "I1.jpg", "task": "Lung Lesion", "X": [112.0, 56], "Y": [0, 224]}


@pytest.fixture
def read(tmp_path):
    def read_file(*entries, size=None):
        path = tmp_path / "predicted.json"
        path.write_text(json.dumps(entries))
        left_out = Counter()
        return read_predictions(path, {"I1"}, size, left_out), left_out

    return read_file


def test_frames_of_files_and_of_options(read):
    (plain, said), _ = read(PATH, {**PATH, "width": 112, "height": 448}, size=(224, 224))
    assert (plain.image, plain.task, plain.frame) == ("I1", "lung lesion", (224, 224))
    assert in_frame(plain, (80, 100))[:, :2].tolist() == [[50, 0], [25, 80]]
    assert in_frame(said, (80, 100))[:, :2].tolist() == [[100, 0], [50, 40]]
    assert np.isnan(plain.path[:, 2]).all()
    ((native,), _) = read(PATH)
    assert in_frame(native, (80, 100))[:, :2].tolist() == [[112, 0], [56, 224]]


@pytest.mark.parametrize("durations", [[200, 350], [0.2, 0.35]], ids=["ms", "s"])
def test_durations_in_either_unit(read, durations):
    ((path,), _) = read({**PATH, "T": durations})
    assert path.path[:, 2] == pytest.approx([0.2, 0.35])


def test_whole_readings_and_paths_without_fixation(read):
    tasks = [{"task": "none"}, {"task": ""}, {"condition": "freeview"}, {"X": [], "Y": []}]
    paths, left_out = read(*({**PATH, **task} for task in tasks))
    assert [path.task for path in paths] == ["", "", ""]
    assert left_out == {"without a fixation": 1}


def test_all_faults_at_once(read):
    entries = [
        [],
        {**PATH, "name": ""},
        {**PATH, "X": [1]},
        {**PATH, "T": ["a", 1]},
        {**PATH, "task": 3},
        {**PATH, "width": 0},
        {"name": "I1.jpg", "X": [1]},
    ]
    with pytest.raises(SchemaError, match="7 faults in scan paths") as caught:
        read(*entries)
    assert caught.value.faults == (
        "number 1: [] is no object",
        "number 2: it has no `name`, the image",
        "number 3: its lists differ in length: {'X': 1, 'Y': 2}",
        "number 4: its `T` is no list of numbers",
        "number 5: its `task` 3 is no text",
        "number 6: its `width` and `height` are not both above 0",
        "number 7: its `Y` is no list of numbers",
    )


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("a/I.1.JPG", "I.1"),
        ("I1", "I1"),
        ("1.2.3", "1.2.3"),
        ("x.png", "x.png"),  # an id of ours that looks like a file
        ("x.png.jpg", "x.png"),
        ("p/q.jpg", "p/q"),
        ("other/p/q.dcm", "q"),
    ],
)
def test_ids_of_images(name, image):
    assert image_of(name, {"I.1", "I1", "1.2.3", "x.png", "p/q"}) == image


def test_pixels_of_another_frame_are_refused(read, tmp_path):
    ((path,), _) = read(PATH)
    with pytest.raises(AlignmentError, match=r"100% of the predicted fixations are off.*--size"):
        check_frames([path], [(80, 100)], tmp_path)
    (paths, _) = read(*[PATH] * 10)
    with pytest.raises(AlignmentError, match=r"upper left quarter.*--size"):
        check_frames(paths, [(1000, 1000)] * 10, tmp_path)
    check_frames(paths, [(300, 300)] * 10, tmp_path)
