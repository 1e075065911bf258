"""A data set with labels of its own, from its manifest to trained networks and what comes of them.

Three labels that are none of the ten, 24 photographs of 64 pixels, one epoch of a tiny network.
"""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from gazescribe.models.core.checkpoint import read_metadata
from gazescribe.pipeline.core.class_names import TEN_LABELS, labels_said
from gazescribe.pipeline.core.resources import resource
from gazescribe.pipeline.core.shards import open_shards
from gazescribe.pipeline.core.tables import read_table
from tests.own_labels import LABELS, write_archive, write_data, write_params, write_rules
from tests.report_numbers import check_numbers
from tests.running import gazescribe, invoke

FOLDERS = {"tables": "tables", "associated": "associated", "label_maps": "maps"}
MODELS = {
    "unannotated": {"supervision": "none", "decoder": False},
    "et": {"supervision": {"gaze": ["plates"]}, "drop_duplicates": True},
}


def draw_maps(folder: Path, rules: Path) -> None:
    """Go from the manifest to maps and images, in the working folder."""
    manifest = write_data(folder)
    gazescribe("ingest", manifest, "raw", "tables")
    gazescribe("label", "tables", "mentions.parquet", "--rules", rules)
    gazescribe("associate", "tables", "mentions.parquet", "associated", "--rules", rules)
    gazescribe("heatmaps", "tables", "associated", "maps", "--size", 32)
    gazescribe("ingest", write_archive(folder), "archive", "theirs")
    theirs = "--also-from", "theirs", "archive"
    gazescribe("images", "tables", "raw", "images", *theirs, "--size", 32)


@pytest.fixture(scope="module")
def plates(tmp_path_factory):
    """A working folder in which two networks are trained and scored."""
    packaged = resource("params.yaml").parent
    folder = tmp_path_factory.mktemp("plates")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("GAZE_WORKERS", "1")
        draw_maps(folder, write_rules(folder / "rules"))
        own = FOLDERS | {"mentions": "mentions.parquet"}
        datasets = {"plates": own, "archive": {"tables": "theirs"}}
        inputs = {"images": "images", "unannotated": ["plates", "archive"], "datasets": datasets}
        write_params(folder, packaged, inputs | {"scored_on": ["plates"]}, MODELS)
        gazescribe("configure", "mil", "mil.json", "--rules", "rules")
        gazescribe("train", "mil.json", "models")
        yield folder, gazescribe("evaluate", "mil.json", "models", "scores")
    shutil.rmtree(folder)


def test_maps_name_their_labels(plates):
    folder, _ = plates
    index = open_shards(folder / "maps").index
    assert labels_said(index.schema.metadata, "index") == LABELS
    assert set(index["label"].to_pylist()) == set(LABELS)
    windows = read_table(folder / "associated", "windows")
    assert labels_said(windows.schema.metadata, "windows") == LABELS


def test_networks_have_a_channel_for_each_label(plates):
    folder, _ = plates
    for model in MODELS:
        about = read_metadata(folder / "models" / f"{model}-seed0" / "model.safetensors")
        assert about["labels"] == list(LABELS)
        assert f"Output: {', '.join(LABELS)}." in about["card"]
    counts = about["training"]["training"]
    # Each of the plates is annotated, and so unannotated no more.
    assert counts["n"]["train"] == {"plates": 12, "archive-images": 4}
    archived = counts["positive"]["train"]["archive-images"]
    assert archived == {"Crack": 2, "Dent": 1, "Stain": 1}
    assert counts["positive"]["train"]["plates"] == dict.fromkeys(LABELS, 4)


def test_scores_are_of_these_labels(plates):
    folder, output = plates
    scores = json.loads((folder / "scores" / "et-seed0" / "scores.json").read_text())
    assert scores["labels"] == list(LABELS)
    assert scores["scored_by"] == {"plates": "gaze"}
    assert "plates: no ellipses, so IoU and pointing game are against maps of gaze" in output
    classified = read_table(folder / "scores" / "et-seed0", "mil_classification").to_pandas()
    assert set(classified["dataset"]) == {"plates-images", "archive-images", "plates"}
    assert len(classified) == 2 * (6 + 2 + 6) * len(LABELS)
    localised = read_table(folder / "scores" / "et-seed0", "mil_localisation").to_pandas()
    assert set(localised["label"]) == set(LABELS)


