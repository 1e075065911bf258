import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.core.errors import AlignmentError
from gazescribe.pipeline.core.tables import read_table, table_path
from gazescribe.pipeline.report.parts import read_parts
from tests.synthetic import fixation, mention, reading, table, write_tables

TEXT = "mild edema ."


def read(folder, ids, mentions=()):
    rows = [reading("R1", TEXT), reading("R2"), reading("R3")]
    gaze = [fixation(0, 0, 1), fixation(1, 1, 2), fixation(0, 0, 1, reading_id="R3")]
    write_tables(folder, readings=rows, fixations=gaze)
    return read_parts(folder, None, table(list(mentions), "mentions"), ids)


def test_each_reading_gets_its_own_rows(tmp_path):
    parts = read(tmp_path, ["R1", "R2"], [mention(TEXT, "edema")])
    assert list(parts) == ["R1", "R2"]
    assert [row["fixation"] for row in parts["R1"].fixations] == [0, 1]
    assert [row["text"] for row in parts["R1"].words] == ["mild", "edema", "."]
    assert [row["text"] for row in parts["R1"].mentions] == ["edema"]
    assert parts["R2"].reading["reading_id"] == "R2"
    assert parts["R2"].fixations == parts["R2"].mentions == []


def test_tables_that_are_absent_give_no_rows(tmp_path):
    parts = read(tmp_path, ["R1"])["R1"]
    assert parts.ellipses == parts.regions == parts.windows == parts.gaussians == []


def test_the_image_size_is_known_with_both_sides(tmp_path):
    parts = read(tmp_path, ["R1"])["R1"]
    assert parts.image_size == (80, 100)
    parts.reading["width_px"] = None
    assert parts.image_size is None


def test_fixations_that_are_drawn_and_gone_are_named(golden_tables, golden_associated, tmp_path):
    gaussians = read_table(golden_associated, "gaussians")
    reading_id = gaussians["reading_id"][0].as_py()
    for name in ("readings", "fixations", "words", "sentences"):
        rows = read_table(golden_tables, name)
        if name == "fixations":
            rows = rows.filter(pc.greater(rows["fixation"], 3))
        pq.write_table(rows, table_path(tmp_path, name))
    with pytest.raises(AlignmentError, match="does not have") as caught:
        read_parts(tmp_path, golden_associated, table([], "mentions"), [reading_id])
    (fault,) = caught.value.faults
    n_gone = len({*gaussians["fixation"].to_pylist()[:4]})
    assert fault == f"{reading_id}: {n_gone}, the first of them 0"
