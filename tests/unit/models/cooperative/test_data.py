import collections
import dataclasses

import numpy as np
import pytest
import torch

from gazescribe.models.cooperative.data import (
    ClassSampler,
    Radiographs,
    evaluation_loader,
    scaled,
    shrunk,
    training_loader,
    unit_range,
)
from gazescribe.models.cooperative.items import build_lists
from gazescribe.models.cooperative.maps import open_maps
from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.core.shards import open_shards
from gazescribe.pipeline.geometry.saliency import scores
from tests.unit.models.cooperative.cooperative_cases import (
    FRAME,
    SIZES,
    World,
    balanced_world,
    small_run,
)

RUN = small_run("unet_s", batch_size=2, **SIZES)


def batches(loader, epoch=None):
    if epoch is not None:
        loader.sampler.set_epoch(epoch)
    return list(loader)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_batches_hold_images_maps_and_gaze(world):
    world.image(99000001, "chf", size=(60, 90))
    world.image(99000002, "pneumonia", size=(90, 60), gaze=())
    inputs = world.write()
    items = build_lists(inputs, RUN).items["train"]
    (batch,) = evaluation_loader(items, inputs, RUN, batch_size=4)
    assert batch["image"].dtype == torch.uint8
    assert batch["image"][:, 0, 5, 5].tolist() == [1, 2]
    assert batch["target"].tolist() == [1, 2]
    assert batch["map"].dtype == torch.float16
    assert batch["map"][0, 0].nonzero().tolist() == [[20, 30]]
    assert batch["map"][1].count_nonzero() == 0
    # 60 of 90 rows in a frame of 64 are 42.7, ten above and the rest below.
    rows, columns = (batch["valid"][0, 0].any(dim=axis) for axis in (1, 0))
    assert rows.nonzero().flatten().tolist() == list(range(10, 53))
    assert columns.all()
    assert batch["valid"][1, 0].any(dim=0).sum() == 43
    assert batch["gaze"].shape == (2, 16, 16)
    assert batch["gaze"][0].max() == 1
    assert batch["gaze"][1].max() == 0
    # The first pixel of the image lies at row 10 of the frame: patches 1 to 4 see it.
    assert batch["gaze"][0].nonzero()[:, 0].unique().tolist() == [1, 2, 3, 4]


def test_smaller_runs_see_means_of_blocks(world):
    world.image(99000001)
    inputs = world.write()
    run = small_run("unet_s", image_height=32, image_width=32, batch_size=1)
    items = build_lists(inputs, run).items["train"]
    (batch,) = training_loader(items, inputs, run, 3)
    assert batch["image"].shape == (1, 1, 32, 32)
    assert batch["image"].unique().tolist() == [1, 200]
    assert batch["map"][0, 0].nonzero().tolist() == [[10, 15]]
    assert batch["map"][0, 0, 10, 15] == 0.25
    assert batch["gaze"].shape == (1, 8, 8)
    picture = np.arange(24.0).reshape(4, 6)
    assert shrunk(picture, (2, 3)).tolist() == [[3.5, 5.5, 7.5], [15.5, 17.5, 19.5]]
    assert (shrunk(picture, (4, 6)) == picture).all()


def test_only_saliency_leaves_out_what_nobody_looked_at(world):
    for gaze in ((), ((0, 0, 1.0),), ((0, 0, 1.0),)):
        world.image(99000001, gaze=gaze)
    inputs = world.write()
    items = build_lists(inputs, RUN).items["train"]
    assert len(items) == 3
    one = dataclasses.replace(RUN, batch_size=1)
    assert len(batches(training_loader(items, inputs, one, 3))) == 2
    joint = dataclasses.replace(one, objective="joint")
    assert len(batches(training_loader(items, inputs, joint, 3))) == 3


