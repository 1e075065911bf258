import pytest
import torch

from gazescribe.models.core.checkpoint import Checkpoint
from gazescribe.models.core.device import machine_name
from gazescribe.models.predicting import timing
from gazescribe.models.predicting.predictor import Predictor

CPU = torch.device("cpu")


def predictor():
    checkpoint = Checkpoint("mil", {}, "", [], {}, {}, {})
    return Predictor(checkpoint, torch.nn.Identity(), (), {}, lambda images, kind: (images, kind))


def test_the_first_batch_does_not_count(monkeypatch):
    clock = iter([0.0, 9.0, 10.0, 11.0, 20.0, 22.5])
    monkeypatch.setattr(timing, "finished", lambda device: next(clock))
    stopwatch = timing.Stopwatch(CPU)
    timed = stopwatch.timed(predictor())
    for n in (4, 4, 3):
        images, kind = timed.ask(torch.zeros(n, 1, 2, 2), "saliency")
        assert (len(images), kind) == (n, "saliency")
    found = stopwatch.summary("saliency")
    assert found == {
        "s_an_image": pytest.approx(3.5 / 7),
        "n_images": 7,
        "batch_size": 4,
        "map": "saliency",
        "machine": machine_name(CPU),
    }


def test_one_batch_counts_and_none_is_unknown():
    stopwatch = timing.Stopwatch(CPU)
    assert stopwatch.summary("decoder")["s_an_image"] is None
    stopwatch.timed(predictor()).ask(torch.zeros(2, 1, 2, 2), "decoder")
    found = stopwatch.summary("decoder")
    assert found["n_images"] == 2
    assert found["s_an_image"] > 0
