import dataclasses

import pytest
import torch

from gazescribe.models.cooperative.networks import network_of
from gazescribe.models.cooperative.settings import run_faults
from tests.unit.models.cooperative.cooperative_cases import MODELS, small_run

SMALLEST = {"image_height": 32, "image_width": 32}


@pytest.mark.parametrize("model", MODELS)
def test_every_model_of_the_paper_is_sound(model):
    assert run_faults(small_run(model)) == []


@pytest.mark.parametrize(
    ("model", "settings", "fault"),
    [
        pytest.param(
            "unet_s",
            {"objective": "triplet"},
            "network unet is trained for saliency, joint, not triplet",
            id="objective",
        ),
        pytest.param("unet_s", {"init_from": "x-seed0"}, "network unet cannot start", id="start"),
        pytest.param("contrastive", {"init_from": "x-seed0"}, "cannot start", id="first stage"),
        pytest.param("dual_encoder", {"weights": "x.pth"}, "exclude each other", id="two starts"),
        pytest.param("gazegnn", {"weights": "x.pth"}, "gazegnn starts from no file", id="file"),
        pytest.param("cooperative", {"encoder": None}, "fusion needs an encoder", id="no encoder"),
        pytest.param(
            "res_se_clean", {"weights": "x.pth"}, "nothing to start", id="weights of nothing"
        ),
        pytest.param("unet_s", {"split": "folds"}, "a fold below 5, got None", id="no fold"),
        pytest.param(
            "unet_s", {"split": "folds", "fold": 5}, "a fold below 5, got 5", id="fold beyond"
        ),
        pytest.param("contrastive", {"batch_size": 32}, "batch_size is 32", id="uneven classes"),
        pytest.param("cooperative", {"init_from": None}, "fusion needs", id="stage 3 of nothing"),
        pytest.param("joint", {"frozen": True}, "joint training needs frozen: false", id="frozen"),
        pytest.param("joint", {"frozen": "parameters"}, "needs frozen: false", id="drifting"),
        pytest.param(
            "inception_resnet",
            {"image_width": 64},
            "inception_resnet at 96 × 64: image sides need 75 pixels or more",
            id="too small",
        ),
        *(
            pytest.param(
                model,
                {"batch_size": 1, "image_height": size, "image_width": size},
                f"at {size} × {size}: batch_size is 1, and needs 2 or more",
                id=f"one {model}",
            )
            for model, size in (
                ("gazegnn", 64),
                ("inception_resnet", 96),
                ("dnet201", 32),
                ("joint", 32),
            )
        ),
    ],
)
def test_what_does_not_go_together_is_said(model, settings, fault):
    (found,) = run_faults(small_run(model, **settings))
    assert fault in found


@pytest.mark.parametrize(
    ("model", "settings"),
    [
        pytest.param("gazegnn", {"batch_size": 2, **SMALLEST}, id="gazegnn"),
        pytest.param("dnet201", {"batch_size": 2, **SMALLEST}, id="two"),
        pytest.param("dnet201", {"batch_size": 1}, id="larger"),
        pytest.param("unet_s", {"batch_size": 1, **SMALLEST}, id="unet"),
        pytest.param("inception_resnet", {"batch_size": 2}, id="two of inception"),
        pytest.param("inception_resnet", {"batch_size": 1, "image_width": 128}, id="inception"),
    ],
)
def test_what_is_said_to_go_together_does(model, settings):
    run = small_run(model, **settings)
    assert run_faults(run) == []
    images = torch.rand(run.batch_size, 1, run.image_height, run.image_width)
    gaze = torch.rand(run.batch_size, run.image_height // 4, run.image_width // 4)
    network_of(dataclasses.asdict(run)).train()(images, *[gaze] * (model == "gazegnn"))
