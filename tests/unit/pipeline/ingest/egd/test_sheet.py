import pytest

from gazescribe.pipeline.core.errors import ManifestError
from tests.unit.pipeline.ingest.egd.ingested import ONE, TWO


def test_line_breaks_in_the_indication_do_not_make_readings(tree, ingested):
    tree.add(1)
    tree.add(2)
    assert (tree.finish() / "master_sheet.csv").read_text().count("\n") > 3
    assert ingested().counts["counts"]["readings"] == 2


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"patient_id": "unknown"}, "row_unreadable", id="subject"),
        pytest.param({"image_left_pad": "x"}, "row_unreadable", id="pad"),
        pytest.param(
            {"image_left_pad": "1e3", "image_right_pad": 920}, "row_unreadable", id="room"
        ),
        pytest.param({"dicom_id": "../../etc"}, "row_unreadable", id="path as id"),
        pytest.param({"path": "files/p10/x.dcm"}, "image_path_differs", id="path"),
        pytest.param({"Normal": 0}, "diagnosis_unclear", id="no diagnosis"),
        pytest.param({"CHF": 1}, "diagnosis_unclear", id="two diagnoses"),
        pytest.param({"hyperaeration": 7}, "label_unreadable", id="flag"),
        pytest.param({"edema__chx": 2}, "label_unreadable", id="state"),
    ],
)
def test_faults_of_the_sheet_are_counted(tree, ingested, changes, reason):
    tree.add(1, **changes)
    tree.add(2)
    found = ingested()
    assert found.reasons()[reason] == 1
    readings = found.column("readings", "reading_id")
    assert readings == ([TWO] if reason == "row_unreadable" else [ONE, TWO])


def test_an_image_that_is_listed_twice_stops_the_ingest(tree, ingested):
    tree.add(1)
    tree.add(1)
    with pytest.raises(ManifestError, match=f"row 2: image {ONE} is listed more than once"):
        ingested()


def test_a_sheet_without_a_column_stops_the_ingest(tree, ingested):
    tree.add(1)
    path = tree.finish() / "master_sheet.csv"
    path.write_text(path.read_text().replace("image_top_pad", "image_top"))
    with pytest.raises(ManifestError, match="no column image_top_pad; the nearest is image_top "):
        ingested(finish=False)
