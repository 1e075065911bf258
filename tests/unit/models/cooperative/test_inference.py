"""What a checkpoint of each kind of network predicts of images."""

import numpy as np
import pytest
import torch
from PIL import Image

from gazescribe.models.cooperative.inference import predictor
from gazescribe.models.core.checkpoint import load_checkpoint
from gazescribe.models.predicting.predictor import load_predictor
from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.core.shards import open_shards
from gazescribe.pipeline.core.values import DIAGNOSES
from tests.running import gazescribe
from tests.unit.models.cooperative.cooperative_cases import small_run
from tests.unit.models.cooperative.test_evaluation import saved as saved_awake
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


@pytest.mark.parametrize(
    ("model", "labels", "kinds"),
    [
        pytest.param(
            "cooperative", DIAGNOSES, ["saliency,gradcam", "saliency", "gradcam"], id="both"
        ),
        pytest.param("unet_s", (), ["saliency"], id="looks"),
        pytest.param("dnet201", DIAGNOSES, ["gradcam"], id="diagnoses"),
    ],
)
def test_predict_asks_for_what_there_is(tmp_path, model, labels, kinds):
    predictor = load_predictor(saved_awake(small_run(model), tmp_path))
    assert (predictor.labels, list(predictor.maps)) == (labels, kinds)
    for kind in kinds:
        with torch.inference_mode():
            answer = predictor.ask(torch.randint(1, 256, (2, 1, 64, 64), dtype=torch.uint8), kind)
        assert answer.probabilities.shape == (2, len(labels))
        assert [channel.kind for channel in predictor.maps[kind]] == kind.split(",")
        assert answer.maps.shape == (2, len(kind.split(",")), 64, 64)
        assert (answer.maps.amax(dim=(0, 2, 3)) == 1).all()


@pytest.mark.parametrize(
    ("model", "message"),
    [
        pytest.param("contrastive", "contrastive stage", id="contrastive"),
        pytest.param("gazegnn", "wants the reader's gaze", id="gaze"),
        pytest.param("gazegnn_published", "sees crops of images", id="crops"),
    ],
)
def test_predict_refuses_what_has_no_answer(tmp_path, model, message):
    with pytest.raises(ParamsError, match=message):
        load_predictor(saved_awake(small_run(model), tmp_path))


def test_the_command_writes_both_maps_at_once(tmp_path):
    path = saved_awake(small_run("cooperative"), tmp_path)
    Image.fromarray(np.arange(80 * 60, dtype=np.uint8).reshape(80, 60)).save(tmp_path / "one.png")
    options = ("--write", "maps,masks,overlays", "--threshold", 0.5)
    said = gazescribe("predict", path, tmp_path / "one.png", "--out", tmp_path / "out", *options)
    assert said.startswith("1 image")
    shards = open_shards(tmp_path / "out")
    both = dict(zip(shards.index["kind"].to_pylist(), shards, strict=True))
    assert set(both) == {"saliency", "gradcam"}
    assert both["saliency"].shape == both["gradcam"].shape == (64, 64)
    assert not np.array_equal(both["saliency"], both["gradcam"])
    assert (tmp_path / "out/masks/one/gradcam.png").is_file()
    only = ("--map", "gradcam", "--write", "maps")
    gazescribe("predict", path, tmp_path / "one.png", "--out", tmp_path / "out", *only)
    shards = open_shards(tmp_path / "out")
    assert shards.index["kind"].to_pylist() == ["gradcam"]
    np.testing.assert_array_equal(shards[0], both["gradcam"])
