"""What goes into an export, before it is written."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from gazescribe.pipeline.core.errors import AlignmentError, ArrayError, GazeError
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.shards import ROWS_A_SHARD, open_shards
from gazescribe.pipeline.core.tables import write_table
from gazescribe.pipeline.export.contents import MapSet, gather, recorded
from tests.synthetic import fixation, reading, words, write_tables

from .conftest import IDS

KEY = b"0123456789abcdef0123456789abcdef"


def gathered(inputs, *sets, key=None, text=False, fixations=False):
    shards = [(name, getattr(inputs, name)) for name in sets]
    return gather(inputs.tables, inputs.associated, shards, key=key, text=text, fixations=fixations)


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        pytest.param({}, ["readings", "windows", "gaussians"], id="plain"),
        pytest.param(
            {"text": True}, ["readings", "words", "sentences", "windows", "gaussians"], id="text"
        ),
        pytest.param(
            {"fixations": True}, ["readings", "fixations", "windows", "gaussians"], id="gaze"
        ),
    ],
)
def test_tables_are_those_asked_for(inputs, asked, names):
    tables = gathered(inputs, **asked).tables
    assert list(tables) == names
    assert "image_path" not in tables["readings"].column_names
    assert ("text" in tables["readings"].column_names) == bool(asked.get("text"))


def test_texts_without_words(inputs, tmp_path):
    tables = write_tables(tmp_path, readings=[reading("R1", "edema seen .")])
    for name in ("words", "sentences"):
        (tables / f"{name}.parquet").unlink()
    made = replace(inputs, tables=tables, associated=tmp_path)
    for name in ("windows", "gaussians"):
        write_table(TABLES[name].schema.empty_table(), tmp_path, name)
    contents = gathered(made, text=True)
    assert contents.tables["readings"]["text"].to_pylist() == ["edema seen ."]
    assert [contents.tables[name].num_rows for name in ("words", "sentences")] == [0, 0]


def test_hashed_rows_are_sorted_by_their_hashes(inputs):
    contents = gathered(inputs, "label", key=KEY)
    ids = contents.tables["readings"]["reading_id"].to_pylist()
    assert len(ids) == 3
    assert ids == sorted(ids)
    assert not set(ids) & set(IDS)
    (label,) = contents.sets
    shards = open_shards(inputs.label)
    for heatmap, place in zip(label.maps(), label.places, strict=True):
        np.testing.assert_array_equal(heatmap, shards[place])
    assert sorted(label.places) == [0, 1, 2, 3]
    assert label.index["row"].to_pylist() == [0, 1, 2, 3]


def test_a_map_that_is_not_finite_is_refused(inputs, tmp_path):
    folder = Path(shutil.copytree(inputs.label, tmp_path / "label"))
    shard = next(folder.glob("heatmaps-*.npy"))
    maps = np.load(shard)
    maps[1, 0, 0] = np.inf
    np.save(shard, maps)
    (label,) = gathered(replace(inputs, label=folder), "label").sets
    with pytest.raises(ArrayError, match=rf"{shard.name}: a map holds numbers that are not finite"):
        list(label.maps())


def test_a_large_set_is_cut_into_files(tmp_path):
    n = ROWS_A_SHARD + 10
    index = pa.table({"n": range(n)})
    first, second = MapSet("label", tmp_path, index, tuple(range(n, 0, -1))).parts()
    assert (first.number, second.number) == (0, 1)
    assert second.index["n"].to_pylist() == list(range(ROWS_A_SHARD, n))
    assert second.places == tuple(range(10, 0, -1))
    assert second.take([2, 0]).places == (8, 10)


def test_what_stages_recorded_is_carried_on(inputs):
    windows = gathered(inputs).tables["windows"].schema
    assert recorded(windows)["params"]["lag_s"] == 1.5
    assert windows.metadata[b"table"] == TABLES["windows"].schema.metadata[b"table"]
    assert recorded(pa.schema([])) == {}


def test_a_name_is_taken_once(inputs):
    with pytest.raises(GazeError, match="the name label is taken twice"):
        gathered(inputs, "label", "label")


def test_maps_of_other_readings_are_named_unless_ids_are_hashed(inputs, tmp_path):
    tables = write_tables(tmp_path, readings=[reading("R1")], windows=[], gaussians=[])
    options = {"text": False, "fixations": False}
    shards = [("label", inputs.label)]
    with pytest.raises(AlignmentError, match="label has 2 readings that are not in") as error:
        gather(tables, tables, shards, key=None, **options)
    assert error.value.faults == IDS[:2]
    with pytest.raises(AlignmentError, match="label has 2 readings") as error:
        gather(tables, tables, shards, key=KEY, **options)
    assert error.value.faults == ()


def test_rows_of_unknown_readings_are_left_out_and_counted(inputs, tmp_path):
    """As `associate` does, where somebody took a part of the readings."""
    rows = {"fixations": [fixation(0, 0, 1), fixation(0, 1, 2, reading_id="R9")]}
    rows["words"] = [*words("no edema .", "R1"), *words("clear .", "R9")]
    folder = {"windows": [], "gaussians": [], "sentences": []}
    tables = write_tables(tmp_path, readings=[reading("R1")], **rows, **folder)
    contents = gather(tables, tables, [], key=None, text=True, fixations=True)
    assert contents.left_out == {
        "fixations of unknown readings": 1,
        "words of unknown readings": 2,
    }
    assert contents.tables["fixations"]["reading_id"].to_pylist() == ["R1"]
    assert contents.tables["words"].num_rows == 3
    rows = {"fixations": rows["fixations"][1:]}
    write_tables(tmp_path, readings=[reading("R1")], **rows, windows=[], gaussians=[])
    with pytest.raises(AlignmentError, match=r"fixations has 1 readings that are not in .* Give"):
        gather(tables, tables, [], key=None, text=False, fixations=True)
