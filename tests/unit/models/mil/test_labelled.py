from dataclasses import replace

import pytest

from gazescribe.models.mil.labelled import mimic_items
from gazescribe.pipeline.core.errors import AlignmentError
from tests.unit.models.mil.mil_cases import World, index_of, names


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_mimic_labels_of_reports(world):
    world.image("A", 99_000_001, Edema="positive")
    world.image("B", 99_000_001, Edema="uncertain", Pleural_Effusion="positive")
    world.image("C", 99_000_002, Edema="negative", Pneumothorax="positive")
    world.image("D", 99_000_003, split="test", Edema="positive")
    inputs = world.write()
    items = mimic_items(inputs, index_of(inputs), "train")
    assert names(items) == {
        "A": ["Edema", "Opacity"],
        "B": ["Edema", "Opacity", "Pleural abnormality"],
        "C": [],  # the column reaches nothing in this CONFIG
    }
    assert items.subject_id.tolist() == [99_000_001, 99_000_001, 99_000_002]
    assert items.image_row.tolist() == [0, 1, 2]
    assert not items.annotated.any()
    assert (items.map_row == -1).all()
    assert set(items.source) == {"mimic"}
    assert dict(items.left_out) == {}
    assert names(mimic_items(inputs, index_of(inputs), "test")) == {"D": ["Edema", "Opacity"]}
    assert len(mimic_items(inputs, index_of(inputs), "validate")) == 0


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        pytest.param({}, "mimic-cxr-jpg names nothing; .* has subject_id, Atelectasis", id="none"),
        pytest.param({"Oedema": ("Edema",)}, "names Oedema;", id="unknown column"),
        pytest.param(
            {"Edema": ("Oedema",)}, "Oedema is none of the labels of CONFIG", id="unknown label"
        ),
    ],
)
def test_columns_that_are_none(world, columns, message):
    world.image("A", 99_000_001)
    inputs = world.write()
    inputs = replace(inputs, channels={"mimic-cxr-jpg": columns})
    with pytest.raises(AlignmentError, match=message):
        mimic_items(inputs, index_of(inputs), "train")


def test_mimic_images_that_cannot_be_used(world):
    for name in "ABC":
        world.image(name, 99_000_001)
    world.absent = {"A"}
    del world.studies[1]
    inputs = world.write()
    items = mimic_items(inputs, index_of(inputs), "train")
    assert items.dicom_id.tolist() == ["C"]
    assert items.left_out == {
        "mimic: image not in the shards": 1,
        "mimic: study without labels": 1,
    }
