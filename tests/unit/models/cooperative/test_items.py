import dataclasses
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gazescribe.models.cooperative.items import build_lists, summarise_lists, targets_of
from gazescribe.pipeline.core.errors import AlignmentError, ParamsError, SchemaError
from tests.unit.models.cooperative.cooperative_cases import SIZES, World, balanced_world, small_run

RUN = small_run("unet_s", **SIZES)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_items_say_what_a_network_needs(world):
    world.image(99000002, "pneumonia", "test", gaze=())
    world.image(99000001, "chf", "train")
    world.image(99000003, "normal", "train")
    lists = build_lists(world.write(), RUN)
    train, test = lists.items["train"], lists.items["test"]
    assert list(train.dicom_id) == ["image 001", "image 002"]
    assert list(train.subject_id) == [99000001, 99000003]
    assert list(train.target) == [1, 0]
    assert list(train.image_row) == [1, 2]
    assert list(train.map_row) == [0, 1]
    assert list(test.target) == [2]
    assert list(test.map_row) == [-1]
    assert len(lists.items["validate"]) == 0
    assert len(test.with_maps) == 0
    assert len(train.with_maps) == 2
    assert train.gaze[0].duration_s.tolist() == pytest.approx([0.3, 0.2])
    assert train.frames[0].scale == pytest.approx(64 / 90)


def test_what_cannot_be_used_is_counted(world):
    world.image(99000001)
    world.image(99000002, None)
    world.image(99000003, shot=False)
    world.image(99000004, split=None)
    world.image(99000005, None, shot=False)
    lists = build_lists(world.write(), RUN)
    expected = {"no diagnosis": 2, "image not in the shards": 1, "in no split": 1}
    assert lists.left_out == expected
    assert len(lists.items["train"]) == 1
    found = summarise_lists(lists)
    assert found["left_out"] == expected
    assert found["n"]["train"] == {
        "images": 1,
        "patients": 1,
        "without_gaze": 0,
        "normal": 1,
        "chf": 0,
        "pneumonia": 0,
    }
    assert "by patient" in found["split_source"]["egd"]


def test_nothing_to_use_is_an_error(world):
    world.image(99000002, None)
    with pytest.raises(AlignmentError, match="of 1 images"):
        build_lists(world.write(), RUN)


def test_no_patient_is_in_two_splits(tmp_path):
    inputs = balanced_world(tmp_path, 18).write()
    for run in (RUN, *(small_run("unet_s", split="folds", fold=k, **SIZES) for k in range(5))):
        items = build_lists(inputs, run).items
        patients = [set(items[split].subject_id) for split in ("train", "validate", "test")]
        assert all(patients)
        assert len(set.union(*patients)) == sum(map(len, patients)) == 18


def test_a_patient_in_two_splits_is_refused(world):
    world.image(99000001)
    world.image(99000001, split="test")
    with pytest.raises(AlignmentError, match="1 subjects or images"):
        build_lists(world.write(), RUN)


def test_smaller_images_have_smaller_frames(world):
    world.image(99000001, gaze=((44.5, 29.5, 1.0),))
    items = build_lists(world.write(), small_run("unet_s", image_height=32, image_width=32))
    (whole,) = build_lists(world.write(), RUN).items["train"].gaze
    (half,) = items.items["train"].gaze
    np.testing.assert_allclose(half.places_px, (whole.places_px + 0.5) / 2 - 0.5)
    (frame,) = items.items["train"].frames
    assert (frame.height, frame.width) == (32, 32)
    np.testing.assert_allclose(frame.on_image(0).sum(), 60 * 32 / 90, atol=1)


@pytest.mark.parametrize(
    "size",
    [
        pytest.param((96, 96), id="not a factor"),
        pytest.param((128, 128), id="larger than the shards"),
        pytest.param((64, 32), id="another shape"),
    ],
)
def test_sizes_without_whole_blocks_are_refused(world, size):
    world.image(99000001)
    run = small_run("unet_s", image_height=size[0], image_width=size[1])
    with pytest.raises(ParamsError, match=rf"\[64\].*{size[0]} × {size[1]}"):
        build_lists(world.write(), run)


@pytest.mark.parametrize(
    "of_map",
    [pytest.param((90, 60), id="upright"), pytest.param((60, 80), id="narrower")],
)
def test_maps_that_do_not_lie_on_their_image_are_refused(world, of_map):
    world.image(99000001)
    name = world.image(99000002, of_map=of_map)
    with pytest.raises(AlignmentError, match="maps of 1 readings") as raised:
        build_lists(world.write(), RUN)
    assert raised.value.faults == (name,)


def test_sizes_that_tables_round_pass(world):
    world.image(99000001, size=(600, 900), of_map=(600, 903))
    assert len(build_lists(world.write(), RUN).items["train"]) == 1


def test_shards_are_not_mixed_up(world):
    world.image(99000001)
    inputs = world.write()
    swapped = dataclasses.replace(inputs, images=inputs.saliency_maps["egd"])
    with pytest.raises(SchemaError, match="shards of heatmaps, not of images"):
        build_lists(swapped, RUN)


@pytest.mark.parametrize(
    ("source", "sigma_deg", "sigma_px"),
    [
        pytest.param("samples", None, 75.5, id="samples"),
        pytest.param("fixations", 1.5, None, id="fix"),
    ],
)
def test_maps_say_what_they_are_of(world, source, sigma_deg, sigma_px):
    world.image(99000001)
    world.image(99000002)
    inputs = world.write()
    maps = inputs.saliency_maps["egd"]
    assert targets_of(inputs) == dict.fromkeys(("saliency_from", "sigma_deg", "sigma_px"))
    path = Path(maps) / "index.parquet"
    index = pq.read_table(path)
    column = pa.array([sigma_deg] * len(index), pa.float64())
    index = index.set_column(index.schema.get_field_index("sigma_deg"), "sigma_deg", column)
    params = json.dumps({"saliency_from": source, "samples_sigma_px": 75.5})
    metadata = {**pq.read_schema(path).metadata, b"params": params.encode()}
    pq.write_table(index.replace_schema_metadata(metadata), path)
    expected = {"saliency_from": source, "sigma_deg": sigma_deg, "sigma_px": sigma_px}
    assert targets_of(inputs) == expected
