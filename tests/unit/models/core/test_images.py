import pickle

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from gazescribe.models.core.images import open_images, resize_of
from gazescribe.pipeline.core.errors import ParamsError, SchemaError
from tests.unit.models.mil.mil_cases import SIZE, World


@pytest.fixture
def folder(tmp_path):
    world = World(tmp_path)
    for number in range(3):
        world.image(f"image {number}", 99_000_001)
    world.map("label", "R1", "Edema")
    world.write()
    return tmp_path


def test_images_come_by_row(folder):
    images = open_images(folder / "images", (SIZE, SIZE))
    assert len(images) == 3
    assert images.index.loc["image 2", "row"] == 2
    assert images[2].shape == (1, SIZE, SIZE)
    assert images[2].dtype == torch.uint8
    assert images[2].unique().tolist() == [2]


def test_shards_say_how_images_were_fitted(folder):
    assert resize_of(folder / "images") == "direct", "unless they say otherwise"
    path = folder / "images" / "index.parquet"
    index = pq.read_table(path)
    metadata = {**index.schema.metadata, b"params": b'{"resize": "published"}'}
    pq.write_table(index.replace_schema_metadata(metadata), path)
    assert resize_of(folder / "images") == "published"


def test_they_can_be_sent_to_other_processes(folder):
    images = open_images(folder / "images", (SIZE, SIZE))
    before = images[2]
    sent = pickle.dumps(images)
    assert len(sent) < 100_000
    assert torch.equal(pickle.loads(sent)[2], before)  # noqa: S301 our own


def test_what_is_given_can_be_written_to_and_the_file_stays(folder):
    images = open_images(folder / "images", (SIZE, SIZE))
    images[1].zero_()
    assert np.load(folder / "images" / "images-00000.npy")[1].min() == 1


def test_another_size(folder):
    message = r"these images are 32 × 32, but 64 × 32 is asked for\. .*--size 64x32"
    with pytest.raises(ParamsError, match=message):
        open_images(folder / "images", (64, 32))


def test_shards_of_maps(folder):
    with pytest.raises(SchemaError, match="these are shards of heatmaps, not of images"):
        open_images(folder / "maps-label", (64, 64))
