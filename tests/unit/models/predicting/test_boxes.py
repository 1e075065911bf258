import json
from pathlib import Path

import numpy as np
import pytest

from gazescribe.models.predicting.boxes import Shape, mask_of, read_boxes
from gazescribe.models.predicting.pictures import Picture
from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.errors import SchemaError

PICTURES = [
    Picture(name, Path(said), said)
    for name, said in (
        *(("a_x", "a/x.png"), ("b_x", "b/x.png"), ("y", "y.jpg")),
        *(("r1", "twice.png"), ("r2", "twice.png")),
    )
]
IMAGE = {"id": 1, "file_name": "a/x.png", "height": 20, "width": 30}
CATEGORY = {"id": 7, "name": "pleural_Abnormality"}
BOX = {"image_id": 1, "category_id": 7, "bbox": [2, 3.4, 4, 5]}


@pytest.fixture
def read(tmp_path):
    def read(images=(IMAGE,), categories=(CATEGORY,), annotations=(BOX,), **more):
        content = {"images": images, "categories": categories, "annotations": annotations, **more}
        (tmp_path / "coco.json").write_text(json.dumps(content))
        return read_boxes(tmp_path / "coco.json", PICTURES, TEN_LABELS)

    return read


def test_a_box(read):
    found = read()
    assert found.shapes == {"a_x": {"Pleural abnormality": [Shape((2, 3.4, 4, 5))]}}
    assert found.sizes == {"a_x": (20, 30)}
    assert found.counts == {
        "annotations": 1,
        "annotations_left_out": {},
        "images": 1,
        "images_not_given": 0,
    }


def test_outlines_are_preferred_and_shapes_of_a_label_stay_together(read):
    outline = [0, 0, 4, 0, 4, 4]
    annotations = [BOX, {**BOX, "segmentation": [outline, outline]}, {**BOX, "segmentation": []}]
    (shapes,) = read(annotations=annotations).shapes["a_x"].values()
    assert shapes == [
        Shape((2, 3.4, 4, 5)),
        Shape((), (tuple(outline),) * 2),
        Shape(tuple(BOX["bbox"])),
    ]


def test_categories_by_name_else_supercategory(read):
    categories = [
        {"id": 1, "name": "Effusion", "supercategory": "Pleural Abnormality"},
        {"id": 2, "name": "Cardiomegaly", "supercategory": "Edema"},
        {"id": 3, "name": "Nodule", "supercategory": "finding"},
        {"id": "4", "name": "Nodule"},
    ]
    annotations = [{**BOX, "category_id": one} for one in (1, 2, 3, 3, "4")]
    found = read(categories=categories, annotations=annotations)
    assert set(found.shapes["a_x"]) == {"Pleural abnormality", "Cardiomegaly"}
    assert found.counts["annotations"] == 2
    assert found.counts["annotations_left_out"] == {"its category is none of the labels: Nodule": 3}


@pytest.mark.parametrize(
    ("file_name", "name"),
    [
        pytest.param("b/x.png", "b_x", id="path"),
        pytest.param("a_x", "a_x", id="name"),
        pytest.param("images/y.png", "y", id="the only one of that name"),
        pytest.param("images\\y.dcm", "y", id="from Windows"),
        pytest.param("x.png", None, id="two of that name"),
        pytest.param("z.png", None, id="none"),
        pytest.param("twice.png", "r1", id="the first of one path"),
        pytest.param("../../y", "y", id="up"),
    ],
)
def test_images_by_path_else_by_name(read, file_name, name):
    found = read(images=[{"id": 1, "file_name": file_name}])
    assert list(found.shapes) == ([name] if name else [])
    assert found.counts["images_not_given"] == (0 if name else 1)
    if not name:
        left_out = {"its image is not among the pictures": 1}
        assert found.counts["annotations_left_out"] == left_out


