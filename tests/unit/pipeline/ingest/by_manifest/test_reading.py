import json

import pytest


def test_tables_for_all_readings_become_rows(lab):
    lab.ingest()
    assert lab.summary["counts"] == {
        "images": 2,
        "readings": 2,
        "readings_with_gaze": 2,
        "subjects": 2,
    }
    (row,) = lab.rows("readings")
    assert (row["dataset"], row["subject_id"], row["text"]) == ("mylab", 7, "small effusion.")
    assert (row["width_px"], row["height_px"], row["has_gaze"]) == (100, 80, True)
    assert lab.column("fixations", "x_px") == [10, 50]
    assert lab.column("fixations", "px_per_deg_y") == [30, 30]
    assert lab.column("fixations", "shown_xmin_px") == [None, None]
    assert lab.reasons() == {}


def test_boxes_labels_and_attributes(lab):
    lab.files["boxes.csv"] = "id,what,l,b,r,t,sure\nA1,Edema,0.1,0.25,0.5,0.75,4\nA1,,0,0,1,1,3\n"
    share = {side: {"column": side, "unit": "share"} for side in "lr"}
    up = {side: {"column": side, "unit": "share", "up": True} for side in "bt"}
    box = {"xmin_px": share["l"], "xmax_px": share["r"], "ymin_px": up["b"], "ymax_px": up["t"]}
    of = {"reading_id": "id", "label": "what"}
    lab.tables["ellipses"] = {"file": "boxes.csv", "columns": {**of, **box, "certainty": "sure"}}
    lab.tables["certainties"] = {"file": "boxes.csv", "columns": {**of, "certainty": "sure"}}
    lab.tables["regions"] = {
        "file": "boxes.csv",
        "columns": {"reading_id": "id", "region": "what", **box},
    }
    lab.tables["readings"]["attributes"] = ["who"]
    (row,) = lab.ingest().rows("ellipses")
    assert row["label"] == "Edema"
    assert [row[f"{side}_px"] for side in ("xmin", "ymin", "xmax", "ymax")] == pytest.approx(
        [9.5, 19.5, 49.5, 59.5]
    )
    assert lab.column("certainties", "certainty") == [4]
    assert lab.column("regions", "region") == ["Edema"]
    assert lab.column("attributes", "value") == ["7"]
    assert lab.reasons() == dict.fromkeys(
        ("ellipses_unreadable", "certainties_unreadable", "regions_unreadable"), 1
    )


def test_rows_that_cannot_be_used_are_counted(lab):
    lab.files["fixations.csv"] = (
        "id,start,end,x,y\nA1,0.8,1.0,50,60\nA1,0.5,0.75,10,n/a\nA1,x,2,1,1\nA1,3,3,1,1\n"
        "A1,0.1,0.9,150,1\nA1,,,,\nC9,1,2,3,4\n"
    )
    lab.files["words.csv"] = "id,word,from,to\nA1,small,,\nB2,,1,2\nB2,heart,2,3\n"
    lab.ingest()
    assert lab.column("fixations", "onset_s") == [0.1, 0.8]
    assert lab.reasons() == {
        "fixation_absent": 1,
        "fixation_no_time": 1,
        "fixation_nowhere": 1,
        "fixation_off_image": 1,
        "fixation_order": 1,
        "fixation_overlap": 1,
        "fixation_reversed": 1,
        "fixations_missing": 1,
        "fixations_no_number": 1,
        "fixations_unknown_reading": 1,
        "no_sentence_ends": 1,
        "word_empty": 1,
        "word_no_time": 1,
    }
    report = json.loads(lab.run("verify", "--json", "--workers", "1").stdout)
    examples = report["faults"]["fixation_reversed"]["examples"]
    assert examples == ["fixations.csv, row 5: 1 of 6 rows do not end after they start"]
    assert report["lost"]["gaze"] == 2


