"""What is decided between epochs; whole runs, killed and resumed, are in `test_fitting`."""

import math
import random

import numpy as np
import pytest
import torch

from gazescribe.models.training.epochs import Course, EpochEnd, TrainingPlan, seed_all

NAN = math.nan


class Trainer:
    """What the callback asks of Lightning's trainer after an epoch."""

    current_epoch = -1
    should_stop = False


class Module:
    """A network of one weight, which is the number of the epoch."""

    def __init__(self):
        self.network = torch.nn.Linear(1, 1, bias=False)


def trained(tmp_path, scores, **plan):
    """Let epochs end with these scores until training stops."""
    plan = TrainingPlan("small", seed=0, epochs=len(scores), monitor="score", **plan)
    callback, trainer, module = EpochEnd(plan, tmp_path / "epoch.pt"), Trainer(), Module()
    callback._begin = 0.0
    for epoch, score in enumerate(scores):
        trainer.current_epoch = epoch
        trainer.callback_metrics = {"score": torch.tensor(score), "loss": torch.tensor(1.0)}
        torch.nn.init.constant_(module.network.weight, epoch)
        callback.on_train_epoch_end(trainer, module)
        if trainer.should_stop:
            break
    return callback.course


@pytest.mark.parametrize(
    ("scores", "mode", "best"),
    [
        pytest.param([0.5, 0.7, 0.6], "max", 1, id="highest"),
        pytest.param([0.5, 0.7, 0.4, 0.6], "min", 2, id="lowest"),
        pytest.param([0.7, 0.7, 0.6], "max", 1, id="the later of equals"),
        pytest.param([0.1, NAN, NAN], "max", 0, id="a number before none"),
        pytest.param([NAN, 9.0], "min", 1, id="a number after none"),
        pytest.param([NAN, NAN], "max", 1, id="the last where there is no number"),
    ],
)
def test_the_best_epoch_and_its_weights(tmp_path, scores, mode, best):
    course = trained(tmp_path, scores, mode=mode)
    assert course.best_epoch == best
    assert course.best_weights["weight"].item() == best
    assert [row["epoch"] for row in course.rows] == list(range(len(scores)))
    assert list(course.rows[0]) == ["epoch", "loss", "score"]


@pytest.mark.parametrize(
    ("scores", "patience", "n_epochs"),
    [
        pytest.param([3.0, 2.0, 2.5, 2.4, 1.0], 2, 4, id="no better in two epochs"),
        pytest.param([3.0, 2.0, 2.0, 2.0, 1.0], 2, 4, id="an equal one is not better"),
        pytest.param([3.0, 2.0, 2.5, 1.0, 1.5], 2, 5, id="better in time"),
        pytest.param([3.0, 3.0, 3.0, 3.0], None, 4, id="patient for ever"),
    ],
)
def test_patience(tmp_path, scores, patience, n_epochs):
    course = trained(tmp_path, scores, mode="min", patience=patience)
    assert len(course.rows) == n_epochs


def test_a_summary_counts_images_by_the_second_of_training():
    course = Course(
        rows=[{"score": 0.5}] * 4, best_epoch=2, best_score=0.5, n_images=90, train_s=4.0,
        seconds=12.34,
    )  # fmt: skip
    assert course.summary == {
        "best_epoch": 2,
        "best_score": 0.5,
        "epochs": 4,
        "images_a_second": 22.5,
        "seconds": 12.34,
    }


def test_every_global_generator_is_seeded():
    def drawn(seed):
        seed_all(seed)
        return random.random(), np.random.random(), torch.rand(()).item()  # noqa: NPY002, S311 the global ones

    assert drawn(3) == drawn(3)
    assert all(one != other for one, other in zip(drawn(3), drawn(4), strict=True))