def test_images_of_one_file_name_are_not_taken_for_one_picture(read):
    images = [{"id": 1, "file_name": "c/y.png"}, {"id": 2, "file_name": "d/y.png"}]
    found = read(images=images, annotations=[BOX, {**BOX, "image_id": 2}])
    assert found.shapes == {}
    assert found.counts["images_not_given"] == 2
    with pytest.raises(SchemaError, match=r"two images are one picture.*\n.*a_x: 2 images"):
        read(images=[IMAGE, {"id": 2, "file_name": "a_x"}])


@pytest.mark.parametrize(
    ("annotation", "reason"),
    [
        pytest.param({"bbox": [0, 0, 0, 5]}, "its bbox is not", id="no area"),
        pytest.param({"bbox": None}, "its bbox is not", id="no box"),
        pytest.param({"bbox": [0, 0, 5]}, "its bbox is not", id="three numbers"),
        pytest.param({"bbox": [0, 0, True, 5]}, "its bbox is not", id="truth value"),
        pytest.param({"segmentation": [[1, 2, 3]]}, "its segmentation is no list", id="odd"),
        pytest.param({"segmentation": "mask"}, "its segmentation is no list", id="text"),
        pytest.param({"segmentation": {"counts": "1"}}, "its segmentation is run", id="RLE"),
    ],
)
def test_shapes_that_are_left_out(read, annotation, reason):
    found = read(annotations=[{**BOX, **annotation}, BOX])
    ((told, n),) = found.counts["annotations_left_out"].items()
    assert told.startswith(reason)
    assert (n, found.counts["annotations"]) == (1, 1)


@pytest.mark.parametrize("number", [10**400, float("nan"), float("inf")], ids=str)
def test_numbers_that_no_json_has(read, number):
    with pytest.raises(SchemaError, match=r"this is not JSON \(line \d+: "):
        read(annotations=[{**BOX, "bbox": [0, 0, number, 5]}])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param({"images": None}, "COCO file has the lists images, categories", id="no list"),
        pytest.param({"images": [3]}, r"images\.0: an object expected, found 3", id="number"),
        pytest.param({"images": [{"id": 1}]}, r"images\.0\.file_name: None", id="no name"),
        pytest.param({"images": [{**IMAGE, "id": [1]}]}, r"images\.0\.id: \[1\]", id="list"),
        pytest.param({"images": [IMAGE, IMAGE]}, "images: 1 ids occur twice", id="twice"),
        pytest.param(
            {"annotations": [{**BOX, "image_id": 2}, {**BOX, "category_id": 3}]},
            r"annotations\.0: there is no images 2\n  - annotations\.1: there is no categories 3",
            id="dangling",
        ),
    ],
)
def test_files_that_are_refused(read, content, message):
    with pytest.raises(SchemaError, match=message):
        read(**content)


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff"])
def test_no_json(tmp_path, content):
    (tmp_path / "coco.json").write_bytes(content)
    with pytest.raises(SchemaError, match=r"this is not JSON|COCO file has the lists"):
        read_boxes(tmp_path / "coco.json", PICTURES, TEN_LABELS)


def drawn(*shapes, size=(6, 8)):
    return np.argwhere(mask_of(shapes, size)).tolist()


def test_pixels_whose_centre_is_in_the_box():
    assert drawn(Shape((1, 2, 2, 1))) == [[2, 1], [2, 2]]
    assert drawn(Shape((1.5, 2.4, 1, 1))) == [[2, 1]]
    assert drawn(Shape((1.6, 2, 0.8, 1))) == []
    assert drawn(Shape((-5, 5, 6.5, 9))) == [[5, 0]]
    assert drawn(Shape((20, 20, 5, 5))) == []


def test_pixels_whose_centre_is_in_the_outline():
    assert drawn(Shape((), ((1, 2, 3, 2, 3, 3, 1, 3),))) == [[2, 1], [2, 2]]
    triangle = Shape((), ((0, 0, 4.2, 0, 0, 4.2),))
    assert drawn(triangle) == [[y, x] for y in range(4) for x in range(4) if x + y + 1 < 4.2]
    assert drawn(Shape((), ((0, 0, 9, 0, 9, 1, 0, 1), (0, 5, 1, 5, 1, 6, 0, 6)))) == [
        *([0, x] for x in range(8)),
        [5, 0],
    ]
