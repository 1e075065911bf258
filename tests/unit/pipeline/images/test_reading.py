import io
import os
import re
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from gazescribe.pipeline.core.errors import ArrayError, GazeError
from gazescribe.pipeline.geometry.canvas import render
from gazescribe.pipeline.images import reading
from gazescribe.pipeline.images.reading import (
    Decoded,
    decode_radiograph,
    fit_radiograph,
    letterboxed,
    read_radiograph,
    read_sized,
)
from tests.unit.pipeline.images.image_cases import dicom, save

GREY = np.array([[0, 1, 127, 128, 255], [9, 8, 7, 6, 5], [200, 100, 50, 25, 12]], np.uint8)


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


# Decoding to the means of blocks


def grained(height, width):
    """Smooth, with grain that JPEG keeps."""
    y, x = np.mgrid[:height, :width]
    grain = np.random.default_rng(0).normal(0, 6, (height, width))
    return (127 + 90 * np.sin(y / 31) * np.cos(x / 23) + grain).clip(0, 255).astype(np.uint8)


def mean_of_blocks(pixels, side_px):
    height, width = (side // side_px * side_px for side in pixels.shape)
    shape = height // side_px, side_px, width // side_px, side_px
    return pixels[:height, :width].reshape(shape).mean(axis=(1, 3))


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
@pytest.mark.parametrize(
    ("size", "block_px"),
    [((160, 200), 1), ((100, 100), 2), ((99, 150), 2), ((50, 48), 4), ((40, 25), 8), ((8, 8), 8)],
)
def test_scaled_decoding_gives_the_means_of_blocks(tmp_path, options, size, block_px):
    path = save(tmp_path / "a.jpg", grained(203, 200), quality=95, **options)
    exact = read_radiograph(path)
    decoded = decode_radiograph(path, scaled_to=size)
    assert (decoded.image_size, decoded.block_px) == ((203, 200), block_px)
    means = mean_of_blocks(exact.astype(float), block_px)
    found = decoded.pixels[: len(means), : means.shape[1]]
    np.testing.assert_allclose(found, means, atol=1.01)
    assert np.abs(found - means).mean() < 0.5


@pytest.mark.parametrize("resize", ["direct", "published"])
def test_means_of_blocks_count_as_all_pixels_of_them(resize):
    blocks = np.random.default_rng(3).integers(0, 256, (30, 26), np.uint8)
    image_size = 118, 101  # the last blocks reach beyond it
    pixels = np.repeat(np.repeat(blocks, 4, 0), 4, 1)[: image_size[0], : image_size[1]]
    fitted, frame = fit_radiograph(Decoded(blocks, image_size, 4), (24, 24), resize)
    expected, expected_frame = letterboxed(pixels, (24, 24), resize)
    assert frame == expected_frame
    np.testing.assert_allclose(fitted.astype(int), expected, atol=resize == "published")


@pytest.mark.parametrize("image_size", [(400, 322), (397, 323)])
def test_scaled_decoding_differs_little_and_lies_at_the_same_place(tmp_path, image_size):
    path = save(tmp_path / "a.jpg", grained(*image_size), quality=95)
    fitted = [
        fit_radiograph(decode_radiograph(path, scaled_to=scaled_to), (64, 64))
        for scaled_to in (None, (64, 64))
    ]
    (exact, frame), (scaled, frame_of_scaled) = fitted
    assert frame == frame_of_scaled
    away = np.abs(scaled.astype(int) - exact)
    assert 0 < away.mean() < 1
    assert away.max() <= 6


@pytest.mark.parametrize(
    ("name", "mode"), [("a.png", "L"), ("a.jpg", "RGB"), ("a.png", "I;16"), ("a.dcm", "")]
)
def test_what_is_no_grey_jpeg_is_read_whole(tmp_path, name, mode):
    picture = grained(64, 64)
    if mode:
        Image.fromarray(picture).convert(mode).save(tmp_path / name)
    else:
        dicom(tmp_path / name, picture.astype(int))
    decoded = decode_radiograph(tmp_path / name, scaled_to=(8, 8))
    assert decoded.block_px == 1
    np.testing.assert_array_equal(decoded.pixels, read_radiograph(tmp_path / name))


@pytest.mark.parametrize("size", [(100, 100), (50, 48), (8, 8)])
def test_blocks_are_the_same_with_and_without_a_compiler(tmp_path, monkeypatch, size):
    path = save(tmp_path / "a.jpg", grained(203, 200), quality=95)
    content = path.read_bytes()
    decoded = [decode_radiograph(path, scaled_to=size, content=content) for _ in range(2)]
    monkeypatch.setattr(reading, "block_reader", lambda: None)
    decoded.append(decode_radiograph(path, scaled_to=size))
    for other in decoded[1:]:
        assert other[1:] == decoded[0][1:]
        np.testing.assert_array_equal(other.pixels, decoded[0].pixels)


def test_a_compiler_that_does_not_work_is_not_used(tmp_path, monkeypatch):
    path = save(tmp_path / "a.jpg", grained(64, 64), quality=95)
    monkeypatch.setitem(sys.modules, "gazescribe.pipeline.images.jpeg_blocks", None)
    reading.block_reader.cache_clear()
    try:
        assert reading.block_reader() is None
        assert decode_radiograph(path, scaled_to=(16, 16)).block_px == 4
    finally:
        reading.block_reader.cache_clear()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ModuleNotFoundError("No numba", name="numba"), 'pip install "gazescribe[radiographs]"'),
        (
            ImportError("Numba needs NumPy 2.5 or less.\nGot 2.6"),
            "here: Numba needs NumPy 2.5 or le",
        ),
        (OSError(), "does not work here: OSError."),
    ],
)
def test_it_is_told_why_pillow_decodes(monkeypatch, error, reason):
    def fail():
        raise error

    monkeypatch.setattr(reading, "_compiled_reader", fail)
    reading.block_reader.cache_clear()
    try:
        assert reason in reading.why_pillow()
    finally:
        reading.block_reader.cache_clear()


