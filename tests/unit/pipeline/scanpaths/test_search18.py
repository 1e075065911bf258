"""The JSON, also as the public loaders of COCO-Search18 read it."""

import json

import numpy as np

from gazescribe.pipeline.formats.scanpaths import read
from gazescribe.pipeline.scanpaths.search18 import as_json, entry
from gazescribe.pipeline.sources.presets import recognised

PATH = {
    "reading_id": "R1",
    "label": "Lung Lesion",
    "dicom_id": "I1",
    "reader": 2,
    "split": "validate",
    "width_px": 100,
    "height_px": 80,
    "x_px": np.array([-0.4, 30.0, 99.4]),
    "y_px": np.array([10.0, 40.0, 79.2]),
    "duration_s": np.array([0.2, 0.3004, 1.0]),
}
BOX = np.array([20.0, 30.0, 60.0, 70.0])
SEARCH18 = ["name", "subject", "task", "condition", "bbox", "X", "Y", "T", "length"]


def test_names_units_and_order_are_those_of_the_data_set():
    made = entry(PATH, BOX, None)
    assert list(made)[:9] == SEARCH18
    assert made["name"] == "I1.jpg"
    assert (made["task"], made["condition"]) == ("lung lesion", "present")
    assert made["bbox"] == [20.0, 30.0, 40.0, 40.0]  # x, y, width, height
    assert made["X"] == [0.0, 30.0, 99.4]
    assert made["T"] == [200, 300, 1000]
    assert (made["split"], made["correct"], made["fixOnTarget"]) == ("valid", 1, True)


def test_a_frame_squeezes_positions_and_box():
    made = entry(PATH, BOX, (160, 50))
    assert made["X"] == [0.0, 15.0, 49.7]
    assert made["Y"] == [20.0, 80.0, 158.4]
    assert made["bbox"] == [10.0, 60.0, 20.0, 80.0]
    assert (made["width"], made["height"]) == (50, 160)


def test_a_whole_reading_is_a_free_viewing_without_box():
    made = entry({**PATH, "label": "", "split": None}, None, None)
    assert (made["task"], made["condition"], made["split"]) == ("none", "freeview", "")
    assert made["bbox"] == [0.0, 0.0, 0.0, 0.0]
    assert not made["fixOnTarget"]


def test_what_public_loaders_do_with_it():
    """HAT and ChestSearch key by task, name, condition and divide by the frame; Gazeformer cuts
    `.jpg` off the name and takes subjects' T; all choose by split, condition and correct."""
    content = json.loads(as_json([entry(PATH, BOX, (224, 224))]))
    chosen = [
        each
        for each in content
        if each["split"] in ("train", "valid", "test")
        and each["condition"] == "present"
        and each["correct"] == 1
    ]
    (found,) = chosen
    assert found["task"] + "*" + found["name"] + "*" + found["condition"] == (
        "lung lesion*I1.jpg*present"
    )
    assert found["name"][:-4] == "I1"
    patches = (np.array(found["X"]) // 16).astype(int)
    assert patches.min() >= 0
    assert patches.max() < 224 // 16
    assert isinstance(found["subject"], int)
    assert len(found["X"]) == len(found["Y"]) == len(found["T"]) == found["length"]
    x, y, width, height = found["bbox"]
    inside = (np.array(found["X"]) > x) & (np.array(found["X"]) < x + width)
    inside &= (np.array(found["Y"]) > y) & (np.array(found["Y"]) < y + height)
    assert inside.any() == found["fixOnTarget"]


def test_our_own_reader_of_such_files_reads_it(tmp_path):
    path = tmp_path / "findings.json"
    path.write_text(as_json([entry(PATH, BOX, None)]))
    assert recognised(path) == ["scanpaths"]
    _, (piece,) = read(path, "fixations")
    assert piece.columns["X"] == (0.0, 30.0, 99.4)
    assert piece.columns["T"] == (200, 300, 1000)
    assert piece.columns["reading_id"] == ("R1", "R1", "R1")
    assert as_json([]) == "[]\n"
