import json

import numpy as np
import pytest

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.tables import conform
from gazescribe.pipeline.windows.settings import Associate
from gazescribe.pipeline.windows.tune.candidates import beyond, search_rules
from gazescribe.pipeline.windows.tune.results import (
    best_fine_lag,
    by_label,
    compare,
    metrics,
    patch,
    ranking,
    score_table,
)
from gazescribe.pipeline.windows.tune.score import DRAWN, WHOLE_REPORT
from gazescribe.pipeline.windows.tune.validate import LabelScores

RULES = search_rules()
CANDIDATES = [*RULES, WHOLE_REPORT, *DRAWN]
NAMES = [candidate.name for candidate in CANDIDATES]
TUNE = load_params().tune.model_copy(update={"n_bootstrap": 200})
THRESHOLDS = np.array([0.0, 0.5])


def scored(best, n_subjects=6, gain=0.3):
    """Two labels; one rule is better than all others for every subject, at the second threshold."""
    random = np.random.default_rng(1)
    labels = []
    for label in ("Edema", "Fracture"):
        iou = random.uniform(0.2, 0.25, (n_subjects, len(CANDIDATES), 2))
        iou[:, NAMES.index(best), 1] += gain
        iou[:, NAMES.index("other_readers")] = 0.9
        n = np.ones((n_subjects, len(CANDIDATES)), int)
        labels.append(LabelScores(label, np.arange(n_subjects), n, iou))
    return compare(CANDIDATES, labels, THRESHOLDS, TUNE)


@pytest.fixture(scope="module")
def results():
    return scored("double_lastmention")


def test_the_best_rule_comes_first_and_what_is_between_last(results):
    rows = ranking(results, 0.95)
    assert len(rows) == 67 + 4
    assert rows["rank"].tolist()[:67] == list(range(1, 68))
    assert rows["rank"].isna().tolist()[67:] == [True] * 4
    first = rows.iloc[0]
    assert first["rule"] == "double_lastmention"
    assert first["published"]
    assert 0.5 < first["iou_cross_validated"] < 0.56
    assert first["iou_cross_validated_low"] < first["iou_cross_validated"]
    assert first["iou_cross_validated"] < first["iou_cross_validated_high"]
    assert (rows["behind_best"].tolist()[0], rows["behind_best_low"].tolist()[0]) == (0, 0)
    assert (rows["behind_best_low"][1:67] > 0.2).all()
    assert rows["iou_cross_validated"][:67].is_monotonic_decreasing
    assert rows["rule"].tolist()[67:] == [
        "whole_report",
        "mean_ellipse",
        "other_readers",
        "other_readers_who_drew",
    ]


def test_in_sample_thresholds_flatter(results):
    rows = ranking(results, 0.95)
    assert (rows["iou_paper"] >= rows["iou_cross_validated"] - 1e-12).all()
    assert (rows["iou_paper"] > rows["iou_cross_validated"] + 1e-6).any()


def test_labels_apart(results):
    rows = by_label(results)
    assert len(rows) == 2 * len(CANDIDATES)
    best = rows[rows["rule"] == "double_lastmention"]
    assert best["label"].tolist() == ["Edema", "Fracture"]
    assert best["threshold_paper"].tolist() == [0.5, 0.5]
    assert best["n"].tolist() == best["n_subjects"].tolist() == [6, 6]


def test_every_rule_label_and_threshold_has_a_row(results):
    table = conform(score_table(results), "scores")
    assert table.num_rows == len(CANDIDATES) * 2 * 2
    row = table.to_pandas().set_index(["rule", "label", "threshold"])
    found = row.loc[("double_lastmention", "Fracture", 0.5)]
    at = NAMES.index("double_lastmention")
    assert found["iou"] == pytest.approx(results.labels[1].iou[:, at, 1].mean())
    assert (found["start"], found["end"], found["n"]) == ("double", "lastmention", 6)
    assert np.isnan(found["lag_s"])


def test_metrics_are_json_without_nan(results):
    found = metrics(results, TUNE)
    json.dumps(found, allow_nan=False)
    assert (found["n_rules"], found["n_rules_published"]) == (67, 46)
    assert found["best"]["rule"] == found["best_by_paper"]["rule"] == "double_lastmention"
    assert found["published_choice"]["rule"] == "1.5s_startofsentence_lastmention"
    assert found["iou_of_the_search"] == found["best"]["iou_cross_validated"]
    assert found["n_by_label"] == {"Edema": 6, "Fracture": 6}
    assert found["labels_of_one_subject"] == []


def test_one_subject_cannot_be_cross_validated():
    alone = scored("double_lastmention", n_subjects=1)
    assert alone.ranked_by == "paper"
    found = metrics(alone, TUNE)
    json.dumps(found, allow_nan=False)
    assert found["best"]["rule"] == "double_lastmention"
    assert found["best"]["iou_cross_validated"] is None
    assert found["iou_of_the_search"] is None
    assert found["best_fine_lag"]["interval_s"] is None
    assert found["labels_of_one_subject"] == ["Edema", "Fracture"]
    assert ranking(alone, 0.95)["iou_cross_validated"].isna().all()


@pytest.mark.parametrize(
    ("best", "expected"),
    [
        pytest.param(
            "0.75s_startofsentence_lastmention",
            {"start": "startofsentence", "lag_s": 0.75, "end": "lastmention"},
            id="delay",
        ),
        pytest.param("all_endofsentence", {"start": "all", "end": "endofsentence"}, id="no delay"),
    ],
)
def test_patch_is_a_part_of_params(best, expected):
    found = patch(scored(best))
    assert found == {"associate": {"method": "window", "unit": "sentence", **expected}}
    Associate.model_validate(load_params().associate.model_dump() | found["associate"])


def test_best_fine_lag_and_its_interval():
    found = best_fine_lag(scored("3.5s_startofsentence_lastmention"), 0.95)
    assert found == {"lag_s": 3.5, "interval_s": [3.5, 3.5]}
    found = best_fine_lag(scored("double_lastmention"), 0.95)  # no delay stands out
    assert found["interval_s"][0] < found["interval_s"][1]


def test_patch_of_a_rule_that_learns():
    learned = load_params().learned
    tune = TUNE.model_copy(update={"learned": TUNE.learned.model_copy(update={"used": True})})
    rules = [*RULES, *beyond(tune, learned)]
    assert [rule.name for rule in rules[len(RULES) :]] == [
        "learned_1.0",
        "learned_2.0",
        "learned_3.0",
    ]
    iou = np.full((2, len(rules), 2), 0.1)
    iou[:, -1] = 0.9
    n = np.ones((2, len(rules)), int)
    results = compare(rules, [LabelScores("Edema", np.arange(2), n, iou)], THRESHOLDS, tune)
    found = patch(results)
    assert found == {
        "associate": {"method": "learned", "unit": "sentence"},
        "learned": {"exponent": 3.0},
    }
    Associate.model_validate(load_params().associate.model_dump() | found["associate"])
    assert beyond(tune) == beyond(TUNE)
