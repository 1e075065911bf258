import json

import numpy as np
import pandas as pd
import pytest
import yaml

from gazescribe.pipeline.core.files import entries
from gazescribe.pipeline.core.resources import resource
from gazescribe.pipeline.core.tables import write_table
from tests.running import gazescribe, invoke
from tests.synthetic import mention, reading, table, write_tables

TEXT = "mild edema . no pneumothorax ."
FILES = [
    *("baseline.csv", "confusion.csv", "evaluate_labels.json", "examples.jsonl"),
    *("headline.json", "labels.csv"),
]
READINGS = [
    reading("R1", TEXT, phase=2, dicom_id="a"),
    reading("R2", TEXT, phase=2, dicom_id="a"),
    reading("R3", TEXT, phase=2, dicom_id="b"),
    reading("R4", TEXT, phase=2, dicom_id="c"),
    reading("R5", TEXT, phase=3, dicom_id="d"),
]
CERTAIN = {"R1": 5, "R2": 2, "R3": 0, "R4": 5, "R5": 5}


@pytest.fixture
def tables(tmp_path):
    certainties = [
        {"reading_id": one, "label": label, "certainty": value if label == "Pulmonary edema" else 0}
        for one, value in CERTAIN.items()
        for label in ("Pulmonary edema", "Pneumothorax")
    ]
    attributes = [
        {"reading_id": one, "name": "labeler_tuning", "value": str(one == "R4").lower()}
        for one in CERTAIN
    ]
    return write_tables(
        tmp_path / "tables", readings=READINGS, certainties=certainties, attributes=attributes
    )


