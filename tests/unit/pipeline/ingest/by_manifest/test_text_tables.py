import pytest

HEAD = "id,start,end,x,y"
ROWS = ["A1,0.5,0.75,10,20", "A1,0.8,1.0,50,60", "B2,1.0,2.0,30,40"]


def content(*lines, end="\n"):
    return end.join([*lines, ""])


@pytest.mark.parametrize(
    ("table", "text"),
    [
        pytest.param({}, content(HEAD, *ROWS).encode("utf-16"), id="UTF-16 with its mark"),
        pytest.param(
            {"encoding": "utf-16"}, content(HEAD, *ROWS).encode("utf-16-le"), id="UTF-16 without"
        ),
        pytest.param(
            {"encoding": "cp1252"}, content("größe,1", HEAD, *ROWS).encode("cp1252"), id="cp1252"
        ),
        pytest.param({"comment": "#"}, content("# a", HEAD, "# b", *ROWS, "# c"), id="comments"),
        pytest.param({"comment": "#", "skip_to": "id,"}, content("#", f"# {HEAD}", *ROWS), id="np"),
        pytest.param(
            {"skip_to": "start"}, content('"an inch: 24"', *["x,y"] * 300, HEAD, *ROWS), id="skip"
        ),
        pytest.param({}, content(f"{HEAD},", *ROWS), id="separator behind the names"),
        pytest.param({}, content(HEAD, *(f"{row},," for row in ROWS)), id="and behind the cells"),
        pytest.param({}, content(HEAD.replace(",", " , "), *ROWS), id="blanks in names"),
        pytest.param(
            {"separator": " "},
            content(*(f"  {row.replace(',', '   ')} " for row in (HEAD, *ROWS))),
            id="blanks between cells",
        ),
        pytest.param({}, content(HEAD, *ROWS, end="\r"), id="old line ends"),
    ],
)
def test_texts_as_recorders_write_them(lab, table, text):
    lab.tables["fixations"] |= table
    lab.files["fixations.csv"] = text
    assert lab.ingest().column("fixations", "x_px") == [10, 50]
    assert lab.reasons() == {}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        pytest.param({"skip_to": "Zeit"}, "no line has 'Zeit', which `skip_to` asks", id="skip"),
        pytest.param({"encoding": "utf-7"}, "this is not a CSV file in utf-7", id="encoding"),
    ],
)
def test_keys_that_do_not_fit_the_file(lab, table, message):
    lab.tables["fixations"] |= table
    lab.files["fixations.csv"] = "größe\n" + lab.files["fixations.csv"]
    assert f"fixations.csv: {message}" in lab.run().output


def test_a_last_row_that_is_cut_off_is_counted(lab):
    lab.files["fixations.csv"] += "B2,3.0,3."
    assert lab.ingest().column("fixations", "x_px", "B2") == [30]
    assert lab.reasons() == {"fixations_cut": 1}
    assert "fixations.csv, row 5: the last row is cut off" in lab.run("verify").output


def test_rows_are_numbered_as_an_editor_does(lab):
    lab.tables["fixations"]["comment"] = "#"
    lab.files["fixations.csv"] = content("# a", "", HEAD, ROWS[0], "# b", "A1,2,1,3,4", ROWS[2])
    assert "fixations.csv, row 6: 1 of 2 rows do not end" in lab.run("verify").output


def test_rows_of_blanks_and_names_that_stand_there_again(lab):
    lab.files["fixations.csv"] = content(HEAD, ROWS[0], HEAD, *ROWS[1:], ",,,,", "  ", ",,,,")
    assert lab.ingest().column("fixations", "x_px") == [10, 50]
    assert lab.reasons() == {"fixations_names_again": 1}


def test_a_pattern_means_one_column(lab):
    lab.files["fixations.csv"] = content("id,start,end,x [px],y(1),y(2)", "A1,0,1,10,20,30")
    columns = lab.tables["fixations"]["columns"]
    columns |= {"x_px": "x*", "y_px": "y*"}
    assert "the column y* may be y(1) or y(2): write more of its name" in lab.run().output
    columns["y_px"] = "y(2*"
    assert lab.ingest().column("fixations", "y_px") == [30]


def test_quotes_may_be_characters_like_others(lab):
    lab.files["fixations.csv"] = content(f"{HEAD},note", f'{ROWS[0]},"24" wide', f"{ROWS[2]},")
    assert "row" not in (output := lab.run().output)
    assert "Say `quotes: false` if quotes are characters like others there" in output
    lab.tables["fixations"]["quotes"] = False
    assert lab.ingest().column("fixations", "x_px") == [10]


def test_cells_that_are_no_number_are_counted(lab):
    lab.files["fixations.csv"] = content(HEAD, "A1,0,1,12 px,20", ROWS[0], ROWS[2])
    assert lab.ingest().reasons()["fixations_no_number"] == 1
    message = "1 cell of the column x is no number, as '12 px': what stands for no value may be"
    assert message in lab.run("verify").output
    lab.tables["fixations"]["missing"] = "12 px"
    assert "fixations_no_number" not in lab.ingest().reasons()
    lab.files["words.csv"] = "id,word,from,to\nA1,clear.,1,2\nA1,effusion.,effusion,2\n"
    output = lab.run("verify").output
    assert "1 cell of the column from is no number: what" in output
    assert "effusion" not in output


def test_a_head_above_files_of_which_the_path_says_all_is_skipped(lab):
    lab.tables["readings"] = {"file": "{reading_id}.txt", "columns": {"width_px": 100}}
    lab.tables["readings"]["columns"]["height_px"] = 80
    lab.files |= {f"{name}.txt": content("Date: today", HEAD, *ROWS) for name in ("A1", "B2")}
    assert lab.ingest().column("readings", "width_px") == [100]
    assert lab.reasons() == {}


def test_a_row_of_another_length_may_be_a_remark(lab):
    lab.files["fixations.csv"] = content(HEAD, "MSG,start", *ROWS)
    assert "row 2 has 2 cells, not 5: if it is a remark, `comment`" in lab.run("verify").output
    lab.tables["fixations"]["comment"] = "MSG"
    assert lab.ingest().column("fixations", "x_px") == [10, 50]
