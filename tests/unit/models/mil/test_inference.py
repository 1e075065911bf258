"""What a checkpoint predicts, and which of its maps comes first."""

import pytest
import torch

from gazescribe.models.core.checkpoint import load_checkpoint
from gazescribe.models.mil.inference import predictor
from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.errors import SchemaError
from tests.unit.models.mil.mil_cases import SIZE, run
from tests.unit.models.predicting.predicting_cases import checkpoint


@pytest.fixture
def made(tmp_path):
    """Make a predictor of an untrained network."""

    def make(**changes):
        path = checkpoint(tmp_path / "model.safetensors", **changes)
        return predictor(load_checkpoint(path), path)

    return make


def test_each_map_has_ten_channels(made):
    model = made()
    images = torch.zeros(2, 1, SIZE, SIZE, dtype=torch.uint8)
    for kind, channels in model.maps.items():
        output = model.ask(images, kind)
        assert tuple(channel.label for channel in channels) == TEN_LABELS
        assert output.maps.shape[:2] == (2, 10)
        assert output.probabilities.shape == (2, 10)


@pytest.mark.parametrize(
    ("settings", "metrics", "first"),
    [
        ({}, None, "decoder"),
        ({"supervision": "none"}, None, "spatial"),
        ({"decoder": False}, None, "spatial"),
        ({}, {"map": "spatial"}, "spatial"),
    ],
)
def test_first_map_is_the_best_on_validation_or_the_papers(made, settings, metrics, first):
    model = made(settings=run(**settings), metrics=metrics)
    assert next(iter(model.maps)) == first
    assert ("decoder" in model.maps) == settings.get("decoder", True)


def test_labels_are_those_of_the_checkpoint(made):
    letters = list("ABCDEFGHIJ")
    model = made(labels=letters)
    assert list(model.labels) == letters
    assert [channel.label for channel in model.maps["spatial"]] == letters


def test_weights_of_another_number_of_labels_are_refused(made):
    with pytest.raises(SchemaError, match="these are not this network's weights"):
        made(labels=["Edema"])
