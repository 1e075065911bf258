import pytest

from gazescribe.pipeline.report.notices import AGREEMENT, SYNTHETIC, UNKNOWN, notice_of
from tests.synthetic import reading, write_tables

DEMO_ID = "00000000-0000000a-0000000b-0000000c-99000001"


def tables(folder, dataset="reflacx", dicom_id=DEMO_ID):
    return write_tables(folder, readings=[reading("R1", dataset=dataset, dicom_id=dicom_id)])


@pytest.mark.parametrize(
    ("row", "notice"),
    [
        pytest.param({}, SYNTHETIC, id="demo"),
        pytest.param({"dicom_id": "real"}, AGREEMENT, id="agreement"),
        pytest.param({"dicom_id": "real", "dataset": "elsewhere"}, UNKNOWN, id="no-manifest"),
    ],
)
def test_a_data_set_has_the_notice_that_it_asks_for(tmp_path, row, notice):
    assert notice_of([tables(tmp_path, **row)]) is notice


def test_the_strongest_of_several_holds(tmp_path):
    demo = tables(tmp_path / "demo")
    real = tables(tmp_path / "real", dicom_id="real")
    unknown = tables(tmp_path / "unknown", dataset="elsewhere", dicom_id="real")
    assert notice_of([demo, unknown]) is UNKNOWN
    assert notice_of([unknown, real, demo]) is AGREEMENT


def test_without_data_pages_are_kept_local():
    assert notice_of([]) is AGREEMENT
