"""Maps as Parquet, read by pandas and polars, and by Hugging Face `datasets` as one split."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.export.as_parquet import MAP_TYPE, MAPS_A_GROUP, nested

from .conftest import check_maps, source


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


def test_datasets_opens_it_as_a_split_that_claims_nothing(exported, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    for name in (None, "readings"):
        opened = datasets.load_dataset(str(exported("parquet")), name, cache_dir=tmp_path)
        assert set(opened) == {"every_split"}
