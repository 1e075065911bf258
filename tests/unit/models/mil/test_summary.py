import json

import pytest

from gazescribe.models.mil.lists import build_items, evaluation_items
from gazescribe.models.mil.summary import summarise_items
from gazescribe.pipeline.core.errors import SchemaError
from tests.unit.models.mil.mil_cases import listed_world, run


@pytest.fixture
def world(tmp_path):
    return listed_world(tmp_path)


def summary(inputs, of):
    return summarise_items(inputs, of, build_items(inputs, of), evaluation_items(inputs, of))


def test_summary(world):
    world.reading("R5", 99_000_001, has_gaze=False)
    found = summary(world.write(), run())
    assert found["n"] == {
        "train": {"mimic": 4, "reflacx": 2},
        "validate": {"mimic": 2, "reflacx": 1},
        "test": {"mimic": 1, "reflacx": 1},
    }
    assert found["n_published"]["train"] == {"mimic": 187_519, "reflacx": 1_724}
    assert found["positive"]["train"]["mimic"]["Edema"] == 4
    assert found["positive"]["train"]["reflacx"]["Fracture"] == 1
    assert found["positive"]["test"]["reflacx"]["Lung Lesion"] == 1
    assert found["left_out"]["train"] == {"reflacx: no gaze": 1}
    without = {label: n for label, n in found["labels_without_map"].items() if n}
    assert without == {"Opacity": 1, "Fracture": 1}
    assert found["split_source"] == {"mimic": "unknown", "reflacx": "unknown"}
    assert "egd" not in found
    json.dumps(found)


def test_summary_of_egd(world):
    for name, split, said in [("E1", "train", "Pneumothorax"), ("E2", "validate", "Edema")]:
        world.reading(name, 99_000_010 + int(name[1]), split, said, dataset="egd", phase=None)
    inputs = world.write()
    with pytest.raises(SchemaError, match=r"n_readings_gaze_begins_late is needed\. .*associate"):
        summary(inputs, run(supervision="egd"))
    late = json.dumps({"n_readings_gaze_begins_late": 1})
    (world.folder / "associated-egd" / "associate.json").write_text(late)
    found = summary(inputs, run(supervision="egd"))
    assert found["n"]["train"] == {"mimic": 4, "egd": 1}
    assert found["egd"] == {
        "images": 2,
        "gaze_begins_late": 1,
        "pneumothorax": 1,
        "left_out": {},
        "published": {"images": 1_064, "gaze_begins_late": 2, "pneumothorax": 1},
    }
