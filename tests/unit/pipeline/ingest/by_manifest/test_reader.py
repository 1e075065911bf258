import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

from gazescribe.pipeline.core.shards import open_shards
from gazescribe.pipeline.core.tables import read_table
from tests.running import gazescribe, invoke

DOCS = Path(__file__).parents[5] / "docs" / "own-data.md"


def test_splits_are_drawn_by_subject_or_taken(lab):
    assert "seeded draw by subject (seed 0" in lab.ingest().summary["split_source"]
    rows = "A1,7,100,80,Training\nB2,8,100,80,val\n"
    lab.files["readings.csv"] = f"id,who,w,h,set\n{rows}"
    lab.tables["readings"]["columns"]["split"] = "set"
    lab.ingest()
    assert lab.summary["split_source"] == "column of readings.csv; none for test of 2 subjects"
    assert lab.summary["splits"] == {"train": 1, "validate": 1, "test": 0}
    lab.files["readings.csv"] = lab.files["readings.csv"].replace(",8,", ",7,")
    assert "subject 7: train, validate" in lab.run().output
    verified = invoke("verify", lab.folder / "mylab.yaml", lab.folder / "raw", "--workers", 1)
    assert verified.exit_code == 2
    assert "subject_in_two_splits: 1 in 1 item" in verified.output
    assert "the table of readings: subject 7: train, validate" in verified.output
    lab.files["readings.csv"] = lab.files["readings.csv"].replace("val", "maybe")
    assert "row 3: split 'maybe' is none of train" in lab.run().output


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
    script = "".join(re.findall(r"^```sh\n(.*?)^```", page, re.DOTALL | re.MULTILINE))
    lines = [line.split()[1:] for line in script.strip().splitlines()]
    assert f"```text\n{invoke(*lines.pop(0), '--workers', 1).stdout}```" in page
    said = [gazescribe(*line) for line in lines]
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


@pytest.mark.parametrize(
    ("content", "message"), [("", "the file is empty"), ("- 1", "must have keys of its own")]
)
def test_a_manifest_that_says_nothing(tmp_path, content, message):
    (tmp_path / "mylab.yaml").write_text(content)
    result = invoke("verify", tmp_path / "mylab.yaml", tmp_path)
    assert result.exit_code == 2
    assert message in result.output