@pytest.fixture
def mentions(tmp_path):
    path = tmp_path / "mentions.jsonl"
    rows = [
        one | {"report_id": name}
        for name in CERTAIN
        for one in (
            mention(TEXT, "edema", "pulmonary edema"),
            mention(TEXT, "pneumothorax", "pneumothorax", polarity="negative"),
            mention(TEXT, "mild", "support devices"),
        )
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def read(out):
    return json.loads((out / "evaluate_labels.json").read_text())


def test_run(tables, mentions, tmp_path):
    out = tmp_path / "out"
    printed = gazescribe("evaluate-labels", tables, mentions, out)
    assert printed == (
        "3 readings of 2 images of phase 2 (left out: 1 other phase, 1 labeler tuning);"
        " macro over labels: precision 0.667 (1 of 2), recall 1.000 (1 of 2), f1 0.800 (1 of 2);"
        f" spaCy + negspacy: f1 0.800 (1 of 2) → {out}\n"
    )
    assert sorted(entries(out)) == FILES
    f1 = read(out)["macro"]["certainty_above_0"]["positive_or_uncertain"]["f1"]["value"]
    assert json.loads((out / "headline.json").read_text()) == {"labels": {"f1": f1}}
    summary = read(out)
    assert summary["readings_left_out"] == {
        "other phase": 1,
        "labeler tuning": 1,
        "without text": 0,
    }
    assert summary["mentions_without_column"] == {"support devices": 3}
    assert summary["split_source"] == summary["tuning_source"] == "unknown"
    assert summary["errors"] == {"false_positive": {"n": 1, "n_written": 1}}
    assert summary["labels"]["Pulmonary edema"]["certainty_from_3"]["precision"] == 0.333333
    assert summary["labels"]["Pneumothorax"]["certainty_above_0"] == {
        "precision": None,
        "recall": None,
        "f1": None,
    }
    assert summary["macro"]["certainty_above_0"]["positive"]["f1"]["value"] == 0.8
    assert "gold" not in summary
    scores = pd.read_csv(out / "labels.csv")
    assert scores["tp"].tolist() == [0, 0, 0, 0, 2, 2, 1, 1]
    (example,) = (out / "examples.jsonl").read_text().splitlines()
    assert json.loads(example)["reading_id"] == "R3"


def test_texts_without_sentences(tables, mentions, tmp_path):
    for name in ("words", "sentences"):
        (tables / f"{name}.parquet").unlink()
    gazescribe("evaluate-labels", tables, mentions, tmp_path / "out")
    (example,) = (tmp_path / "out" / "examples.jsonl").read_text().splitlines()
    assert json.loads(example)["text"] == "edema"


def test_gold(tables, mentions, tmp_path):
    gold = tmp_path / "gold.csv"
    gold.write_text("id,start,end,label,polarity\nR5,0,10,pulmonary edema,uncertain\n")
    out = tmp_path / "out"
    printed = gazescribe("evaluate-labels", tables, mentions, out, "--gold", gold)
    assert (
        "; gold, labels and polarities: precision 0.000 (3 of 9), recall 0.000 (1 of 9)" in printed
    )
    assert sorted(entries(out)) == sorted([*FILES, "mentions.csv", "polarities.csv"])
    assert printed.endswith(
        f"; spaCy + negspacy: f1 0.800 (1 of 2), gold f1 0.000 (3 of 6) → {out}\n"
    )
    found = read(out)["gold"]
    assert (found["n_reports"], found["n_matched"], found["n_exact"]) == (1, 1, 0)
    assert (found["n_spurious"], found["n_mentions_of_other_reports"]) == (2, 12)
    kinds = [json.loads(line)["kind"] for line in (out / "examples.jsonl").read_text().splitlines()]
    assert kinds == ["false_positive", "gold_polarity", "gold_spurious", "gold_spurious"]


def test_beside(tables, mentions, tmp_path):
    other = tmp_path / "other.jsonl"
    rows = [json.loads(line) for line in mentions.read_text().splitlines()]
    kept = [
        row | {"polarity": "uncertain" if row["report_id"] == "R1" else row["polarity"]}
        for row in rows
        if (row["report_id"], row["label"]) != ("R2", "pulmonary edema")
    ]
    other.write_text("".join(json.dumps(row) + "\n" for row in kept))
    out = tmp_path / "out"
    line = gazescribe("evaluate-labels", tables, mentions, out, "--beside", other)
    assert "; other.jsonl: precision" in line
    assert "differs in 4 mentions" in line
    beside = read(out)["beside"]
    assert beside["disagreements"] == {"polarity": 3, "only_here": 1}
    of_all = pd.read_csv(out / "labels.csv").set_index(["label", "reference", "counted"])
    of_other = pd.read_csv(out / "beside.csv").set_index(["label", "reference", "counted"])
    row = ("Pulmonary edema", "certainty_above_0", "positive_or_uncertain")
    assert of_all.loc[row, ["tp", "fn"]].tolist() == [2, 0]
    assert of_other.loc[row, ["tp", "fn"]].tolist() == [1, 1]  # R2's is not mentioned
    lines = [json.loads(one) for one in (out / "disagreements.jsonl").read_text().splitlines()]
    missing = [one for one in lines if one["kind"] == "only_here"]
    assert [(one["reading_id"], one["label"]) for one in missing] == [("R2", "pulmonary edema")]
    assert missing[0]["text"][missing[0]["mention_start"] : missing[0]["mention_end"]] == "edema"


def test_the_baseline_reads_the_texts_itself(tables, mentions, tmp_path):
    certainties = [
        {"reading_id": name, "label": "Pulmonary edema", "certainty": 5} for name in CERTAIN
    ]
    write_table(table(certainties, "certainties"), tables, "certainties")
    readings = [one | {"text": "edema is not seen ."} for one in READINGS]
    write_table(table(readings, "readings"), tables, "readings")
    mentions.write_text(
        json.dumps(
            mention("edema is not seen .", "edema", "pulmonary edema", polarity="negative")
            | {"report_id": "R1"}
        )
    )
    out = tmp_path / "out"
    gazescribe("evaluate-labels", tables, mentions, out)
    # negspacy knows no "is not seen" behind a finding, so that all its mentions are positive.
    assert read(out)["macro"]["certainty_above_0"]["positive"]["recall"]["value"] == 0
    baseline = read(out)["baseline"]
    assert baseline["macro"]["certainty_above_0"]["positive"]["recall"]["value"] == 1
    scores, ours = pd.read_csv(out / "baseline.csv"), pd.read_csv(out / "labels.csv")
    assert list(scores.columns) == list(ours.columns)
    assert scores["tp"].max() == 3


def test_rules_without_a_vocabulary_have_no_baseline(tables, mentions, tmp_path):
    rules = tmp_path / "rules"
    rules.mkdir()
    for name in ("labels.yaml", "certainties.yaml"):
        (rules / name).write_text(resource("rules").joinpath(name).read_text())
    out = tmp_path / "out"
    printed = gazescribe("evaluate-labels", tables, mentions, out, "--rules", rules)
    assert "negspacy" not in printed
    assert "baseline" not in read(out)
    assert "baseline.csv" not in entries(out)


def test_the_same_again_gives_the_same_bytes(tables, mentions, tmp_path):
    for name in ("one", "two"):
        gazescribe("evaluate-labels", tables, mentions, tmp_path / name, "--gold", mentions)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
        assert str(tmp_path).encode() not in path.read_bytes()


def test_params_are_heeded(tables, mentions, tmp_path):
    content = yaml.safe_load(resource("params.yaml").read_text(encoding="utf-8"))
    content["evaluate_labels"] |= {"phase": 3, "n_examples": 0}
    params = tmp_path / "params.yaml"
    params.write_text(yaml.safe_dump(content))
    out = tmp_path / "out"
    gazescribe("evaluate-labels", tables, mentions, out, "--params", params)
    assert read(out)["n_readings"] == 1
    assert np.isnan(pd.read_csv(out / "labels.csv")["f1_low"]).all()
    assert (out / "examples.jsonl").read_text() == ""


def test_other_data_sets_are_refused(tables, mentions, tmp_path):
    readings = [one | {"phase": None, "dataset": "egd"} for one in READINGS]
    write_tables(tables, readings=readings, attributes=[])
    result = invoke("evaluate-labels", tables, mentions, tmp_path / "out")
    assert result.exit_code == 2
    assert "there is no reading of phase 2. Give REFLACX's tables." in result.output
    assert not (tmp_path / "out").exists()


def test_a_label_that_the_rules_do_not_know(tables, mentions, tmp_path):
    rows = [{"reading_id": "R1", "label": "Gout", "certainty": 5}]
    write_table(table(rows, "certainties"), tables, "certainties")
    result = invoke("evaluate-labels", tables, mentions, tmp_path / "out")
    assert result.exit_code == 2
    assert "no class serves Gout" in result.output
