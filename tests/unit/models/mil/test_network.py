import dataclasses

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam
from torch import nn
from torchvision.transforms.functional import normalize

from gazescribe.models.core.checkpoint import Checkpoint, save_checkpoint
from gazescribe.models.mil.losses import decoder_loss, image_loss, image_probability, pooled_logits
from gazescribe.models.mil.network import (
    MilNetwork,
    gradcam,
    join,
    localisation_maps,
    network_of,
    normalised,
    probability_of,
    restored,
)
from gazescribe.pipeline.core.errors import ArrayError, GazeError, ParamsError, SchemaError
from tests.unit.models.mil.mil_cases import SIZE, run

PAPER = {"backbone": "resnet50", "layers": (3, 4), "grid": 32, "decoder": True, "n_labels": 10}
TINY = {**PAPER, "backbone": "tiny", "grid": 4, "normalise": "once"}


def network(seed=0, **changes):
    torch.manual_seed(seed)
    return MilNetwork(**TINY | changes)


def images(n=2, side=64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (n, 1, side, side), generator=generator, dtype=torch.uint8)


def parameters(*modules):
    return sum(one.numel() for module in modules for one in module.parameters())


def step(net, batch):
    """Both losses of a batch in which nothing is annotated."""
    output = net(batch)
    labels = torch.zeros(len(batch), 10, device=batch.device)
    nobody = torch.zeros(len(batch), dtype=torch.bool, device=batch.device)
    maps = torch.zeros(0, 10, 64, 64, device=batch.device)
    cells = maps[:, :, :4, :4] > 0
    loss = image_loss(
        output.logits, labels, nobody, cells, balanced="published", lambda_annotated=3
    )
    if output.decoder_logits is not None:
        loss = loss + decoder_loss(output.decoder_logits, labels, nobody, maps)
    return loss


# Counts and shapes of spec: section 5.
def test_paper_size():
    with torch.device("meta"):
        net = MilNetwork(**PAPER, normalise="twice")
        output = net(torch.zeros(2, 1, 512, 512, dtype=torch.uint8))
    assert parameters(net.backbone) == 25_557_032
    assert parameters(net.head, net.classifier) == 14_161_930
    assert parameters(net.decoder) == 669_918
    assert parameters(net) == 40_388_880
    assert output.logits.shape == (2, 10, 32, 32)
    assert output.activations.shape == (2, 512, 32, 32)
    assert output.decoder_logits.shape == (2, 10, 256, 256)


def test_there_is_a_channel_for_each_label():
    output = network(n_labels=12).eval()(torch.zeros(1, 1, 64, 64))
    assert output.logits.shape == (1, 12, 4, 4)
    assert output.decoder_logits.shape == (1, 12, 32, 32)


def test_single_resolution_at_paper_size():
    with torch.device("meta"):
        net = MilNetwork(
            backbone="resnet50", layers=(4,), grid=16, decoder=False, normalise="once", n_labels=10
        )
        output = net(torch.zeros(2, 1, 512, 512))
    assert net.head[0].in_channels == 2048
    assert output.logits.shape == (2, 10, 16, 16)
    assert output.decoder_logits is None


@pytest.mark.parametrize(
    ("changes", "grid"),
    [
        pytest.param({"backbone": "tiny"}, 4, id="tiny"),
        pytest.param({"backbone": "tiny", "layers": (4,), "grid": 2}, 2, id="single resolution"),
        pytest.param({"backbone": "resnet18"}, 4, id="resnet18"),
        pytest.param({"decoder": False}, 4, id="no decoder"),
    ],
)
def test_shapes(changes, grid):
    output = network(**changes).eval()(images())
    assert output.logits.shape == (2, 10, grid, grid)
    assert output.activations.shape[2:] == (grid, grid)
    assert output.activations.min() >= 0
    if changes.get("decoder", True):
        assert output.decoder_logits.shape == (2, 10, 8 * grid, 8 * grid)
    else:
        assert output.decoder_logits is None


