"""Maps as NPY files, read by numpy and pandas."""

import numpy as np
import pandas as pd
import pytest

from .conftest import check_maps


def read(folder, name):
    index = pd.read_csv(folder / "maps" / name / "index.csv", keep_default_na=False, na_values="")
    files = {n: np.load(folder / "maps" / name / f"heatmaps-{n:05d}.npy") for n in set(index.shard)}
    return index, np.stack([files[row.shard][row.row] for row in index.itertuples()])


@pytest.mark.parametrize("name", ["label", "saliency"])
def test_maps_and_their_index_come_back(inputs, exported, name):
    check_maps(inputs, name, *read(exported("npy"), name))


def test_files_can_be_memory_mapped(exported):
    path = exported("npy") / "maps/label/heatmaps-00000.npy"
    maps = np.load(path, mmap_mode="r")
    assert isinstance(maps, np.memmap)
    assert maps.shape == (4, 32, 24)
