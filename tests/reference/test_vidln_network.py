"""Real narrations train and evaluate the localisation network, on the nouns that they speak of.

Pictures are noise of the frames' sizes (the frames are not ours to share), so scores mean nothing:
that all of it runs on other people's words and timing is what is shown.
"""

import copy
import json
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from gazescribe.models.core.checkpoint import read_metadata
from gazescribe.pipeline.core.resources import resource
from gazescribe.pipeline.core.tables import read_table
from tests.own_labels import write_params, write_rules
from tests.reference.test_vidln_own_data import (
    RAW,
    folders,  # noqa: F401  a fixture
    gold,  # noqa: F401  a fixture
    write_manifest,
    write_raw,
)
from tests.running import gazescribe

LEAST = 2
"""Narrations that a noun must be in to be a label."""


@pytest.fixture
def vocabulary(gold):  # noqa: F811  the fixture
    """Nouns of several narrations."""
    said = Counter()
    for nouns in gold.values():
        said.update({row["noun"].casefold() for row in nouns})
    return sorted(noun for noun, n in said.items() if n >= LEAST)


def write_pictures(root, tables):
    for row in read_table(tables, "readings").to_pylist():
        size = row["height_px"], row["width_px"]
        noise = np.random.default_rng(0).integers(0, 256, size).astype(np.uint8)
        Image.fromarray(noise).save(root / f"{row['image_path']}.png")


@pytest.mark.slow
def test_narrations_train_the_network(shared, folders, vocabulary, tmp_path, monkeypatch):  # noqa: F811  the fixture
    packaged = resource("params.yaml").parent
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GAZE_WORKERS", "1")
    assert len(vocabulary) > 20
    rules = write_rules(tmp_path / "rules", vocabulary)
    write_raw(shared, folders, tmp_path / "raw")
    content = copy.deepcopy(RAW)
    content["tables"]["readings"]["columns"]["image_path"] = "video"
    manifest = write_manifest(content, tmp_path)
    said = gazescribe("ingest", manifest, "raw", "tables")
    assert "22 readings, 22 with gaze, 6 images, 6 subjects" in said
    write_pictures(tmp_path / "raw", tmp_path / "tables")
    gazescribe("label", "tables", "mentions.parquet", "--rules", rules)
    gazescribe("associate", "tables", "mentions.parquet", "associated", "--rules", rules)
    gazescribe("heatmaps", "tables", "associated", "maps", "--size", 32)
    gazescribe("images", "tables", "raw", "images", "--size", 32)
    own = {"tables": "tables", "associated": "associated", "label_maps": "maps"}
    inputs = {"images": "images", "unannotated": ["vidln"], "scored_on": ["vidln"]}
    inputs["datasets"] = {"vidln": own | {"mentions": "mentions.parquet"}}
    write_params(tmp_path, packaged, inputs, {"et": {"supervision": {"gaze": ["vidln"]}}})
    gazescribe("configure", "mil", "mil.json", "--rules", rules)
    gazescribe("train", "mil.json", "models")
    gazescribe("evaluate", "mil.json", "models", "scores")
    about = read_metadata(tmp_path / "scores" / "et-seed0" / "model.safetensors")
    assert about["labels"] == vocabulary
    scores = json.loads((tmp_path / "scores" / "et-seed0" / "scores.json").read_text())
    assert scores["metrics"]["map"] in scores["metrics"]["iou"]["test"]
    localised = read_table(tmp_path / "scores" / "et-seed0", "mil_localisation").to_pandas()
    assert set(localised["label"]) <= set(vocabulary)
    assert len(localised) > 0
