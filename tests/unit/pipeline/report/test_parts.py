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
