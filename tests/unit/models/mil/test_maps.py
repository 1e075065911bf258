import pytest
import torch
from captum.attr import LayerGradCam

from gazescribe.models.mil.losses import image_probability, pooled_logits
from gazescribe.models.mil.maps import gradcam, localisation_maps
from gazescribe.models.mil.network import MilNetwork


@pytest.fixture
def net():
    """A network whose logits are spread enough for maps to have dark and lit cells."""
    torch.manual_seed(0)
    net = MilNetwork(backbone="tiny", layers=(3, 4), grid=4, decoder=True, normalise="once").eval()
    torch.nn.init.normal_(net.classifier.weight)
    return net


@pytest.fixture
def images():
    return torch.rand(3, 1, 64, 64, generator=torch.Generator().manual_seed(1))


PROBABILITY = {
    "noisy-or": lambda logits: image_probability(logits, balanced="published"),
    "balanced noisy-or": lambda logits: image_probability(logits, balanced="all"),
    "pooled": lambda logits: torch.sigmoid(pooled_logits(logits)),
}


def backward_gradcam(net, images, probability):
    """As published: one backward pass a label, gradients summed over cells."""
    output = net(images)
    maps = []
    for label in range(10):
        (gradient,) = torch.autograd.grad(
            probability(output.logits)[:, label].sum(), output.activations, retain_graph=True
        )
        weights = gradient.sum(dim=(2, 3), keepdim=True)
        lit = (weights * output.activations).sum(dim=1).clamp(min=0)
        maps.append(lit / (lit.amax(dim=(1, 2), keepdim=True) + 1e-20))
    return torch.stack(maps, dim=1)


def closed_form(net, images):
    output = net(images)
    return localisation_maps(net, output)["gradcam"]


@pytest.mark.parametrize("name", PROBABILITY)
def test_gradcam_equals_backward_passes(net, images, name):
    expected = backward_gradcam(net, images, PROBABILITY[name])
    found = closed_form(net, images)
    assert ((expected > 0) & (expected < 1)).any()
    assert (expected == 0).any()
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", PROBABILITY)
@pytest.mark.parametrize("label", [0, 7])
def test_gradcam_equals_captum(net, images, name, label):
    explain = LayerGradCam(lambda batch: PROBABILITY[name](net(batch).logits), net.head)
    theirs = explain.attribute(images, target=label, relu_attributions=True)[:, 0]
    theirs = theirs / (theirs.amax(dim=(1, 2), keepdim=True) + 1e-20)
    torch.testing.assert_close(closed_form(net, images)[:, label], theirs, rtol=1e-4, atol=1e-5)


def test_gradcam_is_the_logit_above_its_bias(net, images):
    logits = net(images).logits
    lit = (logits - net.classifier.bias[:, None, None]).clamp(min=0)
    expected = lit / (lit.amax(dim=(2, 3), keepdim=True) + 1e-20)
    torch.testing.assert_close(closed_form(net, images), expected, rtol=1e-4, atol=1e-5)


def test_gradcam_is_drawn_where_the_published_one_vanishes(net, images):
    usual = closed_form(net, images)
    with torch.no_grad():
        net.classifier.bias += 200  # every σ is 1 in float32, and its gradient 0
    published = backward_gradcam(net, images, PROBABILITY["noisy-or"])
    assert not published.any()
    torch.testing.assert_close(closed_form(net, images), usual)
    assert usual.amax(dim=(2, 3)).eq(1).any()


def test_gradcam_of_a_label_seen_nowhere_is_dark():
    activations = torch.rand(1, 3, 4, 4)
    weight = torch.stack([torch.ones(3), -torch.ones(3)])[:, :, None, None]
    seen, unseen = gradcam(activations, weight)[0]
    assert seen.max() == 1
    assert not unseen.any()


def test_maps_of_a_batch(net, images):
    output = net(images)
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


def test_no_decoder_map_where_it_was_not_run(net, images):
    assert set(localisation_maps(net, net(images, decode=False))) == {"spatial", "gradcam"}


def test_maps_are_float32_after_mixed_precision(net, images):
    with torch.autocast("cpu", torch.bfloat16):
        output = net(images)
    maps = localisation_maps(net, output)
    assert output.logits.dtype == torch.bfloat16
    assert all(one.dtype == torch.float32 for one in maps.values())
