"""Maps as Zarr, read by zarr."""

import numpy as np
import pandas as pd
import pytest

from .conftest import check_maps


def read(folder, name):
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(folder / "maps.zarr" / name, mode="r")
    maps = group["map"]
    assert maps.chunks == (1, *maps.shape[1:])
    assert maps.metadata.zarr_format == 3
    columns = {key: array[:] for key, array in group.arrays() if key != "map"}
    return pd.DataFrame({key: np.asarray(one).tolist() for key, one in columns.items()}), maps[:]


@pytest.mark.parametrize("name", ["label", "saliency"])
def test_maps_and_their_index_come_back(inputs, exported, name):
    check_maps(inputs, name, *read(exported("zarr"), name))


def test_columns_say_what_they_are(exported):
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(exported("zarr") / "maps.zarr/label", mode="r")
    assert "maximum about 1" in group["map"].attrs["description"]
    assert all(array.attrs["description"] for _, array in group.arrays())
    assert "shard" not in group


def test_maps_are_compressed_by_bytes_of_a_kind(exported):
    zarr = pytest.importorskip("zarr")
    maps = zarr.open_array(exported("zarr") / "maps.zarr/label/map", mode="r")
    (codec,) = maps.compressors
    assert (codec.cname.value, codec.shuffle.value, codec.typesize) == ("zstd", "shuffle", 2)
