"""Each format read by its own library, against the shards and tables that it was made from."""

import csv
import io
import json
import tarfile

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.core.shards import open_shards

FORMS = ("parquet", "npy", "webdataset", "hf", "zarr")
TABLES = ("windows", "gaussians", "readings")


def source(inputs, name):
    shards = open_shards(getattr(inputs, name))
    assert len(shards) > 1
    return shards.index.to_pandas(), np.stack([shards[n] for n in range(len(shards))])


def read_parquet(folder, name):
    frame = pd.read_parquet(folder / "maps" / name)
    return frame, np.stack([np.stack(one) for one in frame.pop("map")])


def read_npy(folder, name):
    index = pd.read_csv(folder / "maps" / name / "index.csv", keep_default_na=False, na_values="")
    files = {n: np.load(folder / "maps" / name / f"heatmaps-{n:05d}.npy") for n in set(index.shard)}
    return index, np.stack([files[row.shard][row.row] for row in index.itertuples()])


def read_webdataset(folder, name):
    """As `webdataset` does, which the examples use: importing it here would import torch."""
    samples = {}
    for path in sorted((folder / "maps" / name).glob("*.tar")):
        with tarfile.open(path) as tar:
            for member in tar:
                assert (member.mtime, member.uid, member.gid, member.uname) == (0, 0, 0, "")
                key, _, kind = member.name.partition(".")
                samples.setdefault(key, {})[kind] = tar.extractfile(member).read()
    assert list(samples) == [f"{n:08d}" for n in range(len(samples))]
    rows = pd.DataFrame([json.loads(one["json"]) for one in samples.values()])
    return rows, np.stack([np.load(io.BytesIO(one["heatmap.npy"])) for one in samples.values()])


def read_zarr(folder, name):
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(folder / "maps.zarr" / name, mode="r")
    maps = group["map"]
    assert maps.chunks == (1, *maps.shape[1:])
    assert maps.metadata.zarr_format == 3
    columns = {key: array[:] for key, array in group.arrays() if key != "map"}
    return pd.DataFrame({key: np.asarray(one).tolist() for key, one in columns.items()}), maps[:]


READ = {
    "parquet": read_parquet,
    "npy": read_npy,
    "webdataset": read_webdataset,
    "zarr": read_zarr,
}


def texts(column):
    return ["" if pd.isna(one) else one for one in column]


@pytest.mark.parametrize("name", ["label", "saliency"])
@pytest.mark.parametrize("form", READ)
def test_maps_and_their_index_come_back(inputs, exported, form, name):
    expected, maps = source(inputs, name)
    index, found = READ[form](exported(form), name)
    assert found.dtype == np.float16
    np.testing.assert_array_equal(found, maps)
    for column in ("reading_id", "label", "kind", "split"):
        assert texts(index[column]) == texts(expected[column]), column
    for column in ("phase", "peak", "gaze_s", "scale", "pad_x_px", "pad_y_px"):
        assert index[column].astype(float).tolist() == expected[column].astype(float).tolist()


def test_polars_opens_parquet(inputs, exported):
    polars = pytest.importorskip("polars")
    frame = polars.read_parquet(exported("parquet") / "maps" / "label" / "*.parquet")
    found = np.array(frame["map"].to_list(), np.float16)
    np.testing.assert_array_equal(found, source(inputs, "label")[1])


def test_hf_opens_offline_with_splits_and_shapes(inputs, exported, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    folder = str(exported("hf"))
    maps = datasets.load_dataset(folder, cache_dir=tmp_path)  # the first set, by default
    expected, arrays = source(inputs, "label")
    assert set(maps) == {"train", "test"}
    assert maps["train"].features["map"] == datasets.Array2D((32, 24), "float16")
    for split, rows in maps.items():
        found = np.stack(rows.with_format("numpy")["map"])
        np.testing.assert_array_equal(found, arrays[expected["split"] == split])
    saliency = datasets.load_dataset(folder, "saliency", cache_dir=tmp_path)
    assert saliency["test"].with_format("numpy")[0]["map"].shape == (16, 16)
    gaussians = datasets.load_dataset(folder, "gaussians", cache_dir=tmp_path)["train"]
    assert len(gaussians) == pq.read_table(inputs.associated / "gaussians.parquet").num_rows


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("form", ["parquet", "npy"])
def test_tables_lose_nothing(inputs, exported, form, name):
    folder = inputs.tables if name == "readings" else inputs.associated
    expected = pq.read_table(folder / f"{name}.parquet")
    hidden = {"text", "image_path"} if name == "readings" else set()
    expected = expected.drop_columns(sorted(hidden)).to_pylist()
    assert len(expected) > 2
    if form == "parquet":
        assert pq.read_table(exported(form) / f"{name}.parquet").to_pylist() == expected
        return
    found = list(csv.DictReader(io.StringIO((exported(form) / f"{name}.csv").read_text())))
    assert [
        {key: read_cell(row[key], value) for key, value in one.items()}
        for row, one in zip(found, expected, strict=True)
    ] == expected


def read_cell(text, like):
    """Read a cell of a CSV as whatever stood in Parquet."""
    if like is None or isinstance(like, str):
        return text or like
    return json.loads(text)
