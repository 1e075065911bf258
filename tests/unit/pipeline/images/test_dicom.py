import struct

import numpy as np
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEGLosslessSV1, RLELossless

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.images import dicom as reading
from gazescribe.pipeline.images.reading import read_radiograph
from tests.unit.pipeline.images.image_cases import LINEAR, STORED, WINDOW, dicom, table

CURVE = [min(4095, 2 * value) for value in range(4096)]


@pytest.mark.parametrize(
    ("elements", "share"),
    [
        pytest.param(WINDOW, LINEAR, id="window"),
        pytest.param({"WindowCenter": [1500, 9], "WindowWidth": [2401, 9]}, LINEAR, id="the first"),
        pytest.param(
            {**WINDOW, "VOILUTFunction": "LINEAR_EXACT"},
            np.clip((STORED - 299.5) / 2401, 0, 1),
            id="exact window",
        ),
        pytest.param(
            {**WINDOW, "VOILUTFunction": "SIGMOID"},
            1 / (1 + np.exp(-4 * (STORED - 1500) / 2401)),
            id="sigmoid",
        ),
        pytest.param({}, STORED / 4095, id="own range"),
        pytest.param({"WindowCenter": "", "WindowWidth": ""}, STORED / 4095, id="empty window"),
        pytest.param(
            {**WINDOW, "RescaleSlope": 2, "RescaleIntercept": -600},
            np.clip((2 * STORED - 899.5) / 2400, 0, 1),
            id="rescaled, then the window",
        ),
        pytest.param(
            {**WINDOW, "RescaleSlope": -1, "RescaleIntercept": 4095},
            np.clip((4095 - STORED - 299.5) / 2400, 0, 1),
            id="negative slope",
        ),
        pytest.param({"VOILUTSequence": table(CURVE)}, np.clip(STORED * 2 / 4095, 0, 1), id="LUT"),
        pytest.param(
            {**WINDOW, "VOILUTSequence": table(CURVE)},
            np.clip(STORED * 2 / 4095, 0, 1),
            id="LUT before window",
        ),
        pytest.param(
            {"VOILUTSequence": table(CURVE[::-1])},
            np.array(CURVE[::-1])[STORED] / 4095,
            id="falling LUT",
        ),
        pytest.param(
            {"VOILUTSequence": table(range(1000, 3000), first=1000, bits=12)},
            np.clip(STORED, 1000, 2999) / 4095,
            id="LUT of some values",
        ),
    ],
)
@pytest.mark.parametrize("photometric", ["MONOCHROME2", "MONOCHROME1"])
def test_dicom(tmp_path, elements, share, photometric):
    path = dicom(tmp_path / "a.dcm", PhotometricInterpretation=photometric, **elements)
    expected = 255 * (share if photometric == "MONOCHROME2" else 1 - share)
    found = read_radiograph(path)
    assert (found.dtype, found.flags.writeable) == (np.uint8, True)
    assert np.ptp(found) > 100
    np.testing.assert_allclose(found, expected, atol=0.51)


def test_dicom_with_signed_values_and_of_one_grey(tmp_path):
    path = dicom(tmp_path / "a", STORED - 2048, signed=True, WindowCenter=-548, WindowWidth=2401)
    np.testing.assert_allclose(read_radiograph(path), 255 * LINEAR, atol=0.51)
    assert not read_radiograph(dicom(tmp_path / "b.dcm", STORED * 0 + 7)).any()


THREE = {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0}


@pytest.mark.parametrize(
    ("elements", "message"),
    [
        pytest.param({"NumberOfFrames": 2}, "several frames.*it has 2", id="frames"),
        pytest.param(THREE, "in colour.*interpretation is RGB", id="colour"),
        pytest.param({"PixelData": None}, "this DICOM file holds no picture", id="no pixels"),
        pytest.param({"BitsAllocated": 32}, "more than 16 bits.*it has 32", id="bits"),
        pytest.param({"Rows": 40}, "this file is damaged.*bytes of pixel data", id="too short"),
        pytest.param({"Rows": None}, "this file is damaged.*Rows", id="no size"),
        pytest.param({"WindowCenter": 5, "WindowWidth": 0}, "Window Width must be", id="window"),
        pytest.param(
            {"PhotometricInterpretation": None}, "damaged.*PhotometricInterp", id="no photometric"
        ),
    ],
)
def test_refused_dicom(tmp_path, elements, message):
    path = dicom(tmp_path / "a.dcm", **elements)
    with pytest.raises(GazeError, match=f"(?s)a.dcm: .*{message}"):
        read_radiograph(path)


def test_dicom_that_no_decoder_reads_says_what_to_do(tmp_path):
    coded = encapsulate([b"coded in some way"])
    path = dicom(tmp_path / "a.dcm", syntax=JPEGLosslessSV1, PixelData=coded)
    with pytest.raises(GazeError, match=r"JPEG Lossless.*Install python-gdcm, or decompress"):
        read_radiograph(path)


def test_deflated_dicom(tmp_path, monkeypatch):
    stored = np.arange(2**20).reshape(1024, 1024) % 4096
    plain = read_radiograph(dicom(tmp_path / "plain", stored))
    path = dicom(tmp_path / "deflated", stored, syntax=DeflatedExplicitVRLittleEndian)
    np.testing.assert_array_equal(read_radiograph(path), plain)
    monkeypatch.setattr(reading, "MAX_UNPACKED", 2**21)
    with pytest.raises(GazeError, match=r"deflated: .*\n.*it unpacks to more than 2,097,152 bytes"):
        read_radiograph(path)


def run_lengths(*segments):
    starts = np.cumsum([64, *map(len, segments)]).tolist()[: len(segments)]
    head = [len(segments), *starts, *[0] * (15 - len(segments))]
    return encapsulate([struct.pack("<16I", *head) + b"".join(segments)])


def test_run_lengths_of_more_than_the_picture(tmp_path, monkeypatch):
    stored = np.zeros((2, 64), int)
    segments = 2 * [bytes([129, 0])]  # 128 times the 0 in two bytes
    data = run_lengths(*segments)
    path = dicom(tmp_path / "runs", stored, syntax=RLELossless, PixelData=data)
    monkeypatch.setattr(reading, "MAX_UNPACKED", 0)
    assert not read_radiograph(path).any()
    data = run_lengths(bytes([129, 0]), 1000 * bytes([129, 0]))
    path = dicom(tmp_path / "runs", stored, syntax=RLELossless, PixelData=data)
    with pytest.raises(GazeError, match=r"runs: this file is damaged.\n.*unpacks to more than 384"):
        read_radiograph(path)


def test_dicom_without_header(tmp_path):
    (tmp_path / "a.dcm").write_bytes(b"no" * 200)
    with pytest.raises(GazeError, match=r"a.dcm: this is no DICOM file"):
        read_radiograph(tmp_path / "a.dcm")


def test_dicom_cut_anywhere_is_an_error_for_people(tmp_path):
    content = dicom(tmp_path / "whole.dcm", **WINDOW).read_bytes()
    for length in range(0, len(content) - 1, 7):
        (tmp_path / "cut.dcm").write_bytes(content[:length])
        with pytest.raises(GazeError, match=r"cut.dcm: this"):
            read_radiograph(tmp_path / "cut.dcm")
