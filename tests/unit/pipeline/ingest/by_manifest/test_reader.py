"""Somebody's own data to tables, from trees that every test writes for itself."""

import json
import math
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import yaml
from pyarrow import feather

from gazescribe.pipeline.core.shards import open_shards
from gazescribe.pipeline.core.tables import read_table
from tests.running import gazescribe, invoke

DOCS = Path(__file__).parents[5] / "docs" / "own-data.md"
FIXATIONS = "id,start,end,x,y\nA1,0.5,0.75,10,20\nA1,0.8,1.0,50,60\nB2,1.0,2.0,30,40\n"
WORDS = "id,word,from,to\nA1,small,1,1.5\nA1,effusion.,1.5,2\nB2,clear lungs. heart is big,0,2.6\n"
READINGS = "id,who,w,h\nA1,7,100,80\nB2,8,100,80\n"
MANIFEST = {
    "name": "mylab",
    "resolution": {"px_per_deg": 30},
    "tables": {
        "readings": {
            "file": "readings.csv",
            "columns": {"reading_id": "id", "subject_id": "who", "width_px": "w", "height_px": "h"},
        },
        "fixations": {
            "file": "fixations.csv",
            "columns": {
                "reading_id": "id",
                "onset_s": "start",
                "offset_s": "end",
                "x_px": "x",
                "y_px": "y",
            },
        },
        "words": {
            "file": "words.csv",
            "columns": {"reading_id": "id", "text": "word", "onset_s": "from", "offset_s": "to"},
        },
    },
}


class Lab:
    """A tree and its manifest."""

    def __init__(self, folder):
        self.folder = folder
        self.manifest = json.loads(json.dumps(MANIFEST))
        self.files = {"readings.csv": READINGS, "fixations.csv": FIXATIONS, "words.csv": WORDS}

    @property
    def tables(self):
        return self.manifest["tables"]

    def write(self):
        (self.folder / "mylab.yaml").write_text(yaml.safe_dump(self.manifest))
        for name, content in self.files.items():
            path = self.folder / "raw" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def run(self, command="ingest", *options):
        self.write()
        out = [self.folder / "out"] if command == "ingest" else []
        given = (self.folder / "mylab.yaml", self.folder / "raw", *out, *options)
        return invoke(command, *given)

    def ingest(self):
        result = self.run("ingest", "--workers", "1")
        assert result.exit_code == 0, result.output
        self.summary = json.loads((self.folder / "out" / "ingest.json").read_text())
        return self

    def rows(self, table, reading_id="A1"):
        rows = read_table(self.folder / "out", table).to_pylist()
        return [row for row in rows if row["reading_id"] == reading_id]

    def column(self, table, name, reading_id="A1"):
        return [row[name] for row in self.rows(table, reading_id)]

    def reasons(self):
        return {code: reason["rows"] for code, reason in self.summary["faults"].items()}


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path)


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
    ("unit", "cells", "up", "expected"),
    [
        pytest.param("px", (10, 20), False, (10, 20), id="px"),
        pytest.param("px", (10, 20), True, (10, 59), id="px up"),
        pytest.param("share", (0.5, 0.25), False, (49.5, 19.5), id="share"),
        pytest.param("share", (0.5, 0.25), True, (49.5, 59.5), id="share up"),
        # 400 x 200 screen, image fitted by height to 250 x 200 about the centre: 2.5 a pixel
        pytest.param("screen_px", (199.5, 99.5), False, (49.5, 39.5), id="screen centre"),
        pytest.param("screen_px", (224.5, 99.5), False, (59.5, 39.5), id="screen"),
        pytest.param("screen_px", (224.5, 74.5), True, (59.5, 49.5), id="screen up"),
        pytest.param("screen_share", (0.5625, 0.5), False, (59.5, 39.5), id="screen share"),
        # 400 px are 800 mm: an eye 500 mm away is 250 px away
        pytest.param("deg", (math.degrees(math.atan(0.1)), 0.0), False, (59.5, 39.5), id="degrees"),
    ],
)
def test_positions_of_every_unit(lab, unit, cells, up, expected):
    lab.manifest["screen"] = {
        "monitor": "m",
        "width_px": 400,
        "height_px": 200,
        "width_mm": 800,
        "height_mm": 400,
        "distance_mm": 500,
        "tracker": "t",
        "sampling_hz": 60,
    }
    del lab.manifest["resolution"]
    lab.files["fixations.csv"] = "id,start,end,x,y\nA1,0,1,{},{}\n".format(*cells)
    columns = lab.tables["fixations"]["columns"]
    columns["x_px"] = {"column": "x", "unit": unit}
    columns["y_px"] = {"column": "y", "unit": unit, "up": up}
    (row,) = lab.ingest().rows("fixations")
    assert (row["x_px"], row["y_px"]) == pytest.approx(expected)
    expected_size = 250 * math.tan(math.radians(1)) / 2.5
    assert row["px_per_deg_x"] == pytest.approx(expected_size)
    assert row["px_per_deg_y"] == pytest.approx(expected_size)


