import csv
import dataclasses
import json
import shutil

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from gazescribe.models.cooperative.data import Radiographs
from gazescribe.models.cooperative.densenet import Encoder
from gazescribe.models.cooperative.items import build_lists, targets_of
from gazescribe.models.cooperative.losses import UncertaintyWeights, saliency_loss
from gazescribe.models.cooperative.networks import restored, started
from gazescribe.models.cooperative.settings import TRAINS_AS
from gazescribe.models.cooperative.splits import split_csv
from gazescribe.models.cooperative.training import CooperativeTraining, map_scores, prepare
from gazescribe.models.core.checkpoint import FILE, load_checkpoint, save_checkpoint
from gazescribe.models.core.config import Config
from gazescribe.models.core.device import Machine
from gazescribe.models.training.epochs import seed_all
from gazescribe.models.training.run import train_run
from gazescribe.models.training.sampling import faults_of
from gazescribe.pipeline.core.errors import AlignmentError, ParamsError, SchemaError
from gazescribe.pipeline.core.values import DIAGNOSES
from tests.unit.models.cooperative.cooperative_cases import balanced_world, small_run

CPU = Machine("cpu")
SIZES = {"batch_size": 3, "epochs": 2, "image_height": 64, "image_width": 64}
BUFFERS = {"running_mean", "running_var", "num_batches_tracked"}
CHAIN = ("contrastive", "dnet201_cl", "dual_encoder", "cooperative")


def written(folder):
    """Nine images to train on, four to validate, five to test: noise, looked at here and there."""
    inputs = balanced_world(folder).write()
    rng = np.random.default_rng(0)
    for path in sorted(folder.glob("*/*.npy")):
        shards = np.load(path)
        high = 256 if shards.dtype == np.uint8 else 1
        np.save(path, (rng.random(shards.shape) * high).astype(shards.dtype))
    return inputs


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    return written(tmp_path_factory.mktemp("data"))


def fit_small(inputs, out, model, **changes):
    run = small_run(model, **{**SIZES, **changes})
    config = Config("cooperative", "demo", inputs, (run,), None)
    return train_run(run, config, out, "data", lambda: CPU), out / run.name


@pytest.fixture(scope="module")
def chain(inputs, tmp_path_factory):
    """The three stages, trained one after another."""
    out = tmp_path_factory.mktemp("chain")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(out)
        for model in CHAIN:
            # Of three images no two are of one class, and no triplet can be made.
            fit_small(inputs, out, model, batch_size=6 if model == "contrastive" else 3)
    return out


@pytest.fixture
def fit_one(tmp_path, monkeypatch, inputs):
    """Trains a run and gives its summary and folder."""

    def fit(model, out="out", **changes):
        (tmp_path / out).mkdir(exist_ok=True)
        monkeypatch.chdir(tmp_path / out)  # each its own store of finished runs
        return fit_small(inputs, tmp_path / out, model, **changes)

    return fit


def split_of(out):
    return (out / "contrastive-seed0" / "split.csv").read_text()


def split_csv_of(inputs, run):
    lists = build_lists(inputs, run)
    return split_csv(lists.readings, lists.chosen)


def weights_of(folder):
    return load_checkpoint(folder / FILE).weights


def rows_of(folder):
    with (folder / "epochs.csv").open() as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def different(ours, theirs, prefix):
    """Names under a prefix whose tensors are not bit for bit those of another state."""
    names = [name for name in ours if name.startswith(prefix)]
    assert names
    return [name for name in names if not torch.equal(ours[name], theirs[name])]


@pytest.mark.skipif(
    torch.backends.cpu.get_cpu_capability() != "AVX2", reason="the losses are those of AVX2"
)
def test_the_arithmetic_of_training_is_what_trains_as_stands_for(chain):
    """Losses of tiny runs as first computed; others need a higher TRAINS_AS, and an entry here."""
    first = {
        "contrastive": [1.16009, 0.671971],
        "dnet201_cl": [1.15656, 1.02926],
        "dual_encoder": [0.227534, 0.213387],
        "cooperative": [1.10237, 1.10192],
    }
    recorded = {2: first}
    for name, losses in recorded[TRAINS_AS].items():
        rows = rows_of(chain / f"{name}-seed0")
        assert [row["train_loss"] for row in rows] == pytest.approx(losses, rel=1e-3), name


def test_the_frozen_encoder_of_stage_2_stays_as_it_was(chain):
    before, after = (weights_of(chain / f"{name}-seed0") for name in ("dnet201_cl", "dual_encoder"))
    assert any("running_mean" in name for name in after)
    assert different(after, before, "encoder.") == []
    seed_all(0)
    start = started(small_run("dual_encoder", **SIZES), chain, split_of(chain), 3).state_dict()
    assert different(after, start, "contracting.")
    assert different(after, start, "expanding.")


