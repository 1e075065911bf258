import copy

import pytest
import torch
from torch.nn import functional

from gazescribe.models.cooperative.densenet import Encoder
from gazescribe.models.cooperative.dual_encoder import DualEncoder, Fusion
from gazescribe.models.cooperative.losses import saliency_loss

BUFFERS = {"running_mean", "running_var", "num_batches_tracked"}


def n_parameters(module, *, trainable=False):
    return sum(p.numel() for p in module.parameters() if p.requires_grad or not trainable)


def tiny(**options):
    torch.manual_seed(0)
    return DualEncoder(Encoder("tiny"), width=4, **options)


@pytest.fixture(scope="module")
def images():
    return torch.rand(3, 1, 64, 64, generator=torch.Generator().manual_seed(1))


def state(module):
    """Parameters and buffers, those that are not saved included."""
    return {k: v.clone() for k, v in (*module.named_parameters(), *module.named_buffers())}


def changed(before, module):
    after = state(module)
    assert before.keys() == after.keys()
    return {name for name in before if not torch.equal(before[name], after[name])}


def test_whole_network_has_the_published_size():
    with torch.device("meta"):
        trunk = DualEncoder(Encoder("densenet201"))
        fusion = Fusion(DualEncoder(Encoder("densenet201")))
    assert n_parameters(trunk, trainable=True) == 48_417_217
    assert n_parameters(trunk) == 66_510_145
    assert n_parameters(fusion) == 66_637_380
    assert n_parameters(fusion, trainable=True) == 127_235
    assert trunk.n_pooled == 1984


def test_shapes_of_the_paper():
    with torch.device("meta"):
        trunk = DualEncoder(Encoder("densenet201"))
        images = torch.zeros(1, 1, 640, 512)
        levels = trunk.contracting(images)
        saliency, features = trunk.describe(images)
    assert [tuple(one.shape[1:]) for one in levels] == [
        (64, 640, 512),
        (128, 320, 256),
        (256, 160, 128),
        (512, 80, 64),
        (1024, 40, 32),
    ]
    assert [one[1].out_channels for one in trunk.expanding.ups] == [512, 256, 128, 64, 64]
    assert saliency.shape == (1, 1, 640, 512)
    assert features.shape == (1, 1984)


def test_without_an_encoder_only_what_joins_it_is_gone():
    with torch.device("meta"):
        clean = DualEncoder(None)
        whole = DualEncoder(Encoder("densenet201"))
        image = torch.zeros(1, 1, 640, 512)
        assert clean(image).saliency.shape == (1, 1, 640, 512)
    # Up5 takes F4; the block after it has 512 input channels less.
    expected = 48_417_217 - 8_848_896 - 512 * 512 * 9
    assert n_parameters(clean) == expected
    assert clean.contracting.channels == whole.contracting.channels


@pytest.mark.parametrize("stride", [1, 4, 8])
def test_saliency_has_the_size_of_the_image(images, stride):
    network = tiny(saliency_stride=stride)
    saliency, features = network.describe(images)
    assert saliency.shape == images.shape
    assert features.shape == (3, network.n_pooled)
    assert network.n_pooled == network.encoder.n_out + {1: 4, 4: 8, 8: 16}[stride]
    assert network(images).classes is None


def test_features_are_means_of_f5_and_of_the_last_level(images):
    network = tiny().eval()
    _, features = network.describe(images)
    taps = network.encoder(images)
    last = network.expanding(taps.decoder, network.contracting(images))
    expected = torch.cat((taps.classifier.mean((2, 3)), last.mean((2, 3))), 1)
    torch.testing.assert_close(features, expected)


def test_a_step_of_stage_2_leaves_the_encoder_alone(images):
    network = tiny()
    network.train()
    before = state(network)
    parameters = [one for one in network.parameters() if one.requires_grad]
    optimiser = torch.optim.Adam(parameters, lr=1e-2)
    saliency_loss(network(images).saliency, torch.rand_like(images)).backward()
    optimiser.step()
    moved = changed(before, network)
    assert not any(name.startswith("encoder.") for name in moved)
    assert any(name.startswith("contracting.") and "running_mean" in name for name in moved)
    assert any(name.startswith("expanding.ups.0") and "weight" in name for name in moved)


def test_a_step_of_stage_3_moves_the_head_alone(images):
    fusion = Fusion(tiny())
    fusion.train()
    before = state(fusion)
    parameters = [one for one in fusion.parameters() if one.requires_grad]
    optimiser = torch.optim.Adam(parameters, lr=1e-2)
    functional.cross_entropy(fusion(images).classes, torch.tensor([0, 1, 2])).backward()
    optimiser.step()
    assert changed(before, fusion) == {
        "head.0.weight",
        "head.0.bias",
        "head.3.weight",
        "head.3.bias",
    }


def test_joint_training_moves_everything(images):
    fusion = Fusion(tiny(frozen=False), frozen=False)
    fusion.train()
    before = state(fusion)
    optimiser = torch.optim.Adam(fusion.parameters(), lr=1e-2)
    saliency, classes = fusion(images)
    loss = functional.cross_entropy(classes, torch.tensor([0, 1, 2]))
    (loss + saliency_loss(saliency, torch.rand_like(images))).backward()
    optimiser.step()
    assert changed(before, fusion) >= set(dict(fusion.named_parameters()))
    assert "trunk.encoder.features.norm5.running_mean" in changed(before, fusion)


def test_frozen_parameters_alone_let_batch_norms_drift(images):
    network = tiny(frozen="parameters").train()
    fusion = Fusion(tiny(frozen="parameters"), frozen="parameters").train()
    assert all(one.training for one in (*network.modules(), *fusion.modules()))
    before, whole = state(network), state(fusion)
    assert not any(one.requires_grad for one in network.encoder.parameters())
    assert not any(one.requires_grad for one in fusion.trunk.parameters())
    saliency_loss(network(images).saliency, torch.rand_like(images)).backward()
    functional.cross_entropy(fusion(images).classes, torch.tensor([0, 1, 2])).backward()
    drifted = changed(whole, fusion)
    assert "encoder.features.norm5.running_mean" in changed(before, network)
    assert {name.split(".")[1] for name in drifted} == {
        *("encoder", "contracting", "expanding", "saliency")
    }
    assert all(name.rpartition(".")[2] in BUFFERS for name in drifted)


def test_modes_follow_what_is_frozen():
    network = tiny().train()
    assert network.training
    assert not any(one.training for one in network.encoder.modules())
    assert network.contracting.training
    fusion = Fusion(tiny())
    assert fusion.head.training
    assert not fusion.trunk.training
    assert fusion.eval().training is False
    copied = copy.deepcopy(fusion).train()
    assert not copied.trunk.encoder.training


def test_cached_features_train_the_same_head(images):
    """Stage 3 on features computed once ends with the bits that whole passes end with."""
    targets = torch.tensor([0, 1, 2])
    heads = []
    for cached in (False, True):
        torch.manual_seed(3)
        fusion = Fusion(tiny())
        with torch.no_grad():
            _, features = fusion.trunk.describe(images)
        optimiser = torch.optim.Adam(fusion.head.parameters(), lr=1e-2)
        for epoch in range(3):
            torch.manual_seed(epoch)
            classes = fusion.head(features) if cached else fusion(images).classes
            optimiser.zero_grad()
            functional.cross_entropy(classes, targets).backward()
            optimiser.step()
        heads.append(fusion.head.state_dict())
    for name, value in heads[0].items():
        torch.testing.assert_close(value, heads[1][name], rtol=0, atol=0)