def test_other_clocks_and_constants(lab):
    """Milliseconds since 1970, to the last bit."""
    lab.files["readings.csv"] = "id,began\nA1,1600000000123\nB2,0\n"
    lab.tables["readings"]["columns"] = {
        "reading_id": "id",
        "audio_start": {"column": "began", "unit": "ms"},
        "width_px": 100,
        "height_px": 80,
    }
    lab.files["fixations.csv"] = "id,t,x,y\nA1,1600000002456,1,2\n"
    columns = {"onset_s": {"column": "t", "unit": "ms"}, "duration_s": 0.25}
    lab.tables["fixations"]["columns"] = columns | {"reading_id": "id", "x_px": "x", "y_px": "y"}
    (row,) = lab.ingest().rows("fixations")
    assert (row["onset_s"], row["offset_s"]) == (2.333, 2.583)
    assert lab.rows("readings")[0]["width_px"] == 100
    assert lab.summary["without_gaze"] == {"no usable file": 1}


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


def test_samples_alone_go_on_to_fixations(lab, tmp_path):
    rows = "".join(f"A1,{10 * n},{20 if n < 50 else 60},40,{n != 30}\n" for n in range(100))
    lab.files["samples.csv"] = "id,ms,x,y,ok\n" + rows
    del lab.tables["fixations"]
    lab.tables["samples"] = {
        "file": "samples.csv",
        "columns": {
            "reading_id": "id",
            "time_s": {"column": "ms", "unit": "ms"},
            "x_px": "x",
            "y_px": "y",
            "valid": "ok",
        },
    }
    lab.ingest()
    assert lab.column("samples", "valid").count(False) == 1
    assert lab.summary["without_gaze"] == {"samples alone": 2}
    assert {row["name"]: row["value"] for row in lab.rows("attributes")} == {
        "px_per_deg_x": "30.0",
        "px_per_deg_y": "30.0",
    }
    text = gazescribe("fixations", tmp_path / "out", tmp_path / "found", "--workers", "1")
    assert "3 fixations of 1 reading" in text
    found = read_table(tmp_path / "found", "fixations").to_pylist()
    assert [row["x_px"] for row in found] == [20, 20, 60]


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
        "A1,0.1,0.9,150,1\nC9,1,2,3,4\n"
    )
    lab.files["words.csv"] = "id,word,from,to\nA1,small,1,\nB2,,1,2\nB2,heart,2,3\n"
    lab.ingest()
    assert lab.column("fixations", "onset_s") == [0.1, 0.8]
    assert lab.reasons() == {
        "fixation_no_time": 1,
        "fixation_nowhere": 1,
        "fixation_off_image": 1,
        "fixation_order": 1,
        "fixation_overlap": 1,
        "fixation_reversed": 1,
        "fixations_missing": 1,
        "fixations_unknown_reading": 1,
        "word_empty": 1,
        "word_no_time": 1,
    }
    report = json.loads(lab.run("verify", "--json", "--workers", "1").stdout)
    examples = report["faults"]["fixation_reversed"]["examples"]
    assert examples == ["fixations.csv, row 4: 1 of 5 rows do not end after they start"]
    assert report["lost"]["gaze"] == 2


def test_all_errors_at_once_with_file_and_row(lab):
    lab.files["readings.csv"] = "id,who,w,h\n../A1,7,1,1\nA1,7/8,100,80\nB2,8,100,80\n"
    lab.files["fixations.csv"] = "id,Start,end,x,y\n"
    lab.tables["words"]["file"] = "speech/{reading_id}.csv"
    del lab.tables["words"]["columns"]["reading_id"]
    result = lab.run()
    assert result.exit_code == 2
    assert not (lab.folder / "out").exists()
    for line in (
        "readings.csv, row 1: reading_id '../A1' is not of the form",
        "readings.csv, row 2: subject_id '7/8' is not of the form",
        "fixations.csv: there is no column start; the nearest is Start (there are: id, Start,",
        "speech/{reading_id}.csv: no file has a name like this, which tables.words asks for",
    ):
        assert line in result.output


def test_two_files_of_a_reading_are_refused(lab):
    """As where sessions of several people have the same number."""
    content = "start,end,x,y\n0,1,10,20\n"
    lab.files |= {"p1/ses-A1.csv": content, "p2/ses-A1.csv": content}
    lab.tables["fixations"]["file"] = "*/ses-{reading_id}.csv"
    del lab.tables["fixations"]["columns"]["reading_id"]
    assert "p2/ses-A1.csv: p1/ses-A1.csv is of the same reading too" in lab.run().output


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
        pytest.param("id,start\nA1\n", "row 1 has 1 cells, not 2", id="ragged"),
        pytest.param(b"id,caf\xe9\n", "this cannot be read .*: save it as UTF-8", id="latin 1"),
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


