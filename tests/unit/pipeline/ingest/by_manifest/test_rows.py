import re
import tracemalloc

import pytest

from gazescribe.pipeline.ingest.by_manifest import rows as rows_module
from gazescribe.pipeline.ingest.by_manifest import text_tables as tables_module
from gazescribe.pipeline.ingest.by_manifest.pieces import Files
from gazescribe.pipeline.ingest.by_manifest.rows import read_rows
from gazescribe.pipeline.sources.faults import Findings
from gazescribe.pipeline.sources.table_manifests import Samples


@pytest.mark.parametrize(
    ("where", "n_rows"),
    [
        pytest.param(True, 2, id="bool"),
        pytest.param("True", 1, id="text"),
        pytest.param([False, "true"], 2, id="several"),
    ],
)
def test_rows_are_chosen_by_yes_and_no(lab, where, n_rows):
    rows = "".join(
        f"A1,{n},{n + 1},1,2,{cell}\n" for n, cell in enumerate(("True", "true", "False"))
    )
    lab.files["fixations.csv"] = f"id,start,end,x,y,ok\n{rows}"
    lab.tables["fixations"]["where"] = {"ok": where}
    assert len(lab.ingest().rows("fixations")) == n_rows


def test_where_that_matches_nothing_says_what_is_there(lab):
    lab.files["fixations.csv"] = "id,start,end,x,y,n\nA1,0,1,1,2,1.0\n"
    lab.tables["fixations"]["where"] = {"n": 1}
    assert len(lab.ingest().rows("fixations")) == 1
    lab.tables["fixations"]["where"] = {"n": "1"}
    message = "fixations.csv: no row is what `where` asks for (n is '1.0' there)"
    assert message in lab.run("verify").output
    lab.tables["words"]["where"] = {"word": "x"}
    output = lab.run("verify").output
    assert "words.csv: no row is what `where` asks for\n" in output
    assert "effusion" not in output


def test_clock_times(lab):
    lab.files["words.csv"] = 'id,word,from,to\nA1,clear.,00:01:02.5,"01:03,25"\n'
    lab.ingest()
    assert lab.column("words", "onset_s") == [62.5]
    assert lab.column("words", "offset_s") == [63.25]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        pytest.param(
            '"0,5"', 'the column start has decimal commas: set `decimal: ","`', id="comma"
        ),
        pytest.param(
            "01.05.2024 10:00:00", "the column start holds dates: write them as 2024", id="date"
        ),
    ],
)
def test_numbers_of_another_form_are_refused(lab, cell, message):
    lab.files["fixations.csv"] = f"id,start,end,x,y\nA1,{cell},1,1,2\n"
    result = lab.run()
    assert result.exit_code == 2
    assert f"fixations.csv: {message}" in result.output


def test_samples_take_less_than_twice_their_file_in_memory(tmp_path):
    """By the growth of the peak with the file: 1.1; columns joined of pieces took 2.6 times."""
    columns = {"reading_id": "trial", "time_s": "time", "x_px": "x", "y_px": "y"}
    peaks, sizes = [], []
    for n_rows in (30_000, 90_000):
        path = tmp_path / f"{n_rows}.csv"
        with path.open("w") as file:
            file.write("trial,time,x,y,validity,pupil\n")
            for row in range(n_rows):
                x, y = 963 + row % 997 / 1000, 99 + row % 89 / 100
                valid = "Valid" if row % 7 else "Invalid"
                file.write(f"S{row * 4 // n_rows:03d},{1000000 + 2 * row},{x},{y},{valid},2.5\n")
        sizes.append(path.stat().st_size)
        table = Samples.model_validate(
            {"file": path.name, "columns": {**columns, "valid": "validity"}}
        )
        findings = Findings(path.name, None, [])
        # Counted by the interpreter: the peak of a process also holds what the system rounds up.
        tracemalloc.start()
        rows = read_rows(tmp_path, table, Files(path.name), findings, "error")
        pieces = rows.by(table.columns.reading_id)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert sum(map(len, pieces.values())) == n_rows
    assert peaks[1] - peaks[0] < 2 * (sizes[1] - sizes[0])


def test_rows_of_readings_that_alternate(lab):
    """Each keeps its own order and the places of its rows in the file."""
    lines = ["B2,1,2,1,5", "A1,0,1,2,6", "B2,2,3,3,7", "A1,1,0,4,8", "A1,3,4,5,9"]
    lab.files["fixations.csv"] = "\n".join(["id,start,end,x,y", *lines, ""])
    lab.ingest()
    assert lab.column("fixations", "x_px") == [2, 5]
    assert lab.column("fixations", "y_px") == [6, 9]
    assert lab.column("fixations", "x_px", "B2") == [1, 3]
    result = lab.run("verify")
    assert re.search(r"fixations\.csv.*row 5", result.output)


def test_texts_that_are_too_many_to_look_up_are_read_all_the_same(lab, monkeypatch):
    monkeypatch.setattr(rows_module, "MAX_POOL", 1)
    monkeypatch.setattr(tables_module, "PIECE_ROWS", 1)
    before = [f"{reading},{reading}{n}.,{n},{n + 1}" for n in range(3) for reading in ("A1", "B2")]
    lab.files["words.csv"] = "\n".join(["id,word,from,to", *before, ""])
    lab.ingest()
    assert lab.column("words", "text") == ["A10.", "A11.", "A12."]
    assert lab.column("words", "text", "B2") == ["B20.", "B21.", "B22."]


def test_a_confidence_with_a_decimal_comma(lab):
    del lab.tables["fixations"]
    lab.files["s.csv"] = "id;t;x;y;c\nA1;0;10;20;0,9\nA1;1;10;20;0,3\nA1;2;10;20;\n"
    place = {"x_px": "x", "y_px": "y", "valid": {"column": "c", "at_least": 0.6}}
    columns = {"reading_id": "id", "time_s": "t", **place}
    table = {"file": "s.csv", "separator": ";", "decimal": ",", "columns": columns}
    lab.tables["samples"] = table
    assert lab.ingest().column("samples", "valid") == [True, False, False]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param("\ufeffJos\u00e9", id="mark of byte order"),
        pytest.param("Jose\u0301", id="letters apart"),
        pytest.param("Jos\u00e9\u200b", id="blank without width"),
        pytest.param("Jos\u00e9\u00a0", id="blank that holds lines together"),
    ],
)
def test_ids_that_look_alike_are_one(lab, other):
    lab.files["readings.csv"] = "id,who,w,h\nJos\u00e9,7,100,80\n"
    lab.files["fixations.csv"] = f"id,start,end,x,y\nJos\u00e9,0,1,1,5\n{other},1,2,2,6\n"
    lab.files["words.csv"] = f"id,word,from,to\n{other},clear.,1,2\n"
    lab.ingest()
    assert [row["x_px"] for row in lab.all_rows("fixations")] == [1, 2]
    assert [row["text"] for row in lab.all_rows("words")] == ["clear."]
    assert lab.reasons() == {"reading_id_made": 1}
