"""Features of a frozen trunk, against the trunk itself, image by image."""

import pytest
import torch

from gazescribe.models.cooperative.data import evaluation_loader, unit_range
from gazescribe.models.cooperative.features import KeptFeatures, cached_loaders
from gazescribe.models.cooperative.items import build_lists
from gazescribe.models.core.device import Machine
from tests.unit.models.cooperative.cooperative_cases import balanced_world, small_run
from tests.unit.models.cooperative.test_evaluation import awake


@pytest.fixture(scope="module")
def cached(tmp_path_factory):
    """Features, by split, and those that the trunk gives of one image after another."""
    inputs = balanced_world(tmp_path_factory.mktemp("egd")).write()
    run = small_run("cooperative", batch_size=3)
    lists = build_lists(inputs, run).items
    items = {name: lists[name] for name in ("train", "validate")}
    network = awake(run)
    loaders = cached_loaders(network, items, inputs, run, Machine("cpu"))
    alone = {}
    with torch.no_grad():
        for name, listed in items.items():
            rows = evaluation_loader(listed, inputs, run, batch_size=1)
            described = [network.trunk.describe(unit_range(row["image"]))[1] for row in rows]
            alone[name] = torch.cat(described)
    return loaders, items, alone


def test_validation_comes_in_order_with_its_targets(cached):
    (_, validate), items, alone = cached
    features = torch.cat([batch["image"] for batch in validate])
    torch.testing.assert_close(features, alone["validate"], rtol=1e-4, atol=1e-5)
    targets = torch.cat([batch["target"] for batch in validate])
    assert targets.tolist() == items["validate"].target.tolist()


def test_training_features_keep_their_targets_in_every_order(cached):
    (train, _), items, alone = cached
    orders = []
    for epoch in range(2):
        train.sampler.set_epoch(epoch)
        rows = []
        for batch in train:
            for feature, target in zip(batch["image"], batch["target"], strict=True):
                distance = (alone["train"] - feature).abs().amax(dim=1)
                row = int(distance.argmin())
                assert distance[row] < 1e-4
                assert items["train"].target[row] == target
                rows.append(row)
        assert sorted(rows) == list(range(len(items["train"]))), "nine fill three batches of three"
        orders.append(rows)
    assert orders[0] != orders[1]


def test_kept_features_are_those_of_the_encoder_whatever_the_batch():
    torch.manual_seed(0)
    encoder = awake(small_run("dual_encoder")).encoder.eval()
    images = torch.rand(4, 1, 64, 64)
    kept = KeptFeatures(encoder)
    first = kept.of(images[:3], torch.tensor([5, 1, 2]), training=True)
    torch.testing.assert_close(first, encoder(images[:3]).decoder, rtol=1e-4, atol=1e-5)
    again = kept.of(images[[3, 1, 0]], torch.tensor([0, 1, 5]), training=True)
    assert torch.equal(again[1:], first[[1, 0]])
    other = kept.of(images[3:], torch.tensor([5]), training=False)
    assert torch.equal(other, again[:1]), "validation has a list of its own"
    assert not first.requires_grad
    assert kept.bytes_of(10) == 10 * first[0].nbytes
    assert KeptFeatures(encoder).bytes_of(10) == 0