def test_samples_on_another_clock_than_the_words_are_said(lab):
    lab.files["samples.csv"] = "id,s,x,y\nA1,100.5,1,1\nA1,101,1,1\nB2,1,1,1\n"
    del lab.tables["fixations"]
    columns = {"reading_id": "id", "time_s": "s", "x_px": "x", "y_px": "y"}
    lab.tables["samples"] = {"file": "samples.csv", "columns": columns}
    assert CLOCKS in lab.run("verify", "--workers", "1").output


def test_splits_are_drawn_by_subject_or_taken(lab):
    assert "seeded draw (seed 0" in lab.ingest().summary["split_source"]
    rows = "A1,7,100,80,Training\nB2,8,100,80,val\n"
    lab.files["readings.csv"] = f"id,who,w,h,set\n{rows}"
    lab.tables["readings"]["columns"]["split"] = "set"
    lab.ingest()
    assert lab.summary["split_source"] == "column of readings.csv"
    assert lab.summary["splits"] == {"train": 1, "validate": 1, "test": 0}
    lab.files["readings.csv"] = lab.files["readings.csv"].replace(",8,", ",7,")
    assert "subject 7: train, validate" in lab.run().output
    lab.files["readings.csv"] = lab.files["readings.csv"].replace("val", "maybe")
    assert "row 2: split 'maybe' is none of train" in lab.run().output


def test_subjects_may_have_names(lab):
    lab.files["readings.csv"] = "id,who,w,h\nA1,anna,100,80\nB2,ben,100,80\n"
    first = lab.ingest().rows("readings")[0]["subject_id"]
    assert first > 10**15
    lab.files["readings.csv"] = "id,who,w,h\nB2,ben,100,80\nA1,anna,100,80\n"
    assert lab.ingest().rows("readings")[0]["subject_id"] == first


def test_the_same_bytes_again(lab):
    before = {path.name: path.read_bytes() for path in (lab.ingest().folder / "out").iterdir()}
    assert "fixations.parquet" in before
    after = {path.name: path.read_bytes() for path in (lab.ingest().folder / "out").iterdir()}
    assert after == before


def test_sources_lists_the_files(lab, tmp_path):
    lab.write()
    gazescribe("sources", tmp_path / "mylab.yaml", tmp_path / "raw", tmp_path / "sources.json")
    content = json.loads((tmp_path / "sources.json").read_text())
    assert sorted(content["md5"]) == ["fixations.csv", "readings.csv", "words.csv"]


def test_the_page_for_newcomers_is_true(tmp_path, monkeypatch):
    page = DOCS.read_text(encoding="utf-8")
    blocks = re.findall(r"^`([\w./]+)`\n\n```\w+\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert blocks[0][0] == "mylab.yaml"
    for name, content in blocks:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (script,) = re.findall(r"^```sh\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    said = [gazescribe(*line.split()[1:]) for line in script.strip().splitlines()]
    assert len(said) == 4
    assert "2 readings, 2 with gaze, 2 images, 2 subjects" in said[0]
    first, _, third = read_table(tmp_path / "tables", "fixations").to_pylist()
    assert (first["onset_s"], first["offset_s"]) == (0.2, pytest.approx(0.65))
    assert first["x_px"] == pytest.approx((700.5 - 960) / (1080 / 2048) + 1024 - 0.5)
    assert third["px_per_deg_x"] == pytest.approx(
        650 * math.tan(math.radians(1)) * 1920 / 531 / (1080 / 2048)
    )
    counts = json.loads((tmp_path / "tables" / "ingest.json").read_text())
    assert counts["faults"]["fixations_not_chosen"]["rows"] == 1
    assert "Pleural abnormality" in open_shards(tmp_path / "maps").index["label"].to_pylist()
    assert np.load(tmp_path / "maps" / "heatmaps-00000.npy").shape[1:] == (64, 64)


def test_another_data_set_is_not_mixed_in(lab):
    before = {path.name: path.read_bytes() for path in (lab.ingest().folder / "out").iterdir()}
    lab.ingest()
    lab.manifest["name"] = "other"
    result = lab.run("ingest", "--workers", "1")
    assert result.exit_code == 2
    assert "tables of mylab lie here, and other would mix with them. Name another" in result.output
    after = {path.name: path.read_bytes() for path in (lab.folder / "out").iterdir()}
    assert after == before


def test_verify_of_own_data_speaks_of_no_release(lab):
    assert "counts:\n" in lab.run("verify", "--workers", "1").output


@pytest.mark.parametrize(("content", "message"), [("", "the file is empty"), ("- 1", "dictionary")])
def test_a_manifest_that_says_nothing(tmp_path, content, message):
    (tmp_path / "mylab.yaml").write_text(content)
    result = invoke("verify", tmp_path / "mylab.yaml", tmp_path)
    assert result.exit_code == 2
    assert message in result.output
