import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.shards import open_shards
from gazescribe.pipeline.core.tables import write_table
from gazescribe.pipeline.geometry.letterbox import Letterbox
from gazescribe.pipeline.images import run as images
from gazescribe.pipeline.images.reading import (
    decode_radiograph,
    fit_radiograph,
    letterboxed,
    read_radiograph,
)
from tests.conftest import ROOT
from tests.running import gazescribe, invoke
from tests.synthetic import reading

SIZES = ((40, 32), (32, 40), (36, 36))


def dicom_id(number):
    return f"00000000-{number:08d}-00000000-00000000-{number * 7919 % 1000:08d}"


def path_of(number, subject=99000001):
    return f"files/p99/p{subject}/s{99000000 + number}/{dicom_id(number)}"


def row(number, **changes):
    height, width = SIZES[number % len(SIZES)]
    return {
        "dicom_id": dicom_id(number),
        "study_id": 99000000 + number,
        "subject_id": 99000001,
        "view": "PA",
        "width_px": width,
        "height_px": height,
        "split": "train",
        "path": path_of(number),
        **changes,
    }


def picture_of(number):
    height, width = SIZES[number % len(SIZES)]
    return np.random.default_rng(number).integers(1, 256, (height, width), np.uint8)


def put(root, number, suffix=".jpg"):
    file = root / f"{path_of(number)}{suffix}"
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture_of(number)).save(file, "JPEG")
    return file


def tables_of(folder, rows):
    write_table({name: [one[name] for one in rows] for name in rows[0]}, folder, "images")
    return folder


@pytest.fixture
def project(tmp_path):
    """Ten radiographs and their tables."""
    for number in range(10):
        put(tmp_path / "root" / "mimic-cxr-jpg", number)
    tables_of(tmp_path / "tables", [row(number) for number in range(10)])
    return tmp_path


@pytest.fixture
def three_a_shard(monkeypatch):
    monkeypatch.setattr(images, "ROWS_A_SHARD", 3)


def build(project, out="out", *options):
    said = gazescribe(
        *("images", project / "tables", project / "root", project / out, "--size", 24, *options)
    )
    return said, bytes_in(project / out)


def bytes_in(folder):
    return {path.name: path.read_bytes() for path in folder.glob("[!.]*")}


def told(project, out="out"):
    return json.loads((project / out / "images.json").read_text())


def test_radiographs_come_back_letterboxed(project):
    said, files = build(project)
    assert said.startswith("10 radiographs in 1 shards; left out: none → ")
    assert sorted(files) == ["images-00000.npy", "images.json", "index.parquet"]
    shards = open_shards(project / "out")
    rows = shards.index.to_pylist()
    assert [one["dicom_id"] for one in rows] == sorted(dicom_id(number) for number in range(10))
    for number, one in enumerate(rows):
        file = project / "root" / "mimic-cxr-jpg" / f"{path_of(number)}.jpg"
        expected, frame = letterboxed(read_radiograph(file), (24, 24))
        np.testing.assert_array_equal(shards[number], expected)
        image_size = (one["image_height_px"], one["image_width_px"])
        assert image_size == SIZES[number % len(SIZES)]
        assert frame == Letterbox(
            *(one[name] for name in ("height", "width", "scale", "pad_y_px", "pad_x_px")),
            image_size,
        )
        assert (one["study_id"], one["subject_id"]) == (99000000 + number, 99000001)
    assert told(project)["params"] == {
        "size": "24",
        "source": "jpg",
        "resize": "direct",
        "decode": "exact",
        "depth": 8,
    }
    assert shards.index.schema.metadata[b"table"] == b"image_shards"


def test_published_resize_and_frames_that_are_not_square(project):
    build(project, "published", "--resize", "published")
    first = open_shards(project / "published")[0]
    file = project / "root" / "mimic-cxr-jpg" / f"{path_of(0)}.jpg"
    np.testing.assert_array_equal(
        first, letterboxed(read_radiograph(file), (24, 24), "published")[0]
    )
    build(project, "upright", "--size", "40x32")
    assert open_shards(project / "upright")[0].shape == (40, 32)
    command = ("images", project / "tables", project / "root", project / "no", "--size", "40x32")
    result = invoke(*command, "--resize", "published")
    assert result.exit_code == 2
    assert "the published resize makes squares, got a frame of (40, 32)" in result.output
    assert not (project / "no").exists()


