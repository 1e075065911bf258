import pickle

import numpy as np
import pytest
import torch

from gazescribe.models.mil.lists import build_items
from gazescribe.models.mil.loading import evaluation_loader, shrunk, stacked, training_loader
from gazescribe.models.training.augment import draw
from gazescribe.pipeline.core.errors import AlignmentError, ParamsError
from gazescribe.pipeline.core.shards import open_shards
from tests.unit.models.mil.mil_cases import MAP_SIZE, SIZE, World, block, run


@pytest.fixture
def inputs(tmp_path):
    """Three images without and two with annotation: E3 has a map of one label, E4 of none."""
    world = World(tmp_path)
    for number in range(3):
        world.image(f"image {number}", 99_000_001, Edema="positive")
    world.image("V", 99_000_002, "validate")
    world.reading("E3", 99_000_003, said="Pneumothorax")
    world.reading("E4", 99_000_004)
    world.map("label", "E3", "Pneumothorax")
    return world.write()


def batches(inputs, epoch=0, **changes):
    of = run(**changes)
    loader = training_loader(build_items(inputs, of)["train"], inputs, of)
    loader.sampler.set_epoch(epoch)
    return list(loader)


def test_a_batch(inputs):
    (batch,) = batches(inputs, batch_size=5)
    place = {int(index): at for at, index in enumerate(batch["index"])}
    assert sorted(place) == [0, 1, 2, 3, 4]
    assert {name: (value.dtype, tuple(value.shape)) for name, value in batch.items()} == {
        "image": (torch.uint8, (5, 1, SIZE, SIZE)),
        "labels": (torch.float32, (5, 10)),
        "annotated": (torch.bool, (5,)),
        "maps": (torch.float16, (2, 10, SIZE, SIZE)),
        "affine": (torch.float32, (5, 2, 3)),
        "index": (torch.int64, (5,)),
    }
    order = [place[index] for index in range(5)]
    assert batch["annotated"][order].tolist() == [False, False, False, True, True]
    assert batch["labels"][order].sum(dim=1).tolist() == [2, 2, 2, 1, 0]
    grey = batch["image"].amax(dim=(1, 2, 3))
    assert torch.equal(grey, batch["image"].amin(dim=(1, 2, 3)))
    # Rows of the shards, by dicom id: V, "image 0" …, "image of E3", "image of E4".
    assert grey[order].tolist() == [1, 2, 3, 4, 5]
    expected = np.stack([draw(0, 0, index, run().augment) for index in range(5)])
    np.testing.assert_array_equal(batch["affine"][order], expected)