def test_the_decoder_is_run_only_when_asked_for():
    net = network().eval()
    net.decoder.register_forward_hook(lambda *_: pytest.fail("the decoder was run"))
    output = net(images(), decode=False)
    assert output.decoder_logits is None
    assert output.logits.equal(network().eval()(images()).logits)


def test_batch_normalisation_ends_the_decoder():
    net = network()
    assert isinstance(net.decoder[-1], nn.BatchNorm2d)
    assert [one.momentum for one in net.decoder.modules() if isinstance(one, nn.BatchNorm2d)] == [
        0.01
    ] * 3
    assert net.head[1].momentum == 0.1
    assert net.head[0].bias is None
    assert all(one.align_corners for one in net.decoder.modules() if isinstance(one, nn.Upsample))
    decoded = net(images()).decoder_logits
    torch.testing.assert_close(decoded.mean(dim=(0, 2, 3)), torch.zeros(10), rtol=0, atol=1e-5)
    assert decoded.min() < -0.5


def test_logits_are_a_convolution_of_the_activations():
    net = network()
    output = net(images())
    weight, bias = net.classifier.weight[:, :, 0, 0], net.classifier.bias
    expected = torch.einsum("bcyx,kc->bkyx", output.activations, weight) + bias[:, None, None]
    torch.testing.assert_close(output.logits, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("normalise", "times"), [("once", 1), ("twice", 2)])
def test_normalisation(normalise, times):
    grey = images(side=8)
    expected = (grey / 255).expand(2, 3, 8, 8)
    for _ in range(times):
        expected = normalize(expected, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    torch.testing.assert_close(normalised(grey, normalise), expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(normalised(grey / 255, normalise), expected, rtol=1e-5, atol=1e-5)


def test_the_network_normalises_as_it_is_told():
    once, twice = (network(normalise=how).eval()(images()).logits for how in ("once", "twice"))
    assert not once.allclose(twice)


def test_join_repeats_the_coarser_layer():
    fine, coarse = torch.rand(1, 2, 4, 4), torch.rand(1, 3, 2, 2)
    joined = join([fine, coarse])
    assert joined.shape == (1, 5, 4, 4)
    assert joined[:, :2].equal(fine)
    assert joined[:, 2:].equal(coarse.repeat_interleave(2, 2).repeat_interleave(2, 3))


def test_every_trained_parameter_has_a_gradient_also_without_annotation():
    net = network(backbone="resnet18")
    step(net, images()).backward()
    without = {name for name, one in net.named_parameters() if one.grad is None}
    assert without == {"backbone.resnet.fc.weight", "backbone.resnet.fc.bias"}


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        pytest.param(torch.zeros(2, 3, 64, 64), r"\(2, 3, 64, 64\): expected", id="three channels"),
        pytest.param(torch.zeros(1, 64, 64), r"\(1, 64, 64\): expected", id="no batch"),
        pytest.param(
            torch.zeros(2, 1, 128, 64),
            "128x64 pixels give 8x4 cells; this network has 4x4",
            id="another size",
        ),
    ],
)
def test_images_that_do_not_fit(batch, message):
    with pytest.raises(ArrayError, match=message):
        network()(batch)


def test_the_network_compiles_to_one_graph():
    net = network().eval()
    compiled = torch.compile(net, backend="eager", fullgraph=True)
    for found, expected in zip(compiled(images()), net(images()), strict=True):
        torch.testing.assert_close(found, expected)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_mixed_precision_on_a_gpu(dtype):
    net = network().cuda().to(memory_format=torch.channels_last)
    batch = images(4).cuda()
    with torch.autocast("cuda", dtype):
        assert net(batch).logits.dtype == dtype
        loss = step(net, batch)
    plain = step(net, batch)
    loss.backward()
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, plain, rtol=0.05, atol=0)
    assert all(torch.isfinite(one.grad).all() for one in net.parameters() if one.requires_grad)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_compiled_on_a_gpu():
    net = network().cuda().eval()
    batch = images(4).cuda()
    for found, expected in zip(torch.compile(net)(batch), net(batch), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-2, atol=1e-2)


