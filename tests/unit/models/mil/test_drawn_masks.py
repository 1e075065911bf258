"""Masks that are drawn when they are needed against those that `gazescribe heatmaps` stores."""

import pickle

import numpy as np
import pytest

from gazescribe.models.mil.drawn_masks import DrawnMasks
from gazescribe.models.mil.settings import MaskDrawing
from gazescribe.models.training.augment import affine
from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.shards import open_shards
from gazescribe.pipeline.core.tables import write_table
from tests.running import gazescribe
from tests.synthetic import reading, table

IMAGES = {"R1": (80, 100), "R2": (100, 80), "R3": (None, None)}
CHANNELS = {"reflacx": {"Pulmonary edema": ("Edema", "Opacity"), "Pneumothorax": ("Pneumothorax",)}}
DRAWN = [
    ("R1", "Pulmonary edema", 3, (20, 30, 61, 90)),
    ("R1", "Pneumothorax", 5, (-5, 10, 40, 60)),
    ("R1", "Pneumothorax", 3, (30, 20, 90, 50)),
    ("R1", "Pneumothorax", 2, (0, 0, 100, 80)),
    ("R1", "Support devices", 5, (0, 0, 100, 80)),
    ("R2", "Pneumothorax", 4, (50, 3, 50, 30)),
    ("R3", "Pneumothorax", 5, (0, 0, 50, 30)),
]
"""Below the certainty, of no label, of no width, and on an image of no size are the last four."""
SIDES = ("xmin_px", "ymin_px", "xmax_px", "ymax_px")
MASKS = MaskDrawing(3, None, CHANNELS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("drawn")
    readings = [reading(name, height_px=size[0], width_px=size[1]) for name, size in IMAGES.items()]
    ellipses = [
        {"reading_id": name, "ellipse": number, "label": label, "certainty": certainty}
        | dict(zip(SIDES, map(float, box), strict=True))
        for number, (name, label, certainty, box) in enumerate(DRAWN)
    ]
    write_table(table(readings, "readings"), place, "readings")
    write_table(table(ellipses, "ellipses"), place, "ellipses")
    return place


@pytest.mark.parametrize("resize", ["direct", "published"])
def test_drawn_masks_are_those_of_shards(folder, tmp_path, resize):
    sized = ("--kind", "ellipse", "--size", 64, "--resize", resize)
    gazescribe("heatmaps", folder, folder, tmp_path / "stored", *sized)
    shards = open_shards(tmp_path / "stored")
    masks = DrawnMasks(folder, "reflacx", (64, 64), resize, MASKS)
    index = shards.index.to_pandas()
    assert len(masks) == len(shards) == 4
    for name in ("reading_id", "label", "height", "width", "scale", "pad_y_px", "pad_x_px"):
        assert masks.index[name].tolist() == index[name].tolist()
    assert masks.index["row"].tolist() == [0, 1, 2, 3]
    for row in range(4):
        assert masks[row].dtype == np.float16
        np.testing.assert_array_equal(masks[row], shards[row])
    assert [masks[row].any() for row in range(4)] == [True, True, True, False]


@pytest.fixture
def masks(folder):
    return DrawnMasks(folder, "reflacx", (64, 64), "direct", MASKS)


def test_masks_of_one_reading_are_drawn_together(masks):
    together = masks.drawn([1, -1, 2], masks.frame(1))
    np.testing.assert_array_equal(together, [masks[1], np.zeros((64, 64)), masks[2]])


def test_a_moved_mask_goes_where_its_image_goes(masks):
    shift = affine(0.0, (0.25, 0.0), 1.0, (64, 64))  # 16 pixels to the right
    (moved,) = masks.drawn([0], masks.frame(0), shift)
    np.testing.assert_array_equal(moved[:, 16:], masks[0][:, :-16])
    assert not moved[:, :16].any()


def test_what_the_published_code_shrinks_is_not_moved(folder):
    masks = DrawnMasks(folder, "reflacx", (64, 64), "published", MASKS)
    turned = affine(30.0, (0.1, 0.0), 1.0, (64, 64))
    assert not masks.can_move
    np.testing.assert_array_equal(masks.drawn([0], masks.frame(0), turned)[0], masks[0])


def test_masks_go_to_loader_processes(masks):
    sent = pickle.loads(pickle.dumps(masks))  # noqa: S301 our own
    np.testing.assert_array_equal(sent[1], masks[1])


def test_a_folder_without_ellipses(tmp_path):
    with pytest.raises(SchemaError, match=r"there is no table ellipses"):
        DrawnMasks(tmp_path, "reflacx", (64, 64), "direct", MASKS)
