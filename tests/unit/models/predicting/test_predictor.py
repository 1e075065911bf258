"""What a checkpoint is asked, and where a picture lies in what it answers."""

import numpy as np
import pytest
import torch

from gazescribe.models.predicting import predictor as module
from gazescribe.models.predicting.predictor import (
    BatchOutput,
    Channel,
    Predictor,
    frame_of_maps,
    load_predictor,
    predict_images,
)
from gazescribe.pipeline.core.errors import GazeError, ParamsError, SchemaError
from gazescribe.pipeline.geometry.letterbox import Letterbox
from gazescribe.pipeline.images.reading import decode_radiograph, fit_radiograph, letterboxed
from tests.unit.models.mil.mil_cases import SIZE, run
from tests.unit.models.predicting.predicting_cases import checkpoint, picture, save


@pytest.fixture
def loaded(tmp_path):
    return load_predictor(
        checkpoint(tmp_path / "model.safetensors", thresholds={"spatial": {"Edema": 0.3}})
    )


def test_a_channel_is_named_by_its_label_or_else_its_kind():
    assert Channel("label", "Edema").name == "Edema"
    assert Channel("saliency").name == "saliency"


def test_kinds_of_maps(loaded):
    assert loaded.kind("gradcam") == "gradcam"
    assert loaded.kind(None) == "decoder", "the first of those it draws"
    message = "draws no map 'saliency'; it draws decoder, spatial, gradcam"
    with pytest.raises(ParamsError, match=message):
        loaded.kind("saliency")


def test_thresholds_of_a_kind(loaded):
    assert loaded.thresholds("spatial") == {"Edema": 0.3}
    assert loaded.thresholds("decoder") == {}


def test_a_system_that_nobody_knows(tmp_path):
    path = checkpoint(tmp_path / "model.safetensors", system="oracle")
    with pytest.raises(SchemaError, match="its system is 'oracle'; known are mil, cooperative"):
        load_predictor(path)


def test_a_frame_scales_with_its_map():
    """40 x 64 pixels at half their size in a frame of 32 x 32; a map has a quarter of its side."""
    frame = Letterbox(32, 32, 0.5, 6.0, 0.0, (40, 64))
    assert frame_of_maps(frame, (8, 8)) == Letterbox(8, 8, 0.125, 1.5, 0.0, (40, 64))
    assert frame_of_maps(frame, (64, 64)) == Letterbox(64, 64, 1.0, 12.0, 0.0, (40, 64))


class Grey(torch.nn.Module):
    """A network that says how bright an image is, and draws the image."""

    def ask(self, images, kind):
        assert kind == "grey"
        grey = images.double() / 255
        return BatchOutput(grey.mean(dim=(2, 3)), grey.float())


def test_each_image_has_its_answer_whatever_else_is_in_its_batch(tmp_path, loaded):
    network = Grey()
    grey = Predictor(
        loaded.checkpoint, network, ("bright",), {"grey": (Channel("grey"),)}, network.ask
    )
    (tmp_path / "bad.png").write_bytes(b"no picture")
    images = [np.full((20, 20), level, np.uint8) for level in (51, 102, 204)]
    sources = [images[0], tmp_path / "bad.png", images[1], images[2]]
    device = torch.device("cpu")
    for batch_size in (1, 3, 4):
        answers = list(
            predict_images(sources, grey, "grey", device=device, batch_size=batch_size, workers=0)
        )
        assert isinstance(answers.pop(1), GazeError)
        probabilities = [answer.probabilities["bright"] for answer in answers]
        assert probabilities == pytest.approx([0.2, 0.4, 0.8])
        for image, answer in zip(images, answers, strict=True):
            assert answer.maps.shape == (1, SIZE, SIZE)
            np.testing.assert_allclose(answer.maps, image[0, 0] / 255, rtol=1e-6)
            assert answer.shown.shape == (384, 384)
            assert answer.frame.image_size == (20, 20)


def test_the_map_to_draw(tmp_path):
    path = tmp_path / "model.safetensors"
    for changes, kinds in (
        ({}, ["decoder", "spatial", "gradcam"]),
        ({"supervision": "none"}, ["spatial", "decoder", "gradcam"]),
        ({"decoder": False}, ["spatial", "gradcam"]),
    ):
        checkpoint(path, settings=run(**changes))
        assert list(load_predictor(path).maps) == kinds
    checkpoint(path, metrics={"map": "gradcam"})
    assert next(iter(load_predictor(path).maps)) == "gradcam"


def test_a_picture_comes_to_its_size_as_those_it_was_trained_on(tmp_path):
    of_input = {"height": SIZE, "width": SIZE, "channels": 3, "normalise": "once"}
    seen, image = {}, save(tmp_path / "y.png", picture(2))
    for resize in ("direct", "published"):
        path = checkpoint(tmp_path / f"{resize}.safetensors", input={**of_input, "resize": resize})
        loaded = load_predictor(path)
        (seen[resize],) = module._FittedImages([image], loaded.size, loaded.resize)
        fitted, frame = letterboxed(picture(2), (SIZE, SIZE), resize)
        np.testing.assert_array_equal(seen[resize].pixels, fitted)
        assert seen[resize].frame == frame
    assert not np.array_equal(seen["direct"].pixels, seen["published"].pixels)
    assert load_predictor(checkpoint(tmp_path / "old.safetensors")).resize == "direct"


def test_a_jpeg_file_is_decoded_as_it_is_asked_for(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (5 * SIZE, 4 * SIZE), np.uint8)
    path = save(tmp_path / "a.jpg", picture)
    for decode, scaled_to, block_px in (("exact", None, 1), ("scaled", (SIZE, SIZE), 4)):
        (seen,) = module._FittedImages([path], (SIZE, SIZE), "direct", decode).__getitems__([0])
        decoded = decode_radiograph(path, scaled_to=scaled_to)
        assert decoded.block_px == block_px
        fitted, frame = fit_radiograph(decoded, (SIZE, SIZE))
        np.testing.assert_array_equal(seen.pixels, fitted)
        assert (seen.frame, seen.shown.shape) == (frame, (384, 307))


def test_a_network_says_of_batches_what_it_says_of_single_images(loaded):
    images = [picture(seed) for seed in range(5)]
    device = torch.device("cpu")
    for kind in loaded.maps:
        alone, together = (
            list(predict_images(images, loaded, kind, device=device, batch_size=n, workers=0))
            for n in (1, 3)
        )
        for one, other in zip(alone, together, strict=True):
            # float32 adds up in another order in a batch of another size.
            assert one.probabilities == pytest.approx(other.probabilities, rel=1e-4)
            np.testing.assert_allclose(one.maps, other.maps, atol=1e-4)
            assert one.frame == other.frame
        assert len({tuple(one.probabilities.values()) for one in alone}) == len(images)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_says_what_the_processor_says(loaded):
    images = [picture(seed) for seed in range(3)]
    for kind in loaded.maps:
        here, there = (
            list(predict_images(images, loaded, kind, device=device, batch_size=2, workers=0))
            for device in (torch.device("cpu"), torch.device("cuda"))
        )
        for one, other in zip(here, there, strict=True):
            assert one.probabilities == pytest.approx(other.probabilities, rel=1e-2)
            np.testing.assert_allclose(one.maps, other.maps, atol=1e-2)
