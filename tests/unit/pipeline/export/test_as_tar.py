"""Maps as WebDataset, read as tar files."""

import io
import json
import tarfile

import numpy as np
import pandas as pd
import pytest

from .conftest import check_maps


def read(folder, name):
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
    return rows, np.stack(
        [np.load(io.BytesIO(one["heatmap.npz"]))["map"] for one in samples.values()]
    )


@pytest.mark.parametrize("name", ["label", "saliency"])
def test_maps_and_their_index_come_back(inputs, exported, name):
    check_maps(inputs, name, *read(exported("webdataset"), name))