CLOCKS = "gaze is from 100.5 to 101.0 s, words from 1.0 to 2.0 s: check `unit` and `audio_start`"


def test_gaze_on_another_clock_than_the_words_is_said(lab):
    lab.files["fixations.csv"] = "id,start,end,x,y\nA1,100.5,101,1,1\nB2,1,2,3,4\n"
    lab.ingest()
    fault = lab.summary["faults"]["gaze_apart_from_words"]
    assert (fault["severity"], fault["loses"], fault["items"]) == ("loss", "windows", 1)
    verified = lab.run("verify", "--workers", "1")
    assert verified.exit_code == 2
    assert CLOCKS in verified.output
    assert "lost: windows of 1" in verified.output


def test_phrases_are_cut_behind_periods(lab):
    words = lab.ingest().rows("words", "B2")
    assert [word["text"] for word in words] == ["clear lungs.", "heart is big"]
    assert [word["sentence"] for word in words] == [0, 1]
    assert words[0]["offset_s"] == pytest.approx(2.6 * 12 / 25)
    assert lab.column("sentences", "offset_s", "B2")[1] == 2.6


def test_a_column_says_where_sentences_end(lab):
    lab.files["words.csv"] = "id,word,from,to,s\nA1,Dr. No,1,2,1\nA1,saw,2,3,1\nA1,it,3,4,2\n"
    lab.tables["words"]["columns"]["sentence"] = "s"
    assert lab.ingest().column("words", "sentence") == [0, 0, 1]


@pytest.mark.parametrize(
    ("text", "starts", "differs"),
    [
        pytest.param("Well:  small, effusion.", None, True, id="a word more"),
        pytest.param("- small, effusion.!", [2, 9], False, id="found"),
        pytest.param("small effusions.", None, True, id="another word"),
    ],
)
def test_a_text_is_kept_where_the_words_stand_in_it(lab, text, starts, differs):
    lab.files["readings.csv"] = f'id,who,w,h,t\nA1,7,100,80,"{text}"\nB2,8,100,80,\n'
    lab.tables["readings"]["columns"]["text"] = "t"
    lab.ingest()
    assert lab.rows("readings")[0]["text"] == ("small effusion." if differs else text)
    assert lab.column("words", "char_start") == (starts or [0, 6])
    assert ("text_differs" in lab.reasons()) == differs


@pytest.mark.parametrize(
    ("text", "sentences", "reasons"),
    [
        pytest.param("clear; lungs. big heart", [0, 0, 1, 1], {}, id="periods"),
        pytest.param("clear lungs big heart.", [0, 0, 0, 0], {}, id="a last period"),
        pytest.param("clear lungs big heart", [0, 0, 0, 1], {"sentence_ends_pauses": 2}, id="none"),
        pytest.param(
            "clear lungs. my heart",
            [0, 0, 0, 1],
            {"sentence_ends_pauses": 2, "text_differs": 1},
            id="of another text",
        ),
    ],
)
def test_periods_of_a_text_count_where_its_words_have_none(lab, text, sentences, reasons):
    spoken = "A1,clear,0,1\nA1,lungs,1,2\nA1,big,2,3\nA1,heart,5,6\nB2,big.,0,1\n"
    lab.files["words.csv"] = f"id,word,from,to\n{spoken}"
    lab.files["readings.csv"] = f'id,who,w,h,t\nA1,7,100,80,"{text}"\nB2,8,100,80,\n'
    lab.tables["readings"]["columns"]["text"] = "t"
    assert lab.ingest().column("words", "sentence") == sentences
    assert lab.reasons() == reasons


@pytest.mark.parametrize(
    "columns",
    [
        pytest.param({"onset_s": "start", "offset_s": "end"}, id="offset"),
        pytest.param({"onset_s": "start", "duration_s": "length"}, id="duration"),
    ],
)
def test_an_end_or_a_duration_gives_the_same_time(lab, columns):
    lab.files["fixations.csv"] = "id,start,end,length,x,y\nA1,0.5,0.75,0.25,10,20\n"
    mapped = lab.tables["fixations"]["columns"]
    for name in ("onset_s", "offset_s"):
        mapped.pop(name)
    mapped |= columns
    lab.ingest()
    assert lab.column("fixations", "offset_s") == [0.75]


