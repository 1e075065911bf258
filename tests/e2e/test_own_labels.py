"""A data set with labels of its own, from its manifest to trained networks and what comes of them.

Three labels that are none of the ten, 24 photographs of 64 pixels, one epoch of a tiny network.
"""

import json
import shutil
from pathlib import Path

import pytest

from gazescribe.models.core.checkpoint import read_metadata
from gazescribe.pipeline.core.class_names import labels_said
from gazescribe.pipeline.core.resources import resource
from gazescribe.pipeline.core.shards import open_shards
from gazescribe.pipeline.core.tables import read_table
from tests.own_labels import LABELS, write_data, write_params, write_rules
from tests.running import gazescribe

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
    gazescribe("images", "tables", "raw", "images", "--size", 32)


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
        inputs = {"images": "images", "unannotated": ["plates"], "scored_on": ["plates"]}
        write_params(folder, packaged, inputs | {"datasets": {"plates": own}}, MODELS)
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
    assert counts["n"]["train"] == {"plates": 12}  # each annotated, and so unannotated no more
    assert counts["positive"]["train"]["plates"] == dict.fromkeys(LABELS, 4)


def test_scores_are_of_these_labels(plates):
    folder, output = plates
    scores = json.loads((folder / "scores" / "et-seed0" / "scores.json").read_text())
    assert scores["labels"] == list(LABELS)
    assert scores["scored_by"] == {"plates": "gaze"}
    assert "plates: no ellipses, so IoU and pointing game are against maps of gaze" in output
    classified = read_table(folder / "scores" / "et-seed0", "mil_classification").to_pandas()
    assert set(classified["dataset"]) == {"plates-images", "plates"}
    assert len(classified) == 2 * (6 + 6) * len(LABELS)
    localised = read_table(folder / "scores" / "et-seed0", "mil_localisation").to_pandas()
    assert set(localised["label"]) == set(LABELS)
