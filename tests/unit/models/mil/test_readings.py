from pathlib import Path

import pyarrow.parquet as pq
import pytest

from gazescribe.models.mil.readings import reading_items
from gazescribe.models.mil.supervision import source_of, sources_of
from gazescribe.pipeline.core.class_names import labels_metadata
from gazescribe.pipeline.core.errors import AlignmentError
from tests.unit.models.mil.mil_cases import World, index_of, names, rows


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def readings(world, supervision="gaze", split="train"):
    inputs = world.write()
    (source,) = sources_of(supervision)
    return reading_items(inputs, source, index_of(inputs), split)


def test_gaze_labels_are_those_said_whether_looked_at_or_not(world):
    world.reading("R1", 99_000_001, said="Edema,Opacity,Edema")
    world.reading("R2", 99_000_001)
    world.reading("R3", 99_000_002, said="Fracture,Pneumothorax")
    world.map("label", "R1", "Edema")
    world.map("label", "R1", "Opacity")
    world.map("label", "R3", "Fracture", peak=0.0)
    items = readings(world)
    assert names(items) == {
        "R1": ["Edema", "Opacity"],
        "R2": [],
        "R3": ["Pneumothorax", "Fracture"],
    }
    assert rows(items) == {"R1": {"Edema": 0, "Opacity": 1}, "R2": {}, "R3": {}}
    assert items.annotated.all()
    assert items.dicom_id.tolist() == ["image of R1", "image of R2", "image of R3"]


def test_ellipse_labels_are_those_with_a_mask(world):
    world.reading("R1", 99_000_001, said="Fracture")
    world.reading("R2", 99_000_002, said="Edema")
    world.map("ellipse", "R1", "Edema", peak=None)
    world.map("ellipse", "gone", "Edema", peak=None)
    items = readings(world, "ellipse")
    assert names(items) == {"R1": ["Edema"], "R2": []}
    assert rows(items) == {"R1": {"Edema": 0}, "R2": {}}


def test_the_map_of_the_report_for_each_label_with_any_ellipse(world):
    for name in ("R1", "R2", "R3"):
        world.reading(name, 99_000_001, said="Fracture")
        world.map("report", name)
    world.ellipse("R1", "Pulmonary edema", certainty=1)
    world.ellipse("R1", "Pulmonary edema", certainty=5)
    world.ellipse("R1", "Support devices", certainty=5)
    world.ellipse("R3", "Pneumothorax", certainty=3)
    items = readings(world, "report")
    assert names(items) == {"R1": ["Edema", "Opacity"], "R2": [], "R3": ["Pneumothorax"]}
    assert rows(items) == {"R1": {"Edema": 0, "Opacity": 0}, "R2": {}, "R3": {"Pneumothorax": 2}}


def test_egd_has_its_own_readings_and_maps(world):
    world.reading("R1", 99_000_001, said="Edema")
    world.reading("E1", 99_000_002, said="Fracture", dataset="egd", phase=None)
    world.reading("E2", 99_000_003, said="Fracture", dataset="egd", phase=None, split=None)
    world.map("egd", "E1", "Fracture")
    items = readings(world, "egd")
    assert names(items) == {"E1": ["Fracture"]}
    assert rows(items) == {"E1": {"Fracture": 0}}
    assert set(items.source) == {"egd"}
    assert items.left_out == {"egd: no split": 1}
    assert readings(world, "egd", "test").left_out == {}


