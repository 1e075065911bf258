import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.core.errors import AlignmentError, SchemaError
from gazescribe.pipeline.core.shards import shard_folder, write_shard
from gazescribe.pipeline.core.tables import table_path, write_table
from gazescribe.pipeline.results.mil.histogram import (
    EDGES,
    count_values,
    histogram_table,
    stored_maps,
)


@pytest.fixture
def maps(tmp_path):
    """Two validation maps, one of training and one of another phase, 4 × 4."""
    values = np.zeros((4, 4, 4), np.float32)
    values[0, :2, :2] = [[0.1, 0.5], [0.2, 0.0]]  # the first cell of 2 × 2: .5
    values[0, 2, 3] = 0.155
    values[1, 3, 0] = 0.004  # below the least value
    values[1, 0, 3] = 1.0
    values[2:] = 0.9
    with shard_folder(tmp_path) as folder:
        write_shard(folder, 0, values.shape, iter(values))
        rows = {
            "reading_id": ["R1", "R2", "R3", "R4"],
            "kind": ["label"] * 4,
            "label": ["Edema"] * 4,
            "dataset": ["reflacx", "other", "reflacx", "reflacx"],
            "phase": [3, None, 3, 2],
            "split": ["validate", "validate", "train", "validate"],
            "dicom_id": ["D1", "D2", "D3", "D4"],
            "shard": [0] * 4,
            "row": [0, 1, 2, 3],
            "height": [4] * 4,
            "width": [4] * 4,
        }
        for name in ("scale", "pad_x_px", "pad_y_px"):
            rows[name] = [1.0] * 4
        write_table(rows, folder, "heatmaps")
        table_path(folder, "heatmaps").rename(folder / "index.parquet")
    return tmp_path


def test_by_hand(maps):
    found = count_values(stored_maps(maps), 2, where=maps)
    assert found.n_maps == 2
    assert found.counts.sum() == 3
    assert EDGES[np.flatnonzero(found.counts)].tolist() == pytest.approx([0.15, 0.5, 0.99])
    assert found.above[0.15] == 1
    assert found.above[0.2] == pytest.approx(2 / 3)
    assert found.above[0.5] == pytest.approx(1 / 3)


def test_table(maps):
    table = histogram_table(count_values(stored_maps(maps), 2, where=maps))
    assert table.frame.shape == (100, 3)
    assert table.frame["cells"].sum() == 3
    assert table.shown["share of cells"].tolist()[2:4] == pytest.approx([1, 2 / 3])
    assert table.notes[0].startswith("2 maps of validation readings")


def test_maps_that_do_not_fit(maps):
    with pytest.raises(AlignmentError, match="maps have 4 pixels, which 3 cells do not divide"):
        count_values(stored_maps(maps), 3, where=maps)


def test_no_validation_map(maps):
    path = maps / "index.parquet"
    index = pq.read_table(path).filter([False, False, True, False])
    rows = pa.array([0], pa.int32())
    index = index.set_column(index.schema.get_field_index("row"), index.field("row"), rows)
    pq.write_table(index, path)
    (maps / "heatmaps-00000.npy").unlink()
    np.save(maps / "heatmaps-00000.npy", np.zeros((1, 4, 4), np.float16))
    with pytest.raises(AlignmentError, match=r"needs others: no map is of the validation split\."):
        count_values(stored_maps(maps), 2, where=maps)


def test_no_shards(tmp_path):
    with pytest.raises(SchemaError, match="there is no index of heatmaps"):
        count_values(stored_maps(tmp_path), 2, where=tmp_path)