def test_orders_follow_seed_and_epoch(tmp_path):
    inputs = balanced_world(tmp_path).write()
    items = build_lists(inputs, RUN).items["train"]

    def order(seed, epoch):
        loader = training_loader(items, inputs, dataclasses.replace(RUN, seed=seed), 3)
        return torch.cat([batch["index"] for batch in batches(loader, epoch)]).tolist()

    assert order(0, 1) == order(0, 1)
    assert len({tuple(order(*key)) for key in ((0, 1), (0, 2), (1, 1))}) == 3


def test_batches_as_in_the_published_code(tmp_path):
    """Without shuffling in the order of the items; triplets of any classes."""
    inputs = balanced_world(tmp_path).write()
    items = build_lists(inputs, RUN).items["train"]
    unshuffled = dataclasses.replace(RUN, shuffle=False)
    loader = training_loader(items, inputs, unshuffled, 3)
    for epoch in range(2):
        indices = torch.cat([batch["index"] for batch in batches(loader, epoch)]).tolist()
        assert indices == list(range(len(indices)))
    triplets = small_run("contrastive", mining="published", batch_size=4)
    (first, *_) = batches(training_loader(items, inputs, triplets, 3), 0)
    assert len(first["index"]) == 4
    triplets = dataclasses.replace(triplets, mining="all", batch_size=6)
    assert isinstance(training_loader(items, inputs, triplets, 3).sampler, ClassSampler)


def test_evaluation_gives_each_item_once_in_order(tmp_path):
    inputs = balanced_world(tmp_path).write()
    items = build_lists(inputs, RUN).items["train"]
    loader = evaluation_loader(items, inputs, RUN, batch_size=4)
    indices = torch.cat([batch["index"] for batch in loader]).tolist()
    assert indices == list(range(len(items)))


def test_metrics_do_not_depend_on_the_order_of_evaluation(tmp_path):
    inputs = balanced_world(tmp_path).write()
    items = build_lists(inputs, RUN).items["train"]
    images = open_shards(inputs.images)
    shards = images, open_maps(inputs, images)
    prediction = np.random.default_rng(0).random(FRAME)
    priors = np.ones(FRAME), np.ones(FRAME)

    def by_image(items):
        dataset = Radiographs(items, *shards, 1)
        found = {}
        for index, dicom_id in enumerate(items.dicom_id):
            item = dataset[0, index]
            others = [
                one.places_px
                for one, name in zip(items.gaze, items.dicom_id, strict=True)
                if name != dicom_id
            ]
            target, valid = item["map"][0].numpy(), item["valid"][0].numpy()
            gaze = items.gaze[index].places_px
            found[dicom_id] = scores(
                prediction, target, gaze, np.concatenate(others), *priors, valid
            )
        return found

    shuffled = items.take(np.random.default_rng(1).permutation(len(items)))
    assert list(shuffled.dicom_id) != list(items.dicom_id)
    assert by_image(shuffled) == by_image(items)


def test_intensities_are_of_each_image():
    images = torch.tensor([[0, 50], [0, 200], [0, 0]], dtype=torch.uint8).reshape(3, 1, 1, 2)
    assert unit_range(images).flatten().tolist() == [0, 1, 0, 1, 0, 0]
    assert unit_range(images).dtype == torch.float32


def classes_of(sampler, target, batch_size):
    indices = [index for _, index in sampler]
    parts = [indices[at : at + batch_size] for at in range(0, len(indices), batch_size)]
    return indices, [collections.Counter(target[part].tolist()) for part in parts]


def test_triplet_batches_hold_all_classes_alike():
    target = np.array([0] * 9 + [1] * 4 + [2] * 8)
    sampler = ClassSampler(target, 6, seed=0, n_classes=3)
    indices, counts = classes_of(sampler, target, 6)
    assert len(indices) == len(sampler) == 18
    assert counts == [{0: 2, 1: 2, 2: 2}] * 3
    of_first = [one for one in indices if target[one] == 0]
    assert len(set(of_first)) == 6
    of_second = [one for one in indices if target[one] == 1]
    assert collections.Counter(of_second[:4]) == {9: 1, 10: 1, 11: 1, 12: 1}


