import pytest

from gazescribe.pipeline.report.shared_images import (
    NO_NAME,
    NO_SIZE,
    OTHER_SIZE,
    by_reading,
    shared_images,
)
from tests.synthetic import reading, table

LARGE, SMALL, NONE = ((400, 300), (200, 150), (None, None))


def tables(**readings):
    """Readings of one image, by id: width and height; those that begin with E are of egd."""
    rows = {"reflacx": [], "egd": []}
    for reading_id, (width, height) in readings.items():
        dataset = "egd" if reading_id.startswith("E") else "reflacx"
        size = {"width_px": width, "height_px": height}
        rows[dataset].append(reading(reading_id, dicom_id="one", dataset=dataset, **size))
    return {name: table(some, "readings") for name, some in rows.items()}


def test_readings_of_two_data_sets_are_of_one_image():
    found, without = shared_images(tables(R2=LARGE, R1=LARGE, E1=LARGE), {"R2"})
    (image,) = found
    assert image.readings == {"egd": ["E1"], "reflacx": ["R1", "R2"]}
    assert image.reading_ids == ["E1", "R1", "R2"]
    assert by_reading(found)["E1"] is image
    assert (image.left_out, without) == ({}, {})


def test_images_without_an_inspector_have_no_page():
    assert shared_images(tables(R1=LARGE, R2=LARGE), {"Z1"}) == ([], {})


def test_an_image_of_one_reading_has_no_page():
    assert shared_images(tables(R1=LARGE), {"R1"}) == ([], {})


def test_readings_of_another_size_are_left_out():
    ((image,), _) = shared_images(tables(R1=LARGE, R2=LARGE, R3=SMALL, R4=NONE), {"R1"})
    assert image.reading_ids == ["R1", "R2"]
    assert image.left_out == {"R3": OTHER_SIZE, "R4": NO_SIZE}


@pytest.mark.parametrize(
    ("sizes", "reason"),
    [
        pytest.param({"R1": LARGE, "R2": SMALL}, OTHER_SIZE, id="two sizes"),
        pytest.param({"R1": NONE, "R2": NONE}, NO_SIZE, id="no size"),
    ],
)
def test_images_that_cannot_be_laid_out_are_counted(sizes, reason):
    assert shared_images(tables(**sizes), {"R1"}) == ([], {reason: 1})


def test_an_id_that_cannot_name_a_file_is_counted():
    rows = [reading(name, dicom_id="../one") for name in ("R1", "R2")]
    assert shared_images({"reflacx": table(rows, "readings")}, {"R1"}) == ([], {NO_NAME: 1})
