import io

import pytest
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian


def picture(kind, size=(100, 80)):
    content = io.BytesIO()
    Image.new("L", size).save(content, kind)
    return content.getvalue()


def dicom(size=(100, 80)):
    head = Dataset()
    head.Columns, head.Rows = size
    head.file_meta = FileMetaDataset()
    head.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    head.file_meta.MediaStorageSOPClassUID = head.file_meta.MediaStorageSOPInstanceUID = "1.2"
    content = io.BytesIO()
    head.save_as(content, enforce_file_format=True)
    return content.getvalue()


@pytest.fixture
def pictures(lab):
    """The size of the images is in no table; positions are shares."""
    lab.files["readings.csv"] = "id,path\nA1,a.png\nB2,b\n"
    lab.tables["readings"]["columns"] = {"reading_id": "id", "image_path": "path"}
    for name in "xy":
        lab.tables["fixations"]["columns"][f"{name}_px"] = {"column": name, "unit": "share"}
    lab.files["fixations.csv"] = "id,start,end,x,y\nA1,0,1,0.5,0.25\nB2,0,1,0.5,0.25\n"
    lab.files |= {"img/a.png": picture("PNG"), "img/b.jpg": picture("JPEG")}
    return lab


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("img/b.jpg", picture("JPEG"), id="jpeg"),
        pytest.param("deep/er/b.dcm", dicom(), id="dicom"),
        pytest.param("b.png", picture("PNG"), id="png"),
    ],
)
def test_sizes_are_those_of_the_files(pictures, name, content):
    del pictures.files["img/b.jpg"]
    pictures.files[name] = content
    pictures.ingest()
    row = pictures.rows("readings", "B2")[0]
    assert (row["width_px"], row["height_px"]) == (100, 80)
    assert pictures.column("fixations", "x_px", "B2") == [49.5]


def test_what_a_table_says_counts(pictures):
    pictures.files["readings.csv"] = "id,path,w,h\nA1,a.png,200,160\nB2,b,,\n"
    pictures.tables["readings"]["columns"] |= {"width_px": "w", "height_px": "h"}
    pictures.ingest()
    assert pictures.column("readings", "width_px") == [200]
    assert pictures.column("readings", "width_px", "B2") == [100]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        pytest.param({}, "there is no such file below the root", id="none"),
        pytest.param(
            {"b.png": b"no picture"}, "the size of the image is not known: this", id="bad"
        ),
        pytest.param(
            {"p/b.png": picture("PNG"), "q/b.png": picture("PNG", (9, 9))},
            "the image may be p/b.png (100 by 80) and q/b.png (9 by 9)",
            id="two",
        ),
    ],
)
def test_sizes_that_are_not_known_are_said(pictures, files, message):
    del pictures.files["img/b.jpg"]
    pictures.files |= files
    assert message in pictures.run("verify").output


def test_a_smaller_copy_is_not_taken_for_the_image(pictures):
    columns = pictures.tables["fixations"]["columns"]
    columns |= {"x_px": "x", "y_px": "y"}
    pictures.files["fixations.csv"] = "id,start,end,x,y\nA1,0,1,50,20\nA1,1,2,190,150\nB2,0,1,9,9\n"
    result = pictures.run()
    assert result.exit_code == 2
    assert "50% of the positions lie beyond the 100 by 80 pixels" in result.output


@pytest.mark.parametrize("table", ["fixations", "samples"])
def test_positions_without_a_size_of_the_image_are_a_loss_with_its_remedy(pictures, table):
    del pictures.files["img/a.png"]
    if table == "samples":
        columns = pictures.tables.pop("fixations")["columns"]
        columns["time_s"] = columns.pop("onset_s")
        del columns["offset_s"]
        pictures.tables["samples"] = {"file": "fixations.csv", "columns": columns}
    code = f"{table.removesuffix('s')}_unplaced"
    assert pictures.ingest().reasons()[code] == 1
    assert "give width_px and height_px in `readings`, or image_p" in pictures.run("verify").output
