"""Scores of the cooperative network, its Grad-CAM, and what `predict` asks of it."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from captum.attr import LayerGradCam
from PIL import Image

from models.checkpoint import FILE, Checkpoint, save_checkpoint
from models.config import Config
from models.cooperative.classifiers import DenseClassifier
from models.cooperative.densenet import Encoder
from models.cooperative.evaluation import Baselines, mixed, most_probable, score
from models.cooperative.gradcam import gradcam
from models.cooperative.items import CLASSES, build_lists
from models.cooperative.networks import network_of
from models.cooperative.settings import Evaluation
from models.prediction import load_predictor
from pipeline.errors import ParamsError
from pipeline.geometry.saliency import auc_shuffled, cc, kl
from tests.running import gazescribe
from tests.unit.cooperative_cases import balanced_world, small_run

CPU = torch.device("cpu")
DIAGNOSING = ["dnet201", "cooperative", "joint", "mt_unet", "gazegnn"]


def saved(run, folder):
    torch.manual_seed(run.seed)
    checkpoint = Checkpoint(
        system="cooperative",
        run=dataclasses.asdict(run),
        run_hash="none",
        labels=list(CLASSES),
        input={"height": run.image_height, "width": run.image_width, "channels": 1}
        | {"normalise": "once"},
        training={},
        weights=network_of(dataclasses.asdict(run)).state_dict(),
    )
    path = folder / run.name / FILE
    save_checkpoint(checkpoint, path)
    return path


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    return balanced_world(tmp_path_factory.mktemp("egd")).write()


@pytest.fixture
def scored(inputs, tmp_path):
    def of(model):
        run = small_run(model)
        config = Config("cooperative", "demo", inputs, (run,), Evaluation(4))
        return score(run, saved(run, tmp_path), config, CPU)

    return of


def frame(scored, name):
    return pd.DataFrame(scored.tables[f"cooperative_{name}"])


@pytest.mark.parametrize("model", [*DIAGNOSING, "dual_encoder", "unet_s"])
def test_every_image_is_scored_for_what_the_network_gives(scored, inputs, model):
    found = scored(model)
    items = build_lists(inputs, small_run(model)).items
    n = len(items["validate"]) + len(items["test"])
    assert n >= 6
    if model in DIAGNOSING:
        said = frame(found, "classification")
        assert len(said) == n
        np.testing.assert_allclose(said[[f"p_{name}" for name in CLASSES]].sum(axis=1), 1)
        right = said.apply(lambda row: most_probable(row) == row["target"], axis=1)
        assert found.metrics["test"]["accuracy"] == right[said.split == "test"].mean()
    else:
        assert "cooperative_classification" not in found.tables
    maps = frame(found, "saliency")
    kinds = {"centre", "mean"}
    kinds |= {"gradcam"} if model in DIAGNOSING else set()
    kinds |= set() if model in ("dnet201", "gazegnn") else {"saliency"}
    assert set(maps["map"]) == kinds
    assert len(maps) == n * len(kinds) * 2
    assert set(found.examples) == kinds | {"dicom_id", "diagnosis", "image", "target"}


def test_the_contrastive_stage_has_nothing_to_score(scored):
    found = scored("contrastive")
    assert found.tables == {}
    assert "nothing to score" in found.said["gives"]


def test_rows_are_those_of_the_measures(scored, inputs):
    run = small_run("unet_s")
    found = frame(scored("unet_s"), "saliency")
    config = Config("cooperative", "demo", inputs, (run,), Evaluation(4))
    items = build_lists(inputs, run).items
    baselines = Baselines(items["train"], config, run)
    target = np.zeros((64, 64))
    target[20, 30] = 1
    row = found[(found["map"] == "mean") & (found.pixels == "all")].iloc[0]
    assert row.cc == pytest.approx(cc(baselines.maps(items["test"].frames[0])["mean"], target))
    centre = baselines.maps(items["validate"].frames[0])["centre"]
    row = found[(found["map"] == "centre") & (found.pixels == "all")].iloc[0]
    assert row.kl == pytest.approx(kl(centre, target))
    others = np.concatenate([gaze.places_px for gaze in items["train"].gaze])
    places = items["validate"].gaze[0].places_px
    assert row.auc_shuffled == pytest.approx(auc_shuffled(centre, places, others))


def test_baselines_know_the_training_readings_alone(inputs):
    run = small_run("unet_s")
    config = Config("cooperative", "demo", inputs, (run,), Evaluation(4))
    items = build_lists(inputs, run).items
    baselines = Baselines(items["train"], config, run)
    mean = baselines.maps(items["test"].frames[0])["mean"]
    assert np.unravel_index(mean.argmax(), mean.shape) == (20, 30)
    assert mean.sum() == pytest.approx(1)
    assert mean.min() > 0
    centre = baselines.maps(items["test"].frames[0])["centre"]
    y, x = np.unravel_index(centre.argmax(), centre.shape)
    assert (abs(y - 31.5), abs(x - 31.5)) == (0.5, 0.5)
    own = items["train"].take(np.array([0]))
    n_all = sum(len(gaze.places_px) for gaze in items["train"].gaze)
    assert len(baselines.places_px(own, 0)) == n_all - len(own.gaze[0].places_px)
    assert len(baselines.places_px(items["test"], 0)) == n_all


def test_a_map_of_nothing_is_even():
    even = mixed(np.zeros((2, 3)))
    np.testing.assert_allclose(even, 1 / 6)


@pytest.mark.parametrize("model", DIAGNOSING)
def test_gradcam_changes_no_prediction(model):
    torch.manual_seed(1)
    run = dataclasses.asdict(small_run(model))
    network = network_of(run).eval()
    inputs = (torch.rand(2, 1, 64, 64),)
    if model == "gazegnn":
        inputs += (torch.rand(2, 16, 16),)
    with torch.no_grad():
        plain = network(*inputs)
    with torch.inference_mode():
        found, evidence = gradcam(network, *inputs)
    torch.testing.assert_close(found.classes, plain.classes)
    assert evidence.shape == (2, 64, 64)
    assert (evidence >= 0).all()
    assert not network.training


def test_gradcam_is_that_of_captum():
    torch.manual_seed(0)
    network = DenseClassifier(Encoder("tiny")).eval()
    images = torch.rand(3, 1, 64, 64)
    _, evidence = gradcam(network, images)

    class Last(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.taps = torch.nn.Identity()

        def forward(self, x):
            maps = self.taps(network.encoder(x).classifier)
            return network.classifier(maps.mean(dim=(2, 3)))

    with torch.no_grad():
        target = network(images).classes.argmax(dim=1)
    reference = Last()
    coarse = LayerGradCam(reference, reference.taps).attribute(
        images, target, relu_attributions=True
    )
    fine = torch.nn.functional.interpolate(coarse, size=(64, 64), mode="bilinear")
    assert fine.max() > 0
    torch.testing.assert_close(evidence, fine[:, 0].detach(), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(
    ("model", "labels", "kinds"),
    [
        pytest.param("cooperative", CLASSES, ["saliency", "gradcam"], id="both"),
        pytest.param("unet_s", (), ["saliency"], id="looks"),
        pytest.param("dnet201", CLASSES, ["gradcam"], id="diagnoses"),
    ],
)
def test_predict_asks_for_what_there_is(tmp_path, model, labels, kinds):
    predictor = load_predictor(saved(small_run(model), tmp_path))
    assert (predictor.labels, list(predictor.maps)) == (labels, kinds)
    for kind in kinds:
        with torch.inference_mode():
            answer = predictor.ask(torch.randint(1, 256, (2, 1, 64, 64), dtype=torch.uint8), kind)
        assert answer.probabilities.shape == (2, len(labels))
        assert answer.maps.shape == (2, 1, 64, 64)
        assert answer.maps.max() == 1


@pytest.mark.parametrize(
    ("model", "message"),
    [
        pytest.param("contrastive", "contrastive stage", id="contrastive"),
        pytest.param("gazegnn", "wants the reader's gaze", id="gaze"),
    ],
)
def test_predict_refuses_what_has_no_answer(tmp_path, model, message):
    with pytest.raises(ParamsError, match=message):
        load_predictor(saved(small_run(model), tmp_path))


def test_the_command_writes_a_saliency_map(tmp_path):
    path = saved(small_run("cooperative"), tmp_path)
    Image.fromarray(np.arange(80 * 60, dtype=np.uint8).reshape(80, 60)).save(tmp_path / "one.png")
    said = gazescribe("predict", path, tmp_path / "one.png", "--out", tmp_path / "out")
    assert said.startswith("1 image")
    assert (tmp_path / "out" / "heatmaps-00000.npy").is_file()