def test_scaled_decoding(project):
    stored_in_colour = project / "root" / "mimic-cxr-jpg" / f"{path_of(3)}.jpg"
    Image.open(stored_in_colour).convert("RGB").save(stored_in_colour)  # its pixels are looked at
    said, _ = build(project, "out", "--size", 16, "--decode", "scaled")
    assert "left out: none; 9 decoded scaled" in said
    assert told(project)["params"]["decode"] == "scaled"
    assert told(project)["n_decoded_scaled"] == 9
    file = project / "root" / "mimic-cxr-jpg" / f"{path_of(0)}.jpg"
    decoded = decode_radiograph(file, scaled_to=(16, 16))
    assert decoded.block_px == 2
    shards = open_shards(project / "out")
    np.testing.assert_array_equal(shards[0], fit_radiograph(decoded, (16, 16))[0])
    _, exact = build(project, "exact", "--size", 16)
    index = open_shards(project / "exact").index
    assert shards.index.equals(index)
    assert bytes_in(project / "out")["images-00000.npy"] != exact["images-00000.npy"]


def test_sixteen_bits(project):
    build(project, "out", "--depth", 16)
    shards, file = open_shards(project / "out"), f"mimic-cxr-jpg/{path_of(0)}.jpg"
    assert (shards[0].dtype, shards[0:0].dtype) == (np.uint16, np.uint16)
    decoded = decode_radiograph(project / "root" / file, bits=16)
    np.testing.assert_array_equal(shards[0], fit_radiograph(decoded, (24, 24))[0])
    result = invoke("images", project / "tables", project / "root", project / "a", "--depth", 12)
    assert result.exit_code == 2
    assert "--depth: Input should be 8 or 16" in result.output


