import pickle

import numpy as np
import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.core import shards as module
from gazescribe.pipeline.core.errors import ArrayError, SchemaError
from gazescribe.pipeline.core.files import entries
from gazescribe.pipeline.core.shards import (
    open_shards,
    shard_folder,
    shard_name,
    to_stored,
    write_shard,
)
from gazescribe.pipeline.core.tables import table_path, write_table

SHAPE = (3, 4)


def write(out, n):
    """Maps filled with 1, 2 … of which two lie in a shard."""
    names = [f"R{number:03d}" for number in range(n)]
    index = {
        "reading_id": names,
        "shard": [number // 2 for number in range(n)],
        "row": [number % 2 for number in range(n)],
        **{name: ["x"] * n for name in ("kind", "label", "dataset", "dicom_id")},
        "height": [SHAPE[0]] * n,
        "width": [SHAPE[1]] * n,
        **{name: [1.0] * n for name in ("scale", "pad_x_px", "pad_y_px")},
    }
    with shard_folder(out) as folder:
        for shard in range((n + 1) // 2):
            rows = range(2 * shard, min(2 * shard + 2, n))
            maps = (np.full(SHAPE, row + 1, np.float32) for row in rows)
            write_shard(folder, shard, (len(rows), *SHAPE), maps)
        write_table(index, folder, "heatmaps")
        table_path(folder, "heatmaps").rename(folder / "index.parquet")


def write_images(out, n, fingerprint=None):
    """Radiographs of 1, 2 … of which two lie in a shard; there are no shards of odd numbers."""
    index = {
        "dicom_id": [f"I{number:03d}" for number in range(n)],
        "subject_id": [99000001] * n,
        "shard": [2 * (number // 2) for number in range(n)],
        "row": [number % 2 for number in range(n)],
        "height": [SHAPE[0]] * n,
        "width": [SHAPE[1]] * n,
        **{name: [1.0] * n for name in ("scale", "pad_x_px", "pad_y_px")},
        **{name: [9] * n for name in ("image_width_px", "image_height_px")},
    }
    with shard_folder(out, "images", fingerprint=fingerprint) as folder:
        for first in range(0, n, 2):
            rows = [np.full(SHAPE, row + 1, np.uint8) for row in range(first, min(first + 2, n))]
            np.save(folder / shard_name(first, "images"), np.stack(rows))
        write_table(index, folder, "image_shards")
        table_path(folder, "image_shards").rename(folder / "index.parquet")


def test_maps_come_back(tmp_path):
    write(tmp_path, 5)
    shards = open_shards(str(tmp_path))
    assert len(shards) == 5
    assert [float(heatmap.max()) for heatmap in shards] == [1, 2, 3, 4, 5]
    assert isinstance(shards[4], np.memmap)
    assert (shards[4].shape, shards[4].dtype) == (SHAPE, np.float16)
    assert shards[np.int64(2)].min() == 3


@pytest.mark.parametrize(
    "rows", [-1, -5, slice(1, 4), slice(-2, None), slice(4, 0, -3), slice(9, 9)]
)
def test_rows_count_as_in_numpy(rows, tmp_path):
    write(tmp_path, 5)
    shards = open_shards(tmp_path)
    array = np.stack(list(shards))
    np.testing.assert_array_equal(shards[rows], array[rows], strict=True)


@pytest.mark.parametrize("row", [5, -6, 10**9])
def test_rows_beyond_the_index_are_refused(row, tmp_path):
    write(tmp_path, 5)
    with pytest.raises(IndexError, match=f"row {row} of 5"):
        open_shards(tmp_path)[row]


def test_an_index_that_lost_its_metadata_is_refused(tmp_path):
    """With it went how the pictures were resized and where their splits came from."""
    write(tmp_path, 5)
    path = tmp_path / "index.parquet"
    pq.write_table(pq.read_table(path).replace_schema_metadata(None), path)
    with pytest.raises(SchemaError, match=r"index.parquet: schema version none found"):
        open_shards(tmp_path)


def test_a_slice_of_no_maps_has_no_rows(tmp_path):
    write_images(tmp_path, 0)
    array = open_shards(tmp_path)[:]
    assert (array.shape, array.dtype) == ((0, 0, 0), np.uint8)


def test_a_slice_of_several_sizes_is_refused(tmp_path):
    write(tmp_path, 4)
    shards = open_shards(tmp_path)
    shards._open[1] = np.zeros((2, 5, 5), np.float16)
    assert shards[2:].shape == (2, 5, 5)
    with pytest.raises(ArrayError, match=r"this slice have several sizes: \[\(3, 4\), \(5, 5\)\]"):
        shards[1:4]


def test_images_come_back(tmp_path):
    write_images(tmp_path, 5)
    shards = open_shards(tmp_path)
    assert (len(shards), shards.kind) == (5, "images")
    assert [int(image.min()) for image in shards] == [1, 2, 3, 4, 5]
    assert isinstance(shards[4], np.memmap)
    assert (shards[4].shape, shards[4].dtype) == (SHAPE, np.uint8)
    assert shards.index["dicom_id"][4].as_py() == "I004"


def test_pickles_hold_no_pixels(tmp_path):
    """Loaders send it to their workers, open or not."""
    write_images(tmp_path, 5)
    shards = open_shards(tmp_path)
    before = len(pickle.dumps(shards))
    assert shards[3].max() == 4
    sent = pickle.dumps(shards)
    assert len(sent) == before
    copy = pickle.loads(sent)  # noqa: S301  (as loaders send it)
    assert [int(image.max()) for image in copy] == [1, 2, 3, 4, 5]
    assert copy.index.equals(shards.index)


def test_few_files_are_open_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_OPEN", 2)
    write_images(tmp_path, 9)
    shards = open_shards(tmp_path)
    kept = [shards[row] for row in (0, 8, 4, 2, 0, 6)]
    assert [int(image.max()) for image in kept] == [1, 9, 5, 3, 1, 7]
    assert sorted(shards._open) == [0, 6]


def test_bare_numpy_reads_them(tmp_path):
    write(tmp_path, 5)
    files = sorted(entries(tmp_path))
    assert files == [*(shard_name(shard) for shard in range(3)), "index.parquet"]
    stored = np.load(tmp_path / "heatmaps-00001.npy", mmap_mode="r")
    assert (stored.shape, stored.dtype) == ((2, *SHAPE), np.float16)
    assert stored.flags.c_contiguous
    assert np.load(tmp_path / "heatmaps-00002.npy").shape == (1, *SHAPE)


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        pytest.param(1, 1, id="one"),
        pytest.param(0, 0, id="zero"),
        pytest.param(2**-14, 2**-14, id="smallest"),
        pytest.param(2**-14 - 2**-30, 0, id="just below the smallest"),
        pytest.param(6e-8, 0, id="a float16 that is not normal"),
        pytest.param(0.3, np.float16(0.3), id="rounded"),
        pytest.param(1.0002, 1, id="a little over one"),
    ],
)
def test_to_stored(value, stored):
    found = to_stored(np.array([value], np.float32))
    assert found.dtype == np.float16
    assert found[0] == np.float16(stored)


def test_fewer_shards_replace_more(tmp_path):
    write(tmp_path, 5)
    write(tmp_path, 1)
    assert sorted(entries(tmp_path)) == [
        "heatmaps-00000.npy",
        "index.parquet",
    ]
    assert len(open_shards(tmp_path)) == 1


def fail_half_way(out):
    with shard_folder(out) as folder:
        write_shard(folder, 0, (1, *SHAPE), [np.zeros(SHAPE, np.float32)])
        raise KeyboardInterrupt


def test_a_failed_run_leaves_the_old_shards(tmp_path):
    write(tmp_path, 5)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(KeyboardInterrupt):
        fail_half_way(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_run_that_fails_while_it_moves_is_finished_by_the_next_reader(tmp_path, monkeypatch):
    write(tmp_path, 5)
    replace = type(tmp_path).replace

    def failing(path, target):
        if path.name == "heatmaps-00001.npy":
            raise OSError("a disk of bad quality")
        return replace(path, target)

    monkeypatch.setattr(type(tmp_path), "replace", failing)
    with pytest.raises(OSError, match="bad quality"):
        write(tmp_path, 1)
    assert not (tmp_path / "index.parquet").exists()
    monkeypatch.undo()
    assert len(open_shards(tmp_path)) == 1


def test_what_a_killed_run_left_does_not_disturb(tmp_path):
    beside = tmp_path / ".out.partial"
    beside.mkdir()
    (beside / "heatmaps-00009.npy").write_bytes(b"half")
    write(tmp_path / "out", 1)
    files = sorted(entries(tmp_path / "out"))
    assert files == ["heatmaps-00000.npy", "index.parquet"]
    assert not beside.exists()


def work(out, fingerprint, *, fails=False):
    """Give what lies in the folder of the work at first."""
    ours = {".fingerprint", ".old"}
    with shard_folder(out, "images", fingerprint=fingerprint) as folder:
        before = sorted(path.name for path in folder.iterdir() if path.name not in ours)
        (folder / "images-00000.npy").write_bytes(b"")
        if fingerprint:
            (folder / ".note").write_bytes(b"")
        if fails:
            raise KeyboardInterrupt
    return before


@pytest.mark.parametrize(
    ("fingerprint", "found"),
    [
        pytest.param("a", [".note", "images-00000.npy"], id="the same"),
        pytest.param("b", [], id="another"),
        pytest.param(None, [], id="none"),
    ],
)
def test_work_is_kept_for_a_run_of_the_same_fingerprint(tmp_path, fingerprint, found):
    with pytest.raises(KeyboardInterrupt):
        work(tmp_path / "out", "a", fails=True)
    assert not (tmp_path / "out").exists()
    assert work(tmp_path / "out", fingerprint) == found
    assert entries(tmp_path / "out") == {"images-00000.npy"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert work(tmp_path / "out", fingerprint) == []


def spoil(folder, how):
    second = folder / "heatmaps-00001.npy"
    index = folder / "index.parquet"
    if how == "no index":
        index.unlink()
    elif how == "index is text":
        index.write_text("reading_id")
    elif how == "no column":
        pq.write_table(pq.read_table(index).drop_columns(["scale", "row"]), index)
    elif how == "no shard":
        second.unlink()
    elif how == "shard is text":
        second.write_text("text")
    elif how == "pickle":
        np.save(second, np.array([{}, {}], object), allow_pickle=True)
    elif how == "cut":
        second.write_bytes(second.read_bytes()[:-5])
    else:
        shape = (1, *SHAPE) if how == "short" else (2, *SHAPE)
        np.save(second, np.zeros(shape, np.float16 if how == "short" else np.float32))


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("no index", "index.parquet: there is no index of heatmaps or images"),
        ("index is text", "index.parquet: this is not a Parquet file"),
        ("no column", "columns of an index of heatmaps are missing: row, scale"),
        ("no shard", "heatmaps-00001.npy: not found"),
        ("shard is text", "heatmaps-00001.npy: not a whole NPY file of numbers"),
        ("pickle", "heatmaps-00001.npy: not a whole NPY file"),
        ("cut", "heatmaps-00001.npy: not a whole NPY file"),
        ("short", r"heatmaps-00001.npy: float16 \(2, 3, 4\) expected, float16 \(1, 3, 4\) found"),
        ("wide", r"float16 \(2, 3, 4\) expected, float32 \(2, 3, 4\) found"),
    ],
)
def test_open_refuses(tmp_path, how, message):
    write(tmp_path, 3 + 1)
    spoil(tmp_path, how)
    with pytest.raises(SchemaError, match=f"(?s){message}"):
        open_shards(tmp_path)


@pytest.mark.parametrize(
    ("columns", "missing"),
    [
        (["scale", "row"], "row, scale"),
        (["dicom_id", "image_width_px"], "dicom_id, image_width_px"),
    ],
)
def test_open_refuses_images(tmp_path, columns, missing):
    write_images(tmp_path, 3)
    index = tmp_path / "index.parquet"
    whole = pq.read_table(index)
    pq.write_table(whole.drop_columns(columns), index)
    message = f"columns of an index of images are missing: {missing}"
    with pytest.raises(SchemaError, match=message):
        open_shards(tmp_path)
    pq.write_table(whole, index)
    np.save(tmp_path / "images-00002.npy", np.zeros((1, *SHAPE), np.float16))
    with pytest.raises(SchemaError, match=r"images-00002.npy: uint8 \(1, 3, 4\) expected, float16"):
        open_shards(tmp_path)
