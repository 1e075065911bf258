import dataclasses

import numpy as np
import pytest
import torch

from gazescribe.models.core.checkpoint import Checkpoint, save_checkpoint
from gazescribe.models.mil.losses import image_probability
from gazescribe.models.mil.trained import network_of, probability_of, restored
from gazescribe.pipeline.core.errors import GazeError, ParamsError, SchemaError
from tests.unit.models.mil.mil_cases import SIZE, run


@pytest.fixture
def saved(tmp_path):
    """Saves an untrained network of a run; gives it and its file."""

    def save(settings, network=None, **said):
        torch.manual_seed(0)
        network = network or network_of(dataclasses.replace(settings, weights=None))
        content = {
            "system": "mil",
            "run": dataclasses.asdict(settings),
            "run_hash": "",
            "labels": ["Edema"],
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
    assert (its_run, checkpoint.labels) == (settings, ["Edema"])
    assert not found.training
    images = torch.rand(2, 1, SIZE, SIZE)
    expected = network.eval()(images)
    assert torch.equal(found(images).logits, expected.logits)
    assert torch.equal(found(images).decoder_logits, expected.decoder_logits)


def test_a_run_begins_with_the_weights_it_names():
    with pytest.raises(GazeError, match=r"no such file\.pth: there is no such weight file"):
        network_of(run(weights="no such file.pth"))


def test_what_cannot_be_restored(saved):
    _, path = saved(run(), system="cooperative")
    with pytest.raises(SchemaError, match="a mil network expected, cooperative found"):
        restored(path)
    _, path = saved(run(), run={**dataclasses.asdict(run()), "grid": 0})
    with pytest.raises(ParamsError, match=r"run\.grid: at least 1 expected, found 0"):
        restored(path)
    _, path = saved(run(), network_of(run(decoder=False)))
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
