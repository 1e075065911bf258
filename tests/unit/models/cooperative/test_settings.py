import dataclasses
import json
import shutil
from dataclasses import fields, replace

import pytest
import torch
import yaml

from gazescribe.models.commands.configure import resolved
from gazescribe.models.cooperative.networks import network_of
from gazescribe.models.cooperative.settings import (
    CooperativeInputs,
    CooperativeMethod,
    CooperativeSize,
    cooperative_runs,
    run_faults,
    training_inputs,
)
from gazescribe.models.core.config import read_config
from gazescribe.pipeline.commands.params import load_params, load_profile
from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.core.resources import resource
from tests.running import gazescribe, invoke
from tests.unit.models.cooperative.cooperative_cases import MODELS, small_run
from tests.unit.models.mil.test_settings import PROFILES

FILES = {
    "densenet_weights": "dense.pth",
    "inception_weights": "inception.pth",
    "gazegnn_weights": "pvig.pth.tar",
}
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
        pytest.param("unet_s", {"weights": "x.pth"}, "unet starts from no file", id="file"),
        pytest.param("gazegnn", {"crops": "published"}, "a gazegnn without gaze", id="crops, gaze"),
        pytest.param("dnet201", {"crops": "published"}, "a gazegnn without", id="crops of others"),
        pytest.param("gazegnn_published", {"image_width": 64}, "are squares", id="no square"),
        pytest.param(
            "contrastive", {"checkpointing": True, "compile": True}, "exclude each", id="compile"
        ),
        pytest.param("cooperative", {"encoder": None}, "fusion needs an encoder", id="no encoder"),
        pytest.param(
            "res_se_clean", {"weights": "x.pth"}, "nothing to start", id="weights of nothing"
        ),
        pytest.param("unet_s", {"split": "folds"}, "a fold below 5, got None", id="no fold"),
        pytest.param(
            "unet_s", {"split": "folds", "fold": 5}, "a fold below 5, got 5", id="fold beyond"
        ),
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
        pytest.param("contrastive", {"batch_size": 32, "mining": "published"}, id="any classes"),
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


IN_TABLES = {
    *("contrastive", "dnet201_cl", "dual_encoder", "cooperative"),
    *("dnet201", "inception_resnet", "gazegnn", "gazegnn_no_gaze"),
    *("mt_unet", "unet_s", "res_se_unet", "res_se_clean", "joint_sum", "joint_uncertainty"),
}


def runs_of(profile="demo", models=None, **changes):
    params, sizes = load_params().cooperative, load_profile(profile).cooperative
    if profile == "published":
        changes = load_profile(profile).overrides.cooperative | changes
    if models is not None:
        sizes = replace(sizes, models=models)
    if profile in {"paper", "published"}:  # they do not say where these lie
        sizes = replace(sizes, **FILES)
    return cooperative_runs(replace(params, **changes), sizes)


def test_a_setting_has_its_place_in_one_file():
    kinds = CooperativeMethod, CooperativeSize
    method, size = ({field.name for field in fields(kind)} for kind in kinds)
    assert method & size == set()


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_gives_sound_runs(profile):
    runs = runs_of(profile)
    assert len(runs) == len({run.name for run in runs}) > 0
    assert {"contrastive", "dnet201_cl", "dual_encoder", "cooperative", "mt_unet", "unet_s"} <= {
        run.model for run in runs
    }
    assert [run_faults(run) for run in runs] == [[]] * len(runs)


def test_every_variant_can_be_trained():
    variants = load_params().cooperative.variants
    assert set(variants) >= IN_TABLES
    models = {name: {} for name in variants}
    models["contrastive"] = {"batch_size": 3}
    runs = runs_of("paper", models)
    assert len(runs) == 5 * len(variants)
    assert [run_faults(run) for run in runs] == [[]] * len(runs)


def test_study_trains_what_the_paper_does():
    study, paper = ([run.model for run in runs_of(one)] for one in ("study", "paper"))
    assert list(dict.fromkeys(study)) == list(dict.fromkeys(paper))
    assert len(set(study)) == 19


