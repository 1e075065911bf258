import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from gazescribe.models.mil.headlines import auroc_of, best_iou, chosen_thresholds, headline_metrics
from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.resampling import Draws
from gazescribe.pipeline.geometry.iou import PUBLISHED_THRESHOLDS
from gazescribe.pipeline.results.mil.models import score_model
from gazescribe.pipeline.results.mil.scores import read_mil_runs
from tests.scores import classification, localisation, write_scores

LIMITS = (0.1, 0.5, 0.9)


def case(split, label, curve, kind="spatial", hit=False):
    return {"split": split, "label": label, "map": kind, "iou": np.array(curve, "f4"), "hit": hit}


CASES = pd.DataFrame(
    [
        case("validate", "Edema", [0.1, 0.5, 0.3]),
        case("validate", "Edema", [0.3, 0.1, 0.5], hit=True),
        case("validate", "Opacity", [0.2, 0.6, 0.6]),
        case("test", "Edema", [0.0, 0.1, 0.4], hit=True),
        case("test", "Edema", [0.0, 0.1, 0.8]),
        case("test", "Opacity", [0.0, 0.2, 0.9]),
        case("test", "Fracture", [0.7, 0.0, 0.3]),
        case("validate", "Edema", [0.9, 0.0, 0.0], kind="gradcam"),
        case("test", "Edema", [0.25, 0.0, 0.0], kind="gradcam", hit=True),
    ]
)
IMAGES = pd.DataFrame(
    {
        "dataset": "mimic",
        "split": "test",
        "label": ["Edema"] * 4 + ["Opacity"] * 4,
        "probability": [0.1, 0.4, 0.35, 0.8] * 2,
        "target": [False, False, True, True, True, True, True, True],
    }
)


def test_thresholds_are_best_on_validation_cases():
    found = chosen_thresholds(CASES, LIMITS, TEN_LABELS)
    assert found["spatial"]["Edema"] == 0.9
    assert found["spatial"]["Opacity"] == 0.5  # the lowest of equals
    assert found["spatial"]["Fracture"] == 0.9  # best for the mean of the other two
    assert found["gradcam"] == dict.fromkeys(TEN_LABELS, 0.1)


def test_best_iou_is_that_of_the_thresholds_chosen_on_the_same_cases():
    validation = CASES[CASES["split"] == "validate"]
    # Edema: mean curve 0.2, 0.3, 0.4; Opacity: 0.6 at best
    assert best_iou(validation) == pytest.approx({"spatial": (0.4 + 0.6) / 2, "gradcam": 0.9})
    thresholds = chosen_thresholds(CASES, LIMITS, TEN_LABELS)
    found = headline_metrics(IMAGES, CASES, thresholds, LIMITS)
    assert best_iou(validation) == pytest.approx(found["iou"]["validate"])


def test_metrics_are_means_over_labels():
    thresholds = chosen_thresholds(CASES, LIMITS, TEN_LABELS)
    found = headline_metrics(IMAGES, CASES, thresholds, LIMITS)
    assert found["iou"]["test"]["spatial"] == pytest.approx((0.6 + 0.2 + 0.3) / 3)
    assert found["iou"]["validate"] == pytest.approx({"spatial": 0.5, "gradcam": 0.9})
    assert found["iou"]["test"]["gradcam"] == 0.25
    assert found["pointing"]["test"] == pytest.approx({"spatial": 0.5 / 3, "gradcam": 1.0})
    assert found["map"] == "gradcam"
    assert found["auroc"] == {"mimic": {"test": 0.75}}  # Opacity has one class


def test_without_validation_cases():
    cases = CASES[CASES["split"] == "test"]
    assert chosen_thresholds(cases, LIMITS, TEN_LABELS) == {}
    found = headline_metrics(IMAGES, cases, {}, LIMITS)
    assert (found["iou"], found["map"]) == ({}, None)
    assert set(found["pointing"]) == {"test"}


def test_auroc_without_two_classes_is_unknown():
    assert auroc_of(IMAGES[IMAGES["label"] == "Opacity"]) is None


def test_probabilities_that_differ_in_float64_alone_are_no_ties():
    near_one = IMAGES["probability"].to_numpy()
    images = IMAGES.assign(probability=1 - 1e-9 * (1 - near_one))
    assert auroc_of(images) == pytest.approx(0.75)


def test_a_single_run_has_the_thresholds_and_scores_of_its_tables(tmp_path):
    """`tabulate` reads what was written and gets there by its own way."""
    write_scores(tmp_path, {"et": {}}, seeds=[0])
    (model, _) = score_model(read_mil_runs(tmp_path)["et"], Draws(10, 0.95, 0))
    random = np.random.default_rng([*b"et", 0])
    images = pd.DataFrame(classification(random, 1.5))
    cases = pd.DataFrame(localisation(random, 0.26, PUBLISHED_THRESHOLDS, 0.05, decoder=True))
    thresholds = chosen_thresholds(cases, PUBLISHED_THRESHOLDS, TEN_LABELS)
    metrics = headline_metrics(images, cases, thresholds, PUBLISHED_THRESHOLDS)
    assert metrics["map"] == model.map == "decoder"
    assert len(model.maps) == 3
    for kind, one in model.maps.items():
        of_label = one.thresholds.set_index("label")["threshold"].to_dict()
        assert thresholds[kind] == of_label
        for split, measure in (("validate", one.validation), ("test", one.iou)):
            expected = measure.macro().mean()[0]
            assert metrics["iou"][split][kind] == pytest.approx(expected, rel=1e-5)
        hit = one.hit.macro().mean()[0]
        assert metrics["pointing"]["test"][kind] == pytest.approx(hit)
    for dataset, measure in model.auroc.items():
        expected = measure.macro().mean()[0]
        assert metrics["auroc"][dataset]["test"] == pytest.approx(expected)
    one = images[(images["dataset"] == "mimic") & (images["split"] == "validate")]
    by_label = [roc_auc_score(own["target"], own["probability"]) for _, own in one.groupby("label")]
    assert metrics["auroc"]["mimic"]["validate"] == pytest.approx(np.mean(by_label))
