"""Maps and ellipses over real radiographs with lung boxes and masks (CC BY 3.0 and 4.0)."""

import csv

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from gazescribe.pipeline.geometry.canvas import render
from gazescribe.pipeline.geometry.ellipses import ellipse_mask
from gazescribe.pipeline.geometry.letterbox import Letterbox
from gazescribe.pipeline.images.reading import read_radiograph
from gazescribe.pipeline.maps.overlay import paint


@pytest.fixture(scope="module")
def radiographs(shared):
    folder = shared / "real" / "cxr_ccby"
    with (folder / "boxes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12
    return [(folder, row) for row in rows]


def lung_boxes(row):
    for side in ("right", "left"):
        x, y, width, height = (float(row[f"{side}_lung_{name}"]) for name in "xywh")
        yield (x, y, x + width, y + height)


def gaze_at(boxes, image_size):
    """Three fixations down the middle of each box; a degree is a twelfth of the image."""
    height, width = image_size
    rows = [
        {
            "window": 0,
            "x_px": (xmin + xmax) / 2,
            "y_px": ymin + part * (ymax - ymin),
            "sigma_x_px": width / 24,
            "sigma_y_px": width / 24,
            "weight_s": 0.3,
            "clip_xmin_px": 0,
            "clip_ymin_px": 0,
            "clip_xmax_px": width,
            "clip_ymax_px": height,
        }
        for xmin, ymin, xmax, ymax in boxes
        for part in (0.35, 0.5, 0.65)
    ]
    return pd.DataFrame(rows)


def test_gaze_at_the_lungs_is_drawn_on_the_lungs(radiographs, tmp_path):
    for folder, row in radiographs:
        image = read_radiograph(folder / "images" / f"{row['image_id']}.png")
        mask = np.asarray(Image.open(folder / "lung_masks" / f"{row['image_id']}.png")) > 0
        assert mask.shape == image.shape
        gaussians = gaze_at(lung_boxes(row), image.shape)
        heatmap = render(gaussians, image.shape)
        assert heatmap[mask].sum() / heatmap.sum() > 0.75, row["image_id"]
        ellipses = [
            dict(zip(("xmin_px", "ymin_px", "xmax_px", "ymax_px"), box, strict=True))
            for box in lung_boxes(row)
        ]
        figure = paint(image, heatmap, gaussians, ellipses, row["image_id"])
        figure.savefig(tmp_path / f"{row['image_id']}.png", dpi=60)


def test_ellipses_in_the_lung_boxes_cover_the_lungs(radiographs):
    """At full size and in a letterbox alike: the affine of masks is that of maps."""
    for folder, row in radiographs:
        mask = np.asarray(Image.open(folder / "lung_masks" / f"{row['image_id']}.png")) > 0
        for size in (None, (256, 320)):
            frame = Letterbox.fit(mask.shape, size)
            drawn = np.logical_or.reduce([ellipse_mask(box, frame) for box in lung_boxes(row)])
            y, x = (np.rint(frame.centres_px(axis)).astype(int) for axis in (0, 1))
            on_image = frame.on_image(0)[:, None] & frame.on_image(1)[None]
            lungs = mask[np.clip(y, 0, len(mask) - 1)][:, np.clip(x, 0, mask.shape[1] - 1)]
            lungs = lungs & on_image
            iou = (drawn & lungs).sum() / (drawn | lungs).sum()
            assert iou > 0.55, (row["image_id"], size, iou)
