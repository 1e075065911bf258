"""Maps as Parquet, read by pandas and polars; by split, opened by Hugging Face `datasets`."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.export.as_parquet import MAP_TYPE, MAPS_A_GROUP, nested

from .conftest import IDS, check_maps, source


def read(folder, name):
    frame = pd.read_parquet(folder / "maps" / name)
    return frame, np.stack([np.stack(one) for one in frame.pop("map")])


@pytest.mark.parametrize("name", ["label", "saliency"])
def test_maps_and_their_index_come_back(inputs, exported, name):
    check_maps(inputs, name, *read(exported("parquet"), name))


def test_polars_opens_parquet(inputs, exported):
    polars = pytest.importorskip("polars")
    frame = polars.read_parquet(exported("parquet") / "maps" / "label" / "*.parquet")
    found = np.array(frame["map"].to_list(), np.float16)
    np.testing.assert_array_equal(found, source(inputs, "label")[1])


def test_maps_nest_row_by_row():
    maps = np.arange(24, dtype=np.float16).reshape(2, 3, 4)
    lists = nested(maps)
    assert lists.type == MAP_TYPE
    assert lists.to_pylist() == maps.tolist()


def test_a_reader_holds_a_few_maps_at_once(exported):
    (path,) = (exported("parquet") / "maps/label").glob("*.parquet")
    metadata = pq.ParquetFile(path).metadata
    sizes = [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)]
    assert sum(sizes) == 4
    assert max(sizes) <= MAPS_A_GROUP


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


def test_each_split_has_its_file(exported):
    folder = exported("hf") / "maps/label"
    readings = {
        path.name: set(pq.read_table(path, columns=["reading_id"])["reading_id"].to_pylist())
        for path in folder.glob("*.parquet")
    }
    assert readings == {"train-00000.parquet": {IDS[0]}, "test-00000.parquet": {IDS[1]}}
