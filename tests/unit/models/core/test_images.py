import pickle

import numpy as np
import pyarrow.parquet as pq
import pytest

from gazescribe.models.core.images import (
    FRAME,
    check_frames,
    index_by_image,
    open_images,
    resize_of,
)
from gazescribe.pipeline.core.errors import AlignmentError, ParamsError, SchemaError
from gazescribe.pipeline.core.shards import open_shards
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
    index = index_by_image(images)
    assert index.loc["image 2", "row"] == 2  # the first row of the second shard
    assert index.loc["image 2", [*FRAME]].tolist() == [SIZE, SIZE, 0.32, 3, 0]
    assert (images[2] == np.full((SIZE, SIZE), 2, np.uint8)).all()


def test_images_of_sixteen_bits_come_as_eight(folder):
    eight = np.array(open_images(folder / "images", (SIZE, SIZE))[:])
    for path in (folder / "images").glob("images-*.npy"):
        np.save(path, np.load(path) * np.uint16(257) + np.uint16(128))
    images = open_images(folder / "images", (SIZE, SIZE))
    assert open_shards(folder / "images")[2].dtype == np.uint16
    assert (images[2].dtype, images[:2].dtype) == (np.uint8, np.uint8)
    np.testing.assert_array_equal(images[:], eight)


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
    np.testing.assert_array_equal(pickle.loads(sent)[2], before)  # noqa: S301 our own


def test_another_size(folder):
    message = r"these images are 32 × 32, but 64 × 32 is asked for\. .*--size 64x32"
    with pytest.raises(ParamsError, match=message):
        open_images(folder / "images", (64, 32))


def test_shards_of_maps(folder):
    with pytest.raises(SchemaError, match="these are shards of heatmaps, not of images"):
        open_images(folder / "maps-label", (64, 64))


@pytest.mark.parametrize(
    ("difference", "names"),
    [
        pytest.param([0, 0, 0.01, -1, 1], [], id="within"),
        pytest.param([0, 0, -0.011, 0, 0], ["R1", "R2"], id="scale"),
        pytest.param([0, 0, 0, 0, -1.5], ["R1", "R2"], id="pad"),
        pytest.param([1, 0, 0, 0, 0], ["R1", "R2"], id="height"),
    ],
)
def test_maps_lie_on_their_images_within_limits(difference, names):
    readings = np.array(["R2", "R1", "R3", "R1"])
    differences = np.array([difference, difference, [0] * 5, [0] * 5], float)
    given = (readings, differences, (0, 0, 0.01, 1, 1))
    if not names:
        check_frames(*given, alike="size", where="maps")
        return
    with pytest.raises(AlignmentError, match=r"maps of 2 readings .* with one size") as raised:
        check_frames(*given, alike="size", where="maps")
    assert (raised.value.faults, raised.value.where) == (tuple(names), "maps")
