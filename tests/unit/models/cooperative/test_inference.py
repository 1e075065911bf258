"""What a checkpoint of each kind of network predicts of images."""

import pytest
import torch

from gazescribe.models.cooperative.inference import predictor
from gazescribe.models.core.checkpoint import load_checkpoint
from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.core.schemas import DIAGNOSES
from tests.unit.models.cooperative.cooperative_cases import small_run
from tests.unit.models.cooperative.test_networks import saved_network as saved


def made(run, folder):
    path = saved(run, folder)
    return predictor(load_checkpoint(path), path)


@pytest.mark.parametrize(
    ("model", "kinds", "labels"),
    [
        ("joint", ["saliency,gradcam", "saliency", "gradcam"], DIAGNOSES),
        ("dnet201", ["gradcam", "gradcam"], DIAGNOSES),
        ("unet_s", ["saliency", "saliency"], ()),
    ],
)
def test_maps_and_probabilities(tmp_path, model, kinds, labels):
    run = small_run(model)
    predicted = made(run, tmp_path)
    assert list(predicted.maps) == list(dict.fromkeys(kinds))
    assert predicted.labels == labels
    images = torch.randint(0, 256, (2, 1, run.image_height, run.image_width), dtype=torch.uint8)
    output = predicted.ask(images, kinds[0])
    channels = len(predicted.maps[kinds[0]])
    assert output.maps.shape == (2, channels, run.image_height, run.image_width)
    assert output.maps.dtype == torch.float32
    assert 0 <= output.maps.min() <= output.maps.max() <= 1
    if labels:
        torch.testing.assert_close(output.probabilities.sum(1), torch.ones(2).double())


def test_networks_that_an_image_does_not_suffice_for(tmp_path):
    with pytest.raises(ParamsError, match="it gives neither diagnosis nor map"):
        made(small_run("contrastive"), tmp_path)
    with pytest.raises(ParamsError, match="wants the reader's gaze"):
        made(small_run("gazegnn"), tmp_path)
