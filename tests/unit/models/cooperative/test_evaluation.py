"""Scores of the cooperative network."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from gazescribe.models.cooperative.evaluation import (
    N_TIMED,
    Baselines,
    mixed,
    most_probable,
    score,
)
from gazescribe.models.cooperative.gaze import ImageGaze, gaze_grid
from gazescribe.models.cooperative.gazegnn import GazeGNN
from gazescribe.models.cooperative.gradcam import gradcam
from gazescribe.models.cooperative.items import build_lists, targets_of
from gazescribe.models.cooperative.networks import network_of, outputs_of, restored
from gazescribe.models.cooperative.settings import (
    CooperativeEvaluation,
    scoring_inputs,
    training_inputs,
)
from gazescribe.models.core.checkpoint import FILE, Checkpoint, save_checkpoint
from gazescribe.models.core.config import Config
from gazescribe.models.core.device import machine_name
from gazescribe.pipeline.core.errors import AlignmentError
from gazescribe.pipeline.core.shards import open_shards, shard_name
from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.core.values import DIAGNOSES
from gazescribe.pipeline.geometry.letterbox import Letterbox
from gazescribe.pipeline.geometry.saliency import scores
from tests.unit.models.cooperative.cooperative_cases import FRAME, World, balanced_world, small_run
from tests.unit.models.cooperative.deepgaze_stand_in import DeepGazeIIE, install, write_weights

CPU = torch.device("cpu")
DIAGNOSING = ["dnet201", "cooperative", "joint", "mt_unet", "gazegnn", "gazegnn_published"]


def awake(run):
    """A network whose batch norms have seen one batch: before that all images are alike to it."""
    torch.manual_seed(run.seed)
    network = network_of(dataclasses.asdict(run))
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    gaze = (torch.rand(9, 16, 16),) if isinstance(network, GazeGNN) else ()
    with torch.no_grad():
        network.train()(torch.rand(9, 1, run.image_height, run.image_width), *gaze)
    return network


def saved(run, folder):
    checkpoint = Checkpoint(
        system="cooperative",
        run=dataclasses.asdict(run),
        run_hash="none",
        labels=list(outputs_of(run, DIAGNOSES)),
        input={"height": run.image_height, "width": run.image_width, "channels": 1}
        | {"normalise": "once"},
        training={},
        weights=awake(run).state_dict(),
    )
    path = folder / run.name / FILE
    save_checkpoint(checkpoint, path)
    return path


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    return balanced_world(tmp_path_factory.mktemp("egd")).write()


@pytest.fixture
def scored(inputs, tmp_path):
    def of(model, batch_size=4, device=CPU):
        run = small_run(model)
        config = Config("cooperative", "demo", inputs, (run,), CooperativeEvaluation(batch_size))
        return score(run, saved(run, tmp_path), config, device)

    return of


def frame(scored, name):
    return pd.DataFrame(scored.tables[f"cooperative_{name}"])


@pytest.mark.parametrize("model", ["cooperative", "mt_unet", "gazegnn"])
def test_batches_are_scored_as_single_images_are(scored, model):
    alone, together = scored(model, batch_size=1), scored(model, batch_size=4)
    assert set(alone.tables) == {"cooperative_classification", "cooperative_saliency"}
    for name, columns in alone.tables.items():
        # float32 adds up in another order in a batch of another size: ranks may swap.
        pd.testing.assert_frame_equal(
            pd.DataFrame(columns), pd.DataFrame(together.tables[name]), rtol=1e-3, atol=1e-6
        )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize("model", ["cooperative", "gazegnn"])
def test_a_gpu_scores_as_the_processor_does(scored, model):
    here, there = (scored(model, device=torch.device(name)) for name in ("cpu", "cuda"))
    columns = [f"p_{name}" for name in DIAGNOSES]
    np.testing.assert_allclose(
        frame(here, "classification")[columns], frame(there, "classification")[columns], atol=1e-2
    )


@pytest.mark.parametrize("model", [*DIAGNOSING, "dual_encoder", "unet_s"])
def test_every_image_is_scored_for_what_the_network_gives(scored, inputs, model):
    found = scored(model)
    items = build_lists(inputs, small_run(model)).items
    n = len(items["validate"]) + len(items["test"])
    assert n >= 6
    if model in DIAGNOSING:
        said = frame(found, "classification")
        assert len(said) == n
        np.testing.assert_allclose(said[[f"p_{name}" for name in DIAGNOSES]].sum(axis=1), 1)
        right = said.apply(lambda row: most_probable(row) == row["target"], axis=1)
        assert found.metrics["test"]["accuracy"] == right[said.split == "test"].mean()
    else:
        assert "cooperative_classification" not in found.tables
    maps = frame(found, "saliency")
    targets = {"trained": None, "scored": targets_of(inputs)}
    assert found.about["targets"] == targets  # this checkpoint does not say what it was trained on
    timed = found.about["inference"]
    assert timed["s_an_image"] > 0
    assert timed["n_images"] == min(N_TIMED, len(items["test"]))
    assert timed["machine"] == machine_name(CPU)
    kinds = {"centre", "mean"}
    kinds |= {"gradcam"} if model in DIAGNOSING else set()
    kinds |= set() if model in ("dnet201", "gazegnn", "gazegnn_published") else {"saliency"}
    assert set(maps["map"]) == kinds
    assert len(maps) == n * len(kinds) * 2
    assert set(found.examples) == kinds | {"dicom_id", "diagnosis", "image", "target"}


def test_deepgaze_is_a_baseline_where_there_are_weights_of_it(inputs, tmp_path, monkeypatch):
    install(monkeypatch)
    path = write_weights(DeepGazeIIE, tmp_path / "deepgaze2e.pth")
    run = small_run("unet_s")
    told = dataclasses.replace(inputs, deepgaze=str(path))
    config = Config("cooperative", "demo", told, (run,), CooperativeEvaluation(4))
    maps = frame(score(run, saved(run, tmp_path), config, CPU), "saliency")
    of_it = maps[maps["map"] == "deepgaze"]
    assert len(of_it) == len(maps[maps["map"] == "centre"])
    assert of_it["kl"].notna().all()
    assert not np.allclose(of_it["kl"], maps.loc[maps["map"] == "centre", "kl"])
    assert "deepgaze" in scoring_inputs(run, told)
    assert "deepgaze" not in training_inputs(run, told)
    assert scoring_inputs(run, inputs) == training_inputs(run, inputs)


def test_the_contrastive_stage_has_nothing_to_score(scored):
    found = scored("contrastive")
    assert found.tables == {}
    assert "nothing to score" in found.about["gives"]


def test_without_test_images_nothing_is_scored(tmp_path):
    world = World(tmp_path / "egd")
    for subject in range(4):
        world.image(99_000_000 + subject, "chf", ("train", "validate")[subject % 2])
    run = small_run("mt_unet")
    config = Config("cooperative", "demo", world.write(), (run,), CooperativeEvaluation(4))
    with pytest.raises(AlignmentError, match="no image is in the test split") as raised:
        score(run, saved(run, tmp_path), config, CPU)
    assert "cooperative.split: folds" in raised.value.remedy


def of_files(inputs):
    """All that the files say, by image: nothing here goes by the order of any list."""
    egd = Path(inputs.tables["egd"])
    fixations = read_table(egd, "fixations").to_pandas()
    readings = {one["dicom_id"]: one for one in read_table(egd, "readings").to_pylist()}
    images, maps = open_shards(inputs.images), open_shards(inputs.saliency_maps["egd"])
    drawn = {one: maps[at] for at, one in enumerate(maps.index["reading_id"].to_pylist())}
    found = {}
    for at, one in enumerate(images.index.to_pylist()):
        reading = readings[one["dicom_id"]]
        box = Letterbox.fit((one["image_height_px"], one["image_width_px"]), FRAME)
        own = fixations[fixations["reading_id"] == reading["reading_id"]]
        pads, sides = np.array([box.pad_x_px, box.pad_y_px]), np.array(box.image_size)[::-1]
        places = (own[["x_px", "y_px"]].to_numpy() + 0.5) * box.scale + pads - 0.5
        found[one["dicom_id"]] = {
            **{name: reading[name] for name in ("subject_id", "diagnosis", "egd_split")},
            "image": images[at],
            "target": drawn[reading["reading_id"]].astype(float),
            "gaze": ImageGaze(places, (own["offset_s"] - own["onset_s"]).to_numpy()),
            "valid": box.on_image(0)[:, None] & box.on_image(1),
            "sides": sides * box.scale,
            "centre": pads + sides * box.scale / 2 - 0.5,
        }
    return found


def expected_maps(one, train, network):
    """Maps of an image by their definitions, and the probabilities of its diagnoses."""
    picture = torch.from_numpy(one["image"] / one["image"].max()).float()[None, None]
    gaze = torch.from_numpy(gaze_grid(one["gaze"], FRAME))[None]
    inputs = (picture, gaze) if isinstance(network, GazeGNN) else (picture,)
    said, evidence = gradcam(network, *inputs)
    maps = {"gradcam": mixed(evidence[0].double().numpy())}
    if said.saliency is not None:
        exact = np.exp(said.saliency.double().numpy().reshape(FRAME))
        maps["saliency"] = exact / exact.sum()
    shares = [(other["gaze"].places_px - other["centre"]) / other["sides"] for other in train]
    sigma = np.sqrt((np.concatenate(shares) ** 2).mean(axis=0)) * one["sides"]
    x, y = (
        np.exp(-((np.arange(64) - one["centre"][axis]) ** 2) / 2 / sigma[axis] ** 2)
        for axis in (0, 1)
    )
    maps["centre"] = mixed(y[:, None] * x)
    maps["mean"] = mixed(sum(other["target"] for other in train))
    return maps, said.classes.softmax(dim=1)[0].numpy()


@pytest.mark.parametrize("model", ["mt_unet", "gazegnn"])
def test_every_row_is_what_the_files_give_for_its_image(scored, inputs, tmp_path, model):
    found, files = scored(model), of_files(inputs)
    network, _, _ = restored(tmp_path / f"{model}-seed0" / FILE)
    train = [one for one in files.values() if one["egd_split"] == "train"]
    others = np.concatenate([one["gaze"].places_px for one in train])
    said = frame(found, "classification").set_index("dicom_id")
    compared = frame(found, "saliency").set_index(["dicom_id", "map", "pixels"])
    scored_images = {name for name, one in files.items() if one["egd_split"] != "train"}
    assert set(said.index) == set(compared.index.levels[0]) == scored_images
    for name in scored_images:
        one, row = files[name], said.loc[name]
        maps, chances = expected_maps(one, train, network)
        assert (row["split"], row["subject_id"]) == (one["egd_split"], one["subject_id"])
        assert row["target"] == one["diagnosis"]
        own = row[[f"p_{label}" for label in DIAGNOSES]].to_numpy(float)
        np.testing.assert_allclose(own, chances, atol=1e-5)
        for kind, values in maps.items():
            for pixels, valid in (("valid", one["valid"]), ("all", None)):
                places = one["gaze"].places_px, others
                priors = maps["centre"], maps["mean"]
                expected = scores(values, one["target"], *places, *priors, valid)
                row = compared.loc[(name, kind, pixels), list(expected)].astype(float)
                np.testing.assert_allclose(row, list(expected.values()), rtol=1e-3, atol=1e-5)
    assert said["p_chf"].round(4).nunique() == len(said)  # images of one answer would show nothing
    for at, name in enumerate(found.examples["dicom_id"]):
        np.testing.assert_array_equal(found.examples["target"][at], files[name]["target"])
        np.testing.assert_array_equal(found.examples["image"][at], files[name]["image"])
        assert found.examples["diagnosis"][at] == files[name]["diagnosis"]


def test_baselines_know_the_training_readings_alone(inputs):
    run = small_run("unet_s")
    config = Config("cooperative", "demo", inputs, (run,), CooperativeEvaluation(4))
    items = build_lists(inputs, run).items
    baselines = Baselines(items["train"], config, run)
    mean = baselines.maps(items["test"].frames[0])["mean"]
    train = [one for one in of_files(inputs).values() if one["egd_split"] == "train"]
    assert len(train) > 5
    assert {*zip(*np.nonzero(mean > mean.min()), strict=True)} == {
        np.unravel_index(one["target"].argmax(), FRAME) for one in train
    }
    assert mean.sum() == pytest.approx(1)
    assert mean.min() > 0
    centre = baselines.maps(items["test"].frames[0])["centre"]
    y, x = np.unravel_index(centre.argmax(), centre.shape)
    assert (abs(y - 31.5), abs(x - 31.5)) == (0.5, 0.5)
    own = items["train"].take(np.array([0]))
    n_all = sum(len(gaze.places_px) for gaze in items["train"].gaze)
    assert len(baselines.places_px(own, 0)) == n_all - len(own.gaze[0].places_px)
    assert len(baselines.places_px(items["test"], 0)) == n_all


@pytest.fixture
def blanked(tmp_path):
    """Inputs in which the maps of some readings are empty, though the index says otherwise."""

    def blank(splits, n=None):
        inputs = balanced_world(tmp_path / "egd").write()
        readings = read_table(Path(inputs.tables["egd"]), "readings").to_pandas()
        names = set(
            readings.loc[readings["egd_split"].isin(splits), "reading_id"].sort_values()[:n]
        )
        for entry in open_shards(inputs.saliency_maps["egd"]).index.to_pylist():
            if entry["reading_id"] in names:
                path = Path(inputs.saliency_maps["egd"]) / shard_name(entry["shard"])
                maps = np.load(path)
                maps[entry["row"]] = 0
                np.save(path, maps)
        return inputs, names

    return blank


@pytest.mark.parametrize("model", ["mt_unet", "dnet201"])
def test_a_map_without_gaze_is_counted_and_in_no_mean(blanked, inputs, tmp_path, model):
    run = small_run(model)
    damaged, (name,) = blanked(["test"], 1)
    whole, scored = (
        score(run, saved(run, tmp_path), one, CPU)
        for one in (
            Config("cooperative", "demo", source, (run,), CooperativeEvaluation(4))
            for source in (inputs, damaged)
        )
    )
    n_test = len(build_lists(damaged, run).items["test"])
    (warning,) = scored.warnings
    assert warning == (
        f"1 of {n_test} test maps show no gaze, though their index says they do; left out of the"
        f" means: {name}"
    )
    assert whole.warnings == []
    before, after = (frame(found, "saliency").set_index("reading_id") for found in (whole, scored))
    assert len(after) == len(before)
    assert after.loc[name, ["kl", "cc", "hs", "sim"]].isna().all(axis=None)
    assert after.loc[name, "nss"].notna().all()
    pd.testing.assert_frame_equal(after.drop(name), before.drop(name))
    if model == "mt_unet":
        own = before.drop(name).query("map == 'saliency' and pixels == 'valid' and split == 'test'")
        for metric in ("kl", "cc", "hs"):
            assert scored.metrics["test"][metric] == pytest.approx(own[metric].mean())


def test_where_no_map_shows_gaze_there_is_no_mean(blanked, tmp_path):
    run = small_run("mt_unet")
    damaged, names = blanked(["train", "validate", "test"])
    config = Config("cooperative", "demo", damaged, (run,), CooperativeEvaluation(4))
    scored = score(run, saved(run, tmp_path), config, CPU)
    assert scored.metrics["test"]["accuracy"] is not None
    assert [scored.metrics["test"][name] for name in ("kl", "cc", "hs")] == [None] * 3
    assert len(scored.warnings) == 2
    assert names


def test_the_mean_map_leaves_out_maps_without_gaze(blanked):
    run = small_run("unet_s")
    damaged, _ = blanked(["train"], 1)
    config = Config("cooperative", "demo", damaged, (run,), CooperativeEvaluation(4))
    items = build_lists(damaged, run).items
    mean = Baselines(items["train"], config, run).maps(items["test"].frames[0])["mean"]
    others = [one for one in of_files(damaged).values() if one["egd_split"] == "train"]
    shown = [one["target"] for one in others if one["target"].any()]
    assert len(shown) == len(others) - 1
    np.testing.assert_allclose(mean, mixed(sum(one / one.sum() for one in shown)))


def test_a_map_of_nothing_is_even():
    even = mixed(np.zeros((2, 3)))
    np.testing.assert_allclose(even, 1 / 6)
