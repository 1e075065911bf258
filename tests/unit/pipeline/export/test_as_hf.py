"""The form for Hugging Face, opened offline by `datasets`: splits, maps, previews, radiographs."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from gazescribe.pipeline.export.as_hf import IMAGE_TYPE, preview
from gazescribe.pipeline.export.check import check_export, forbid
from gazescribe.pipeline.export.ids import HEADER, hash_id
from gazescribe.pipeline.report.pictures import colours
from tests.running import gazescribe
from tests.synthetic import reading, write_tables

from .conftest import IDS, dicom, source

datasets = pytest.importorskip("datasets")
SPLITS = {"train": IDS[0], "test": IDS[1], "unassigned": IDS[2]}
KEY = "0123456789abcdef0123456789abcdef"
OTHER = np.linspace(0, 1, 32 * 24, dtype=np.float16).reshape(32, 24)
ASKED, UNASKED = (forbid([], [], [], pictures=pictures) for pictures in (False, True))


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Open a configuration of an export, all splits of it."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    def load(folder, name=None):
        return datasets.load_dataset(str(folder), name, cache_dir=tmp_path / "cache")

    return load


def test_maps_have_splits_and_shapes(inputs, exported, load):
    maps = load(exported("hf"))  # the first set, by default
    expected, arrays = source(inputs, "label")
    assert set(maps) == {"train", "test"}
    assert maps["train"].features["map"] == datasets.Array2D((32, 24), "float16")
    for split, rows in maps.items():
        found = np.stack(rows.with_format("numpy")["map"])
        np.testing.assert_array_equal(found, arrays[expected["split"] == split])
    saliency = load(exported("hf"), "saliency")
    assert np.shape(saliency["test"].with_format("numpy")[0]["map"]) == (16, 16)


@pytest.mark.parametrize("name", ["readings", "windows", "gaussians", "label", "saliency"])
def test_no_split_holds_a_reading_of_another(inputs, exported, load, name):
    opened = load(exported("hf"), name)
    assert {"train", "test"} <= set(opened) <= set(SPLITS)
    for split, rows in opened.items():
        assert set(rows["reading_id"]) == {SPLITS[split]}
    if name == "gaussians":
        n_rows = sum(map(len, opened.values()))
        assert n_rows == pq.read_table(inputs.associated / "gaussians.parquet").num_rows


def test_previews_show_the_maps_in_colours(inputs, exported, load):
    rows = load(exported("hf"))["train"]
    assert rows.features["preview"] == datasets.Image()
    expected, arrays = source(inputs, "label")
    maps = arrays[expected["split"] == "train"].astype(float)
    for row, heatmap in zip(rows, maps, strict=True):
        found = np.asarray(row["preview"].convert("RGB"))
        np.testing.assert_array_equal(found, colours()[np.rint(heatmap * 255).astype(int)])


@pytest.mark.parametrize("hashed", [False, True], ids=["raw", "hashed"])
def test_radiographs_are_images_by_split(inputs, tmp_path, load, hashed):
    paths = pq.read_table(inputs.tables / "readings.parquet")["image_path"].to_pylist()
    pixels = np.random.default_rng(0).integers(0, 256, (2, 80, 100), dtype=np.uint8)
    for path, picture in zip(paths, pixels, strict=False):
        file = (tmp_path / "mimic" / path).with_suffix(".png")
        file.parent.mkdir(parents=True)
        Image.fromarray(picture).save(file)
    key = tmp_path / "key.txt"
    key.write_text(f"{HEADER}\n{KEY}\n")
    options = ("--hash-ids", key) if hashed else ()
    inputs.export(tmp_path / "out", "hf", "--include-images", tmp_path / "mimic", *options)
    images = load(tmp_path / "out", "images")
    assert set(images) == {"train", "test"}
    for n, split in enumerate(("train", "test")):
        (row,) = images[split]
        assert row["dicom_id"] == (hash_id("dicom", dicom(n), KEY.encode()) if hashed else dicom(n))
        np.testing.assert_array_equal(np.asarray(row["image"]), pixels[n])
    assert not list((tmp_path / "out/images").glob("*.png"))


def test_tables_without_rows_are_written_and_not_offered(tmp_path, load):
    rows = [reading("R1", has_gaze=False, dicom_id=dicom(0), split="test")]
    tables = write_tables(tmp_path / "tables", readings=rows)
    gazescribe("associate", tables, tmp_path / "associated")
    gazescribe("export", tables, tmp_path / "associated", tmp_path / "out", "--format", "hf")
    assert pq.read_table(tmp_path / "out/gaussians/empty.parquet").num_rows == 0
    assert "config_name: gaussians" not in (tmp_path / "out/README.md").read_text()
    assert set(load(tmp_path / "out", "readings")) == {"test"}


def with_text(content: bytes) -> bytes:
    note, changed = PngInfo(), io.BytesIO()
    note.add_text("said", "anything")
    Image.open(io.BytesIO(content)).save(changed, "PNG", pnginfo=note)
    return changed.getvalue()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param(lambda _: preview(OTHER), "another picture than the map", id="picture"),
        pytest.param(with_text, "more than a picture of a map", id="text"),
        pytest.param(lambda content: content + preview(OTHER), "more than", id="after-the-end"),
        pytest.param(lambda _: b"no picture", "more than", id="bytes"),
        pytest.param(lambda _: b"", "cannot be read", id="nothing"),
    ],
)
def test_previews_that_are_none_are_refused(exported, tmp_path, change, why):
    table = pq.read_table(exported("hf") / "maps/label/train-00000.parquet")
    previews = table["preview"].to_pylist()
    previews[1]["bytes"] = change(previews[1]["bytes"])
    changed = table.drop_columns("preview").append_column("preview", pa.array(previews, IMAGE_TYPE))
    pq.write_table(changed, tmp_path / "part.parquet")
    (fault,) = check_export(tmp_path, UNASKED)
    assert why in fault


def test_radiographs_that_nobody_asked_for_are_refused(tmp_path):
    (tmp_path / "images").mkdir()
    images = pa.array([{"bytes": preview(OTHER), "path": None}], IMAGE_TYPE)
    pq.write_table(pa.table({"image": images}), tmp_path / "images/train-00000.parquet")
    (fault,) = check_export(tmp_path, UNASKED)
    assert "where a picture fits in" in fault
    assert check_export(tmp_path, ASKED) == []
