"""Maps for Hugging Face, opened by `datasets`; files by split."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from .conftest import IDS, source


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
