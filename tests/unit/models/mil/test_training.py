import re

import numpy as np
import pytest
import torch

from gazescribe.models.core.checkpoint import load_checkpoint
from gazescribe.models.core.config import Config
from gazescribe.models.core.device import Machine
from gazescribe.models.mil.evaluation import score
from gazescribe.models.mil.lists import build_items
from gazescribe.models.mil.losses import annotated_cells, decoder_loss, image_loss
from gazescribe.models.mil.network import gradcam, restored
from gazescribe.models.mil.settings import TRAINS_AS
from gazescribe.models.mil.training import MilTraining, prepare, warnings_of
from gazescribe.models.training.run import train_run
from gazescribe.models.training.sampling import faults_of
from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.errors import AlignmentError, ParamsError
from tests.unit.models.mil.mil_cases import SIZE, World, run
from tests.unit.models.mil.mil_scored import config

CPU = Machine("cpu")


@pytest.fixture
def world(tmp_path):
    return small_world(tmp_path / "data")


def small_world(folder):
    """Seven images to train on, three of them annotated; four to validate on, two with edema."""
    world = World(folder)
    for number in range(4):
        states = {"Edema": "positive"} if number % 2 else {}
        world.image(f"image {number}", 99_000_001, **states)
        world.image(f"other {number}", 99_000_002, "validate", **states)
    for number, said in enumerate(["Pneumothorax", "Edema", ""]):
        name = f"E{number}"
        world.reading(name, 99_000_003 + number, said=said)
        for kind in ("label", "ellipse"):
            if said:
                world.map(kind, name, said)
        world.map("report", name)
    world.ellipse("E0", "Pneumothorax", 3)
    return world


@pytest.fixture(scope="module")
def small_inputs(tmp_path_factory):
    return small_world(tmp_path_factory.mktemp("small")).write()


@pytest.fixture
def inputs(request, small_inputs):
    """Those of the small world, or of the drawn one where a test asks for it."""
    if "drawn_world" in request.fixturenames:
        return request.getfixturevalue("drawn_world").write()
    return small_inputs


@pytest.fixture
def trained(tmp_path, monkeypatch, inputs):
    """Trains a run and gives its folder."""

    def train(out="out", **changes):
        (tmp_path / out).mkdir(exist_ok=True)
        monkeypatch.chdir(tmp_path / out)  # each its own store of finished runs
        settings = run(**changes)
        config = Config("mil", "demo", inputs, (settings,), None)
        folder = tmp_path / out / "et-seed0"
        return train_run(settings, config, tmp_path / out, "data", lambda: CPU), folder

    return train


def rows_of(folder):
    names, *rows = [
        line.split(",") for line in (folder / "epochs.csv").read_text().strip().splitlines()
    ]
    return [dict(zip(names, map(float, row), strict=True)) for row in rows]


def test_a_run_from_shards_to_checkpoint(trained, inputs):
    summary, folder = trained(epochs=2)
    rows = rows_of(folder)
    assert [row["epoch"] for row in rows] == [0, 1]
    for row in rows:
        assert row["train_loss"] == pytest.approx(row["train_image"] + row["train_decoder"])
        assert row["val_labels"] == 2, "edema and opacity"
        assert 2 <= row["train_annotated"] <= 3, "an item is left out of each epoch"
    assert summary["best_score"] == max(row["val_auroc"] for row in rows)
    assert summary["training"]["n"]["train"] == {"mimic": 4, "reflacx": 3}
    assert summary["training"]["started_from"] == {"weights": "scratch"}
    (warning,) = summary["warnings"]
    assert warning.startswith("8 labels have one class only among the 4 validation images")
    network, settings, checkpoint = restored(folder / "model.safetensors")
    assert settings == run(epochs=2)
    assert checkpoint.labels == list(TEN_LABELS)
    assert (checkpoint.input["normalise"], checkpoint.input["resize"]) == ("once", "direct")
    assert network(torch.zeros(1, 1, SIZE, SIZE)).logits.shape == (1, 10, 2, 2)


@pytest.mark.skipif(
    torch.backends.cpu.get_cpu_capability() != "AVX2", reason="the losses are those of AVX2"
)
def test_the_arithmetic_of_training_is_what_trains_as_stands_for(trained):
    """Losses of a tiny run as first computed; others need a higher TRAINS_AS, and a line here."""
    recorded = {1: [68.3558, 64.9889]}
    _, folder = trained(epochs=2)
    losses = [row["train_loss"] for row in rows_of(folder)]
    assert losses == pytest.approx(recorded[TRAINS_AS], rel=1e-3)


def test_a_killed_run_gives_the_same_bytes(trained, monkeypatch):
    _, whole = trained("whole", epochs=3)
    step = MilTraining.training_step

    def killed(self, batch, batch_idx):
        if (self.current_epoch, batch_idx) == (1, 1):
            raise RuntimeError("killed")
        return step(self, batch, batch_idx)

    monkeypatch.setattr(MilTraining, "training_step", killed)
    with pytest.raises(RuntimeError, match="killed"):
        trained("resumed", epochs=3)
    monkeypatch.setattr(MilTraining, "training_step", step)
    _, resumed = trained("resumed", epochs=3)
    for name in ("model.safetensors", "epochs.csv"):
        assert (whole / name).read_bytes() == (resumed / name).read_bytes()


