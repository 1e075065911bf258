import pytest


@pytest.fixture
def images(lab):
    """Readings name their images, of which another table knows the size and the patient."""
    lab.files["readings.csv"] = "id,image,w\nA1,img 1,\nB2,img 1,400\n"
    lab.files["images.csv"] = "name,w,h,patient\nimg 1,300,280,7\nimg 2,9,9,8\n"
    columns = {"reading_id": "id", "dicom_id": "image", "width_px": "w"}
    lab.tables["readings"]["columns"] = columns
    sizes = {"width_px": "w", "height_px": "h", "subject_id": "patient"}
    lab.tables["images"] = {"file": "images.csv", "columns": {"dicom_id": "name", **sizes}}
    return lab


def test_what_is_known_of_images_is_known_of_their_readings(images):
    images.ingest()
    (first,), (second,) = (images.rows("readings", reading_id) for reading_id in ("A1", "B2"))
    assert (first["width_px"], first["height_px"], first["subject_id"]) == (300, 280, 7)
    assert (second["width_px"], second["height_px"]) == (400, 280)
    assert first["dicom_id"] == second["dicom_id"] == "img_1"
    assert images.summary["counts"]["images"] == 1


def test_an_image_that_is_not_listed_is_said(images):
    images.files["images.csv"] = images.files["images.csv"].replace("img 1", "img 3")
    assert "image 'img 1' is not in the table of images; the nearest" in images.run("verify").output


@pytest.mark.parametrize(
    ("table", "name", "message"),
    [
        ("images", "reading_id", r"columns.reading_id is of no image: its name is dicom_id"),
        ("readings", "dicom_id", r"columns.dicom_id needs tables.readings with a dicom_id"),
    ],
)
def test_images_need_to_be_named(images, table, name, message):
    if table == "images":
        images.tables[table]["columns"][name] = "name"
    else:
        del images.tables[table]["columns"][name]
    assert message in images.run().output
