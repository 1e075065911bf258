"""Maps as NPZ files, read by numpy and pandas."""

import numpy as np
import pandas as pd
import pytest

from .conftest import check_maps


def read(folder, name):
    index = pd.read_csv(folder / "maps" / name / "index.csv", keep_default_na=False, na_values="")
    files = {n: np.load(folder / "maps" / name / f"heatmaps-{n:05d}.npz") for n in set(index.shard)}
    return index, np.stack([files[row.shard][str(row.row)] for row in index.itertuples()])


@pytest.mark.parametrize("name", ["label", "saliency"])
def test_maps_and_their_index_come_back(inputs, exported, name):
    check_maps(inputs, name, *read(exported("npz"), name))


def test_files_are_smaller_than_their_maps(exported):
    sizes = {
        form: (exported(form) / f"maps/label/heatmaps-00000.{form}").stat().st_size
        for form in ("npy", "npz")
    }
    assert sizes["npz"] < sizes["npy"]