def test_the_frozen_trunk_of_stage_3_stays_as_it_was(chain):
    before, after = (weights_of(chain / f"{one}-seed0") for one in ("dual_encoder", "cooperative"))
    trunk = {f"trunk.{name}": weight for name, weight in before.items()}
    assert different(after, trunk, "trunk.") == []
    seed_all(0)
    start = started(small_run("cooperative", **SIZES), chain, split_of(chain), 3).state_dict()
    assert different(after, start, "head.")


def test_every_stage_starts_where_the_one_before_ended(chain):
    images = torch.rand(2, 1, 64, 64)
    contrastive, _, _ = restored(chain / "contrastive-seed0" / FILE)
    seed_all(0)
    first = started(small_run("dnet201_cl", **SIZES), chain, split_of(chain), 3).eval()
    assert torch.equal(first.embed(images), contrastive.embed(images))
    classifier, _, _ = restored(chain / "dnet201_cl-seed0" / FILE)
    assert not torch.equal(classifier.embed(images), contrastive.embed(images))
    second = started(small_run("dual_encoder", **SIZES), chain, split_of(chain), 3).eval()
    ours, theirs = (one.encoder(images) for one in (second, classifier))
    assert torch.equal(ours.decoder, theirs.decoder)
    assert torch.equal(ours.classifier, theirs.classifier)


def test_the_hand_over_is_strict(chain, tmp_path):
    path = chain / "dual_encoder-seed0" / FILE
    earlier = load_checkpoint(path)
    (tmp_path / path.parent.name).mkdir()
    name = next(name for name in earlier.weights if "expanding" in name)
    del earlier.weights[name]
    save_checkpoint(earlier, tmp_path / path.parent.name / FILE)
    run = small_run("cooperative", **SIZES)
    with pytest.raises(SchemaError, match=f"{name} is missing"):
        started(run, tmp_path, split_of(chain), 3)
    folds = dataclasses.replace(run, split="folds", fold=1)
    with pytest.raises(
        ParamsError, match=r"(?s)cannot start from .*split is 'folds' .* 'table' there"
    ):
        started(folds, chain, split_of(chain), 3)


@pytest.fixture
def moved(tmp_path):
    """EGD ingested again: of the same patients others are tested."""
    world = balanced_world(tmp_path / "again")
    order = ("train", "validate", "test")
    for row in world.readings:
        row["egd_split"] = order[order.index(row["egd_split"]) - 1]
    return world.write()


def test_a_stage_does_not_start_from_one_that_has_seen_its_test_patients(chain, moved, tmp_path):
    run = small_run("dual_encoder", **SIZES)
    with pytest.raises(ParamsError, match="Train dnet201_cl-seed0 again") as raised:
        prepare(run, moved, chain, CPU)
    readings = build_lists(moved, run).readings
    tested = readings[readings["split"] == "test"]
    assert len(tested) > 0
    assert len(raised.value.faults) == len(readings)
    for row in tested.itertuples():
        line = f"image {row.dicom_id} of patient {row.subject_id}: test here, train there"
        assert line in raised.value.faults
    lost = tmp_path / "dnet201_cl-seed0"
    lost.mkdir()
    shutil.copy(chain / lost.name / FILE, lost)
    with pytest.raises(ParamsError, match=r"its split is another.*no split\.csv beside it"):
        prepare(run, moved, tmp_path, CPU)
    # What the checkpoint says counts, not a file that somebody has laid beside it.
    (lost / "split.csv").write_text(split_csv_of(moved, run))
    with pytest.raises(ParamsError, match="its split is another"):
        prepare(run, moved, tmp_path, CPU)


def test_of_an_older_checkpoint_the_file_beside_it_counts(chain, inputs, moved, tmp_path):
    path = tmp_path / "dnet201_cl-seed0" / FILE
    shutil.copytree(chain / path.parent.name, path.parent)
    older = load_checkpoint(path)
    del older.training["training"]["split_sha256"]
    save_checkpoint(older, path)
    run = small_run("dual_encoder", **SIZES)
    with pytest.raises(ParamsError, match="test here, train there"):
        prepare(run, moved, tmp_path, CPU)
    prepare(run, inputs, tmp_path, CPU)
    path.with_name("split.csv").unlink()
    with pytest.raises(ParamsError, match="its split is another, or not known"):
        prepare(run, inputs, tmp_path, CPU)


