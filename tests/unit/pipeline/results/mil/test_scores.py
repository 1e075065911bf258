import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.errors import AlignmentError, SchemaError
from gazescribe.pipeline.core.tables import read_table, table_path, write_table
from gazescribe.pipeline.results.mil.scores import (
    read_classification,
    read_localisation,
    read_mil_runs,
)
from tests.scores import N_MIMIC, N_REFLACX, write_scores


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    models = {"et": {}, "unannotated": {"supervision": "none", "decoder": False}}
    return write_scores(tmp_path_factory.mktemp("scores"), models, seeds=(1, 0))


@pytest.fixture
def scores(written, tmp_path):
    return shutil.copytree(written, tmp_path / "scores")


def test_runs(written):
    models = read_mil_runs(written)
    assert {name: [run.name for run in runs] for name, runs in models.items()} == {
        "et": ["et-seed0", "et-seed1"],
        "unannotated": ["unannotated-seed0", "unannotated-seed1"],
    }
    first = models["et"][0]
    assert (first.model, first.seed, len(first.scores.thresholds)) == ("et", 0, 26)
    assert first.scores.counts["mimic"]["train"].images == 300


def test_classification(written):
    found = read_classification(read_mil_runs(written)["et"])
    assert {*found} == {
        (of, split) for of in ("mimic", "reflacx") for split in ("test", "validate")
    }
    one = found["mimic", "test"]
    assert one.target.shape == (N_MIMIC, 10)
    assert one.probability.shape == (2, N_MIMIC, 10)
    assert one.cases["reading_id"].eq("").all()
    table = read_table(written / "et-seed1", "mil_classification").to_pandas()
    row = table[(table["dicom_id"] == "mimic-test-007") & (table["label"] == "Fracture")].iloc[0]
    at = one.cases.index[one.cases["dicom_id"] == "mimic-test-007"][0]
    label = TEN_LABELS.index("Fracture")
    assert one.probability[1, at, label] == row["probability"]
    assert one.target[at, label] == row["target"]
    assert one.cases["subject_id"][at] == row["subject_id"]


def test_localisation(written):
    found = read_localisation(read_mil_runs(written)["unannotated"])
    assert {*found} == {
        (kind, split) for kind in ("spatial", "gradcam") for split in ("test", "validate")
    }
    one = found["spatial", "test"]
    assert len(one.cases) == 2 * N_REFLACX
    assert one.iou.shape == (2, 2 * N_REFLACX, 26)
    assert set(np.unique(one.hit)) == {0, 1}
    table = read_table(written / "unannotated-seed0", "mil_localisation").to_pandas()
    key = dict(one.cases.loc[5, ["reading_id", "label"]]) | {"map": "spatial", "split": "test"}
    (row,) = [of for of in table.to_dict("records") if key.items() <= of.items()]
    np.testing.assert_array_equal(one.iou[0, 5], row["iou"])
    assert one.hit[0, 5] == row["hit"]


def change(folder, **changes):
    path = folder / "scores.json"
    content = json.loads(path.read_text())
    settings = changes.pop("settings", {})
    content = content | changes | {"settings": content["settings"] | settings}
    path.write_text(json.dumps({key: one for key, one in content.items() if one is not None}))


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        pytest.param({"thresholds": None}, "et-seed0/scores.json: thresholds is missing", id="key"),
        pytest.param({"thresholds": [0.5, 0.1]}, r"do not rise: \[0.5, 0.1\]", id="order"),
        pytest.param({"settings": {"seed": 3}}, "model 'et' and seed 3", id="seed"),
        pytest.param({"settings": {"seed": "0"}}, "seed '0'", id="seed as text"),
        pytest.param({"settings": {"name": "x"}}, "name the run 'x'", id="name"),
        pytest.param(
            {"counts": {"mimic": {"train": {"images": -1}}}},
            r"counts.mimic.train.images: .* found -1(\n.*)*positive is missing",
            id="counts",
        ),
        pytest.param({"egd": {"images": 3}}, r"egd.gaze_begins_late is missing", id="egd"),
    ],
)
def test_scores_json_that_cannot_be_used(scores, changes, match):
    change(scores / "et-seed0", **changes)
    with pytest.raises(SchemaError, match=match):
        read_mil_runs(scores)


def test_runs_of_a_model_that_differ_in_more_than_their_seed(scores):
    technical = {"precision": "16-mixed", "channels_last": True, "workers": 4}
    change(scores / "et-seed1", settings=technical)
    assert len(read_mil_runs(scores)["et"]) == 2
    settings = {"epochs": 60, "layers": [4], "lr": 0.1}
    change(scores / "et-seed1", settings=settings, thresholds=[0.1, 0.2])
    change(scores / "unannotated-seed1", settings={"epochs": 60})
    with pytest.raises(SchemaError, match="differ in more than their seed") as raised:
        read_mil_runs(scores)
    assert raised.value.faults == (
        "et-seed1: epochs is 60, in et-seed0 2",
        "et-seed1: layers is [4], in et-seed0 [3, 4]",
        "et-seed1: lr is 0.1, in et-seed0 None",
        "et-seed1: scored at other thresholds than et-seed0",
        "unannotated-seed1: epochs is 60, in unannotated-seed0 2",
    )