@pytest.mark.usefixtures("three_a_shard")
def test_what_cannot_be_read_is_counted_and_leaves_no_gap(project):
    tree = project / "root" / "mimic-cxr-jpg"
    (tree / f"{path_of(1)}.jpg").write_bytes(b"\xff\xd8\xff no picture")
    whole = (tree / f"{path_of(4)}.jpg").read_bytes()
    (tree / f"{path_of(4)}.jpg").write_bytes(whole[: len(whole) // 2])
    for number in (6, 7, 8):  # a whole shard
        (tree / f"{path_of(number)}.jpg").unlink()
    rows = [row(number, path=None if number == 9 else path_of(number)) for number in (*range(3), 9)]
    readings = [
        {
            **{name: one[name] for name in ("dicom_id", "subject_id", "width_px", "height_px")},
            "reading_id": f"R{number}",
            "dataset": "reflacx",
            "has_gaze": True,
            "image_path": one["path"],
        }
        for number, one in enumerate(rows)
    ]
    names = list(readings[0])
    write_table({n: [one[n] for one in readings] for n in names}, project / "readings", "readings")
    tables_of(project / "tables", [row(number) for number in range(9)])
    said, files = build(project, "out", "--also", project / "readings", "--workers", 1)
    assert "4 radiographs in 2 shards; left out: 3 absent, 1 no path in the table, " in said
    names = ["images-00000.npy", "images-00001.npy", "images.json", "index.parquet"]
    assert sorted(files) == names
    shards = open_shards(project / "out")
    places = shards.index.select(["dicom_id", "shard", "row"]).to_pylist()
    kept = ((0, 0, 0), (2, 0, 1), (3, 1, 0), (5, 1, 1))
    assert [tuple(place.values()) for place in places] == [
        (dicom_id(number), shard, row) for number, shard, row in kept
    ]
    left_out = {
        "absent": [6, 7, 8],
        "no path in the table": [9],
        "this file is damaged": [4],
        "this is neither JPEG nor PNG nor DICOM": [1],
    }
    assert told(project)["left_out"] == {
        reason: {"n": len(numbers), "first": [dicom_id(number) for number in numbers]}
        for reason, numbers in left_out.items()
    }
    assert (told(project)["n_listed"], told(project)["n_images"]) == (10, 4)


def test_ten_ids_are_told(project):
    rows = [row(number) for number in range(25)]
    tables_of(project / "tables", rows)
    build(project)
    absent = told(project)["left_out"]["absent"]
    assert (absent["n"], len(absent["first"])) == (15, 10)


def test_copies_at_another_scale_lie_in_the_frame_of_their_originals(project):
    originals = [row(number) for number in range(3)]
    tables_of(project / "tables", originals)
    build(project, "whole")
    doubled = [
        {**each, "width_px": 2 * each["width_px"], "height_px": 2 * each["height_px"]}
        for each in originals
    ]
    doubled[1] = row(1, width_px=None)
    tables_of(project / "tables", doubled)
    said, _ = build(project)
    assert "left out: none; 2 are copies at another scale → " in said
    assert told(project)["scaled_copies"] == {"n": 2, "first": [dicom_id(0), dicom_id(2)]}
    whole, half = (open_shards(project / out) for out in ("whole", "out"))
    for number, (one, other) in enumerate(
        zip(whole.index.to_pylist(), half.index.to_pylist(), strict=True)
    ):
        times = 1 if number == 1 else 2
        assert other["image_width_px"] == times * one["image_width_px"]
        assert other["scale"] == one["scale"] / times
        assert (other["pad_x_px"], other["pad_y_px"]) == (one["pad_x_px"], one["pad_y_px"])
        np.testing.assert_array_equal(whole[number], half[number])


def test_another_aspect_is_left_out(project):
    tables_of(project / "tables", [row(0), row(1, height_px=48), row(2, width_px=40)])
    said, _ = build(project)
    reason = "this picture has another aspect than its table says"
    assert f"1 radiographs in 1 shards; left out: 2 {reason} → " in said
    assert told(project)["left_out"] == {reason: {"n": 2, "first": [dicom_id(1), dicom_id(2)]}}


def test_each_image_of_several_readings_comes_once(project):
    shared = {"dicom_id": dicom_id(3), "image_path": path_of(3), "study_id": 99000003}
    shared |= {"height_px": 40, "width_px": 32}
    rows = [reading(f"R{number}", **shared) for number in range(3)]
    write_table({n: [one[n] for one in rows] for n in rows[0]}, project / "r", "readings")
    said = gazescribe(
        *("images", project / "r", project / "root", project / "out", "--size", 24),
        *("--also", project / "tables", "--also", project / "r"),
    )
    assert said.startswith("10 radiographs in 1 shards")


def test_radiographs_of_other_tables_may_lie_elsewhere(project):
    for number in (3, 20):
        put(project / "elsewhere", number)
    tables_of(project / "theirs", [row(20), row(3, subject_id=99000002)])
    theirs = project / "theirs", project / "elsewhere"
    said, _ = build(project, "out", "--also-from", *theirs)
    assert "11 radiographs in 1 shards; left out: none" in said
    assert (
        f"; 1 ids stand for another file in later tables, which is not taken ({dicom_id(3)})"
        in said
    )
    index = open_shards(project / "out").index
    assert {99000001} == set(index["subject_id"].to_pylist())  # the first tables win


def test_no_images_at_all(project):
    write_table(TABLES["images"].schema.empty_table(), project / "tables", "images")
    said, _ = build(project)
    assert said.startswith("0 radiographs in 0 shards; left out: none")
    assert len(open_shards(project / "out")) == 0


def bad(project, how):
    tree = project / "root" / "mimic-cxr-jpg"
    if how == "all damaged":
        for file in tree.rglob("*.jpg"):
            file.write_bytes(b"text")
    elif how == "two trees":
        put(project / "root" / "copy", 4)
    elif how == "path":
        tables_of(project / "tables", [row(0), row(1, path="../../etc/passwd")])
    elif how == "path of another":
        tables_of(project / "tables", [row(0), row(1, path=path_of(2))])
    elif how == "no tables":
        (project / "tables" / "images.parquet").unlink()


@pytest.mark.parametrize(
    ("how", "options", "message"),
    [
        ("all damaged", (), "not one of 10 radiographs can be read.\n  - this is neither JPEG"),
        ("two trees", (), "root: 2 trees with these radiographs lie here. Name the one"),
        ("path", (), f"not the paths of the images.\n  - {dicom_id(1)}: ../../etc/passwd"),
        ("path of another", (), f"not the paths of the images.\n  - {dicom_id(1)}: files/p99"),
        ("no tables", (), "there is no table readings"),
        (
            "",
            ("--source", "dicom"),
            f"none of the 10 radiographs is here; the first is {path_of(0)}.dcm",
        ),
        ("", ("--size", "native"), "native cannot be one"),
        ("", ("--size", "big"), "size 'big' is neither N nor HxW"),
    ],
)
def test_what_is_refused(project, how, options, message):
    bad(project, how)
    command = ("images", project / "tables", project / "root", project / "out")
    result = invoke(*command, *options)
    assert result.exit_code == 2
    assert message in result.output
    assert not (project / "out" / "index.parquet").exists()


# The same bytes, come what may


@pytest.mark.usefixtures("three_a_shard", "two_workers")
def test_workers_and_order_do_not_matter(project):
    _, alone = build(project, "alone", "--workers", 1)
    assert len([name for name in alone if name.endswith(".npy")]) == 4
    tables_of(project / "tables", [row(number) for number in reversed(range(10))])
    assert build(project, "two", "--workers", 2)[1] == alone


class Reader:
    """Reads radiographs, and is interrupted before some of them; remembers which it read."""

    def __init__(self, monkeypatch, dies_before=()):
        self.names = []
        self.dies_before = dies_before
        monkeypatch.setattr(images, "decode_radiograph", self)

    def __call__(self, path, **options):
        if path.stem in self.dies_before:
            raise KeyboardInterrupt
        self.names.append(path.stem)
        return decode_radiograph(path, **options)


def interrupted(project, reader):
    sources = [(project / "tables", project / "root")]
    with pytest.raises(KeyboardInterrupt):
        images.run(sources, project / "out", load_params().images, workers=1)
    assert reader.names
    assert not (project / "out" / "index.parquet").exists()


@pytest.mark.usefixtures("three_a_shard")
@pytest.mark.parametrize("dies_before", [3, 5, 9])
def test_a_run_that_was_cut_off_goes_on(project, monkeypatch, dies_before):
    def options(out):
        return (project / "tables", project / "root", project / out, "--workers", 1)

    gazescribe("images", *options("calm"))
    interrupted(project, Reader(monkeypatch, [dicom_id(dies_before)]))
    reader = Reader(monkeypatch)
    said = gazescribe("images", *options("out"))
    n_kept = dies_before // 3
    assert f"; {n_kept} shards kept from a run that was cut off" in said
    assert reader.names == [dicom_id(number) for number in range(3 * n_kept, 10)]
    assert bytes_in(project / "out") == bytes_in(project / "calm")
    left = {path.name for path in project.iterdir()}
    assert left == {"root", "tables", "out", "calm"}


@pytest.mark.usefixtures("three_a_shard")
def test_other_settings_or_images_start_anew(project, monkeypatch):
    for change in ("size", "images", "root"):
        interrupted(project, Reader(monkeypatch, [dicom_id(9)]))
        reader = Reader(monkeypatch)
        root, size = project / "root", 512
        if change == "size":
            size = 24
        elif change == "images":
            tables_of(project / "tables", [row(n) for n in range(10) if n != 1])
        else:
            (project / "root").rename(project / "moved")
            root = project / "moved"
        said = gazescribe(
            *("images", project / "tables", root, project / "out", "--size", size, "--workers", 1)
        )
        assert "kept" not in said
        assert len(reader.names) == (10 if change == "size" else 9)
        (project / "out" / "index.parquet").unlink()


@pytest.mark.usefixtures("three_a_shard")
def test_what_failed_in_the_run_that_was_cut_off_is_tried_again(project, monkeypatch):
    damaged = project / "root" / "mimic-cxr-jpg" / f"{path_of(1)}.jpg"
    whole = damaged.read_bytes()
    damaged.write_bytes(b"text")
    interrupted(project, Reader(monkeypatch, [dicom_id(7)]))
    damaged.write_bytes(whole)
    reader = Reader(monkeypatch)
    said = gazescribe("images", project / "tables", project / "root", project / "out")
    assert "left out: none; 1 shards kept" in said
    assert reader.names == [dicom_id(number) for number in (0, 1, 2, 6, 7, 8, 9)]


@pytest.mark.usefixtures("three_a_shard")
def test_a_radiograph_that_changed_since_is_read_again(project, monkeypatch):
    interrupted(project, Reader(monkeypatch, [dicom_id(7)]))
    path = project / "root" / "mimic-cxr-jpg" / f"{path_of(1)}.jpg"
    path.write_bytes(path.read_bytes() + b"\0")
    reader = Reader(monkeypatch)
    gazescribe("images", project / "tables", project / "root", project / "out", "--workers", 1)
    assert reader.names == [dicom_id(number) for number in (0, 1, 2, 6, 7, 8, 9)]


SLOW = """
import sys, time
from gazescribe.pipeline.commands import cli
from gazescribe.pipeline.images import run as images
decode, images.ROWS_A_SHARD = images.decode_radiograph, 3
images.decode_radiograph = lambda path, **how: (time.sleep(0.2), decode(path, **how))[1]
cli.main()
"""


@pytest.mark.usefixtures("three_a_shard")
def test_a_killed_process_loses_no_finished_shard(project):
    options = ["images", *map(str, (project / "tables", project / "root", project / "out"))]
    options += ["--size", "24", "--workers", "1"]
    running = subprocess.Popen([sys.executable, "-c", SLOW, *options], cwd=ROOT)
    beside = project / ".out.partial"
    deadline = time.monotonic() + 60
    while not list(beside.glob(".images-*.json")) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    assert not (project / "out" / "index.parquet").exists()
    n_kept = len(list(beside.glob(".images-*.json")))
    assert 1 <= n_kept < 4
    said, resumed = build(project, "out", "--workers", 1)
    assert f"{n_kept} shards kept" in said
    assert resumed == build(project, "calm", "--workers", 1)[1]
