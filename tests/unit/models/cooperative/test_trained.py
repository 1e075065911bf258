"""A network as a checkpoint brings it back."""

import dataclasses

import pytest
import torch

from gazescribe.models.cooperative.gradcam import gradcam
from gazescribe.models.cooperative.networks import network_of
from gazescribe.models.cooperative.trained import restored
from gazescribe.models.core.checkpoint import FILE, Checkpoint, save_checkpoint
from tests.unit.models.cooperative.cooperative_cases import small_run


def saved(run, folder):
    checkpoint = Checkpoint(
        system="cooperative",
        run=dataclasses.asdict(run),
        run_hash="none",
        labels=[],
        input={"height": 64, "width": 64, "channels": 1, "normalise": ""},
        training={},
        weights=network_of(dataclasses.asdict(run)).state_dict(),
    )
    save_checkpoint(checkpoint, folder / run.name / FILE)
    return folder / run.name / FILE


@pytest.mark.parametrize("model", ["joint", "dnet201"])
def test_gradcam_of_a_restored_network_keeps_nothing_of_the_layers_before_it(tmp_path, model):
    network, run, _ = restored(saved(small_run(model), tmp_path))
    assert not network.training
    own = {one.data_ptr() for one in network.state_dict().values()}
    kept = []

    def pack(tensor):
        if tensor.data_ptr() not in own:
            kept.append(tensor.numel())
        return tensor

    images = torch.rand(2, 1, run.image_height, run.image_width)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        _, evidence = gradcam(network, images)
    assert evidence.shape == (2, run.image_height, run.image_width)
    assert kept, "the classifier's"
    assert max(kept) < images.numel() / 2, "maps of the coarsest level at most"
