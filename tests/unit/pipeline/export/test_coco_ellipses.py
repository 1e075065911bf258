"""Ellipses as COCO, against masks of pycocotools and of scikit-image."""

import json

import numpy as np
import pyarrow as pa
import pytest
from skimage.draw import ellipse as draw

from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.export.coco_ellipses import write_ellipses

coco_of = pytest.importorskip("pycocotools.coco").COCO
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
IMAGES = {
    "R1": {"id": 1, "file_name": "images/a.png", "split": "train", "height": 80, "width": 100},
    "R2": {"id": 2, "file_name": "images/b.png", "split": "test", "height": 80, "width": 100},
}
BOX = {"xmin_px": 10.0, "ymin_px": 20.0, "xmax_px": 60.0, "ymax_px": 50.0}


def row(reading_id, label, **changes):
    return {
        "reading_id": reading_id,
        "ellipse": 0,
        "label": label,
        "certainty": 4,
        **BOX,
        **changes,
    }


def written(folder, rows):
    table = pa.Table.from_pylist(rows, schema=TABLES["ellipses"].schema)
    write_ellipses(table, IMAGES, folder)
    return folder / "annotations/ellipses"


def test_polygons_are_the_ellipses(tmp_path):
    folder = written(tmp_path, [row("R1", "Edema")])
    coco = coco_of(folder / "ellipses_train.json")
    (annotation,) = coco.anns.values()
    assert annotation["bbox"] == [10.5, 20.5, 50, 30]
    assert annotation["area"] == pytest.approx(np.pi * 25 * 15, abs=0.01)
    expected = np.zeros((80, 100), bool)
    expected[draw(35, 35, 15, 25, shape=expected.shape)] = True
    found = coco.annToMask(annotation).astype(bool)
    assert (found & expected).sum() / (found | expected).sum() > 0.96


def test_each_split_has_its_own_and_all_categories(tmp_path):
    rows = [row("R1", "Edema"), row("R2", "Fracture", certainty=1), row("R9", "Edema")]
    folder = written(tmp_path, rows)
    test = json.loads((folder / "ellipses_test.json").read_text())
    (annotation,) = test["annotations"]
    assert (annotation["image_id"], annotation["category_id"], annotation["certainty"]) == (2, 2, 1)
    assert [one["name"] for one in test["categories"]] == ["Edema", "Fracture"]
    assert {path.name for path in folder.iterdir()} == {"ellipses_train.json", "ellipses_test.json"}