def test_frozen_parameters_alone_let_stages_2_and_3_drift(chain, tmp_path, monkeypatch, inputs):
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "out"
    shutil.copytree(chain / "dnet201_cl-seed0", out / "dnet201_cl-seed0")
    folders = [
        fit_small(inputs, out, model, frozen="parameters")[1]
        for model in ("dual_encoder", "cooperative")
    ]
    weights = [weights_of(folder) for folder in (out / "dnet201_cl-seed0", *folders)]
    trunk = {f"trunk.{name}": weight for name, weight in weights[1].items()}
    stage_2 = different(weights[1], weights[0], "encoder.")
    stage_3 = different(weights[2], trunk, "trunk.")
    assert "encoder.features.norm5.running_mean" in stage_2
    assert "trunk.encoder.features.norm5.running_mean" in stage_3
    assert "trunk.contracting.levels.0.residual.1.running_var" in stage_3
    for drifted in (stage_2, stage_3):
        assert {name.rpartition(".")[2] for name in drifted} == BUFFERS


def test_cached_features_give_the_same_numbers(chain, tmp_path, monkeypatch, inputs):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(chain / "dual_encoder-seed0", tmp_path / "out" / "dual_encoder-seed0")
    _, slow = fit_small(inputs, tmp_path / "out", "cooperative", cache_features=False)
    quick = chain / "cooperative-seed0"
    assert len(rows_of(slow)) == 2
    for one, other in zip(rows_of(slow), rows_of(quick), strict=True):
        assert one == pytest.approx(other, rel=1e-5)
    ours, theirs = weights_of(slow), weights_of(quick)
    assert ours.keys() == theirs.keys()
    for name, weight in ours.items():
        torch.testing.assert_close(weight, theirs[name], rtol=1e-4, atol=1e-6)


def test_an_encoder_that_keeps_its_features_sees_each_image_once(fit_one, monkeypatch):
    seen, forward = [], Encoder.forward

    def counted(self, images):
        seen.append(len(images))
        return forward(self, images)

    scratch = {"init_from": None, "weights": "scratch", "epochs": 3}
    _, slow = fit_one("dual_encoder", "slow", **scratch)
    monkeypatch.setattr(Encoder, "forward", counted)
    _, quick = fit_one("dual_encoder", "quick", cache_features="all", **scratch)
    assert seen == [1] * (9 + 4), "nine images to train on, four to validate"
    # Later ones of so few steps differ by what Adam makes of the last bit.
    for loss in ("train_loss", "val_loss"):
        assert rows_of(slow)[0][loss] == pytest.approx(rows_of(quick)[0][loss], rel=1e-4)


STAGE_2 = {"init_from": None, "weights": "scratch", "cache_features": "all", "epochs": 3}


@pytest.mark.parametrize(
    ("model", "settings"),
    [
        ("joint", {"epochs": 3, "weighing": "paper", "lr_patience": 1}),
        ("dual_encoder", STAGE_2),
        ("dual_encoder", {**STAGE_2, "precision": "bf16-mixed", "channels_last": True}),
    ],
    ids=["joint", "kept features", "bfloat16"],
)
def test_a_killed_run_gives_the_same_bytes(fit_one, monkeypatch, model, settings):
    _, whole = fit_one(model, "whole", **settings)
    step = CooperativeTraining.training_step

    def killed(self, batch, batch_idx):
        if (self.current_epoch, batch_idx) == (1, 1):
            raise RuntimeError("killed")
        return step(self, batch, batch_idx)

    monkeypatch.setattr(CooperativeTraining, "training_step", killed)
    with pytest.raises(RuntimeError, match="killed"):
        fit_one(model, "resumed", **settings)
    monkeypatch.setattr(CooperativeTraining, "training_step", step)
    _, resumed = fit_one(model, "resumed", **settings)
    for name in (FILE, "epochs.csv"):
        assert (whole / name).read_bytes() == (resumed / name).read_bytes()


