import pickle

import numpy as np
import pytest

from gazescribe.models.cooperative.maps import open_maps
from gazescribe.models.cooperative.settings import CooperativeInputs
from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.shards import open_shards
from tests.unit.models.cooperative.cooperative_cases import World


def world(folder, n):
    made = World(folder)
    for subject in range(n):
        made.image(99_000_000 + subject)
    return made.write()


def test_rows_of_one_folder_follow_those_of_another(tmp_path):
    first, second = world(tmp_path / "a", 3), world(tmp_path / "b", 2)
    folders = {"a": first.saliency_maps["egd"], "b": second.saliency_maps["egd"]}
    inputs = CooperativeInputs(first.images, dict.fromkeys(folders, "tables"), folders, None)
    maps = pickle.loads(pickle.dumps(open_maps(inputs)))  # noqa: S301  as a loader process gets it
    assert (maps.first_row("a"), maps.first_row("b")) == (0, 3)
    for row, (name, own) in enumerate([("a", 0), ("a", 1), ("a", 2), ("b", 0), ("b", 1)]):
        assert np.array_equal(maps[row], open_shards(folders[name])[own])


def test_images_are_no_maps(tmp_path):
    inputs = world(tmp_path, 1)
    swapped = CooperativeInputs(inputs.images, inputs.tables, {"egd": inputs.images}, None)
    with pytest.raises(SchemaError, match="shards of images, not of heatmaps"):
        open_maps(swapped)