def test_files_that_are_not_there(scores):
    (scores / "et-seed0" / "scores.json").write_text("{")
    with pytest.raises(SchemaError, match=r"et-seed0/scores.json: this is not JSON"):
        read_mil_runs(scores)
    (scores / "et-seed0" / "scores.json").unlink()
    (scores / "et-seed1" / "localisation.parquet").unlink()
    with pytest.raises(SchemaError) as raised:
        read_mil_runs(scores)
    assert raised.value.faults == (
        "et-seed0/scores.json: not found",
        "et-seed1/localisation.parquet: not found",
    )


def test_a_folder_without_runs(tmp_path):
    (tmp_path / ".partial").mkdir()
    with pytest.raises(SchemaError, match="there is no run in this folder"):
        read_mil_runs(tmp_path)


def rewrite(folder, name, change):
    table = change(read_table(folder, name).to_pandas())
    write_table({column: list(table[column]) for column in table}, folder, name)


def drop_one(table):
    return table.drop(index=3)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        pytest.param(drop_one, "lacks some of the 10 labels", id="label"),
        pytest.param(lambda of: of.assign(run="other"), "run: other", id="run"),
        pytest.param(lambda of: of.assign(split="train"), "split: train", id="split"),
        pytest.param(lambda of: of.replace("Edema", "edema"), "label: edema", id="name"),
        pytest.param(lambda of: of.assign(dataset="egd"), "dataset: egd", id="data set"),
    ],
)
def test_classification_that_cannot_be_used(scores, change, match):
    rewrite(scores / "et-seed1", "mil_classification", change)
    with pytest.raises(SchemaError, match=match):
        read_classification(read_mil_runs(scores)["et"])


def test_a_case_twice(scores):
    """The key of MIMIC's rows holds a null, which is equal to a null."""
    folder = scores / "et-seed1"
    with pytest.raises(SchemaError, match=r"has the key .*'reading_id': None.* more than once"):
        rewrite(folder, "mil_classification", lambda of: of.iloc[[*range(len(of)), 0]])
    path = table_path(folder, "mil_classification")
    rows = pq.read_table(path)
    pq.write_table(pa.concat_tables([rows, rows.slice(0, 1)]), path)
    with pytest.raises(
        SchemaError, match=r"dicom_id 'mimic-test-000', reading_id None, label 'Abnormal.*': rows"
    ):
        read_classification(read_mil_runs(scores)["et"])


def test_other_targets(scores):
    rewrite(scores / "et-seed1", "mil_classification", lambda of: of.assign(target=~of["target"]))
    with pytest.raises(AlignmentError, match=r"than in et-seed0(.|\n)*  - et-seed1"):
        read_classification(read_mil_runs(scores)["et"])


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        pytest.param(drop_one, AlignmentError, "other cases .* than in et-seed0", id="case"),
        pytest.param(
            lambda of: of.assign(iou=of["iou"].map(lambda one: one[:5])),
            SchemaError,
            "has not 26 values of IoU",
            id="thresholds",
        ),
        pytest.param(
            lambda of: of.assign(map=of["map"].str.replace("gradcam", "attention")),
            SchemaError,
            "map: attention",
            id="map",
        ),
    ],
)
def test_localisation_that_cannot_be_used(scores, change, error, match):
    rewrite(scores / "et-seed1", "mil_localisation", change)
    with pytest.raises(error, match=match):
        read_localisation(read_mil_runs(scores)["et"])


def test_a_model_without_maps(scores):
    for seed in (0, 1):
        rewrite(scores / f"et-seed{seed}", "mil_localisation", lambda of: of.head(0))
    assert read_localisation(read_mil_runs(scores)["et"]) == {}


def changed_scores(folder, **changes):
    path = folder / "scores.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_runs_of_other_labels_are_named(tmp_path):
    write_scores(tmp_path)
    runs = sorted(path for path in tmp_path.iterdir() if path.is_dir())
    changed_scores(runs[1], labels=["Crack", "Dent"])
    with pytest.raises(AlignmentError, match="of other labels or data sets than") as error:
        read_mil_runs(tmp_path)
    assert error.value.faults == (
        f"{runs[1].name}: labels Crack, Dent; not {', '.join(TEN_LABELS)}",
    )


def test_older_scores_are_of_the_ten_labels(tmp_path):
    write_scores(tmp_path)
    scores = next(iter(read_mil_runs(tmp_path).values()))[0].scores
    assert (scores.labels, scores.datasets) == (TEN_LABELS, ("mimic", "reflacx"))
    assert (scores.images_name, scores.readings_name) == ("MIMIC-CXR-JPG", "REFLACX")
    assert not scores.is_by_gaze
