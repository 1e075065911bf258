"""The scores of invented readings against a count by hand: dictionaries, loops and crosstabs."""

import json
from collections import Counter
from itertools import product

import numpy as np
import pandas as pd
import pytest

from tests.running import gazescribe
from tests.synthetic import reading, write_tables

TEXT = "edema here . effusion there . pneumothorax too ."
CLASSES = {
    "Pulmonary edema": ["pulmonary edema"],
    "Pleural abnormality": ["pleural abnormality", "pleural effusion"],
    "Pneumothorax": ["pneumothorax"],
    "Hiatal hernia": ["hiatal hernia"],
}
LEAST = {"certainty_above_0": 1, "certainty_from_3": 3}
STATES = {"positive_or_uncertain": {"positive", "uncertain"}, "positive": {"positive"}}
N_READINGS = 120


@pytest.fixture(scope="module")
def drawn():
    """Certainties by (reading, label), and mentions, drawn at random; hernias are never there.

    Four of the five readers of an image agree in everything, so that images are what varies.
    """
    draw = np.random.default_rng(7)
    names = [f"R{number:03d}" for number in range(N_READINGS)]
    certainties = dict.fromkeys(product(names, ["Hiatal hernia"]), 0)
    mentions = []
    for number, name in enumerate(names):
        for label, classes in list(CLASSES.items())[:3]:
            if number % 5 in (0, 4):
                unknown = draw.random() < 0.03
                value = None if unknown else int(draw.choice([0, 0, 0, 1, 2, 3, 4, 5]))
                own = [
                    (spoken, int(start), str(draw.choice(["positive", "negative", "uncertain"])))
                    for spoken in classes
                    for start in draw.choice(40, size=draw.integers(0, 3), replace=False)
                ]
            else:
                before = names[number - 1]
                value = certainties[before, label]
                own = [
                    (row["label"], row["char_start"], row["polarity"])
                    for row in mentions
                    if row["report_id"] == before and row["label"] in classes
                ]
            certainties[name, label] = value
            mentions += [
                {
                    "report_id": name,
                    "char_start": start,
                    "char_end": start + 4,
                    "label": spoken,
                    "polarity": polarity,
                }
                for spoken, start, polarity in own
            ]
    return names, certainties, mentions


@pytest.fixture(scope="module")
def out(drawn, tmp_path_factory):
    names, certainties, mentions = drawn
    folder = tmp_path_factory.mktemp("scores")
    readings = [
        reading(name, TEXT, phase=2, dicom_id=f"image {number // 5}")
        for number, name in enumerate(names)
    ]
    write_tables(
        folder / "tables",
        readings=readings,
        certainties=[
            {"reading_id": name, "label": label, "certainty": value}
            for (name, label), value in certainties.items()
        ],
        attributes=[
            {"reading_id": name, "name": "labeler_tuning", "value": "false"} for name in names
        ],
    )
    (folder / "mentions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in mentions))
    gazescribe("evaluate-labels", folder / "tables", folder / "mentions.jsonl", folder / "out")
    return folder / "out"


def state_of(name, label, mentions):
    said = {
        row["polarity"]
        for row in mentions
        if row["report_id"] == name and row["label"] in CLASSES[label]
    }
    return next(
        (one for one in ("positive", "uncertain", "negative") if one in said), "not_mentioned"
    )


def test_labels(drawn, out):
    names, certainties, mentions = drawn
    scores = pd.read_csv(out / "labels.csv").set_index(["label", "reference", "counted"])
    assert len(scores) == 4 * 2 * 2
    for label, reference, counted in scores.index:
        seen = Counter(
            (state_of(name, label, mentions) in STATES[counted], value >= LEAST[reference])
            for name in names
            if (value := certainties[name, label]) is not None
        )
        row = scores.loc[(label, reference, counted)]
        tp, fp, fn = seen[True, True], seen[True, False], seen[False, True]
        assert row[["tp", "fp", "fn", "tn"]].tolist() == [tp, fp, fn, seen[False, False]]
        if label == "Hiatal hernia":
            assert row[["precision", "recall", "f1"]].isna().all()
            continue
        precision, recall = tp / (tp + fp), tp / (tp + fn)
        expected = [precision, recall, 2 * precision * recall / (precision + recall)]
        assert row[["precision", "recall", "f1"]].tolist() == pytest.approx(expected, abs=1e-6)
        assert row["f1_low"] < row["f1"] < row["f1_high"]


def test_confusion(drawn, out):
    names, certainties, mentions = drawn
    found = pd.read_csv(out / "confusion.csv").set_index(["label", "state"])
    rows = pd.DataFrame(
        [
            (label, state_of(name, label, mentions), certainties[name, label])
            for name in names
            for label in CLASSES
        ],
        columns=["label", "state", "certainty"],
    )
    column = rows["certainty"].map(lambda one: f"certainty_{one:.0f}", na_action="ignore")
    expected = pd.crosstab([rows["label"], rows["state"]], column.fillna("unknown"))
    expected = expected.reindex(index=found.index, columns=found.columns, fill_value=0)
    assert expected.to_numpy().sum() == 4 * N_READINGS
    pd.testing.assert_frame_equal(found, expected, check_names=False)


def test_intervals_are_those_of_resampled_images(drawn, out):
    """Another way to the same interval: draw images, pool their readings, score them again."""
    names, certainties, mentions = drawn
    label = "Pleural abnormality"
    images = [names[at : at + 5] for at in range(0, N_READINGS, 5)]
    said = {name: state_of(name, label, mentions) in {"positive", "uncertain"} for name in names}
    draw = np.random.default_rng(99)
    recalls = []
    for _ in range(3000):
        pooled = [name for at in draw.integers(0, len(images), len(images)) for name in images[at]]
        there = [name for name in pooled if (certainties[name, label] or 0) >= 1]
        recalls.append(np.mean([said[name] for name in there]))
    low, high = np.quantile(recalls, [0.025, 0.975])
    scores = pd.read_csv(out / "labels.csv").set_index(["label", "reference", "counted"])
    row = scores.loc[(label, "certainty_above_0", "positive_or_uncertain")]
    assert (row["recall_low"], row["recall_high"]) == pytest.approx((low, high), abs=0.02)