@pytest.fixture(scope="module")
def tabulated(plates):
    folder, _ = plates
    rules = ("--rules", folder / "rules")
    gazescribe("tabulate", "mil", folder / "scores", folder / "results", *rules)


@pytest.mark.usefixtures("tabulated")
def test_tables_have_these_labels_and_nothing_published(plates):
    folder, _ = plates
    page = (folder / "results" / "tables.md").read_text()
    assert "Table 1: AUROC by label, plates-images test images" in page
    assert "There are no ellipses: maps are held against maps of gaze" in page
    assert "| published" not in page
    table = pd.read_csv(folder / "results" / "table_6_iou_by_label.csv")
    assert table["label"].drop_duplicates().tolist() == list(LABELS)
    assert not [name for name in table if name.startswith("published")]
    assert not set(TEN_LABELS) & set(page.split())


@pytest.mark.usefixtures("tabulated")
def test_every_number_of_the_page_is_that_of_its_file(plates, tmp_path):
    folder, _ = plates
    run = {
        "schema_version": 1,
        "datasets": {"plates": {**FOLDERS, "mentions": "mentions.parquet"}},
        "rules": "rules",
        "results": {"mil": "results"},
        "models": {"mil": "models"},
        "metrics": ["tables/ingest.json", "associated/associate.json", "maps/heatmaps.json"],
    }
    del run["datasets"]["plates"]["label_maps"]
    (folder / "run.json").write_text(json.dumps(run))
    gazescribe("report", folder, tmp_path / "page", "--readings", 1)
    files = check_numbers(folder, tmp_path / "page" / "index.html")
    curves = {f"models/{model}-seed0/epochs.csv" for model in MODELS}
    assert set(files) >= {*run["metrics"], "results/tables.json"}
    assert not curves & set(files)  # one epoch makes no line


def test_predictions_are_of_these_labels(plates):
    folder, _ = plates
    checkpoint = folder / "scores" / "et-seed0" / "model.safetensors"
    gazescribe("predict", checkpoint, folder / "raw" / "img", "--out", folder / "predicted")
    said = json.loads((folder / "predicted" / "predictions.json").read_text())
    assert list(said["thresholds"]) == list(LABELS)
    assert all(set(one["probabilities"]) == set(LABELS) for one in said["images"])
    index = open_shards(folder / "predicted").index
    assert labels_said(index.schema.metadata, "index") == LABELS


def test_exports_have_these_categories(plates, monkeypatch):
    folder, _ = plates
    monkeypatch.chdir(folder)  # the manifest is found by its name there
    (folder / "data_manifests").mkdir()
    shutil.copy(folder / "plates.yaml", folder / "data_manifests")
    parts = folder / "tables", folder / "associated", folder / "coco"
    gazescribe("export", *parts, "--format", "coco", "--shards", folder / "maps")
    regions = json.loads((folder / "coco/annotations/maps/polygons_train.json").read_text())
    assert [one["name"] for one in regions["categories"]] == list(LABELS)
    assert regions["annotations"]


def test_maps_of_other_labels_are_refused_by_name(plates, tmp_path, monkeypatch):
    folder, _ = plates
    monkeypatch.chdir(folder)
    write_rules(tmp_path, (*LABELS, "Rust"))
    gazescribe("configure", "mil", tmp_path / "mil.json", "--rules", tmp_path)
    result = invoke("train", tmp_path / "mil.json", tmp_path / "models", "--run", "et-seed0")
    assert result.exit_code == 2
    out = result.output
    assert "this is of the labels Crack, Dent, Stain; expected: Crack, Dent, Stain, Rust" in out
    assert "- absent: Rust" in out
