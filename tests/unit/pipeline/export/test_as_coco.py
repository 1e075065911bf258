"""Regions, against `pycocotools` and against the maps that they were cut from."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.shards import open_shards
from gazescribe.pipeline.export.as_coco import on_image, regions
from gazescribe.pipeline.geometry.letterbox import Letterbox

pytestmark = pytest.mark.filterwarnings(  # pycocotools 2.0.11 with numpy 2
    "ignore:__array__ implementation:DeprecationWarning"
)
MASKS = arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12)))


def letterbox_row(image_size, size):
    frame = Letterbox.fit(image_size, size)
    return {"scale": frame.scale, "pad_x_px": frame.pad_x_px, "pad_y_px": frame.pad_y_px}


@given(MASKS)
@settings(deadline=None)  # the first call imports scikit-image
def test_run_lengths_are_those_of_pycocotools(mask):
    found = list(regions(mask))
    joined = np.zeros(mask.shape, bool)
    for region in found:
        alone = coco_mask.decode(region["masks"]).astype(bool)
        assert (
            coco_mask.encode(np.asfortranarray(alone))["counts"].decode()
            == (region["masks"]["counts"])
        )
        assert not (joined & alone).any()
        assert coco_mask.area(region["masks"]) == region["area"] == alone.sum()
        assert coco_mask.toBbox(region["masks"]).tolist() == region["bbox"]
        joined |= alone
    np.testing.assert_array_equal(joined, mask)


def test_long_runs_take_several_characters():
    mask = np.zeros((700, 900), bool)
    mask[100:600, 200:700] = True
    mask[300, 300] = False
    (region,) = regions(mask)
    np.testing.assert_array_equal(coco_mask.decode(region["masks"]).astype(bool), mask)


@pytest.mark.parametrize(
    ("size", "radius"), [((80, 100), 20), ((40, 30), 6), ((200, 100), 45)], ids=str
)
def test_polygons_cover_their_region(size, radius):
    y, x = np.mgrid[: size[0], : size[1]]
    mask = (y - size[0] / 2) ** 2 + (x - size[1] / 2) ** 2 < radius**2
    (region,) = regions(mask)
    drawn = coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(region["polygons"], *size)))
    overlap = (drawn.astype(bool) & mask).sum() / (drawn.astype(bool) | mask).sum()
    assert overlap > 0.97


@pytest.mark.parametrize("mask", [[[1]], [[1, 0], [0, 1]], [[1, 1], [1, 1]]], ids=str)
def test_the_smallest_regions_have_polygons(mask):
    (region,) = regions(np.array(mask, bool))
    assert len(region["polygons"][0]) >= 6
    xs, ys = region["polygons"][0][::2], region["polygons"][0][1::2]
    assert min(xs + ys) >= 0
    assert max(xs + ys) <= len(mask)


def test_a_map_of_a_plane_comes_back_exactly():
    """Bilinear interpolation keeps planes: image pixel centres get the plane's value there."""
    image_size, size = (80, 100), (32, 24)
    row = letterbox_row(image_size, size)
    y, x = np.mgrid[: size[0], : size[1]]
    heatmap = ((y + 2 * x) / 128).astype(np.float16)
    image_y, image_x = np.mgrid[: image_size[0], : image_size[1]]
    at_y = np.clip((image_y + 0.5) * row["scale"] + row["pad_y_px"] - 0.5, 0, size[0] - 1)
    at_x = np.clip((image_x + 0.5) * row["scale"] + row["pad_x_px"] - 0.5, 0, size[1] - 1)
    expected = (at_y + 2 * at_x) / 128
    np.testing.assert_allclose(on_image(heatmap, row, image_size), expected, atol=1e-6)


def test_a_map_of_the_image_s_size_is_itself():
    heatmap = np.random.default_rng(0).random((20, 30)).astype(np.float16)
    row = letterbox_row((20, 30), (20, 30))
    np.testing.assert_array_equal(on_image(heatmap, row, (20, 30)), heatmap.astype(np.float32))


@pytest.fixture(scope="module")
def folder(exported):
    return exported("coco") / "annotations"


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_regions_of_a_reading_and_label_are_its_cut_map(inputs, folder, split):
    coco = COCO(folder / "label" / f"masks_{split}.json")
    shards = open_shards(inputs.label)
    compared = 0
    for n, row in enumerate(shards.index.to_pylist()):
        if row["split"] != split:
            continue
        own = [
            one
            for one in coco.anns.values()
            if one["reading_id"] == row["reading_id"]
            and coco.cats[one["category_id"]]["name"] == row["label"]
        ]
        assert own
        joined = sum(coco.annToMask(one) for one in own)
        expected = on_image(shards[n], row, (80, 100)) > 0.5
        np.testing.assert_array_equal(joined, expected)
        assert {one["threshold"] for one in own} == {0.5}
        compared += 1
    assert compared == 2


def test_categories_are_channels_and_kinds_without_label_follow(folder):
    label = json.loads((folder / "label/masks_train.json").read_text())["categories"]
    saliency = json.loads((folder / "saliency/masks_train.json").read_text())["categories"]
    assert [one["name"] for one in label] == list(TEN_LABELS)
    assert [one["id"] for one in label] == list(range(1, 11))
    assert saliency[10:] == [{"id": 11, "name": "saliency", "supercategory": "finding"}]


def test_images_are_those_that_were_read_with_gaze(folder):
    train = COCO(folder / "label/polygons_train.json")
    assert [(one["width"], one["height"]) for one in train.imgs.values()] == [(100, 80)]
    assert not (folder / "label/polygons_unassigned.json").exists()


def test_another_threshold_is_recorded_and_cuts_less(inputs, tmp_path):
    inputs.export(tmp_path / "out", "coco", "--shards", inputs.label, "--threshold", "0.8")
    made = json.loads((tmp_path / "out/provenance.json").read_text())
    assert made["threshold"] == 0.8
    content = json.loads((tmp_path / "out/annotations/label/masks_train.json").read_text())
    assert {one["threshold"] for one in content["annotations"]} == {0.8}
    assert "above 0.8" in (tmp_path / "out/README.md").read_text()
