"""Grounding pairs: sentences beside boxes of their gaze, where text is asked for."""

import json

import numpy as np
import pandas as pd
import pytest

from gazescribe.pipeline.export.coco_grounding import box_of
from gazescribe.pipeline.geometry.canvas import render
from tests.synthetic import mention

from .conftest import IDS, SAID, make_inputs

coco_of = pytest.importorskip("pycocotools.coco").COCO
CLIP = {"clip_xmin_px": 0, "clip_ymin_px": 0, "clip_xmax_px": 100, "clip_ymax_px": 80}
GAUSSIAN = {"x_px": 50.0, "y_px": 40.0, "sigma_x_px": 10.0, "sigma_y_px": 10.0}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Inputs whose first sentence also denies something, as does one that has no window."""
    made = make_inputs(tmp_path_factory.mktemp("grounding"))
    with (made.folder / "mentions.csv").open("a") as file:
        for said, label in (("base", "fracture"), ("pneumothorax", "pneumothorax")):
            start = mention(SAID, said)["char_start"]
            file.write(f"{IDS[0]},{start},{start + len(said)},{label},negative\n")
    return made


def export(inputs, out, *options):
    mentions = ("--include-annotations", inputs.folder / "mentions.csv")
    inputs.export(out, "coco", "--shards", inputs.label, *mentions, *options)
    return out / "annotations/grounding"


@pytest.mark.parametrize("threshold", [0.5, 0.8])
def test_pairs_are_sentences_and_the_boxes_of_their_windows(inputs, tmp_path, threshold):
    folder = export(inputs, tmp_path / "out", "--include-text", "--threshold", threshold)
    coco = coco_of(folder / "grounding_train.json")
    pairs = list(coco.anns.values())
    found = {(one["phrase"], one["label"], one["polarity"]) for one in pairs}
    first, second, _ = (f"{sentence}." for sentence in SAID.rstrip(".").split(". "))
    assert len(pairs) == len(found) == 3
    assert found == {
        (first, "pleural effusion", "positive"),
        (first, "fracture", "negative"),
        (second, "enlarged cardiac silhouette", "positive"),
    }
    gaussians = pd.read_csv(tmp_path / "out/gaussians.csv")
    for pair in pairs:
        assert coco.cats[pair["category_id"]]["name"] == pair["label"]
        assert pair["threshold"] == threshold
        rows = gaussians[
            (gaussians.reading_id == pair["reading_id"]) & (gaussians.window == pair["window"])
        ]
        y, x = np.nonzero(render(rows, (80, 100)) > threshold)
        sides = [x.min(), y.min(), np.ptp(x) + 1, np.ptp(y) + 1]
        assert pair["bbox"] == sides
        assert pair["area"] == sides[2] * sides[3]
    content = json.loads((folder / "grounding_test.json").read_text())
    assert {one["reading_id"] for one in content["annotations"]} == {IDS[1]}
    assert content["info"]["left_out"] == {}


def test_without_text_no_sentence_leaves(inputs, tmp_path):
    assert not export(inputs, tmp_path / "out").exists()
    assert (tmp_path / "out/mentions.csv").is_file()


@pytest.mark.parametrize(
    ("weight_s", "box"),
    [
        pytest.param(1.0, [39, 29, 23, 23], id="gaze"),
        pytest.param(0.0, None, id="no-gaze"),
    ],
)
def test_the_box_of_one_fixation_is_known(weight_s, box):
    """A Gaussian is above a half of its maximum within 1.1774 standard deviations."""
    rows = pd.DataFrame([{"window": 0, "fixation": 0, **GAUSSIAN, **CLIP, "weight_s": weight_s}])
    assert box_of(((80, 100), rows), 0.5) == box
