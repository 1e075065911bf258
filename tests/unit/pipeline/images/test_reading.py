import io
import os
import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    JPEGLosslessSV1,
    RLELossless,
    generate_uid,
)

from gazescribe.pipeline.core.errors import ArrayError, GazeError
from gazescribe.pipeline.geometry.canvas import render
from gazescribe.pipeline.images import reading
from gazescribe.pipeline.images.reading import letterboxed, read_radiograph, read_sized

GREY = np.array([[0, 1, 127, 128, 255], [9, 8, 7, 6, 5], [200, 100, 50, 25, 12]], np.uint8)
STORED = np.array([[0, 300, 1000], [1500, 3360, 4095]])


def save(path, picture, **options):
    Image.fromarray(picture).save(path, **options)
    return path


def dicom(path, stored=STORED, *, signed=False, syntax=ExplicitVRLittleEndian, **elements):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.1.1"
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["test"])
    meta.TransferSyntaxUID = syntax
    dataset = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.Rows, dataset.Columns = stored.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = int(signed)
    dataset.PixelData = stored.astype("<i2" if signed else "<u2").tobytes()
    for name, value in elements.items():
        if value is None:
            delattr(dataset, name)
        else:
            setattr(dataset, name, value)
    if syntax.is_compressed:
        dataset["PixelData"].is_undefined_length = True
    dataset.save_as(path, enforce_file_format=True)
    return path


def table(data, first=0, bits=12):
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [len(data), first, bits])
    item.add_new("LUTData", "US", list(data))
    return Sequence([item])


@pytest.mark.parametrize(
    ("name", "picture"),
    [
        pytest.param("a.png", GREY, id="PNG"),
        pytest.param("a.bin", GREY, id="told by content"),
        pytest.param("a.png", np.dstack([GREY] * 3), id="grey in three channels"),
        pytest.param("a.png", np.dstack([GREY] * 3 + [GREY * 0 + 255]), id="with alpha"),
        pytest.param("a.png", np.dstack([GREY, GREY * 0 + 255]), id="grey with alpha"),
    ],
)
def test_pictures_of_8_bits(tmp_path, name, picture):
    found = read_radiograph(save(tmp_path / name, picture, format="PNG"))
    assert (found.dtype, found.flags.writeable, found.flags.c_contiguous) == (np.uint8, True, True)
    np.testing.assert_array_equal(found, GREY)


def test_palette_and_one_bit(tmp_path):
    Image.fromarray(GREY).convert("P").save(tmp_path / "p.png")
    np.testing.assert_array_equal(read_radiograph(tmp_path / "p.png"), GREY)
    Image.fromarray(GREY > 100).save(tmp_path / "1.png")
    np.testing.assert_array_equal(read_radiograph(tmp_path / "1.png"), (GREY > 100) * 255)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_jpeg(tmp_path, mode):
    y, x = np.mgrid[:40, :60]
    picture = (2 * y + 2 * x).astype(np.uint8)
    Image.fromarray(picture).convert(mode).save(tmp_path / "a.jpg", quality=95)
    found = read_radiograph(tmp_path / "a.jpg")
    assert np.abs(found.astype(int) - picture).max() <= 3


@pytest.mark.parametrize(
    ("highest", "white"),
    [
        *((200, 255), (256, 1023), (1023, 1023), (1024, 4095), (4095, 4095), (9000, 16383)),
        *((16384, 65535), (65535, 65535)),
    ],
)
def test_png_of_16_bits(tmp_path, highest, white):
    values = np.array([[0, highest // 2], [highest // 3, highest]], np.uint16)
    found = read_radiograph(save(tmp_path / "a.png", values))
    np.testing.assert_array_equal(found, np.rint(values * 255.0 / white))
    assert found.max() > 60 or highest in {256, 1024, 16384}


WINDOW = {"WindowCenter": 1500, "WindowWidth": 2401}
LINEAR = np.clip((STORED - 299.5) / 2400, 0, 1)  # from c - 0.5 - (w - 1) / 2
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


def chunk(kind, content):
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def bytes_of(picture, kind, **options):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, kind, **options)
    return file.getvalue()


NOISE = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
COLOURS = np.dstack([GREY, GREY, np.minimum(GREY, 240)])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "a.x: this is neither JPEG nor PNG nor DICOM", id="empty"),
        pytest.param(b"text" * 99, "neither JPEG nor PNG nor DICOM", id="text"),
        pytest.param(bytes_of(GREY, "TIFF"), "neither JPEG nor PNG nor DICOM", id="TIFF"),
        pytest.param(bytes_of(NOISE, "JPEG")[:900], "this file is damaged", id="cut JPEG"),
        pytest.param(bytes_of(NOISE, "PNG")[:900], "this file is damaged", id="cut PNG"),
        pytest.param(
            bytes_of(COLOURS, "PNG"), "in colour, where a grey.*up to 15 of 255", id="colour"
        ),
        pytest.param(
            bytes_of(GREY, "PNG", save_all=True, append_images=[Image.fromarray(255 - GREY)]),
            "several frames, where one radiograph is expected.*it has 2",
            id="frames",
        ),
    ],
)
def test_refused_pictures(tmp_path, content, message):
    (tmp_path / "a.x").write_bytes(content)
    with pytest.raises(GazeError, match=f"(?s){message}") as raised:
        read_radiograph(tmp_path / "a.x")
    assert not re.search(r"\d", raised.value.what)  # so that it can be counted


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