def test_a_reading_without_rows_of_a_table_loses_them_and_no_other(lab):
    lab.files["words.csv"] = "id,word,from,to\nA1,clear.,1,2\n"
    lab.ingest()
    assert lab.reasons() == {"words_missing": 1}
    assert lab.column("readings", "text", "B2") == [None]
    assert len(lab.rows("fixations", "B2")) == 1


def test_words_without_a_time_are_put_between_their_neighbours(lab):
    rows = ((",,", "a"), ("1,2", "b"), (",", "c"), ("3,", "d"), ("4,5", "e."), ("6,7", "f"))
    cells = "".join(f"A1,{word},{time if time != ',,' else ','}\n" for time, word in rows)
    lab.files["words.csv"] = f"id,word,from,to\n{cells}A1,g,,\n"
    lab.files["words.csv"] += "A1,h,8,9\nA1,i,9,10\n"
    lab.ingest()
    assert lab.column("words", "text") == ["a", "b", "c", "d", "e.", "f", "g", "h", "i"]
    assert lab.column("words", "onset_s") == [1, 1, 2, 3, 4, 6, 7, 8, 9]
    assert lab.column("words", "offset_s") == [1, 2, 3, 4, 5, 7, 8, 9, 10]
    fault = lab.summary["faults"]["word_time_filled"]
    assert (fault["severity"], fault["rows"]) == ("warning", 4)


def test_words_of_which_most_have_no_time_are_lost(lab):
    lab.files["words.csv"] = "id,word,from,to\nA1,a,1,2\nA1,b.,,\nA1,c,,\n"
    assert lab.ingest().reasons()["word_no_time"] == 2
    assert lab.rows("words") == []


def test_dictations_without_a_period_cost_the_windows(lab):
    lab.files["words.csv"] = "id,word,from,to\nA1,clear lungs,1,2\nB2,big heart,1,2\n"
    lab.ingest()
    fault = lab.summary["faults"]["no_sentence_ends"]
    assert (fault["severity"], fault["loses"], fault["items"]) == ("loss", "windows", 2)
    lab.files["words.csv"] = "id,word,from,to\nA1,clear lungs.,1,2\nB2,big heart,1,2\n"
    lab.ingest()
    assert lab.summary["faults"]["no_sentence_ends"]["severity"] == "warning"


def test_dictations_without_a_period_are_cut_and_counted(lab):
    rows = [("A1", "clear lungs", 0, 1), ("A1", "big heart", 2, 3), ("B2", "clear lungs", 0, 1)]
    rows += [("C3", "no mass period big heart", 0, 2)]
    lines = ["id,word,from,to", *(",".join(map(str, row)) for row in rows)]
    lab.files["words.csv"] = "\n".join(lines)
    lab.files["readings.csv"] += "C3,9,100,80\n"
    lab.files["fixations.csv"] += "C3,0.5,0.75,10,20\n"
    result = lab.run("ingest", "--workers", "1")
    said = (
        "dictations without written periods: 1 cut by spoken periods into 2 sentences, "
        "1 cut by pauses into 2 sentences, 1 left as one sentence each; "
    )
    assert said in result.stdout
    verified = lab.run("verify", "--workers", "1").stdout
    assert said.rstrip("; ") in verified
    lab.ingest()
    ended_by = {row["reading_id"]: row["value"] for row in lab.all_rows("attributes")}
    assert ended_by == {"A1": "pauses", "B2": "nothing", "C3": "spoken"}
    assert lab.reasons() == {
        "no_sentence_ends": 1,
        "sentence_ends_pauses": 2,
        "sentence_ends_spoken": 2,
    }
