import dataclasses

import pytest
import torch
from captum.attr import LayerGradCam

from gazescribe.models.cooperative.densenet import DenseClassifier, Encoder
from gazescribe.models.cooperative.gradcam import gradcam
from gazescribe.models.cooperative.networks import network_of
from tests.unit.models.cooperative.cooperative_cases import small_run
from tests.unit.models.cooperative.test_evaluation import DIAGNOSING


@pytest.mark.parametrize("model", DIAGNOSING)
def test_gradcam_changes_no_prediction(model):
    torch.manual_seed(1)
    run = dataclasses.asdict(small_run(model))
    network = network_of(run).eval()
    inputs = (torch.rand(2, 1, run["image_height"], run["image_width"]),)
    if model == "gazegnn":
        inputs += (torch.rand(2, 16, 16),)
    with torch.no_grad():
        plain = network(*inputs)
    with torch.inference_mode():
        found, evidence = gradcam(network, *inputs)
    torch.testing.assert_close(found.classes, plain.classes)
    assert evidence.shape == (2, *inputs[0].shape[2:])
    assert (evidence >= 0).all()
    assert not network.training


def test_gradcam_is_that_of_captum():
    torch.manual_seed(0)
    network = DenseClassifier(Encoder("tiny")).eval()
    images = torch.rand(3, 1, 64, 64)
    _, evidence = gradcam(network, images)

    class Last(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.taps = torch.nn.Identity()

        def forward(self, x):
            maps = self.taps(network.encoder(x).classifier)
            return network.classifier(maps.mean(dim=(2, 3)))

    with torch.no_grad():
        target = network(images).classes.argmax(dim=1)
    reference = Last()
    coarse = LayerGradCam(reference, reference.taps).attribute(
        images, target, relu_attributions=True
    )
    fine = torch.nn.functional.interpolate(coarse, size=(64, 64), mode="bilinear")
    assert fine.max() > 0
    torch.testing.assert_close(evidence, fine[:, 0].detach(), rtol=1e-4, atol=1e-7)
