from dataclasses import replace

import numpy as np
import pytest

from gazescribe.models.mil.items import (
    annotated_share,
    build_items,
    check_splits,
    evaluation_items,
    image_index,
    joined,
    mimic_items,
    reading_items,
)
from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.errors import AlignmentError
from tests.unit.models.mil.mil_cases import World, listed_world, run


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def names(items):
    """Labels of each item, by reading or image."""
    ids = [
        reading or image for reading, image in zip(items.reading_id, items.dicom_id, strict=True)
    ]
    return {
        one: [TEN_LABELS[label] for label in np.flatnonzero(row)]
        for one, row in zip(ids, items.labels, strict=True)
    }


def rows(items):
    """Rows of the maps of each item, by label."""
    return {
        reading: {TEN_LABELS[label]: int(row[label]) for label in np.flatnonzero(row >= 0)}
        for reading, row in zip(items.reading_id, items.map_row, strict=True)
    }


def readings(world, supervision="gaze", split="train"):
    inputs = world.write()
    return reading_items(inputs, supervision, index_of(inputs), split)


def index_of(inputs):
    return image_index(inputs, run())


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
        pytest.param({"Edema": ("Oedema",)}, "Oedema is none of the ten", id="unknown label"),
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
    with pytest.raises(AlignmentError, match="Cat, Dog is none of the ten labels") as error:
        readings(world)
    assert error.value.where.endswith("associated-reflacx")


def test_joined_lists_keep_order_and_counts(world):
    for name in ("R1", "R2", "R3"):
        world.reading(name, 99_000_001, said="Edema")
    items = readings(world)
    whole = joined(
        [items.take(np.array([2, 0]), "not wanted"), items.take(items.labels[:, 0] < 0, "no")]
    )
    assert whole.reading_id.tolist() == ["R3", "R1"]
    assert whole.left_out == {"not wanted": 1, "no": 3}


@pytest.fixture
def full(tmp_path):
    return listed_world(tmp_path)


def listed(items):
    return [
        reading or image for reading, image in zip(items.reading_id, items.dicom_id, strict=True)
    ]


def test_unannotated_images_come_first_and_annotated_readings_follow(full):
    items = build_items(full.write(), run())
    assert listed(items["train"]) == ["A", "D", "image of R1", "image of R2", "R1", "R2"]
    assert items["train"].annotated.tolist() == [False] * 4 + [True] * 2
    assert items["train"].source.tolist() == ["mimic"] * 4 + ["reflacx"] * 2
    assert listed(items["validate"]) == ["V", "image of R4"]
    assert listed(items["test"]) == ["T"]
    assert not items["validate"].annotated.any()


def test_without_supervision_there_are_images_alone(full):
    items = build_items(full.write(), run(supervision="none", drop_duplicates=True))
    assert listed(items["train"]) == ["A", "D", "image of R1", "image of R2"]


def test_annotated_images_need_not_be_there_twice(full):
    items = build_items(full.write(), run(drop_duplicates=True))
    assert listed(items["train"]) == ["A", "D", "R1", "R2"]
    assert items["train"].left_out == {"mimic: annotated as well": 2}
    assert "image of R4" in listed(items["validate"])


def test_a_limit_on_unannotated_images_takes_the_same_ones_in_every_run(full):
    inputs = full.write()
    kept = {}
    for seed in range(2):
        for n in range(4):
            items = build_items(inputs, run(max_unannotated=n, seed=seed))["train"]
            assert listed(items)[n:] == ["R1", "R2"]
            assert items.left_out == {"mimic: beyond max_unannotated": 4 - n}
            kept[seed, n] = listed(items)[:n]
            assert kept[seed, n] == sorted(kept[seed, n])
    assert all(kept[0, n] == kept[1, n] for n in range(4))
    assert set(kept[0, 1]) < set(kept[0, 2]) < set(kept[0, 3])


def test_evaluation_lists_readings_with_the_rows_of_their_masks(full):
    found = evaluation_items(full.write(), run(supervision="none"))
    assert listed(found["validate"]) == ["R4"]
    assert listed(found["test"]) == ["R3"]
    assert found["test"].labels.sum() == 1
    assert found["test"].map_row.max() == 1
    assert (found["validate"].map_row == -1).all()
    assert not found["test"].annotated.any()


def many(full, sizes):
    """Readings of subjects with as many images each; the path order is that of the subjects."""
    for number, size in enumerate(sizes):
        for image in range(size):
            full.reading(f"Q{number:02d}{image}", 99_000_100 + number, said="Edema")
    return build_items(full.write(), run(max_unannotated=0))["train"]


def test_shares_by_subject_lie_inside_each_other(full):
    items = many(full, [1, 2, 3, 1, 1, 4, 1, 2, 1, 1])
    before = set()
    for share in np.linspace(0, 1, 11):
        chosen = annotated_share(items, run(annotated_share=share, seed=5))
        assert before <= set(chosen)
        before = set(chosen)
        subjects = items.subject_id[chosen]
        assert np.isin(items.subject_id, subjects).sum() == len(chosen)
        assert round(share * len(items)) <= len(chosen) < round(share * len(items)) + 4
    assert len(before) == len(items) == 19


def test_another_seed_chooses_other_subjects(full):
    items = many(full, [1] * 20)
    chosen = {
        tuple(annotated_share(items, run(annotated_share=0.3, seed=seed))) for seed in range(5)
    }
    assert {len(one) for one in chosen} == {7}
    assert len(chosen) == 5


def test_the_published_share_is_the_first_rows(full):
    items = many(full, [1] * 20)
    for seed in range(2):
        of = run(annotated_share=0.15, share_rule="published", seed=seed)
        assert annotated_share(items, of).tolist() == [0, 1, 2]  # of 22
    train = build_items(full.write(), run(annotated_share=0.15, share_rule="published"))["train"]
    assert listed(train)[-3:] == ["R1", "R2", "Q000"]
    assert train.left_out == {"reflacx: outside the annotated share": 19}


def test_subjects_in_two_splits(full):
    full.reading("R5", 99_000_004, "train")
    full.reading("R6", 99_000_001, "test", has_gaze=False)
    inputs = full.write()
    with pytest.raises(
        AlignmentError, match="2 subjects are in two splits of what et-seed0 sees"
    ) as e:
        build_items(inputs, run())
    assert [fault.split(":")[0] for fault in e.value.faults] == [
        "subject 99000001",
        "subject 99000004",
    ]
    assert "train in" in e.value.faults[0]
    assert f"test in {inputs.reflacx}" in e.value.faults[0]


def test_splits_of_egd_matter_where_it_is_used(full):
    full.reading("E1", 99_000_001, "test", dataset="egd", phase=None)
    full.reading("E2", 99_000_002, None, dataset="egd", phase=None)
    inputs = full.write()
    check_splits(inputs, run())
    with pytest.raises(AlignmentError, match="1 subjects are in two splits"):
        check_splits(inputs, run(supervision="egd"))