@pytest.mark.parametrize("frozen", [True, False, "parameters"])
def test_frozen_is_a_truth_value_or_parameters(tmp_path, frozen):
    content = yaml.load(resource("params.yaml").read_text(), yaml.CSafeLoader)
    content["cooperative"]["frozen"] = frozen
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(content))
    shutil.copytree(resource("params"), tmp_path / "params")
    gazescribe("configure", "cooperative", tmp_path / "config.json", "--params", path)
    runs = {run.model: run for run in read_config(tmp_path / "config.json").runs}
    found = runs["dual_encoder"].frozen
    assert (found, type(found)) == (frozen, type(frozen))
    assert runs["joint_sum"].frozen is False
    content["cooperative"]["frozen"] = "buffers"
    path.write_text(yaml.safe_dump(content))
    result = invoke("configure", "cooperative", tmp_path / "config.json", "--params", path)
    assert result.exit_code == 2
    assert "frozen" in result.output
    assert "'buffers'" in result.output


def test_scoring_has_a_batch_size_of_its_own(monkeypatch):
    profile = load_profile("paper")
    sizes = replace(profile.cooperative, **FILES)
    profile = profile.model_copy(update={"cooperative": sizes})
    assert profile.cooperative.evaluation_batch_size < profile.cooperative.batch_size
    monkeypatch.setattr("gazescribe.models.commands.configure.load_profile", lambda *_: profile)
    assert resolved("cooperative")["evaluation"] == {"batch_size": 4}


def test_a_stage_starts_from_the_same_seed():
    found = {(run.model, run.seed): run.init_from for run in runs_of("paper")}
    assert found["dual_encoder", 2] == "dnet201_cl-seed2"
    assert found["contrastive", 2] is None


def test_the_papers_values():
    runs = {run.model: run for run in runs_of("paper")}
    ours = runs["dual_encoder"]
    assert (ours.encoder, ours.unet_channels, ours.encoder_tap) == ("densenet201", 64, "block4")
    assert (ours.image_height, ours.image_width, ours.frozen) == (640, 512, True)
    assert (ours.optimiser, ours.lr, ours.weight_decay, ours.epochs) == ("adam", 1e-4, 0, 50)
    assert (ours.batch_size, runs["cooperative"].batch_size, runs["mt_unet"].batch_size) == (
        *(16, 6),
        8,
    )
    assert (runs["gazegnn"].optimiser, runs["gazegnn"].weight_decay) == ("adamw", 0.01)
    assert runs["mt_unet"].weighing == "published"
    assert ours.patience < ours.epochs, "stopping early can happen"
    assert ours.lr_patience < ours.patience


def test_weights_go_to_networks_that_start_from_them():
    params, sizes = load_params().cooperative, load_profile("paper").cooperative
    models = {name: {} for name in params.variants}
    sizes = replace(sizes, **FILES, models=models)
    weights = {run.model: run.weights for run in cooperative_runs(params, sizes)}
    assert {model for model, file in weights.items() if file == "dense.pth"} == {
        *("contrastive", "dnet201", "dual_imagenet"),
        *("joint_sum", "joint_uncertainty", "joint_published"),
    }
    assert [m for m, file in weights.items() if file == "inception.pth"] == ["inception_resnet"]
    assert [m for m, file in weights.items() if file == "pvig.pth.tar"] == ["gazegnn_published"]


def test_gazegnn_as_published_is_so_in_every_profile():
    for profile in ("demo", "published"):
        run, *_ = runs_of(profile, models={"gazegnn_published": {}})
        assert (run.image_height, run.image_width, run.crops) == (224, 224, "published")
        assert (run.gaze, run.imagenet_normalise) == (False, True)
        assert (run.optimiser, run.weight_decay) == ("adamw", 0.01)
        assert (run.lr_patience, run.patience, run.precision) == (None, None, "32")
    silent = replace(run, weights=None)
    (fault,) = run_faults(silent)
    assert "cooperative.gazegnn_weights is null" in fault
    assert "pvig_ti_78.5.pth.tar (huawei-noah/Efficient-AI-Backbones, release pyramid-vig)" in fault


def test_folds_follow_the_seed():
    folds = {run.seed: run.fold for run in runs_of("paper", split="folds", n_folds=3)}
    assert folds == {0: 0, 1: 1, 2: 2, 3: 0, 4: 1}
    assert {run.fold for run in runs_of("paper")} == {None}


