import pytest

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.report.layout import open_run
from gazescribe.pipeline.report.selection import choose, reading_ids
from tests.synthetic import reading, table, write_tables

WINDOW = {
    "window": 0,
    "kind": "sentence",
    "start_s": 0.0,
    "end_s": 1.0,
    "n_mentions": [1],
    "n_uncertain": [0],
    "n_fixations": 1,
    "gaze_s": 1.0,
    "status": "ok",
}


def windows(**labels):
    rows = [{**WINDOW, "reading_id": one, "labels": [label]} for one, label in labels.items()]
    return table(rows, "windows")


IDS = {"reflacx": ["R1", "R2", "R3", "R4"], "egd": ["E1", "E2"]}
WINDOWS = {"reflacx": windows(R1="Edema", R2="Edema", R3="Fracture"), "egd": windows(E2="Edema")}


def test_data_sets_and_labels_take_turns():
    assert choose(IDS, WINDOWS, (), 3) == {
        "reflacx": {"R1": "Edema", "R3": "Fracture"},
        "egd": {"E2": "Edema"},
    }


def test_readings_without_a_label_come_last():
    assert choose(IDS, WINDOWS, (), 5)["reflacx"] == {
        "R1": "Edema",
        "R2": "Edema",
        "R3": "Fracture",
    }
    everything = choose(IDS, WINDOWS, (), 100)
    assert everything == {
        "reflacx": {"R1": "Edema", "R2": "Edema", "R3": "Fracture", "R4": ""},
        "egd": {"E1": "", "E2": "Edema"},
    }


def test_readings_asked_for():
    assert choose(IDS, WINDOWS, ("R4", "E2"), 1) == {"reflacx": {"R4": ""}, "egd": {"E2": "Edema"}}


def test_data_without_windows():
    assert choose(IDS, {}, (), 2) == {"reflacx": {"R1": ""}, "egd": {"E1": ""}}


def test_an_unknown_reading_names_the_nearest():
    with pytest.raises(GazeError, match="no data set has these readings") as error:
        choose(IDS, WINDOWS, ("R1", "R44", "nobody"), 1)
    assert error.value.faults == ("'R44'; did you mean R4?", "'nobody'")


def test_readings_of_two_data_sets_may_not_share_an_id(tmp_path):
    for name in ("one", "two"):
        write_tables(tmp_path / f"data/tables/{name}", readings=[reading("R1")])
    with pytest.raises(GazeError, match="share reading ids") as error:
        reading_ids(tmp_path, open_run(tmp_path))
    assert error.value.faults == ("R1: in one and in two",)