def test_loader_processes_change_nothing(trained):
    _, one = trained("one")
    _, two = trained("two", workers=2)
    weights = [load_checkpoint(folder / "model.safetensors").weights for folder in (one, two)]
    assert [key for key in weights[0] if not torch.equal(weights[0][key], weights[1][key])] == []


@pytest.fixture
def drawn_world(world):
    """Two readings to validate on, with a mask of pneumothorax, and of edema."""
    drawn = {"Pneumothorax": ["Pneumothorax"], "Pulmonary edema": ["Edema", "Opacity"]}
    for number, (column, labels) in enumerate(drawn.items()):
        name = f"V{number}"
        world.reading(name, 99_000_006 + number, "validate")
        world.ellipse(name, column, 3)
        for label in labels:
            world.map("ellipse", name, label)
    world.image("tested", 99_000_008, "test")
    world.reading("T0", 99_000_009, "test")
    return world


def test_iou_by_epoch_changes_nothing_else(drawn_world, trained):
    _, without = trained("without", epochs=3)
    _, with_it = trained("with", epochs=3, iou_every=2)
    before, after = rows_of(without), rows_of(with_it)
    kinds = {"val_iou_decoder", "val_iou_spatial", "val_iou_gradcam"}
    assert [set(row) - set(other) for row, other in zip(after, before, strict=True)] == [kinds] * 3
    for row, other in zip(after, before, strict=True):
        assert {name: row[name] for name in other} == other
    for kind in kinds:
        never, scored, again = (row[kind] for row in after)
        assert 0 < scored <= 1
        assert np.isnan([never, again]).all(), "not the score of an earlier epoch"
    # All of the file, but for the setting itself, there and in the card.
    one, other = ((folder / "model.safetensors").read_bytes() for folder in (without, with_it))
    assert re.sub(rb"(iou_every\W+)0", rb"\g<1>2", one) == other


def test_iou_by_epoch_is_that_of_the_evaluation(drawn_world, trained, inputs):
    _, folder = trained(epochs=1, iou_every=1)
    _, settings, _ = restored(folder / "model.safetensors")
    own = config(inputs, settings)
    scored = score(settings, folder / "model.safetensors", own, torch.device("cpu"))
    (row,) = rows_of(folder)
    expected = scored.metrics["iou"]["validate"]
    assert len(expected) == 3
    for kind, iou in expected.items():
        assert row[f"val_iou_{kind}"] == pytest.approx(iou, abs=1e-6)


def test_no_ellipse_to_measure_maps_by(trained):
    _, folder = trained(iou_every=1, decoder=False)
    (row,) = rows_of(folder)
    assert np.isnan([row["val_iou_spatial"], row["val_iou_gradcam"]]).all()
    assert "val_iou_decoder" not in row


@pytest.mark.parametrize(
    ("changes", "terms"),
    [
        pytest.param({"supervision": "none"}, {"image", "decoder"}, id="no maps"),
        pytest.param({"supervision": "ellipse"}, {"image", "decoder"}, id="ellipse"),
        pytest.param({"supervision": "report"}, {"image", "decoder"}, id="report"),
        pytest.param({"decoder": False}, {"image"}, id="no decoder"),
        pytest.param({"layers": (4,), "grid": 1}, {"image", "decoder"}, id="one resolution"),
        pytest.param(
            {"objective": "cross_entropy", "decoder": False}, {"pooled"}, id="cross entropy"
        ),
        pytest.param({"lambda_cam": 2.0}, {"image", "decoder", "cam"}, id="gaze uncertainty"),
        pytest.param(
            {"lambda_cam": 2.0, "supervision": "none"},
            {"image", "decoder"},
            id="uncertainty without maps",
        ),
        pytest.param(
            {"lambda_cam": 2.0, "objective": "cross_entropy", "decoder": False},
            {"pooled", "cam"},
            id="as the code",
        ),
        pytest.param({"channels_last": True}, {"image", "decoder"}, id="channels last"),
        pytest.param({"precision": "bf16-mixed"}, {"image", "decoder"}, id="bf16"),
    ],
)
def test_every_kind_of_run(trained, changes, terms):
    _, folder = trained(**changes)
    (row,) = rows_of(folder)
    logged = {"epoch", "train_annotated", "train_loss", "val_auroc", "val_labels"}
    assert set(row) == logged | {f"train_{term}" for term in terms}
    assert np.isfinite(list(row.values())).all()
    assert (row["train_annotated"] == 0) == (changes.get("supervision") == "none")


def test_the_seed_decides(trained):
    _, one = trained("one")
    _, two = trained("two", seed=1)
    weights = [load_checkpoint(folder / "model.safetensors").weights for folder in (one, two)]
    assert not torch.equal(*(one["classifier.weight"] for one in weights))