def test_nothing_is_told_where_the_faster_reader_decodes():
    pytest.importorskip("numba")
    assert reading.why_pillow() == ""


def outcome(path, scaled_to=None):
    try:
        decoded = decode_radiograph(path, scaled_to=scaled_to)
    except GazeError as error:
        return error.what
    return decoded.image_size


def test_damaged_jpeg_files_have_the_same_outcome(tmp_path):
    """Whether pixels or blocks of them are asked for: cut or changed anywhere, odd of all kinds."""
    contents = [
        bytes_of(grained(70, 61), "JPEG", quality=90, **options)
        for options in ({}, {"progressive": True}, {"restart_marker_blocks": 5})
    ]
    rng = np.random.default_rng(5)
    outcomes = set()
    for content in contents:
        cut = [content[:length] for length in range(0, len(content), 61)]
        changed = [bytearray(content) for _ in range(60)]
        for damaged in changed:
            damaged[rng.integers(2, len(content))] = rng.integers(256)
        for damaged in (*cut, *changed):
            (tmp_path / "a.jpg").write_bytes(damaged)
            outcomes.add(outcome(tmp_path / "a.jpg"))
            assert outcome(tmp_path / "a.jpg", (8, 8)) == outcome(tmp_path / "a.jpg")
    assert {"this file is damaged.", (70, 61)} < outcomes


@pytest.mark.parametrize(
    ("mode", "message"),
    [("CMYK", "this picture is in colour"), ("RGB", "this picture is in colour")],
)
def test_colour_is_refused_by_its_pixels_where_blocks_are_asked_for(tmp_path, mode, message):
    colours = np.full((64, 64, 3), 120, np.uint8)
    colours[30:33, 30:33] = 200, 90, 90  # too small to be seen in the means of blocks
    Image.fromarray(colours).convert(mode).save(tmp_path / "a.jpg", quality=98, subsampling=0)
    for scaled_to in (None, (8, 8)):
        with pytest.raises(GazeError, match="this picture is in colour"):
            decode_radiograph(tmp_path / "a.jpg", scaled_to=scaled_to)


def test_turned_by_exif_and_of_12_bits(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn, which files of radiographs do not mean
    path = save(tmp_path / "a.jpg", grained(96, 64), exif=exif)
    assert decode_radiograph(path, scaled_to=(8, 8)).pixels.shape == (12, 8)
    assert outcome(path) == outcome(path, (8, 8)) == (96, 64)
    content = bytearray(path.read_bytes())
    content[content.index(b"\xff\xc0") + 4] = 12
    path.write_bytes(content)
    assert outcome(path) == outcome(path, (8, 8)) != (96, 64)


@pytest.mark.parametrize("size", [(1, 1000), (3, 3000), (1000, 1), (7, 9)])
def test_narrow_pictures_are_decoded_to_blocks_as_well(tmp_path, size):
    picture = np.full(size, 200, np.uint8)
    decoded = decode_radiograph(save(tmp_path / "a.jpg", picture), scaled_to=(4, 4))
    assert decoded.pixels.shape == tuple(-(-side // decoded.block_px) for side in size)
    assert (np.abs(decoded.pixels.astype(int) - 200) <= 2).all()


# Sixteen bits


def test_sixteen_bits_hold_what_eight_round(tmp_path):
    stored = np.arange(4096).reshape(64, 64)
    for path in (dicom(tmp_path / "a.dcm", stored), save(tmp_path / "a.png", stored.astype("u2"))):
        deep = decode_radiograph(path, bits=16).pixels
        assert deep.dtype == np.uint16
        np.testing.assert_array_equal(deep, np.rint(stored * (65535 / 4095)))
        assert len(np.unique(deep)) == 4096
        np.testing.assert_allclose(deep / 257, read_radiograph(path), atol=0.502)


def test_eight_bits_become_sixteen_with_the_same_white(tmp_path):
    path = save(tmp_path / "a.png", GREY)
    np.testing.assert_array_equal(decode_radiograph(path, bits=16).pixels, GREY * np.uint16(257))


def test_sixteen_bits_are_fitted_as_eight_are():
    picture = grained(120, 90)
    deep, frame = letterboxed(picture * np.uint16(257), (32, 32))
    assert deep.dtype == np.uint16
    fitted, expected = letterboxed(picture, (32, 32))
    assert frame == expected
    np.testing.assert_allclose(deep / 257, fitted, atol=0.502)


def test_contents_that_were_read_before(tmp_path):
    path = save(tmp_path / "a.jpg", grained(64, 64))
    content = path.read_bytes()
    path.unlink()
    assert decode_radiograph(path, content=content).image_size == (64, 64)
    with pytest.raises(GazeError, match=r"a.jpg: this file is damaged"):
        decode_radiograph(path, content=content[:-99])
