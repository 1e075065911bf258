from dataclasses import replace
from pathlib import Path

import pytest

from gazescribe.models.mil.labelled import labelled_items, mimic_items
from gazescribe.pipeline.core.errors import AlignmentError
from gazescribe.pipeline.core.tables import write_table
from tests.synthetic import table
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


@pytest.fixture
def own(world):
    """Three images of a lab, of which one has two readings; their certainties, and mentions."""
    world.reading("M1", 99_000_001, dataset="mylab", phase=None, has_gaze=False)
    world.reading("M2", 99_000_001, dataset="mylab", phase=None, dicom_id="image of M1")
    world.reading("M3", 99_000_002, "test", dataset="mylab", phase=None)
    world.reading("M4", 99_000_003, None, dataset="mylab", phase=None)
    world.reading("M5", 99_000_004, dataset="mylab", phase=None)
    world.reading("M6", 99_000_005, dataset="mylab", phase=None, text=" ")
    world.absent = {"image of M5"}
    inputs = world.write()
    certainties = [("M1", "crack", 5), ("M1", "dent", 2), ("M2", "stain", None), ("M3", "dent", 3)]
    certainties += [(reading, "crack", 0) for reading in ("M4", "M5")]
    columns = zip(("reading_id", "label", "certainty"), zip(*certainties, strict=True), strict=True)
    write_table(dict(columns), Path(inputs.datasets["mylab"].tables), "certainties")
    reached = {"crack": ("Crack",), "dent": ("Crack", "Dent"), "dents": ("Dent",), "chip": ()}
    reached["stain"] = ("Stain",)
    changes = {"labels": ("Crack", "Dent", "Stain"), "own_channels": {"mylab": reached}}
    return replace(inputs, unannotated=("mylab",), **changes)


def test_images_with_a_table_of_labels(own):
    items = labelled_items(own, "mylab", index_of(own), "train")
    # Possible is enough, unlikely is not; what is certain to an unknown degree is there.
    assert names(items) == {"image of M1": ["Crack", "Stain"]}
    assert len(items) == 1  # of two readings
    assert items.left_out == {
        "mylab: image not in the shards": 1,
        "mylab: image without labels": 1,
        "mylab: no split": 1,
    }
    assert set(items.source) == {"mylab-images"}
    assert (items.map_row == -1).all()
    tested = labelled_items(own, "mylab", index_of(own), "test")
    assert names(tested) == {"image of M3": ["Crack", "Dent"]}
    assert tested.left_out == {}


def with_mentions(own, tmp_path, *mentions):
    path = tmp_path / "mentions.parquet"
    rows = [
        {"report_id": reading, "char_start": at, "char_end": at + 1, "label": label}
        | {"concept": "c", "text": "t", "sentence": 0, "polarity": polarity}
        for at, (reading, label, polarity) in enumerate(mentions)
    ]
    write_table(table(rows, "mentions"), tmp_path, "mentions")
    mylab = replace(own.datasets["mylab"], mentions=str(path))
    return replace(own, datasets={"mylab": mylab})


def test_images_with_the_labels_of_their_reports(own, tmp_path):
    said = (
        ("M1", "chip", "positive"),
        ("M1", "dents", "uncertain"),
        ("M1", "crack", "negative"),
        ("M3", "Dent ", "positive"),
    )
    inputs = with_mentions(own, tmp_path, *said)
    trained = labelled_items(inputs, "mylab", index_of(inputs), "train")
    assert names(trained) == {"image of M1": ["Dent"]}
    assert trained.left_out["mylab: image without labels"] == 1  # whose report is blank
    assert names(labelled_items(inputs, "mylab", index_of(inputs), "test")) == {
        "image of M3": ["Crack", "Dent"]
    }


def test_labels_that_config_does_not_know(own, tmp_path):
    inputs = with_mentions(own, tmp_path, ("M1", "rust", "positive"), ("M1", "moss", "positive"))
    with pytest.raises(AlignmentError, match="which labels these reach: moss, rust") as error:
        labelled_items(inputs, "mylab", index_of(inputs), "train")
    assert error.value.where.endswith("mentions.parquet")
    assert "mylab in columns.yaml" in error.value.remedy


def test_a_data_set_of_which_nothing_says_the_labels(own):
    tables = Path(own.datasets["mylab"].tables)
    write_table(table([], "certainties"), tables, "certainties")
    for _ in range(2):  # an empty table, and none
        with pytest.raises(AlignmentError, match="nothing says their labels") as error:
            labelled_items(own, "mylab", index_of(own), "train")
        assert "Name mentions in inputs.datasets.mylab" in error.value.remedy
        (tables / "certainties.parquet").unlink(missing_ok=True)