@pytest.fixture
def net():
    """A network whose logits are spread enough for maps to have dark and lit cells."""
    torch.manual_seed(0)
    net = MilNetwork(
        backbone="tiny", layers=(3, 4), grid=4, decoder=True, normalise="once", n_labels=10
    ).eval()
    torch.nn.init.normal_(net.classifier.weight)
    return net


@pytest.fixture
def radiographs():
    return torch.rand(3, 1, 64, 64, generator=torch.Generator().manual_seed(1))


PROBABILITY = {
    "noisy-or": lambda logits: image_probability(logits, balanced="published"),
    "balanced noisy-or": lambda logits: image_probability(logits, balanced="all"),
    "pooled": lambda logits: torch.sigmoid(pooled_logits(logits)),
}


def backward_gradcam(net, radiographs, probability):
    """As published: one backward pass a label, gradients summed over cells."""
    output = net(radiographs)
    maps = []
    for label in range(10):
        (gradient,) = torch.autograd.grad(
            probability(output.logits)[:, label].sum(), output.activations, retain_graph=True
        )
        weights = gradient.sum(dim=(2, 3), keepdim=True)
        lit = (weights * output.activations).sum(dim=1).clamp(min=0)
        maps.append(lit / (lit.amax(dim=(1, 2), keepdim=True) + 1e-20))
    return torch.stack(maps, dim=1)


def closed_form(net, radiographs):
    output = net(radiographs)
    return localisation_maps(net, output)["gradcam"]


@pytest.mark.parametrize("name", PROBABILITY)
def test_gradcam_equals_backward_passes(net, radiographs, name):
    expected = backward_gradcam(net, radiographs, PROBABILITY[name])
    found = closed_form(net, radiographs)
    assert ((expected > 0) & (expected < 1)).any()
    assert (expected == 0).any()
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", PROBABILITY)
@pytest.mark.parametrize("label", [0, 7])
def test_gradcam_equals_captum(net, radiographs, name, label):
    explain = LayerGradCam(lambda batch: PROBABILITY[name](net(batch).logits), net.head)
    theirs = explain.attribute(radiographs, target=label, relu_attributions=True)[:, 0]
    theirs = theirs / (theirs.amax(dim=(1, 2), keepdim=True) + 1e-20)
    torch.testing.assert_close(
        closed_form(net, radiographs)[:, label], theirs, rtol=1e-4, atol=1e-5
    )


def test_gradcam_is_the_logit_above_its_bias(net, radiographs):
    logits = net(radiographs).logits
    lit = (logits - net.classifier.bias[:, None, None]).clamp(min=0)
    expected = lit / (lit.amax(dim=(2, 3), keepdim=True) + 1e-20)
    torch.testing.assert_close(closed_form(net, radiographs), expected, rtol=1e-4, atol=1e-5)


def test_gradcam_is_drawn_where_the_published_one_vanishes(net, radiographs):
    usual = closed_form(net, radiographs)
    with torch.no_grad():
        net.classifier.bias += 200  # every σ is 1 in float32, and its gradient 0
    published = backward_gradcam(net, radiographs, PROBABILITY["noisy-or"])
    assert not published.any()
    torch.testing.assert_close(closed_form(net, radiographs), usual)
    assert usual.amax(dim=(2, 3)).eq(1).any()


def test_gradcam_of_a_label_seen_nowhere_is_dark():
    activations = torch.rand(1, 3, 4, 4)
    weight = torch.stack([torch.ones(3), -torch.ones(3)])[:, :, None, None]
    seen, unseen = gradcam(activations, weight)[0]
    assert seen.max() == 1
    assert not unseen.any()


