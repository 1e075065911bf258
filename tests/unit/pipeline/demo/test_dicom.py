from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.pixels import apply_voi_lut

from gazescribe.pipeline.demo.cases import Anatomy, Film
from gazescribe.pipeline.demo.dicom import uid, write_dicom

ANATOMY = Anatomy(
    (0.1, 0.1, 0.45, 0.8),
    (0.55, 0.1, 0.9, 0.8),
    (0.4, 0.5, 0.7, 0.8),
    (0.42, 0.05, 0.58, 0.6),
    0,
    1,
)
CASE = Film(
    99000001, 99000002, "00000000-00000000-00000000-00000000-00000001", 5, 3, "PA", "train", "chf",
    ANATOMY, (),
)  # fmt: skip
PICTURE = np.array([[0, 1, 127, 128, 255], [9, 8, 7, 6, 5], [200, 100, 50, 25, 12]], np.uint8)


def displayed(path: Path) -> np.ndarray:
    dataset = pydicom.dcmread(path)
    grey = apply_voi_lut(dataset.pixel_array, dataset)
    top = 2**dataset.BitsStored - 1
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        grey = top - grey
    return np.rint(grey * 255 / top).astype(np.uint8)


@pytest.mark.parametrize(
    ("inverted", "photometric"),
    [
        pytest.param(False, "MONOCHROME2", id="low is black"),
        pytest.param(True, "MONOCHROME1", id="low is white"),
    ],
)
def test_both_kinds_are_displayed_as_the_same_picture(tmp_path, inverted, photometric):
    path = tmp_path / "files" / "a.dcm"
    write_dicom(CASE, PICTURE, path, inverted=inverted)
    assert pydicom.dcmread(path).PhotometricInterpretation == photometric
    np.testing.assert_array_equal(displayed(path), PICTURE)


def test_the_two_kinds_store_opposite_values(tmp_path):
    write_dicom(CASE, PICTURE, tmp_path / "2.dcm", inverted=False)
    write_dicom(CASE, PICTURE, tmp_path / "1.dcm", inverted=True)
    total = sum(pydicom.dcmread(tmp_path / f"{kind}.dcm").pixel_array.astype(int) for kind in "12")
    assert np.unique(total).tolist() == [300 + 300 + 12 * 255]


def test_header_is_synthetic_and_of_twelve_bits(tmp_path):
    write_dicom(CASE, PICTURE, tmp_path / "a.dcm", inverted=False)
    found = pydicom.dcmread(tmp_path / "a.dcm")
    assert (found.Rows, found.Columns) == PICTURE.shape
    assert (found.BitsAllocated, found.BitsStored) == (16, 12)
    assert found.pixel_array.max() < 2**12
    assert found.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert found.PatientID == "99000001"
    for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        assert found[name].value.startswith("2.25.")
        assert len(found[name].value) <= 64


def test_same_case_gives_same_bytes(tmp_path):
    for name in "ab":
        write_dicom(CASE, PICTURE, tmp_path / name, inverted=True)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert b"pydicom" not in (tmp_path / "a").read_bytes().lower()


def test_uids_differ_by_name_and_stay():
    assert uid("study 1") != uid("study 2")
    assert uid("study 1") == uid("study 1")