@pytest.mark.parametrize(
    ("models", "message"),
    [
        pytest.param({"unet": {}}, "there is no variant unet", id="unknown"),
        pytest.param({"dnet201_cl": {}}, "starts from contrastive, which is not among", id="alone"),
        pytest.param(
            {"dnet201_cl": {}, "contrastive": {}}, "not among the models before it", id="order"
        ),
        pytest.param({"unet_s": {"epoch": 3}}, "epoch is unknown; the nearest is epochs", id="key"),
        pytest.param({"unet_s": {"image_width": 100}}, "multiple of 32, found 100", id="size"),
        pytest.param(
            {"gazegnn": {"graph_channels": [8, 12, 18, 20]}}, "multiple of 4, found 18", id="graph"
        ),
        pytest.param(
            {"gazegnn": {"graph_blocks": [1, 2]}}, "4 numbers expected, one a stage", id="stages"
        ),
    ],
)
def test_models_that_cannot_be_trained(models, message):
    with pytest.raises(ParamsError, match=message):
        runs_of(models=models)


def test_configure(tmp_path):
    line = gazescribe("configure", "cooperative", tmp_path / "config.json")
    config = read_config(tmp_path / "config.json")
    assert line.startswith(f"{len(config.runs)} runs of cooperative, profile demo → ")
    assert [run.model for run in config.runs[:4]] == [
        *("contrastive", "dnet201_cl", "dual_encoder"),
        "cooperative",
    ]


def test_combinations_are_checked_before_training(tmp_path):
    content = resolved("cooperative")
    content["runs"][0]["objective"] = "joint"
    content["runs"][3]["init_from"] = None
    path = tmp_path / "config.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ParamsError) as raised:
        read_config(path)
    assert list(raised.value.faults) == [
        "contrastive-seed0: network densenet is trained for triplet, cross_entropy, not joint",
        "cooperative-seed0: network fusion needs a dual_encoder to start from (init_from)",
    ]


def test_what_no_network_can_do_is_said_at_once(tmp_path):
    content = resolved("cooperative")
    runs = {run["model"]: run for run in content["runs"]}
    runs["dnet201"]["network"] = "inception_resnet"
    runs["dnet201_cl"] |= {"network": "gazegnn", "init_from": None, "batch_size": 1}
    runs["mt_unet"] |= {"graph_channels": [5, 12, 16, 20], "graph_blocks": [1], "image_width": 100}
    runs["joint_sum"]["frozen"] = "parameters"
    runs["unet_s"]["frozen"] = 1
    path = tmp_path / "config.json"
    path.write_text(json.dumps(content))
    result = invoke("train", path, tmp_path / "out")
    assert result.exit_code == 2
    for fault in (
        "frozen: one of True, False, 'parameters' expected, found 1",
        "graph_channels.0: at least 4, a multiple of 4 expected, found 5",
        "graph_blocks: 4 numbers expected, one a stage, found [1]",
        "image_width: at least 32 and at most 4096, a multiple of 32 expected, found 100",
    ):
        assert fault in result.output
    runs["unet_s"]["frozen"] = True
    runs["mt_unet"] |= {"graph_channels": [8, 12, 16, 20], "graph_blocks": [1] * 4}
    runs["mt_unet"]["image_width"] = 64
    path.write_text(json.dumps(content))
    result = invoke("train", path, tmp_path / "out")
    assert result.exit_code == 2
    for fault in (
        "dnet201-seed0: network inception_resnet at 64 × 64: image sides need 75 pixels or more",
        "dnet201_cl-seed0: network gazegnn at 64 × 64: batch_size is 1, and needs 2 or more",
        "joint_sum-seed0: joint training needs frozen: false",
    ):
        assert fault in result.output
    assert not (tmp_path / "out").exists()


def test_egd_alone_counts_in_hashes_as_it_always_did():
    inputs = CooperativeInputs("images", {"egd": "tables"}, {"egd": "maps"}, None)
    named = training_inputs(small_run("unet_s"), inputs)
    assert named == {"images": "images", "egd": "tables", "saliency_maps": "maps"}
    folders = {"egd": "a", "lab": "b"}
    named = training_inputs(
        small_run("unet_s"), CooperativeInputs("i", folders, folders, ("x", "y"))
    )
    assert named == {
        "images": "i",
        "egd": "a",
        "tables.lab": "b",
        "saliency_maps": "a",
        "saliency_maps.lab": "b",
        "classes": ("x", "y"),
    }


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        pytest.param({"saliency_maps": {"lab": "maps"}}, "saliency_maps of lab", id="no tables"),
        pytest.param({"classes": ("one",)}, "two or more", id="one class"),
        pytest.param({"classes": ("one", "one")}, "each once", id="a class twice"),
    ],
)
def test_inputs_go_together(changed, said):
    with pytest.raises(ValueError, match=said):
        CooperativeInputs(
            **{
                "images": "i",
                "tables": {"egd": "t"},
                "saliency_maps": {},
                "classes": None,
                **changed,
            }
        )
