import numpy as np
import pyarrow.parquet as pq
import pytest

from pipeline.errors import SchemaError
from pipeline.shards import open_shards, shard_folder, shard_name, to_stored, write_shard
from pipeline.tables import table_path, write_table

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
        **{name: [0.0] * n for name in ("scale", "pad_x_px", "pad_y_px")},
    }
    with shard_folder(out) as folder:
        for shard in range((n + 1) // 2):
            rows = range(2 * shard, min(2 * shard + 2, n))
            maps = (np.full(SHAPE, row + 1, np.float32) for row in rows)
            write_shard(folder, shard, (len(rows), *SHAPE), maps)
        write_table(index, folder, "heatmaps")
        table_path(folder, "heatmaps").rename(folder / "index.parquet")


def test_maps_come_back(tmp_path):
    write(tmp_path, 5)
    shards = open_shards(str(tmp_path))
    assert len(shards) == 5
    assert [float(heatmap.max()) for heatmap in shards] == [1, 2, 3, 4, 5]
    assert isinstance(shards[4], np.memmap)
    assert (shards[4].shape, shards[4].dtype) == (SHAPE, np.float16)
    assert shards[np.int64(2)].min() == 3


def test_bare_numpy_reads_them(tmp_path):
    write(tmp_path, 5)
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == [*(shard_name(shard) for shard in range(3)), "index.parquet"]
    stored = np.load(tmp_path / "heatmaps-00001.npy", mmap_mode="r")
    assert (stored.shape, stored.dtype) == ((2, *SHAPE), np.float16)
    assert stored.flags.c_contiguous
    assert np.load(tmp_path / "heatmaps-00002.npy").shape == (1, *SHAPE)


@pytest.mark.parametrize("row", [5, -1, 10**9])
def test_rows_that_are_not_there(tmp_path, row):
    write(tmp_path, 5)
    with pytest.raises(IndexError):
        open_shards(tmp_path)[row]


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
    assert sorted(path.name for path in tmp_path.iterdir()) == [
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


def test_a_run_that_fails_while_it_moves_leaves_no_index(tmp_path):
    write(tmp_path, 5)
    (tmp_path / "heatmaps-00009.npy").mkdir()
    with pytest.raises(OSError, match=r"heatmaps-00009\.npy"):
        write(tmp_path, 1)
    with pytest.raises(SchemaError, match="there is no index of heatmaps"):
        open_shards(tmp_path)


def test_what_a_killed_run_left_does_not_disturb(tmp_path):
    (tmp_path / ".partial").mkdir()
    (tmp_path / ".partial" / "heatmaps-00009.npy").write_bytes(b"half")
    write(tmp_path, 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "heatmaps-00000.npy",
        "index.parquet",
    ]


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
        ("no index", "index.parquet: there is no index of heatmaps"),
        ("index is text", "index.parquet: this is not a Parquet file"),
        ("no column", "columns are missing: row, scale"),
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