def test_no_file(tmp_path):
    with pytest.raises(GazeError, match=r"a.png: there is no such file"):
        read_radiograph(tmp_path / "a.png")
    with pytest.raises(GazeError, match="this is a folder"):
        read_radiograph(tmp_path)
    os.mkfifo(tmp_path / "b.png")
    for path in (tmp_path / "b.png", Path("/dev/zero")):
        with pytest.raises(GazeError, match="this is a pipe or a device"):
            read_radiograph(path)


@pytest.mark.parametrize("sides", [(60_000, 60_000), (12_000, 12_000), (16_385, 10)])
def test_what_would_fill_the_memory_is_refused_by_its_header(tmp_path, sides):
    width, height = sides
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 0, 0, 0, 0))
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", b""))
    jpeg = save(tmp_path / "a.jpg", GREY, format="JPEG").read_bytes()
    place = jpeg.index(b"\xff\xc0") + 5
    sized = jpeg[:place] + struct.pack(">HH", height, width) + jpeg[place + 4 :]
    (tmp_path / "a.jpg").write_bytes(sized)
    dicom(tmp_path / "a.dcm", Rows=height, Columns=width)
    for name in ("a.png", "a.jpg", "a.dcm"):
        with pytest.raises(GazeError, match=r"more than 100,000,000 pixels, or 16,384 on a side"):
            read_radiograph(tmp_path / name)


# Letterboxing

SIZES = [
    pytest.param((305, 250), (64, 64), id="upright"),
    pytest.param((254, 306), (64, 64), id="lying"),
    pytest.param((301, 254), (80, 64), id="frame not square"),
    pytest.param((254, 306), (80, 64), id="lying in an upright frame"),
    pytest.param((33, 40), (128, 128), id="enlarged"),
    pytest.param((47, 31), (160, 128), id="enlarged by no whole number"),
    pytest.param((64, 64), (64, 64), id="as it is"),
    pytest.param((97, 301), (48, 96), id="narrow"),
]


def blob(image_size, at, sigma):
    y, x = np.ogrid[: image_size[0], : image_size[1]]
    return np.exp(-((y - at[0]) ** 2 + (x - at[1]) ** 2) / (2 * sigma**2))


def centre_of(picture):
    """Centre of mass, (y, x) in pixels."""
    picture = picture.astype(float)
    return [
        float((picture.sum(axis=1 - axis) * np.arange(picture.shape[axis])).sum() / picture.sum())
        for axis in (0, 1)
    ]


@pytest.mark.parametrize(("image_size", "size"), SIZES)
@pytest.mark.parametrize("share", [(0.3, 0.35), (0.5, 0.5), (0.62, 0.7)])
def test_a_blob_lands_where_the_formula_says(image_size, size, share):
    assert off(image_size, size, share, "direct") < 0.1


@pytest.mark.parametrize(("image_size", "size"), [*SIZES[:2], *SIZES[4:5], *SIZES[6:7]])
def test_a_blob_in_the_published_frame(image_size, size):
    """It rounds the short side to a whole pixel of the larger square."""
    assert off(image_size, size, (0.3, 0.6), "published") < 0.4


def off(image_size, size, share, resize):
    """How far a blob lies from where the frame's formula puts it, in model pixels."""
    at = [part * side for part, side in zip(share, image_size, strict=True)]
    picture = np.rint(255 * blob(image_size, at, min(image_size) / 14)).astype(np.uint8)
    fitted, frame = letterboxed(picture, size, resize)
    assert (fitted.shape, fitted.dtype, fitted.flags.c_contiguous) == (size, np.uint8, True)
    assert fitted.max() > 150
    expected = [
        (at[0] + 0.5) * frame.scale + frame.pad_y_px - 0.5,
        (at[1] + 0.5) * frame.scale + frame.pad_x_px - 0.5,
    ]
    return np.abs(np.subtract(centre_of(fitted), expected)).max()


