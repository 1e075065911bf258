import pytest
import torch

from gazescribe.models.cooperative.losses import UncertaintyWeights
from gazescribe.models.cooperative.mt_unet import UNet


def n_parameters(module):
    return sum(one.numel() for one in module.parameters())


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        pytest.param("plain", 34_562_945, id="UNet_S"),
        pytest.param("bare", 34_551_169, id="UNet_S without normalisation"),
        pytest.param("residual_encoder", 41_006_977, id="Res_SE-UNet of the text"),
        pytest.param("residual", 47_318_337, id="Res_SE-UNet of the code"),
    ],
)
def test_unets_have_the_published_size(blocks, expected):
    with torch.device("meta"):
        network = UNet(blocks)
        prediction = network(torch.zeros(1, 1, 640, 512))
    assert n_parameters(network) == expected
    assert prediction.saliency.shape == (1, 1, 640, 512)
    assert prediction.classes is None


def test_mt_unet_has_the_published_size_with_its_learned_uncertainty():
    with torch.device("meta"):
        network, weights = UNet("plain", n_classes=3), UncertaintyWeights("published")
        assert network.head[0].in_features == 1088
        assert network(torch.zeros(2, 1, 640, 512)).classes.shape == (2, 3)
    assert n_parameters(network) + n_parameters(weights) == 34_632_837


@pytest.mark.parametrize("stride", [1, 4, 8])
@pytest.mark.parametrize("classes", [True, False])
def test_narrow_ones_run(stride, classes):
    network = UNet("residual", n_classes=3 * classes, width=4, saliency_stride=stride)
    saliency, logits = network(torch.rand(2, 1, 32, 48))
    assert saliency.shape == (2, 1, 32, 48)
    assert (logits is not None) is classes


def test_the_diagnosis_sees_the_coarsest_and_the_last_level():
    torch.manual_seed(0)
    network = UNet("plain", n_classes=3, width=4).eval()
    images = torch.rand(2, 1, 32, 32)
    *skips, coarsest = network.contracting(images)
    last = network.expanding(coarsest, skips)
    expected = network.head(torch.cat((coarsest.mean((2, 3)), last.mean((2, 3))), 1))
    torch.testing.assert_close(network(images).classes, expected)
