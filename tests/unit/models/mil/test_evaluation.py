"""Scores of networks that nobody trained, against a plain re-statement of section 7."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from gazescribe.models.mil import evaluation as module
from gazescribe.models.mil.evaluation import (
    THRESHOLDS,
    drawn_cases,
    enlarged,
    look,
    score,
)
from gazescribe.models.mil.lists import evaluation_items
from gazescribe.models.mil.network import restored
from gazescribe.models.mil.summary import PUBLISHED_EGD
from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.errors import AlignmentError, GazeError
from gazescribe.pipeline.core.shards import open_shards
from gazescribe.pipeline.core.tables import conform
from gazescribe.pipeline.geometry.iou import PUBLISHED_THRESHOLDS, iou_by_threshold
from gazescribe.pipeline.results.published import PublishedMil, load_published
from tests.unit.models.mil.mil_cases import run
from tests.unit.models.mil.mil_scored import CPU, N_TRAINED, config, save, world


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    return world(tmp_path_factory.mktemp("world")).write()


@pytest.fixture(scope="module")
def scored(inputs, tmp_path_factory):
    """Scores of one run, and its checkpoint."""
    path = save(run(), tmp_path_factory.mktemp("models"))
    return score(run(), path, config(inputs, run(), batch_size=1), CPU), path


def test_batches_are_scored_as_single_images_are(inputs, scored):
    alone, path = scored
    together = score(run(), path, config(inputs, run(), batch_size=3), CPU)
    (classified, cases), (others, other_cases) = tables(alone), tables(together)
    # float32 adds up in another order in a batch of another size.
    pd.testing.assert_frame_equal(classified, others, rtol=1e-4)
    columns = [name for name in cases.columns if name != "iou"]
    pd.testing.assert_frame_equal(cases[columns], other_cases[columns])
    np.testing.assert_allclose(np.stack(cases["iou"]), np.stack(other_cases["iou"]), atol=0.02)


def tables(scored):
    """Both tables, as they will be written."""
    return [conform(columns, name).to_pandas() for name, columns in scored.tables.items()]


def all_images(folder):
    """Pictures by dicom id."""
    shards = open_shards(folder)
    ids = shards.index["dicom_id"].to_pylist()
    return {one: torch.from_numpy(shards[at].copy())[None, None] for at, one in enumerate(ids)}


def test_what_is_classified(scored):
    classified, _ = tables(scored[0])
    assert len(classified) == 2 * (3 + 2) * 10
    assert set(classified["run"]) == {"et-seed0"}
    assert set(classified["model"]) == {"et"}
    assert set(classified["seed"]) == {0}
    of_test = classified[classified["split"] == "test"]
    images = of_test[["dataset", "dicom_id", "reading_id", "subject_id"]].drop_duplicates()
    assert images.fillna("").to_numpy().tolist() == [
        ["mimic", "test-0", "", 99_000_200],
        ["mimic", "test-1", "", 99_000_201],
        ["mimic", "test-2", "", 99_000_202],
        ["reflacx", "image of R1a", "R1a", 99_000_200],
        ["reflacx", "image of R1b", "R1b", 99_000_201],
    ]
    positive = of_test[of_test["target"]]
    names = positive[["dicom_id", "label"]].to_numpy().tolist()
    assert sorted(names) == [
        ["image of R1a", "Edema"],
        ["image of R1b", "Edema"],
        ["image of R1b", "Pneumothorax"],  # what the reader drew, not what the report says
        ["test-0", "Edema"],
        ["test-0", "Opacity"],
    ]


def test_probabilities_are_those_of_the_noisy_or(scored, inputs):
    classified, _ = tables(scored[0])
    network, _, _ = restored(scored[1])
    images = all_images(inputs.images)
    assert len(images) == 10
    for dicom_id, own in classified.groupby("dicom_id"):
        with torch.no_grad():
            cell = torch.sigmoid(network(images[dicom_id]).logits[0].double())
        plain = 1 - (0.98 + 0.02 * (1 - cell)).prod(dim=-1).prod(dim=-1).numpy()
        of_label = own.set_index("label")["probability"]
        np.testing.assert_allclose(of_label[list(TEN_LABELS)], plain, rtol=1e-6)
    assert classified["probability"].nunique() > 50


def test_localisation_is_that_of_enlarged_maps(scored, inputs):
    """As published: maps repeated to 64 pixels, one mask for each threshold."""
    _, localised = tables(scored[0])
    assert len(localised) == 2 * 3 * 3
    assert (localised["area_px"] == 32 * 16).all()
    network, _, _ = restored(scored[1])
    images = all_images(inputs.images)
    mask = np.zeros((64, 64), bool)
    mask[:32, :16] = True
    seen = 0
    for row in localised.itertuples():
        with torch.no_grad():
            output = network(images[row.dicom_id])
        channel = TEN_LABELS.index(row.label)
        logits = output.logits[0, channel]
        bias = network.classifier.bias[channel]
        lit = (logits - bias).clamp(min=0)
        values = {
            "decoder": torch.sigmoid(output.decoder_logits[0, channel]),
            "spatial": torch.sigmoid(logits),
            "gradcam": lit / (lit.max() + 1e-20),
        }[row.map].detach()
        large = np.kron(values.numpy(), np.ones((64 // len(values),) * 2, np.float32))
        for threshold, iou in zip(PUBLISHED_THRESHOLDS, row.iou, strict=True):
            inside = large > np.float32(threshold)
            assert iou == pytest.approx((inside & mask).sum() / (inside | mask).sum(), abs=1e-6)
            seen += 0 < iou < 1
        highest = large == large.max()
        assert row.hit == (2 * (highest & mask).sum() > highest.sum())
    assert seen > 50


def test_batches_change_nothing(scored, inputs):
    whole = score(run(), scored[1], config(inputs, run(), batch_size=16), CPU)
    for one, other in zip(tables(scored[0]), tables(whole), strict=True):
        keys = [name for name in one.columns if name not in ("probability", "iou")]
        pd.testing.assert_frame_equal(one[keys], other[keys])
        if "probability" in one:
            np.testing.assert_allclose(one["probability"], other["probability"], rtol=1e-5)


def test_what_scores_json_says(scored):
    said = scored[0].about
    assert said["thresholds"] == list(PUBLISHED_THRESHOLDS)
    reflacx, mimic = said["counts"]["reflacx"], said["counts"]["mimic"]
    for name, own in (("mimic", mimic), ("reflacx", reflacx)):
        assert own["train"]["images"] == N_TRAINED["n"]["train"][name]
        assert own["train"]["positive"] == N_TRAINED["positive"]["train"][name]
    assert (mimic["test"]["images"], reflacx["test"]["images"]) == (3, 2)
    assert mimic["test"]["positive"]["Edema"] == 1
    # Labels of REFLACX are those that supervise: a run with gaze goes by the reports.
    assert {label for label, n in reflacx["test"]["positive"].items() if n} == {
        "Fracture",
        "Edema",
        "Opacity",
    }
    assert said["left_out"] == {"validate": {}, "test": {}}
    assert said["egd"] is None


def test_scores_json_says_of_egd_what_training_counted(inputs, tmp_path):
    own = run(name="egd-seed0", model="egd", supervision="egd")
    egd = {"images": 45, "gaze_begins_late": 3, "pneumothorax": 0, "left_out": {}}
    path = save(own, tmp_path, training={"training": N_TRAINED | {"egd": egd}})
    assert score(own, path, config(inputs, own), CPU).about["egd"] == egd
    assert set(egd) - {"left_out"} == set(PUBLISHED_EGD)
    assert load_published("mil", PublishedMil).egd.model_dump() == PUBLISHED_EGD


def test_counts_go_by_the_readers_where_no_report_supervises(inputs, tmp_path):
    own = run(name="ellipse-seed0", model="ellipse", supervision="ellipse")
    found = score(own, save(own, tmp_path), config(inputs, own), CPU)
    positive = found.about["counts"]["reflacx"]["test"]["positive"]
    assert {label: n for label, n in positive.items() if n} == {"Edema": 2, "Pneumothorax": 1}


def test_what_the_checkpoint_is_told(scored):
    found = scored[0]
    assert set(found.thresholds) == {"decoder", "spatial", "gradcam"}
    assert all(set(of_kind) == set(TEN_LABELS) for of_kind in found.thresholds.values())
    assert set(found.metrics["iou"]) == {"validate", "test"}
    assert found.metrics["map"] in found.thresholds
    assert 0 <= found.metrics["auroc"]["mimic"]["test"] <= 1
    (warning,) = found.warnings
    assert warning.startswith("8 labels have no validation case")
    assert "Pneumothorax" not in warning


def test_masks_without_a_pixel_are_counted(tmp_path):
    inputs = world(tmp_path / "world").write()
    for path in Path(inputs.ellipse_maps).glob("*.npy"):
        np.save(path, np.zeros_like(np.load(path)))
    found = score(run(), save(run(), tmp_path), config(inputs, run()), CPU)
    _, localised = tables(found)
    assert (localised["area_px"] == 0).all()
    _, of_test, of_validation = found.warnings
    n = len(localised[localised["split"] == "test"].drop_duplicates(["reading_id", "label"]))
    assert of_test.startswith(f"{n} of {n} test masks have no pixel, so their IoU is 0: R")
    assert "validate masks" in of_validation


def test_a_network_without_decoder(inputs, tmp_path):
    own = run(decoder=False, objective="cross_entropy", supervision="none")
    found = score(own, save(own, tmp_path), config(inputs, own), CPU)
    _, localised = tables(found)
    assert set(localised["map"]) == {"spatial", "gradcam"}
    assert set(found.examples) == {"reading_id", "label", "image", "mask", "spatial", "gradcam"}


def test_without_any_ellipse_to_validate_on(tmp_path):
    small = world(tmp_path / "world")
    small.maps["ellipse"] = [row for row in small.maps["ellipse"] if row["reading_id"] > "R1"]
    found = score(run(), save(run(), tmp_path), config(small.write(), run()), CPU)
    assert found.thresholds is None
    assert found.metrics["map"] is None
    assert found.metrics["iou"] == {}
    assert set(found.metrics["pointing"]) == {"test"}
    (warning,) = found.warnings
    assert warning.startswith("no validation reading has ellipses")
    small.maps["ellipse"].clear()
    small.map("ellipse", "R9", "Edema", peak=None)
    found = score(run(), save(run(), tmp_path), config(small.write(), run()), CPU)
    classified, localised = tables(found)
    assert (len(classified), len(localised)) == (100, 0)
    assert found.examples is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param(
            {"labels": ["Edema", "Rash"]},
            "of the labels Edema, Rash; expected: Edema, Op",
            id="labels",
        ),
        pytest.param({"training": {}}, "does not say what it was trained on", id="training"),
        pytest.param({"system": "cooperative"}, "a mil network expected", id="system"),
    ],
)
def test_strange_checkpoints_are_refused(inputs, tmp_path, changes, message):
    path = save(run(), tmp_path, **changes)
    with pytest.raises(GazeError, match=message):
        score(run(), path, config(inputs, run()), CPU)


def test_nobody_may_be_in_two_splits(tmp_path):
    small = world(tmp_path / "world")
    small.image("A", 99_000_201, "train")
    with pytest.raises(
        AlignmentError, match="1 subjects or images are in two splits of what et-seed0 sees"
    ):
        score(run(), save(run(), tmp_path), config(small.write(), run()), CPU)


def test_all_thresholds(inputs, tmp_path):
    own = dataclasses.replace(config(inputs, run()).evaluation, thresholds="all")
    all_of_them = dataclasses.replace(config(inputs, run()), evaluation=own)
    found = score(run(), save(run(), tmp_path), all_of_them, CPU)
    _, localised = tables(found)
    assert set(localised["iou"].map(len)) == {1001}
    assert found.about["thresholds"] == list(THRESHOLDS["all"])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_gives_the_same_scores(scored, inputs):
    on_gpu = score(run(), scored[1], config(inputs, run()), torch.device("cuda"))
    one, other = tables(scored[0])[0], tables(on_gpu)[0]
    np.testing.assert_allclose(one["probability"], other["probability"], rtol=1e-2)


@pytest.fixture
def items(inputs):
    return evaluation_items(inputs, run())["test"]


def test_items_are_seen_in_their_order(inputs, items, tmp_path):
    network, own, _ = restored(save(run(), tmp_path))
    three = items.take(np.array([0, 1, 0]), "")
    seen = list(look(network, three, own, config(inputs, own), maps=True))
    assert len(seen) == 3
    np.testing.assert_allclose(seen[0].probability, seen[2].probability, rtol=1e-5)
    assert not np.allclose(seen[0].probability, seen[1].probability, rtol=1e-5)
    assert {kind: drawn.shape for kind, drawn in seen[0].maps.items()} == {
        "spatial": (10, 2, 2),
        "gradcam": (10, 2, 2),
        "decoder": (10, 16, 16),
    }


def test_the_decoder_rests_where_no_map_is_wanted(inputs, items, tmp_path):
    network, own, _ = restored(save(run(), tmp_path))
    network.decoder.register_forward_hook(lambda *_: pytest.fail("it was run"))
    seen = list(look(network, items, own, config(inputs, own), maps=False))
    assert [one.maps for one in seen] == [{}, {}]
    assert seen[0].probability.dtype == np.float64
    assert not torch.is_inference_mode_enabled()


CASES = [["R1a", "Edema"], ["R1b", "Edema"], ["R1b", "Pneumothorax"]]


def test_examples_are_all_test_cases_in_the_frame_of_the_masks(inputs, tmp_path):
    scored = score(run(), save(run(), tmp_path), config(inputs, run()), CPU)
    found = scored.examples
    names = np.stack([found["reading_id"], found["label"]], axis=1)
    assert names.tolist() == CASES
    assert {found[name].dtype.kind for name in ("reading_id", "label")} == {"U"}
    arrays = {name: array for name, array in found.items() if array.ndim == 3}
    assert {name: (array.shape, str(array.dtype)) for name, array in arrays.items()} == {
        "image": ((3, 64, 64), "uint8"),
        "mask": ((3, 64, 64), "bool"),
        "decoder": ((3, 16, 16), "float16"),
        "spatial": ((3, 2, 2), "float16"),
        "gradcam": ((3, 2, 2), "float16"),
    }
    assert (found["mask"].sum(axis=(1, 2)) == 32 * 16).all()
    grey = found["image"][:, 0, 0]
    assert grey[0] != grey[1] == grey[2]
    rows = conform(scored.tables["mil_localisation"], "mil_localisation").to_pandas()
    own = rows[(rows["split"] == "test") & (rows["map"] == "decoder")]
    assert own[["reading_id", "label"]].to_numpy().tolist() == CASES
    for at, expected in enumerate(own["iou"]):
        iou = iou_by_threshold(found["decoder"][at], found["mask"][at])
        assert iou[:20] == pytest.approx(expected[:20], abs=0.02)


def test_the_same_cases_for_every_run_and_longer_list(inputs, monkeypatch):
    monkeypatch.setattr(module, "MOST_EXAMPLES", 2)
    items = evaluation_items(inputs, run())["test"]
    found = {items.reading_id[case.item] + str(case.channel) for case in drawn_cases(items)}
    backwards = items.take(np.arange(len(items))[::-1], "")
    other = {backwards.reading_id[one.item] + str(one.channel) for one in drawn_cases(backwards)}
    assert len(found) == 2
    assert found == other
    monkeypatch.setattr(module, "MOST_EXAMPLES", 3)
    more = {items.reading_id[case.item] + str(case.channel) for case in drawn_cases(items)}
    assert found < more


def test_a_picture_is_enlarged_by_nearest_neighbour():
    image = np.array([[1, 2], [3, 4]], np.uint8)
    large = enlarged(image, np.zeros((4, 4), bool))
    assert large.tolist() == np.kron(image, np.ones((2, 2), int)).tolist()
    assert large.dtype == np.uint8
    assert enlarged(image, np.zeros((2, 2), bool)).tolist() == image.tolist()


def test_later_seeds_give_none(inputs, tmp_path):
    first, second = (run(name=f"et-seed{seed}", seed=seed) for seed in range(2))
    both = dataclasses.replace(config(inputs, first), runs=(first, second))
    assert score(second, save(second, tmp_path), both, CPU).examples is None


def test_without_ellipses_maps_are_scored_against_gaze(tmp_path):
    small = world(tmp_path / "world")
    for at, split in enumerate(("validate", "test")):
        small.reading(f"M{at}", 99_000_900 + at, split, dataset="mylab", phase=None, said="Edema")
        small.map("mylab-gaze", f"M{at}", "Edema")
    inputs = dataclasses.replace(small.write(), scored_on=("mylab",))
    found = score(run(), save(run(), tmp_path), config(inputs, run()), CPU)
    classified, localised = tables(found)
    assert set(classified["dataset"]) == {"mimic", "mylab"}
    assert localised["reading_id"].drop_duplicates().tolist() == ["M1", "M0"]
    assert set(localised["area_px"]) == {32 * 16}
    assert found.about["scored_by"] == {"mylab": "gaze"}
    assert found.warnings[0].startswith("mylab: no ellipses, so IoU and pointing game are against")
    assert found.warnings[1].startswith("9 labels have no validation case")
    both = dataclasses.replace(inputs, scored_on=("reflacx", "mylab"))
    found = score(run(), save(run(), tmp_path), config(both, run()), CPU)
    classified, localised = tables(found)
    assert set(classified["dataset"]) == {"mimic", "reflacx", "mylab"}
    assert not set(localised["reading_id"]) & {"M0", "M1"}
    assert found.warnings[0] == "mylab: no ellipses, so there is no IoU of these readings"