@pytest.mark.parametrize("model", ["mt_unet", "cooperative", "contrastive"])
def test_training_never_opens_the_test_split(chain, inputs, tmp_path, monkeypatch, model):
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "out"
    shutil.copytree(chain / "dual_encoder-seed0", out / "dual_encoder-seed0")
    opened, item = set(), Radiographs.__getitem__

    def watched(self, key):
        opened.add(self._items.dicom_id[key[1]])
        return item(self, key)

    monkeypatch.setattr(Radiographs, "__getitem__", watched)
    _, folder = fit_small(inputs, out, model, epochs=1, batch_size=6)
    lists = build_lists(inputs, small_run(model, **SIZES))
    ids = {split: set(items.dicom_id) for split, items in lists.items.items()}
    assert ids["validate"] <= opened <= ids["train"] | ids["validate"]
    assert opened & ids["train"]
    with (folder / "split.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["dicom_id"] for row in rows if row["split"] == "test"} == ids["test"] != set()


CLASSIFIED = {"train_classes", "val_classes", "val_accuracy", "val_auroc"}
MAPPED = {"train_saliency", "val_saliency", "val_cc"}


@pytest.mark.parametrize(
    ("model", "changes", "logged"),
    [
        pytest.param(
            "contrastive",
            {"mining": "hard", "batch_size": 6},
            {"train_triplet", "val_triplet"},
            id="hard",
        ),
        pytest.param(
            "contrastive", {"mining": "published"}, {"train_triplet", "val_triplet"}, id="published"
        ),
        pytest.param("dnet201", {"channels_last": True}, CLASSIFIED, id="channels last"),
        pytest.param("gazegnn", {"optimiser": "adamw"}, CLASSIFIED, id="gaze"),
        pytest.param("gazegnn_no_gaze", {}, CLASSIFIED, id="no gaze"),
        pytest.param("gazegnn_published", {}, CLASSIFIED, id="crops"),
        pytest.param("unet_s", {"loss_pixels": "all"}, MAPPED, id="U-Net"),
        pytest.param("res_se_clean", {"precision": "bf16-mixed"}, MAPPED, id="bf16"),
        pytest.param("mt_unet", {}, CLASSIFIED | MAPPED, id="MT-UNet"),
        pytest.param("joint", {"split": "published"}, CLASSIFIED | MAPPED, id="joint"),
    ],
)
def test_every_kind_of_run(fit_one, model, changes, logged):
    summary, folder = fit_one(model, **{"epochs": 1, **changes})
    (row,) = rows_of(folder)
    assert set(row) == logged | {"epoch", "lr", "train_loss", "val_loss"}
    assert np.isfinite(list(row.values())).all()
    losses = [
        row[f"val_{name}"] for name in ("triplet", "classes", "saliency") if f"val_{name}" in row
    ]
    assert row["val_loss"] == pytest.approx(sum(losses)) == pytest.approx(summary["best_score"])
    network, run, _ = restored(folder / FILE)
    assert run == small_run(model, **{**SIZES, "epochs": 1, **changes})
    assert not network.training


def test_what_a_run_says_of_itself(chain):
    said = json.loads((chain / "cooperative-seed0" / "train.json").read_text())
    assert said["training"]["n"]["train"] == {
        "images": 9, "patients": 6, "without_gaze": 0, "normal": 3, "chf": 3, "pneumonia": 3,
    }  # fmt: skip
    assert said["training"]["split_source"]["egd"].startswith("drawn by ingest: by patient")
    assert said["training"]["started_from"] == {"run": "dual_encoder-seed0"}
    assert (said["monitor"], said["warnings"]) == ("val_loss", [])
    assert said["seconds"] > 0
    assert said["prepare_s"] > 0
    checkpoint = load_checkpoint(chain / "cooperative-seed0" / FILE)
    assert checkpoint.labels == [*DIAGNOSES, "saliency"]
    assert checkpoint.input == {
        "height": 64, "width": 64, "channels": 1, "normalise": "by their maximum",
        "resize": "direct",
    }  # fmt: skip
    labels = [load_checkpoint(chain / f"{name}-seed0" / FILE).labels for name in CHAIN[:3]]
    assert labels == [["embedding"], [*DIAGNOSES], ["saliency"]]


def test_validation_that_tells_little_is_said(inputs, tmp_path):
    (warning,) = prepare(
        small_run("contrastive", **{**SIZES, "batch_size": 6}), inputs, tmp_path, CPU
    ).warnings
    assert warning.endswith("chooses the epoch, has only 1 normal, 1 pneumonia")


def test_the_rate_falls_where_validation_stands_still(chain, tmp_path, monkeypatch, inputs):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(chain / "dual_encoder-seed0", tmp_path / "dual_encoder-seed0")
    changes = {"lr": 1e-6, "lr_patience": 1, "epochs": 5}
    _, folder = fit_small(inputs, tmp_path, "cooperative", **changes)
    rates = [row["lr"] for row in rows_of(folder)]
    assert rates == pytest.approx([1e-6, 1e-6, 1e-6, 1e-7, 1e-7])


def test_patience_reaches_the_trainer_and_targets_the_checkpoint(inputs, tmp_path):
    job = prepare(small_run("unet_s", **SIZES, patience=7), inputs, tmp_path, CPU)
    assert job.training["targets"] == targets_of(inputs)
    plan = job.plan
    assert (plan.patience, plan.monitor, plan.mode) == (7, "val_loss", "min")


def test_nobody_to_validate_on(tmp_path):
    world = balanced_world(tmp_path)
    for row in world.readings:
        row["egd_split"] = "train"
    with pytest.raises(AlignmentError, match="unet_s-seed0 has nothing to validate on"):
        prepare(small_run("unet_s", **SIZES), world.write(), tmp_path, CPU)


@pytest.mark.parametrize("model", ["unet_s", "joint", "mt_unet"])
def test_no_map_to_validate_on(tmp_path, model):
    world = balanced_world(tmp_path)
    unseen = {row["dicom_id"] for row in world.readings if row["egd_split"] == "validate"}
    world.maps = [one for one in world.maps if one["dicom_id"] not in unseen]
    with pytest.raises(AlignmentError, match=f"{model}-seed0 has nothing to validate on"):
        prepare(small_run(model, **SIZES), world.write(), tmp_path, CPU)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("unet_s", "items fill no batch of 64"),
        ("contrastive", "training images by class are .*no batch of 64 with each"),
    ],
)
def test_items_that_fill_no_batch_are_named_with_their_run_and_folders(tmp_path, model, message):
    world = balanced_world(tmp_path)
    world.readings[0]["has_gaze"] = False
    inputs = world.write()
    settings = small_run(model, **{**SIZES, "batch_size": 64})
    with pytest.raises(ParamsError, match=f"{settings.name}: .*{message}") as raised:
        prepare(settings, inputs, tmp_path, CPU)
    assert all(folder in str(raised.value) for folder in inputs.tables.values())
    assert "Lower its batch_size in params.yaml" in str(raised.value)
    assert raised.value.faults == tuple(faults_of(build_lists(inputs, settings).left_out))


