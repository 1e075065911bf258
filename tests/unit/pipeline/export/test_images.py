"""Radiographs are planned, written and counted."""

import numpy as np
import pytest
from PIL import Image

from gazescribe.pipeline.core.errors import GazeError, SchemaError
from gazescribe.pipeline.export.ids import hash_id
from gazescribe.pipeline.export.images import count_images, plan_images, write_image
from tests.synthetic import reading, write_tables

KEY = b"0123456789abcdef0123456789abcdef"


@pytest.fixture
def tables(tmp_path):
    """Two readings of one image, one of an image that is absent, one without a path."""
    paths = {"R1": ("a", "files/a"), "R2": ("a", "files/a"), "R3": ("b", "files/b")}
    rows = [
        reading(name, dicom_id=dicom_id, image_path=path, height_px=8, width_px=12)
        for name, (dicom_id, path) in paths.items()
    ]
    (tmp_path / "files").mkdir()
    Image.fromarray(np.full((4, 6), 7, np.uint8)).save(tmp_path / "files/a.png")
    return write_tables(tmp_path / "tables", readings=[*rows, reading("R4", dicom_id="c")])


@pytest.mark.parametrize("key", [None, KEY], ids=["raw", "hashed"])
def test_each_image_is_planned_once(tables, tmp_path, key):
    folder = tmp_path / "out"
    folder.mkdir()
    tasks, counts = plan_images(tables, tmp_path, folder, key)
    name = hash_id("dicom", "a", key) if key else "a"
    assert tasks == [(tmp_path / "files/a.png", (8, 12), folder / f"images/{name}.png")]
    assert counts == {"images": 1, "images absent": 2}
    assert write_image(tasks[0]) is None
    with Image.open(tasks[0][2]) as image:  # where boxes and maps of the export are
        assert np.asarray(image).tolist() == np.full((8, 12), 7).tolist()


def test_paths_that_leave_the_folder_are_refused(tmp_path):
    tables = write_tables(tmp_path, readings=[reading("R1", image_path="../secret")])
    with pytest.raises(GazeError, match="these paths leave the folder") as error:
        plan_images(tables, tmp_path, tmp_path / "out", None)
    assert error.value.faults == ("../secret",)


def test_an_id_that_cannot_name_a_picture(tmp_path):
    rows = [reading("R1", dicom_id="../../a", image_path="files/a")]
    tables = write_tables(tmp_path / "tables", readings=rows)
    with pytest.raises(SchemaError, match=r"readings\.parquet: files are to be named") as error:
        plan_images(tables, tmp_path, tmp_path / "out", None)
    assert error.value.faults == ("row 1: dicom_id '../../a'",)


def test_a_damaged_file_gives_its_reason(tmp_path):
    (tmp_path / "a.png").write_bytes(b"x")
    reason = write_image((tmp_path / "a.png", None, tmp_path / "b.png"))
    assert reason == "this is neither JPEG nor PNG nor DICOM"
    assert not (tmp_path / "b.png").exists()


def test_what_could_not_be_written_is_counted_by_reason(tmp_path):
    planned = {"images": 3, "images absent": 1}
    assert count_images([None, "damaged", None], planned, tmp_path) == {
        "images": 2,
        "images absent": 1,
        "images unreadable (damaged)": 1,
    }


def test_an_export_without_any_image_is_an_error(tmp_path):
    with pytest.raises(GazeError, match="not one of 2 radiographs can be read") as error:
        count_images(["damaged", "damaged"], {"images": 2, "images absent": 0}, tmp_path)
    assert error.value.faults == ("damaged: 2",)
