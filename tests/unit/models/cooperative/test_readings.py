import dataclasses

import pytest

from gazescribe.models.cooperative.items import build_lists, summarise_lists
from gazescribe.models.cooperative.readings import classes_of, list_readings
from gazescribe.models.cooperative.settings import CooperativeInputs
from gazescribe.pipeline.core.errors import AlignmentError
from gazescribe.pipeline.core.tables import read_table, write_table
from tests.unit.models.cooperative.cooperative_cases import SIZES, World, small_run

RUN = small_run("unet_s", **SIZES)


def lab(folder, *rows, dataset="lab"):
    """A data set of these (subject, diagnosis, split); give its inputs."""
    world = World(folder)
    for subject, diagnosis, split in rows:
        world.image(subject, diagnosis, None, dataset=dataset)
        world.readings[-1]["split"] = split
        world.readings[-1]["egd_split"] = None
    written = world.write()
    tables, maps = written.tables["egd"], written.saliency_maps["egd"]
    return CooperativeInputs(written.images, {dataset: tables}, {dataset: maps}, None)


@pytest.fixture
def mine(tmp_path):
    rows = ((1, "Malignant", "train"), (2, "Benign", "validate"), (3, None, "test"))
    return lab(tmp_path, *rows)


def test_own_data_have_their_own_split_and_classes_by_name(mine):
    lists = build_lists(mine, RUN)
    assert lists.classes == ("Benign", "Malignant")
    found = {split: items.target.tolist() for split, items in lists.items.items()}
    assert found == {"train": [1], "validate": [0], "test": [-1]}
    summary = summarise_lists(lists)
    assert summary["n"]["test"]["without_diagnosis"] == 1
    assert "without_diagnosis" not in summary["n"]["train"]
    assert len(lists.items["test"].diagnosed) == 0
    assert len(lists.items["test"].taught("saliency")) == 1


def test_classes_of_a_network_or_a_statement_go_before_those_of_the_data(mine):
    assert build_lists(mine, RUN, ("Malignant", "Benign")).items["train"].target.tolist() == [0]
    stated = dataclasses.replace(mine, classes=("Malignant", "Other"))
    lists = build_lists(stated, RUN)
    assert lists.classes == ("Malignant", "Other")
    assert lists.left_out == {"no diagnosis": 1}  # the benign one


def test_an_image_without_map_and_diagnosis_teaches_nothing(tmp_path):
    world = World(tmp_path)
    world.image(1, "a", dataset="lab", split=None, gaze=())
    world.image(2, None, dataset="lab", split=None, gaze=())
    for row in world.readings:
        row["split"] = "train"
    world.maps.append({**_a_map(tmp_path / "other")})
    written = world.write()
    inputs = CooperativeInputs(
        written.images,
        {"lab": written.tables["egd"]},
        {"lab": written.saliency_maps["egd"]},
        ("a", "b"),
    )
    assert build_lists(inputs, RUN).left_out == {"no diagnosis": 1}


def _a_map(folder):
    other = World(folder)
    other.image(9)
    return other.maps[0] | {"reading_id": "image 999", "dicom_id": "image 999"}


@pytest.mark.parametrize(
    ("diagnoses", "said"),
    [
        pytest.param(("benign", "Benign"), "differ by capitals alone", id="capitals"),
        pytest.param(("Benign", "Benign"), "nothing to tell apart", id="one class"),
        pytest.param(("macro", "Benign"), "no diagnosis can be called macro", id="a measure"),
    ],
)
def test_classes_that_cannot_be(tmp_path, diagnoses, said):
    inputs = lab(tmp_path, *((n, name, "train") for n, name in enumerate(diagnoses)))
    with pytest.raises(AlignmentError, match=said):
        build_lists(inputs, RUN)


def test_of_egd_the_papers_three_come_first_and_nothing_is_without_diagnosis(tmp_path):
    world = World(tmp_path)
    world.image(1, "pneumonia")
    world.image(2, None)
    inputs = world.write()
    lists = build_lists(inputs, RUN)
    assert lists.classes == ("normal", "chf", "pneumonia")
    assert lists.left_out == {"no diagnosis": 1}
    more = CooperativeInputs(
        inputs.images,
        {**inputs.tables, **lab(tmp_path / "lab", (3, "Clear", "train")).tables},
        {},
        None,
    )
    classes = classes_of(more, list_readings(more))
    assert classes == ("normal", "chf", "pneumonia", "Clear")


def test_tables_of_another_data_set_are_refused(mine):
    swapped = dataclasses.replace(mine, tables={"yours": mine.tables["lab"]}, saliency_maps={})
    with pytest.raises(AlignmentError, match=r"these are tables of lab, not of yours\. Write coop"):
        build_lists(swapped, RUN)


def test_subjects_of_different_people_have_different_numbers(tmp_path, mine):
    """The first data set's keep theirs; an image of both counts once, for the first."""
    other = lab(tmp_path / "b", (1, "Benign", "train"), (2, "Benign", "train"), dataset="other")
    other_ids = ("image 100", "image 101")
    both = CooperativeInputs(
        mine.images,
        {**mine.tables, **_renamed(tmp_path / "b", other, other_ids)},
        mine.saliency_maps,
        None,
    )
    lists = build_lists(both, dataclasses.replace(RUN, split="published"))
    assert lists.left_out == {"image not in the shards": 2}
    assert sorted(lists.readings["subject_id"]) == [1, 2, 3]


def _renamed(folder, inputs, images):
    readings = read_table(folder / "egd", "readings").to_pandas()
    write_table(readings.assign(dicom_id=list(images)).to_dict("list"), folder / "egd", "readings")
    return inputs.tables