@pytest.fixture
def batch(inputs, tmp_path):
    job = prepare(small_run("mt_unet", **{**SIZES, "batch_size": 6}), inputs, tmp_path, CPU)
    job.module.network.eval()
    return job.module, job.module.on_after_batch_transfer(next(iter(job.train)), 0)


def test_images_that_nobody_looked_at_do_not_count_as_perfect(batch):
    module, batch = batch
    whole = module.terms(batch)["saliency"]
    two = {name: column[:2] for name, column in batch.items()}
    batch["map"][2:] = 0
    found = module.terms(batch)["saliency"]
    torch.testing.assert_close(found, module.terms(two)["saliency"])
    assert not torch.isclose(found, whole)
    batch["map"][:] = 0
    assert module.terms(batch)["saliency"] == 0


def test_uncertainty_weighs_the_losses(batch):
    module, batch = batch
    terms = module.terms(batch)
    with torch.no_grad():
        module.uncertainty.log_sigma_classes.fill_(0.5)
    expected = UncertaintyWeights("published")
    expected.load_state_dict(module.uncertainty.state_dict())
    assert module.weighed(terms) == expected(terms["classes"], terms["saliency"])
    assert module.weighed(terms) != terms["classes"] + terms["saliency"]
    optimised = {id(one) for one in module.configure_optimizers().param_groups[0]["params"]}
    assert id(module.uncertainty.log_sigma_classes) in optimised


def test_scores_of_validation(batch):
    module, batch = batch
    prediction = module.predict(batch)
    batch["map"][4] = 0
    scores = map_scores(prediction.saliency.detach(), batch, batch["valid"])
    assert torch.isnan(scores[4]).all()
    rest = [0, 1, 2, 3, 5]
    parts = [prediction.saliency[rest], batch["map"][rest], batch["valid"][rest]]
    assert scores[rest, 0].mean() == pytest.approx(saliency_loss(*parts).item(), rel=1e-4)
    logits, target = torch.randn(6, 3, dtype=torch.float64), torch.tensor([0, 1, 2, 0, 1, 2])
    losses, others = module.judged({"target": target, "logits": logits, "maps": scores})
    assert losses["saliency"] == pytest.approx(scores[rest, 0].mean().item())
    assert others["cc"] == pytest.approx(scores[rest, 1].mean().item())
    p = logits.softmax(dim=1).numpy()
    assert others["auroc"] == pytest.approx(roc_auc_score(target, p, multi_class="ovr"))
    assert others["accuracy"] == (logits.argmax(1) == target).double().mean()
    assert losses["classes"] == pytest.approx(-np.log(p[np.arange(6), target]).mean())