def test_all_errors_at_once_with_file_and_row(lab):
    lab.files["readings.csv"] = "id,who,w,h\nC3,7,1,1\nA1,7/8,100,80\nB2,8,100,80\n"
    lab.files["fixations.csv"] = "id,Start,end,x,y\n"
    lab.tables["words"]["file"] = "speech/{reading_id}.csv"
    del lab.tables["words"]["columns"]["reading_id"]
    lab.manifest["ids"] = {"reading_id": "[AB]\\d", "subject_id": "\\d"}
    result = lab.run()
    assert result.exit_code == 2
    assert not (lab.folder / "out").exists()
    for line in (
        "readings.csv, row 2: reading_id 'C3' is not of the form [AB]",
        "readings.csv, row 3: subject_id '7/8' is not of the form",
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


def test_subjects_may_have_names(lab):
    lab.files["readings.csv"] = "id,who,w,h\nA1,anna,100,80\nB2,ben,100,80\n"
    first = lab.ingest().rows("readings")[0]["subject_id"]
    assert first > 10**15
    lab.files["readings.csv"] = "id,who,w,h\nB2,ben,100,80\nA1,anna,100,80\n"
    assert lab.ingest().rows("readings")[0]["subject_id"] == first


@pytest.mark.parametrize("spelling", ["7.0", "07"])
def test_ids_that_are_the_same_number_are_the_same_reading(lab, spelling):
    lab.files = {name: content.replace("A1", "7") for name, content in lab.files.items()}
    lab.files["words.csv"] = lab.files["words.csv"].replace("7,", f"{spelling},")
    lab.ingest()
    assert lab.column("words", "text", "7") == ["small", "effusion."]
    assert lab.reasons() == {"reading_id_spelt": 1}
    lab.files["readings.csv"] += "007,9,100,80\n"
    assert "are the same number: write them alike" in lab.run().output


def test_names_of_readings_become_ids(lab):
    """Blanks, slashes and umlauts, as macOS writes them, too; names that are alike stay apart."""
    lab.files = {
        "readings.csv": "id,who,w,h\nUser 1,7,100,80\nUser/1,Dr. Wu,100,80\nMüller,8,100,80\n",
        "gaze/Mu\u0308ller.csv": "start,end,x,y\n0.5,1,10,20\n",
        "gaze/User 1.csv": "start,end,x,y\n0.5,1,30,20\n",
    }
    lab.tables["fixations"]["file"] = "gaze/{reading_id}.csv"
    del lab.tables["fixations"]["columns"]["reading_id"], lab.tables["words"]
    lab.ingest()
    ids = [row["reading_id"] for row in lab.all_rows("readings")]
    assert ids[0] == "Mueller"
    assert all(reading_id.startswith("User_1-") for reading_id in ids[1:])
    names = {row["value"] for row in lab.all_rows("attributes") if row["name"] == "reading_name"}
    assert names == {"User 1", "User/1", "Müller"}
    assert lab.column("fixations", "x_px", "Mueller") == [10]
    assert lab.reasons()["reading_id_made"] == 3


def test_a_file_and_a_column_must_name_the_same_reading(lab):
    lab.files["gaze/A1.csv"] = lab.files.pop("fixations.csv")
    lab.tables["fixations"]["file"] = "gaze/{reading_id}.csv"
    output = lab.run().output
    assert "gaze/A1.csv, row 4: 1 of 3 rows have the reading_id 'B2' by their column" in output
    lab.files["gaze/A1.csv"] = lab.files["gaze/A1.csv"].replace("B2", "A1")
    assert len(lab.ingest().rows("fixations")) == 3


def test_sessions_of_several_people_with_the_same_trials_are_refused(lab):
    lab.files |= {
        "gaze/P1.csv": lab.files["fixations.csv"],
        "gaze/P2.csv": lab.files["fixations.csv"],
    }
    lab.tables["fixations"]["file"] = "gaze/*.csv"
    output = lab.run().output
    assert "gaze/P2.csv: reading A1 stands in gaze/P1.csv too: where several people" in output


def test_files_of_other_tables_are_no_readings(lab):
    del lab.files["words.csv"]
    lab.files["A1.csv"] = "word,from,to\nclear.,1,2\n"
    lab.tables["words"]["file"] = "{reading_id}.csv"
    del lab.tables["words"]["columns"]["reading_id"]
    assert lab.ingest().reasons() == {"words_missing": 1}


@pytest.mark.parametrize("size", ["0", "-5", "1.5"])
def test_an_image_without_height_loses_its_size(lab, size):
    lab.files["readings.csv"] = f"id,who,w,h\nA1,7,100,{size}\nB2,8,100,80\n"
    lab.ingest()
    assert lab.reasons()["height_px_unreadable"] == 1
    assert lab.rows("readings")[0]["height_px"] is None


def test_paths_of_windows(lab):
    lab.files["readings.csv"] = "id,who,w,h,p\nA1,7,100,80,img\\a.png\nB2,8,100,80,img/b.png\n"
    lab.tables["readings"]["columns"]["image_path"] = "p"
    lab.files["gaze/fixations.csv"] = lab.files.pop("fixations.csv")
    lab.tables["fixations"]["file"] = "gaze\\fixations.csv"
    assert lab.ingest().rows("readings")[0]["image_path"] == "img/a.png"


def test_a_text_that_differs_is_not_shown(lab):
    rows = "A1,7,100,80,no effusion\nA1,7,100,80,an effusion\nB2,8,100,80,\n"
    lab.files["readings.csv"] = f"id,who,w,h,t\n{rows}"
    lab.tables["readings"]["columns"]["text"] = "t"
    output = lab.run("verify").output
    assert "say another text than the first, which is kept" in output
    assert "effusion" not in output