def test_maps_follow_the_order_of_the_annotated_items(inputs):
    for epoch in range(4):
        (batch,) = batches(inputs, epoch, batch_size=5)
        annotated = batch["index"][batch["annotated"]].tolist()
        assert sorted(annotated) == [3, 4]
        of_first = batch["maps"][annotated.index(3)]
        of_second = batch["maps"][annotated.index(4)]
        assert of_first[2, : SIZE // 2, : SIZE // 4].min() == 1
        assert of_first.sum() == SIZE**2 / 8
        assert of_second.sum() == 0


def test_another_epoch_has_another_order_and_other_affines(inputs):
    one, same, other = (batches(inputs, epoch, batch_size=5)[0] for epoch in (0, 0, 1))
    for name in one:
        assert torch.equal(one[name], same[name])
    assert not torch.equal(one["index"], other["index"])
    assert len(torch.unique(torch.cat([one["affine"], other["affine"]]), dim=0)) == 10


def test_loader_processes_change_nothing(inputs):
    alone, helped = (batches(inputs, 3, batch_size=2, workers=workers) for workers in (0, 2))
    assert len(alone) == 2
    for one, other in zip(alone, helped, strict=True):
        for name in one:
            assert torch.equal(one[name], other[name])


def test_the_global_random_numbers_are_left_alone(inputs):
    state = torch.get_rng_state()
    batches(inputs)
    assert torch.equal(torch.get_rng_state(), state)


def test_images_alone(inputs):
    batch, _ = batches(inputs, supervision="none", batch_size=1)[:2]
    assert batch["maps"].shape == (0, 10, SIZE, SIZE)
    assert not batch["annotated"].any()


def test_evaluation_takes_everything_as_it_is_in_order(inputs):
    items = build_items(inputs, run())["train"]
    found = list(evaluation_loader(items, inputs, run(), batch_size=3))
    assert [batch["index"].tolist() for batch in found] == [[0, 1, 2], [3, 4]]
    for batch in found:
        assert batch["maps"].shape == (0, 10, SIZE, SIZE)
        assert not batch["annotated"].any()
        assert (batch["affine"] == torch.eye(2, 3)).all()


def test_too_few_items(inputs):
    with pytest.raises(ParamsError, match="5 items fill no batch of 6"):
        batches(inputs, batch_size=6)


def test_maps_of_no_multiple_of_the_image_size(inputs):
    of = run()
    items = build_items(inputs, of)["train"]
    with pytest.raises(AlignmentError, match=r"maps of heights \[64\] .* shrunk to 24 × 24"):
        training_loader(items, inputs, run(image_size=24))


def test_a_dataset_can_be_sent_to_other_processes(inputs):
    of = run(batch_size=5)
    loader = training_loader(build_items(inputs, of)["train"], inputs, of)
    list(loader)
    sent = pickle.loads(pickle.dumps(loader.dataset))  # noqa: S301 our own
    for name, value in sent[0, 3].items():
        assert torch.equal(value, loader.dataset[0, 3][name])


def test_what_is_loaded_can_be_written_to_and_the_file_stays(inputs):
    (batch,) = batches(inputs, batch_size=5)
    stored = np.load(f"{inputs.images}/images-00000.npy")
    batch["image"].zero_()
    assert stored[1].min() == 1
    np.testing.assert_array_equal(np.load(f"{inputs.images}/images-00000.npy"), stored)


@pytest.mark.parametrize("factor", [1, 2, 8])
def test_shrunk_maps_have_the_largest_value_of_each_block(factor):
    rng = np.random.default_rng(0)
    heatmap = rng.random((8 * factor, 8 * factor)).astype(np.float16)
    heatmap[:3] = 0
    expected = torch.nn.functional.max_pool2d(torch.from_numpy(heatmap).float()[None], factor)
    found = shrunk(heatmap, 8)
    assert found.dtype == np.float16
    np.testing.assert_array_equal(found.astype(np.float32), expected[0])


def test_stacked_maps_of_any_size(inputs):
    maps = open_shards(inputs.label_maps)
    found = stacked(maps, np.array([-1, 0]), MAP_SIZE)
    assert found.shape == (2, MAP_SIZE, MAP_SIZE)
    assert found[0].sum() == 0
    np.testing.assert_array_equal(found[1], block())


def test_each_data_set_has_maps_of_its_own(tmp_path):
    world = World(tmp_path)
    world.image("A", 99_000_001)
    world.image("V", 99_000_002, "validate")
    for at, name in enumerate(("reflacx", "mylab")):
        phase = 3 if name == "reflacx" else None
        world.reading(f"E{at}", 99_000_003 + at, said="Edema", dataset=name, phase=phase)
    world.map("label", "E0", "Edema")
    world.map("mylab-gaze", "E1", "Edema")
    inputs = world.write()
    np.save(tmp_path / "maps-mylab-gaze" / "heatmaps-00000.npy", (block() / 2)[None])
    named = {"gaze": ("reflacx", "mylab")}
    (batch,) = batches(inputs, supervision=named, batch_size=3)
    order = np.argsort(batch["index"][batch["annotated"]].numpy())
    assert batch["maps"].amax(dim=(1, 2, 3))[order].tolist() == [1.0, 0.5]
