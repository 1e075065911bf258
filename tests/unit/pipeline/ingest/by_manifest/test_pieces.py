import json
import re

import pyarrow as pa
import pytest
from pyarrow import feather


def test_a_file_for_each_reading_with_other_marks(lab):
    del lab.files["fixations.csv"]
    lab.files["gaze/A1.tsv"] = "start;end;x;y;what\n0,5;1;10;20;F\n1;2;0;0;S\n"
    table = lab.tables["fixations"]
    table |= {"file": "gaze/{reading_id}.tsv", "separator": ";", "decimal": ","}
    table["where"] = {"what": ["F", "f"]}
    del table["columns"]["reading_id"]
    lab.ingest()
    assert lab.column("fixations", "onset_s") == [0.5]
    assert lab.reasons() == {"fixations_missing": 1, "fixations_not_chosen": 1}


def test_events_as_pymovements_saves_them(lab, tmp_path):
    pymovements = pytest.importorskip("pymovements")
    events = pymovements.Events(name="fixation", onsets=[500, 800], offsets=[750, 1000]).frame
    table = events.to_arrow()
    location = pa.array([[10.0, 20.0], [50.0, 60.0]])
    table = table.append_column("location", location).append_column("id", pa.array(["A1", "A1"]))
    feather.write_feather(table, tmp_path / "events.feather")
    lab.files["events.feather"] = (tmp_path / "events.feather").read_bytes()
    lab.tables["fixations"] = {
        "file": "events.feather",
        "where": {"name": "fixation"},
        "columns": {
            "reading_id": "id",
            "onset_s": {"column": "onset", "unit": "ms"},
            "offset_s": {"column": "offset", "unit": "ms"},
            "x_px": {"column": "location", "item": 0},
            "y_px": {"column": "location", "item": 1},
        },
    }
    lab.ingest()
    assert lab.column("fixations", "offset_s") == [0.75, 1.0]
    assert lab.column("fixations", "y_px") == [20, 60]


def test_a_file_beside_has_as_many_rows(lab):
    lab.files["fixations.csv"] = "id,start,end\nA1,0,1\nB2,0,1\n"
    lab.files["where.csv"] = "x,y\n10,20\n30,40\n"
    lab.tables["fixations"]["beside"] = "where.csv"
    assert lab.ingest().column("fixations", "x_px", "B2") == [30]
    lab.files["where.csv"] = "x,y\n10,20\n"
    message = "fixations.csv and where.csv differ in their number of rows"
    assert message in lab.run().output


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("id,start,end,x,y\nA1\nA1,1,2,3,4\n", "row 2 has 1 cells, not 5", id="ragged"),
        pytest.param(
            b"id,caf\xe9\n",
            r"this is not a CSV file \(line 1: not UTF-8\). Save it as UTF-8",
            id="latin 1",
        ),
        pytest.param("", "the file is empty", id="empty"),
        pytest.param(
            "id;start;end;x;y\n",
            r"there is no column id, .*there are: id;start;end;x;y\): set `separator: \";\"`",
            id="semicolons",
        ),
        pytest.param(
            "id,start,end,x,y,x\nA1,0,1,2,3,4\n",
            "the column x stands there more than once",
            id="twice",
        ),
    ],
)
def test_files_that_cannot_be_read(lab, content, message):
    lab.files["fixations.csv"] = content
    result = lab.run()
    assert result.exit_code == 2
    assert re.search(f"fixations.csv: {message}", result.output)


def test_a_column_that_nobody_asks_for_may_stand_twice(lab):
    lab.files["fixations.csv"] = "id,start,end,x,y,z,z\nA1,1,2,3,4,5,6\nB2,1,2,3,4,5,6\n"
    assert lab.ingest().column("fixations", "x_px") == [3]


def test_a_column_may_not_stand_in_both_files(lab):
    lab.files["where.csv"] = "id,x,y\nA1,1,2\nA1,3,4\nB2,5,6\n"
    lab.tables["fixations"]["beside"] = "where.csv"
    assert "the column id, x, y stands there more than once" in lab.run().output


@pytest.mark.parametrize("table", ["readings", "fixations", "words"])
def test_faults_of_a_file_are_named_after_its_table(lab, table):
    lab.files[f"{table}.csv"] = lab.files[f"{table}.csv"].replace(",", ",z,", 1)
    faults = json.loads(lab.run("verify", "--json").output)["faults"]
    code = f"{table}_ragged"
    assert {code: faults[code]["loses"]} == {code: table}


def test_lines_above_the_names_are_skipped(lab):
    lab.files["fixations.csv"] = "# Recorder,5\n\nid: A1\n" + lab.files["fixations.csv"]
    assert lab.ingest().column("fixations", "x_px") == [10, 50]
    assert lab.reasons() == {}


def test_what_may_be_a_dictation_is_not_shown(lab):
    lab.files["words.csv"] = "A1,effusion.,1,2\n"
    output = lab.run().output
    assert "words.csv: its first row has 4 cells and none of the columns id, word" in output
    assert "effusion" not in output


def test_a_table_without_rows(lab):
    lab.files["words.csv"] = "id,word,from,to\n"
    assert lab.ingest().reasons() == {"words_missing": 2}


def test_pieces_of_a_file_are_put_together(lab, monkeypatch):
    monkeypatch.setattr("gazescribe.pipeline.ingest.by_manifest.text_tables.PIECE_ROWS", 2)
    rows = "".join(f"{'A1' if n % 3 else 'B2'},{n},{n + 1},{n},2,{n % 2}\n" for n in range(1, 9))
    lab.files["fixations.csv"] = f"id,start,end,x,y,n\n{rows}"
    lab.tables["fixations"]["where"] = {"n": 1}
    lab.ingest()
    assert lab.column("fixations", "x_px") == [1, 5, 7]
    assert lab.column("fixations", "x_px", "B2") == [3]
    lab.files["fixations.csv"] += "A1,9\n"
    assert lab.ingest().reasons()["fixations_cut"] == 1
    assert lab.column("fixations", "x_px") == [1, 5, 7]
