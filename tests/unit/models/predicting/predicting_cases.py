"""Small checkpoints and pictures, and what the network's own functions say of them."""

import dataclasses

import numpy as np
import torch
from PIL import Image

from gazescribe.models.core.checkpoint import Checkpoint, save_checkpoint
from gazescribe.models.mil.network import localisation_maps, network_of, probability_of, restored
from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.images.reading import letterboxed
from tests.unit.models.mil.mil_cases import SIZE, run


def checkpoint(path, *, settings=None, **changes):
    settings = settings or run()
    torch.manual_seed(0)
    said = {
        "system": "mil",
        "run": dataclasses.asdict(settings),
        "run_hash": "abc",
        "labels": list(TEN_LABELS),
        "input": {"height": SIZE, "width": SIZE, "channels": 3, "normalise": "once"},
        "training": {},
        **changes,
    }
    save_checkpoint(
        Checkpoint(**said, weights=network_of(settings, len(TEN_LABELS)).state_dict()), path
    )
    return path


def picture(seed=0, size=(40, 64)):
    """Smooth, so that what the network says differs from place to place."""
    small = np.random.default_rng(seed).integers(0, 256, (5, 8), dtype=np.uint8)
    return np.array(Image.fromarray(small).resize(size[::-1], Image.Resampling.BICUBIC))


def save(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)
    return path


def expected(path, image):
    """Probabilities and maps by the network's own functions."""
    network, settings, _ = restored(path)
    fitted, _ = letterboxed(image, (SIZE, SIZE))
    with torch.inference_mode():
        output = network(torch.from_numpy(fitted)[None, None])
        probability = probability_of(output.logits, settings)
        maps = localisation_maps(network, output)
    return probability[0].numpy(), {kind: one[0].numpy() for kind, one in maps.items()}