def test_triplet_batches_of_another_number_of_classes():
    """Where batch_size is no multiple of the classes, a batch has one more of some."""
    target = np.array([0] * 9 + [1] * 4 + [2] * 8 + [3] * 5)
    indices, counts = classes_of(ClassSampler(target, 6, seed=0, n_classes=4), target, 6)
    assert len(indices) == 24
    assert all(set(count.values()) <= {1, 2} and len(count) == 4 for count in counts)
    with pytest.raises(
        ParamsError, match=r"no two are of one of 4 classes.*Set batch_size .* to 8"
    ):
        ClassSampler(target, 4, seed=0, n_classes=4)


def test_triplet_batches_follow_seed_and_epoch():
    target = np.arange(30) % 3
    first, other = (ClassSampler(target, 6, seed=seed, n_classes=3) for seed in (0, 1))
    assert [i for _, i in first] == [i for _, i in first]
    assert [i for _, i in first] != [i for _, i in other]
    before = [i for _, i in first]
    first.set_epoch(1)
    assert {epoch for epoch, _ in first} == {1}
    assert [i for _, i in first] != before


def test_processes_share_triplet_batches(monkeypatch):
    target = np.arange(36) % 3
    alone = [i for _, i in ClassSampler(target, 12, seed=0, n_classes=3)]
    parts = []
    for rank in (0, 1):
        monkeypatch.setattr("gazescribe.models.cooperative.data.place", lambda rank=rank: (rank, 2))
        own = [i for _, i in ClassSampler(target, 6, seed=0, n_classes=3)]
        parts.append(own)
        assert len(own) == 18
        assert classes_of([(0, i) for i in own], target, 6)[1] == [{0: 2, 1: 2, 2: 2}] * 3
    assert not set(parts[0]) & set(parts[1])
    assert {*parts[0][:6], *parts[1][:6]} == set(alone[:12])


@pytest.mark.parametrize(
    ("target", "message"),
    [
        pytest.param([0, 0, 1, 1, 1, 1], r"\[2, 4, 0\]", id="class absent"),
        pytest.param([0, 1, 2, 2], r"\[1, 1, 2\]", id="too few"),
    ],
)
def test_triplets_need_every_class(target, message):
    with pytest.raises(ParamsError, match=message):
        ClassSampler(np.array(target), 6, seed=0, n_classes=3)


def test_crops_are_drawn_anew_to_train_and_of_the_middle_to_evaluate(tmp_path):
    inputs = balanced_world(tmp_path).write()
    run = small_run("gazegnn_published", batch_size=2)
    items = build_lists(inputs, run).items["train"]

    def images(loader, epoch=None):
        seen = batches(loader, epoch)
        order = torch.cat([batch["index"] for batch in seen]).argsort()
        return torch.cat([batch["image"] for batch in seen])[order]

    def trained(seed, epoch):
        return images(training_loader(items, inputs, dataclasses.replace(run, seed=seed), 3), epoch)

    assert trained(0, 1).shape[1:] == (1, 32, 32)
    assert (trained(0, 1) == trained(0, 1)).all()
    assert not (trained(0, 1) == trained(0, 2)).all()
    whole = images(evaluation_loader(items, inputs, run, batch_size=3))
    assert (whole == images(evaluation_loader(items, inputs, run, batch_size=2), None)).all()
    (batch, *_) = batches(evaluation_loader(items, inputs, run, batch_size=3))
    assert batch["map"].shape == (3, 1, 32, 32)
    assert batch["map"].flatten(1).amax(1).min() > 0  # what is drawn lies in the middle here
    assert batch["valid"].all()
    # The bright square of each image and its map have one place.
    for picture, heatmap in zip(batch["image"][:, 0], batch["map"][:, 0], strict=True):
        assert picture[heatmap == heatmap.max()].float().mean() > 50


def test_crops_are_divided_by_what_a_byte_holds():
    images = torch.tensor([[[[0, 51]]]], dtype=torch.uint8)
    assert scaled(images, small_run("gazegnn_published")).flatten().tolist() == pytest.approx(
        [0, 0.2]
    )
    assert scaled(images, RUN).flatten().tolist() == [0, 1]