def test_readings_that_cannot_be_used(world):
    world.reading("R1", 99_000_001)
    world.reading("R2", 99_000_001, phase=2)
    world.reading("R3", 99_000_001, has_gaze=False)
    world.reading("R4", 99_000_001)
    world.absent = {"image of R4", "image of R3"}
    world.reading("R5", 99_000_001)
    world.windows["reflacx"] = [
        row
        for row in world.windows["reflacx"]
        if (row["reading_id"], row["kind"]) != ("R5", "report")
    ]
    world.reading("R6", 99_000_002, split="validate")
    items = readings(world)
    assert items.reading_id.tolist() == ["R1"]
    assert items.left_out == {
        "reflacx: image not in the shards": 1,
        "reflacx: no dictation with times": 1,
        "reflacx: no gaze": 1,
    }
    ellipses = readings(world, "ellipse")
    assert ellipses.reading_id.tolist() == ["R1", "R5"]
    assert readings(world, split="validate").reading_id.tolist() == ["R6"]


def test_readings_stand_in_the_order_of_image_paths(world):
    for name, path in [("R1", "files/p11"), ("R2", "files/p10"), ("R3", "files/p10")]:
        world.reading(name, 99_000_001, image_path=path)
    assert readings(world).reading_id.tolist() == ["R2", "R3", "R1"]


@pytest.mark.parametrize(
    ("spoilt", "value"),
    [
        pytest.param("scale", 0.7, id="enlarged"),
        pytest.param("pad_y_px", 12.0, id="higher"),
        pytest.param("pad_x_px", 6.0, id="further right"),
    ],
)
def test_maps_that_do_not_lie_on_their_images(world, spoilt, value):
    for name in ("R1", "R2", "R3"):
        world.reading(name, 99_000_001, said="Edema,Fracture")
        world.map("label", name, "Edema")
    world.map("label", "R2", "Fracture")
    world.maps["label"][1][spoilt] = value
    with pytest.raises(
        AlignmentError, match="maps of 1 readings do not lie on their images"
    ) as error:
        readings(world)
    assert error.value.faults == ("R2",)


def test_a_pixel_of_difference_in_the_tables_is_none(world):
    world.reading("R1", 99_000_001, said="Edema")
    world.map("label", "R1", "Edema")
    world.maps["label"][0] |= {"scale": 64 / 100.2, "pad_y_px": 7.0}
    assert rows(readings(world)) == {"R1": {"Edema": 0}}


def test_labels_that_networks_do_not_know(world):
    world.reading("R1", 99_000_001, said="Edema,Cat,Dog")
    with pytest.raises(AlignmentError, match="Cat, Dog is none of the labels of CONFIG") as error:
        readings(world)
    assert error.value.where.endswith("associated-reflacx")


def test_a_data_set_of_ones_own_has_its_readings_and_maps(world):
    world.reading("M1", 99_000_002, said="Fracture", dataset="mylab", phase=None)
    world.map("mylab-gaze", "M1", "Fracture")
    world.map("mylab-ellipse", "M1", "Edema")
    inputs = world.write()
    found = {}
    for kind in ("gaze", "ellipse"):
        source = source_of(kind, "mylab")
        found[kind] = reading_items(inputs, source, index_of(inputs), "train")
    assert names(found["gaze"]) == {"M1": ["Fracture"]}
    assert names(found["ellipse"]) == {"M1": ["Edema"]}
    assert set(found["gaze"].source) == {"mylab"}


@pytest.mark.parametrize("of", ["label_maps", "associated"])
def test_maps_and_windows_of_other_labels(world, of):
    world.reading("R1", 99_000_001, said="Edema")
    world.map("label", "R1", "Edema")
    inputs = world.write()
    folder = Path(getattr(inputs, of))
    path = folder / {"label_maps": "index.parquet", "associated": "windows.parquet"}[of]
    table = pq.read_table(path)
    said = {**table.schema.metadata, **labels_metadata(("Edema", "Rash"))}
    pq.write_table(table.replace_schema_metadata(said), path)
    (source,) = sources_of("gaze")
    message = "this is of the labels Edema, Rash; expected: Edema, Opacity, "
    with pytest.raises(AlignmentError, match=message) as error:
        reading_items(inputs, source, index_of(inputs), "train")
    assert error.value.where == str(folder)
    assert error.value.faults[:2] == ("not asked for: Rash", "absent: Opacity")