def test_the_losses_are_those_of_the_settings(inputs):
    settings = run(lambda_annotated=7.0, lambda_decoder=11.0, balanced="all", map_threshold=0.4)
    module = MilTraining(settings, len(TEN_LABELS))
    batch = next(iter(prepare(settings, inputs, None, CPU).train))
    assert batch["annotated"].any()
    batch = {**batch, "maps": batch["maps"].float() * 0.5}
    output = module.network(batch["image"])
    cells = annotated_cells(batch["maps"], (2, 2), threshold=0.4)
    assert cells.any()
    labels, annotated = batch["labels"], batch["annotated"]
    expected = {
        "image": image_loss(
            output.logits, labels, annotated, cells, balanced="all", lambda_annotated=7.0
        ),
        "decoder": 11 * decoder_loss(output.decoder_logits, labels, annotated, batch["maps"]),
    }
    found = module.losses(output, batch)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value)
    assert found["decoder"] > 0


def test_the_uncertainty_of_gaze_is_learned_with_the_network(inputs):
    settings = run(lambda_cam=5.0, lr=0.01)
    module = MilTraining(settings, len(TEN_LABELS))
    batch = next(iter(prepare(settings, inputs, None, CPU).train))
    batch = {**batch, "maps": batch["maps"].float()}
    output = module.network(batch["image"])
    cams = gradcam(output.activations, module.network.classifier.weight)
    expected = 5 * module.uncertainty(cams, batch["labels"], batch["annotated"], batch["maps"])
    found = module.losses(output, batch)
    torch.testing.assert_close(found["cam"], expected)
    before = {name: weight.detach().clone() for name, weight in module.named_parameters()}
    optimiser = module.configure_optimizers()
    found["cam"].backward()
    optimiser.step()
    moved = {name for name, weight in module.named_parameters() if not weight.equal(before[name])}
    assert {"uncertainty.log_sigma", "network.classifier.weight"} < moved
    assert module.uncertainty.log_sigma.item() == pytest.approx(-0.01), "σ falls to the differences"
    assert "uncertainty.log_sigma" not in module.network.state_dict()


def test_image_and_maps_move_together_and_only_in_training(inputs):
    settings = run(batch_size=7)
    module = MilTraining(settings, len(TEN_LABELS))
    (batch,) = prepare(settings, inputs, None, CPU).train
    module._trainer = type("Stage", (), {"training": True})()
    half = torch.zeros(1, 1, SIZE, SIZE, dtype=torch.uint8)
    half[..., : SIZE // 2, : SIZE // 4] = 255
    batch["image"] = half.expand(7, -1, -1, -1)
    moved = module.on_after_batch_transfer(batch, 0)
    assert moved["image"].max() == pytest.approx(1)
    shown = moved["image"][batch["annotated"]]
    maps = moved["maps"].amax(dim=1, keepdim=True)
    with_map = maps.flatten(1).amax(dim=1) > 0
    assert with_map.sum() == 2
    torch.testing.assert_close(shown[with_map], maps[with_map])
    assert not torch.equal(shown[with_map][0], shown[with_map][1])
    module._trainer.training = False
    assert module.on_after_batch_transfer(batch, 0) is batch


def test_the_optimiser_is_the_papers(inputs):
    optimiser = MilTraining(run(lr=0.002), len(TEN_LABELS)).configure_optimizers()
    assert isinstance(optimiser, torch.optim.Adam)
    (group,) = optimiser.param_groups
    assert {name: group[name] for name in ("lr", "betas", "eps", "weight_decay", "amsgrad")} == {
        "lr": 0.002,
        "betas": (0.9, 0.999),
        "eps": 1e-8,
        "weight_decay": 1e-5,
        "amsgrad": True,
    }


def test_nobody_to_validate_on(world):
    world.images = [row for row in world.images if row["split"] == "train"]
    inputs = world.write()
    with pytest.raises(AlignmentError, match=r"et-seed0 has no image .* to validate on"):
        prepare(run(), inputs, None, CPU)


def test_items_that_fill_no_batch_are_named_with_their_run_and_folders(world):
    inputs = world.write()
    settings = run(batch_size=64)
    left_out = build_items(inputs, settings)["train"].left_out
    message = rf"{settings.name}: \d+ items fill no batch of 64 "
    with pytest.raises(ParamsError, match=message) as raised:
        prepare(settings, inputs, None, CPU)
    text = str(raised.value)
    assert inputs.mimic in text
    assert inputs.images in text
    assert "Lower its batch_size in params.yaml" in text
    assert raised.value.faults == tuple(faults_of(left_out))


def test_warnings():
    labels = np.zeros((6, 10), np.float32)
    (warning,) = warnings_of(labels, TEN_LABELS)
    assert warning == (
        "all 10 labels have one class only among the 6 validation images: the last epoch is kept"
    )
    labels[0] = 1
    assert warnings_of(labels, TEN_LABELS) == []
    labels[:, 2] = 1
    assert warnings_of(labels, TEN_LABELS)[0].endswith("choose no epoch: Pneumothorax")
