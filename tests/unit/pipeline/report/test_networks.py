import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.report.networks import (
    NO_PICTURE,
    OTHER_ASPECT,
    SEVERAL,
    UNREADABLE,
    Answers,
    as_sheet,
    ask,
    count_answers,
    for_script,
    open_predictions,
)
from tests.predictions import write_predictions
from tests.synthetic import reading

RAMP = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
MAPS = {("label", "Edema"): RAMP, ("label", "Fracture"): 1 - RAMP}
CHANNELS = ("Opacity", "Fracture")
ROW = reading("R1", dicom_id="one", width_px=480, height_px=600)


def asked(tmp_path, pictures, maps=MAPS, row=ROW, **options):
    folder = write_predictions(tmp_path / "predicted", pictures, maps, **options)
    return ask(open_predictions([folder]), row)


def pixels(address):
    content = base64.b64decode(address.removeprefix("data:image/png;base64,"))
    return np.asarray(Image.open(io.BytesIO(content)))


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("files/p99/one.jpg", id="file named by the id of the image"),
        pytest.param("one.dcm", id="alone"),
        pytest.param("R1", id="name of the reading, file of another name"),
    ],
)
def test_pictures_are_found_by_file_and_by_name(tmp_path, path):
    answers = asked(tmp_path, {path: (600, 480), "other.png": (9, 9)})
    (answer,) = answers.given
    assert answer.picture.path == path
    assert answers.missing == {}


def test_the_reading_goes_before_its_image(tmp_path):
    answers = asked(tmp_path, {"one.png": (300, 240), "R1.png": (600, 480)})
    assert [answer.picture.name for answer in answers.given] == ["R1"]


@pytest.mark.parametrize(
    ("pictures", "left_out", "reason"),
    [
        pytest.param({"other.png": (600, 480)}, (), NO_PICTURE, id="none"),
        pytest.param({"a/one.png": (6, 5), "b/one.jpg": (6, 5)}, (), SEVERAL, id="two"),
        pytest.param({"other.png": (6, 5)}, ("one.png",), UNREADABLE, id="unreadable"),
        pytest.param({"one.png": (480, 600)}, (), OTHER_ASPECT, id="aspect"),
    ],
)
def test_answers_that_are_missing_have_a_reason(tmp_path, pictures, left_out, reason):
    answers = asked(tmp_path, pictures, left_out=left_out)
    assert answers == Answers([], {"et-seed0": reason})
    assert count_answers([answers, answers], ["et-seed0"]) == {"et-seed0": {reason: 2}}
    assert as_sheet(answers, CHANNELS).notes == [f"et-seed0: {reason}."]


def test_what_the_script_gets(tmp_path):
    """The picture is half as large as the image; of a label that is not on the page no map goes."""
    (entry,) = for_script(asked(tmp_path, {"one.png": (300, 240)}), (600, 480), ["Edema"])
    assert entry["name"] == "et-seed0, decoder"
    assert entry["frame"] == {
        "height": 8,
        "width": 8,
        "scale": pytest.approx(8 / 600),
        "pad_x_px": 0,
        "pad_y_px": 0,
    }
    assert entry["labels"]["Fracture"] == {"probability": 0.125, "map": None}
    assert entry["labels"]["Edema"]["probability"] == 0.75
    np.testing.assert_allclose(pixels(entry["labels"]["Edema"]["map"]) / 255, RAMP, atol=2.3e-3)


def test_maps_of_no_label_are_entries_of_their_own(tmp_path):
    maps = {("saliency", ""): RAMP, ("gradcam", ""): 1 - RAMP}
    entries = for_script(asked(tmp_path, {"one.png": (600, 480)}, maps), (600, 480), [])
    assert [entry["name"] for entry in entries] == ["et-seed0, gradcam", "et-seed0, saliency"]
    assert [pixels(entry["labels"][""]["map"])[0, 0] for entry in entries] == [255, 0]
    assert entries[0]["labels"]["Edema"] == {"probability": 0.75, "map": None}


def test_probabilities_without_maps(tmp_path):
    answers = asked(tmp_path, {"one.png": (600, 480)}, {})
    (entry,) = for_script(answers, (600, 480), ["Edema"])
    assert entry["labels"]["Edema"] == {"probability": 0.75, "map": None}
    table = as_sheet(answers, CHANNELS)
    assert table.columns == ["label", "et-seed0"]
    assert table.rows == [["Fracture", "0.125"], ["Edema", "0.750"]]


def test_without_networks_there_is_no_table():
    assert as_sheet(Answers(), CHANNELS) is None


def test_networks_of_one_name_are_told_apart(tmp_path):
    folders = [
        write_predictions(tmp_path / name, {"one.png": (6, 5)}, MAPS) for name in ("first", "last")
    ]
    names = [network.name for network in open_predictions(folders)]
    assert names == ["et-seed0 (first)", "et-seed0 (last)"]


def test_folders_that_are_no_predictions(tmp_path):
    with pytest.raises(GazeError, match=r"no file|not found|there is no"):
        open_predictions([tmp_path])
    (tmp_path / "predictions.json").write_text(json.dumps({"images": [{"name": "one"}]}))
    with pytest.raises(GazeError, match="does not say what it must") as error:
        open_predictions([tmp_path])
    assert len(error.value.faults) > 4
    assert "gazescribe predict" in error.value.remedy


def test_maps_that_are_gone_are_named(tmp_path):
    folder = write_predictions(tmp_path / "predicted", {"one.png": (6, 5)}, MAPS)
    (folder / "heatmaps-00000.npy").unlink()
    with pytest.raises(GazeError, match="not what the index says"):
        open_predictions([folder])
