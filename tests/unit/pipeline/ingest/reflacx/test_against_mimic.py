import pytest

from gazescribe.pipeline.ingest.reflacx.against_mimic import compare_with_mimic
from gazescribe.pipeline.ingest.reflacx_metadata import read_metadata
from tests.unit.pipeline.ingest.mimic.mimic_tree import MimicTree
from tests.unit.pipeline.ingest.reflacx.ingested import MANIFEST


@pytest.fixture
def mimic(tmp_path):
    """Give the tables of MIMIC that describe images 1 and 2 as `compared` lists them."""
    tree = MimicTree(tmp_path / "mimic")
    for number in (1, 2):
        image = f"00000000-0000000a-0000000b-0000000c-{99000000 + number:08d}"
        tree.add(number)
        for name in ("metadata", "split"):
            tree.rows[name][-1]["dicom_id"] = image
    return tree


@pytest.fixture
def compared(reflacx_tree, mimic):
    """Compare readings of images 1 and 2 with MIMIC's tables; give the faults."""

    def run(**changes):
        sizes = {"image_size_x": "2544", "image_size_y": "3056"}
        reflacx_tree.add("P300R000001", 99000001, **sizes | changes)
        reflacx_tree.add("P300R000002", 99000002, **sizes)
        readings, faults = read_metadata(reflacx_tree.finish(), MANIFEST)
        assert faults == []
        return compare_with_mimic(readings, mimic.finish())

    return run


def test_nothing_differs(compared):
    assert compared() == []


@pytest.mark.parametrize(
    ("table", "change", "code", "loses", "message"),
    [
        pytest.param(
            "metadata",
            {"Rows": 3057},
            "mimic_size_differs",
            "maps",
            "has 2544 x 3056 pixels, in MIMIC 2544 x 3057",
            id="size",
        ),
        pytest.param(
            "metadata",
            {"subject_id": 99000007},
            "mimic_subject_differs",
            "split",
            "is of subject 99000001, in MIMIC of 99000007",
            id="subject",
        ),
        pytest.param(
            "metadata",
            {"study_id": 99000007},
            "mimic_study_differs",
            "labels",
            "is of study 99000001, in MIMIC of 99000007",
            id="study",
        ),
        pytest.param(
            "metadata",
            {"dicom_id": "00000000-00000000-00000000-00000000-00000000"},
            "mimic_image_unknown",
            "image",
            "is not in MIMIC's metadata",
            id="image",
        ),
        pytest.param(
            "split",
            {"split": "test"},
            "mimic_split_differs",
            "split",
            "is in split train, in MIMIC in test",
            id="split",
        ),
        pytest.param(
            "split",
            {"dicom_id": "00000000-00000000-00000000-00000000-00000000"},
            "mimic_split_differs",
            "split",
            "is in split train, in MIMIC in none",
            id="no-split",
        ),
    ],
)
def test_each_difference_is_a_loss(compared, mimic, table, change, code, loses, message):
    mimic.rows[table][0] |= change
    (fault,) = compared()
    assert (fault.severity, fault.code, fault.loses) == ("loss", code, loses)
    assert message in str(fault)
    assert (fault.file, fault.row) == ("main_data/metadata_phase_3.csv", 1)
    assert fault.item == "P300R000001"


def test_all_differences_at_once(compared, mimic):
    mimic.rows["metadata"][0] |= {"Rows": 7, "subject_id": 99000007, "study_id": 99000007}
    mimic.rows["split"][1]["split"] = "validate"
    codes = [fault.code for fault in compared()]
    assert sorted(codes) == [
        "mimic_size_differs",
        "mimic_split_differs",
        "mimic_study_differs",
        "mimic_subject_differs",
    ]


def test_an_unknown_size_of_mimic_is_not_compared(compared, mimic):
    mimic.rows["metadata"][0]["Rows"] = ""
    assert [fault.code for fault in compared()] == ["image_size_unreadable"]


def test_an_unknown_size_of_reflacx_is_not_compared(reflacx_tree, mimic):
    reflacx_tree.add("P300R000001", 99000001, image_size_x="wide")
    readings, _ = read_metadata(reflacx_tree.finish(), MANIFEST)
    assert compare_with_mimic(readings, mimic.finish()) == []


def test_tables_that_cannot_be_used_are_a_warning(compared, mimic):
    mimic.rows["metadata"][0]["Rows"] = "tall"
    (fault,) = compared()
    assert (fault.severity, fault.code, fault.loses) == ("warning", "mimic_not_compared", "")
    assert "tall" in fault.message


def test_no_tables_are_a_warning(reflacx_tree, tmp_path):
    reflacx_tree.add("P300R000001")
    readings, _ = read_metadata(reflacx_tree.finish(), MANIFEST)
    (fault,) = compare_with_mimic(readings, tmp_path)
    assert (fault.severity, fault.code) == ("warning", "mimic_not_compared")


def test_without_a_split_table_the_rest_is_compared(reflacx_tree, mimic):
    reflacx_tree.add("P300R000001", 99000001)
    readings, _ = read_metadata(reflacx_tree.finish(), MANIFEST)
    root = mimic.finish()
    (root / "mimic-cxr-2.0.0-split.csv").unlink()
    codes = [fault.code for fault in compare_with_mimic(readings, root)]
    assert codes == ["mimic_split_missing", "mimic_size_differs"]