@pytest.mark.parametrize(("image_size", "size"), SIZES)
def test_radiograph_and_heatmap_lie_on_each_other(image_size, size):
    at, sigma = (0.4 * image_size[0], 0.6 * image_size[1]), min(image_size) / 14
    gaussian = {"window": 0, "x_px": at[1], "y_px": at[0], "weight_s": 1.0}
    gaussian |= {"sigma_x_px": sigma, "sigma_y_px": sigma, "clip_xmin_px": 0, "clip_ymin_px": 0}
    gaussian |= {"clip_xmax_px": image_size[1], "clip_ymax_px": image_size[0]}
    heatmap = render(pd.DataFrame([gaussian]), image_size, size)
    fitted, _ = letterboxed(np.rint(255 * blob(image_size, at, sigma)).astype(np.uint8), size)
    np.testing.assert_allclose(centre_of(fitted), centre_of(heatmap), atol=0.1)


@pytest.mark.parametrize(("resize", "off_px"), [("direct", 0.1), ("published", 0.6)])
@pytest.mark.parametrize("copy_size", [(150, 119), (600, 477), (101, 79)])
def test_a_copy_lies_where_its_original_does(copy_size, resize, off_px):
    """A lab that shrank its radiographs has the maps of one that did not.

    The published resize rounds the short side, so that its copies can be up to a pixel off.
    """
    image_size, size, at = (300, 238), (64, 64), (120.0, 150.0)
    places = [
        (at_px + 0.5) * side / whole - 0.5
        for at_px, side, whole in zip(at, copy_size, image_size, strict=True)
    ]
    original, copy = (
        np.rint(255 * blob(sides, centre, 0.1 * sides[0])).astype(np.uint8)
        for sides, centre in ((image_size, at), (copy_size, places))
    )
    fitted, frame = letterboxed(original, size, resize)
    of_copy, frame_of_copy = letterboxed(copy, size, resize, image_size)
    assert frame_of_copy == frame
    np.testing.assert_allclose(centre_of(of_copy), centre_of(fitted), atol=off_px)


def test_read_at_the_size_of_the_table(tmp_path):
    picture = np.tile(np.arange(0, 200, 2, dtype=np.uint8), (80, 1))
    path = save(tmp_path / "half.png", picture, format="PNG")
    np.testing.assert_array_equal(read_sized(path, None), picture)
    np.testing.assert_array_equal(read_sized(path, (80, 100)), picture)
    whole = read_sized(path, (161, 200))
    assert whole.shape == (161, 200)
    np.testing.assert_allclose(whole[::2, 1:-1:2].mean(0), picture[0, :-1] + 0.5, atol=1)
    with pytest.raises(GazeError, match="another aspect") as error:
        read_sized(path, (180, 200))
    assert error.value.faults == ("it has 80 × 100, the table 180 × 200",)


@pytest.mark.parametrize(("image_size", "size"), SIZES)
def test_black_around_and_the_whole_image_inside(image_size, size):
    fitted, frame = letterboxed(np.full(image_size, 255, np.uint8), size)
    inside = np.outer(frame.on_image(0), frame.on_image(1))
    assert inside.any()
    np.testing.assert_array_equal(fitted, inside * 255)


@pytest.mark.parametrize(
    ("image_size", "size"), [((300, 240), (75, 60)), ((20, 30), (80, 120)), ((64, 64), (64, 64))]
)
def test_against_pillow_where_the_image_fills_the_frame(image_size, size):
    picture = np.random.default_rng(2).integers(0, 256, image_size, np.uint8)
    grey = Image.fromarray(picture.astype(np.float32))
    expected = np.asarray(grey.resize(size[::-1], Image.Resampling.BILINEAR))
    np.testing.assert_allclose(letterboxed(picture, size)[0], expected, atol=0.501)


def test_what_does_not_fit():
    with pytest.raises(ArrayError, match=r"image of \(1, 1000\) does not show in a frame of \(8,"):
        letterboxed(np.zeros((1, 1000), np.uint8), (8, 8))
    with pytest.raises(ArrayError, match=r"makes squares, got a frame of \(8, 4\)"):
        letterboxed(GREY, (8, 4), "published")
