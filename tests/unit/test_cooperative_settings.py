import pytest

from models.cooperative.settings import run_faults
from tests.unit.cooperative_cases import MODELS, small_run


@pytest.mark.parametrize("model", MODELS)
def test_every_model_of_the_paper_is_sound(model):
    assert run_faults(small_run(model)) == []


@pytest.mark.parametrize(
    ("model", "settings", "fault"),
    [
        pytest.param("unet_s", {"image_width": 100}, "image_width is 100", id="size"),
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
        pytest.param("gazegnn", {"graph_blocks": (1, 1)}, "four numbers each", id="stages"),
        pytest.param("contrastive", {"batch_size": 32}, "batch_size is 32", id="uneven classes"),
        pytest.param("cooperative", {"init_from": None}, "fusion needs", id="stage 3 of nothing"),
    ],
)
def test_what_does_not_go_together_is_said(model, settings, fault):
    (found,) = run_faults(small_run(model, **settings))
    assert fault in found