def test_maps_of_a_batch(net, radiographs):
    output = net(radiographs)
    maps = localisation_maps(net, output)
    shapes = {name: tuple(one.shape) for name, one in maps.items()}
    assert shapes == {
        "spatial": (3, 10, 4, 4),
        "gradcam": (3, 10, 4, 4),
        "decoder": (3, 10, 32, 32),
    }
    torch.testing.assert_close(maps["spatial"], torch.sigmoid(output.logits))
    torch.testing.assert_close(maps["decoder"], torch.sigmoid(output.decoder_logits))
    assert all(one.min() >= 0 and one.max() <= 1 for one in maps.values())


def test_no_decoder_map_where_it_was_not_run(net, radiographs):
    assert set(localisation_maps(net, net(radiographs, decode=False))) == {"spatial", "gradcam"}


def test_maps_are_float32_after_mixed_precision(net, radiographs):
    with torch.autocast("cpu", torch.bfloat16):
        output = net(radiographs)
    maps = localisation_maps(net, output)
    assert output.logits.dtype == torch.bfloat16
    assert all(one.dtype == torch.float32 for one in maps.values())


@pytest.fixture
def saved(tmp_path):
    """Saves an untrained network of a run; gives it and its file."""

    def save(settings, network=None, **said):
        torch.manual_seed(0)
        network = network or network_of(dataclasses.replace(settings, weights=None), 10)
        content = {
            "system": "mil",
            "run": dataclasses.asdict(settings),
            "run_hash": "",
            "labels": list("ABCDEFGHIJ"),
            "input": {"height": SIZE, "width": SIZE, "channels": 3, "normalise": "once"},
            "training": {},
            **said,
        }
        path = tmp_path / "model.safetensors"
        save_checkpoint(Checkpoint(**content, weights=network.state_dict()), path)
        return network, path

    return save


def test_it_comes_back_as_it_was(saved):
    settings = run(weights="no such file.pth")
    network, path = saved(settings)
    found, its_run, checkpoint = restored(path)
    assert (its_run, checkpoint.labels) == (settings, list("ABCDEFGHIJ"))
    assert not found.training
    images = torch.rand(2, 1, SIZE, SIZE)
    expected = network.eval()(images)
    assert torch.equal(found(images).logits, expected.logits)
    assert torch.equal(found(images).decoder_logits, expected.decoder_logits)


def test_a_run_begins_with_the_weights_it_names():
    with pytest.raises(GazeError, match=r"no such file\.pth: there is no such weight file"):
        network_of(run(weights="no such file.pth"), 10)


def test_what_cannot_be_restored(saved):
    _, path = saved(run(), system="cooperative")
    with pytest.raises(SchemaError, match="a mil network expected, cooperative found"):
        restored(path)
    _, path = saved(run(), run={**dataclasses.asdict(run()), "grid": 0})
    with pytest.raises(ParamsError, match=r"run\.grid: at least 1 expected, found 0"):
        restored(path)
    _, path = saved(run(), network_of(run(decoder=False), 10))
    with pytest.raises(SchemaError, match=r"decoder\.1\.weight is missing"):
        restored(path)


@pytest.mark.parametrize("balanced", ["published", "all"])
def test_probabilities_near_one_stay_apart(balanced):
    logits = torch.full((2, 10, 32, 32), 9.0)
    logits[1] += 1
    probability = probability_of(logits, run(balanced=balanced))
    assert probability.dtype == torch.float64
    assert (probability[1] > probability[0]).all()
    expected = image_probability(logits.double(), balanced=balanced)
    torch.testing.assert_close(probability, expected)


def test_probability_of_the_pooled_head():
    logits = torch.zeros(1, 10, 2, 2)
    logits[0, 3, 0, 0] = 4
    probability = probability_of(logits, run(objective="cross_entropy"))
    assert probability[0, 3] == pytest.approx(1 / (1 + np.exp(-1)))
    assert probability[0, 0] == 0.5
