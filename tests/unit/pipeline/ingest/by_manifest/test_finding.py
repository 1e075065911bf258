import pytest

GAZE = "start,end,x,y\n0,1,{},20\n"
WORDS = "word,from,to\n{}.,0,1\n"


@pytest.fixture
def people(lab):
    """Two readers before the same images: folders of gaze, dictations with both in their names."""
    lab.files = {"readings.csv": "reader,image\nP1,a\nP1,b\nP2,a\n"}
    for n, (reader, image) in enumerate((("P1", "a"), ("P1", "b"), ("P2", "a"), ("P2", "c"))):
        lab.files[f"gaze/{reader}/{image}.csv"] = GAZE.format(10 * n + 10)
        lab.files[f"speech/{image} by {reader}.csv"] = WORDS.format(f"Word{n}")
    both = {"join": ["reader", "image"], "with": "-"}
    lab.tables["readings"]["columns"] = {"reading_id": both, "dicom_id": "image"}
    lab.tables["fixations"]["file"] = "gaze/{reader}/{image}.csv"
    lab.tables["fixations"]["columns"]["reading_id"] = both
    lab.tables["words"]["file"] = "speech/{image} by {reader}.csv"
    lab.tables["words"]["columns"]["reading_id"] = both
    return lab


def test_ids_are_joined_of_columns_and_of_parts_of_paths(people):
    people.ingest()
    assert [row["reading_id"] for row in people.all_rows("readings")] == ["P1-a", "P1-b", "P2-a"]
    assert people.column("fixations", "x_px", "P2-a") == [30]
    assert people.column("words", "text", "P2-a") == ["Word2."]
    assert people.summary["counts"]["images"] == 2
    assert people.reasons() == {"fixations_unknown_reading": 1, "words_unknown_reading": 1}


def test_a_part_of_a_path_goes_with_a_column(people):
    people.files |= {
        f"gaze/{reader}.csv": f"image,start,end,x,y\na,0,1,{x},20\n"
        for reader, x in (("P1", 40), ("P2", 50))
    }
    people.tables["fixations"]["file"] = "gaze/{reader}.csv"
    people.ingest()
    assert people.column("fixations", "x_px", "P1-a") == [40]
    assert people.column("fixations", "x_px", "P2-a") == [50]


def test_the_gaze_may_be_the_table_of_readings(people):
    """With what stands in its rows, and what its path says."""
    readings = people.tables["readings"]
    readings |= {"file": "gaze/{reader}/{image}.csv", "attributes": ["reader"]}
    people.ingest()
    assert people.summary["counts"]["readings"] == 4
    readers = [row["value"] for row in people.all_rows("attributes") if row["name"] == "reader"]
    assert readers == ["P1", "P1", "P2", "P2"]


def test_a_part_and_a_column_of_one_name_must_agree(people):
    people.files["gaze/P2/a.csv"] = "reader,start,end,x,y\nP2,0,1,2,3\nP1,0,1,2,3\n"
    message = "gaze/P2/a.csv: reader is 'P2' in the name of the file and 'P1' in row 3"
    assert message in people.run("verify").output


def test_a_name_that_can_be_cut_in_two_ways_is_refused(people):
    people.files["speech/a by the way by P1.csv"] = WORDS.format("No")
    output = people.run().output
    assert "speech/a by the way by P1.csv: {image} may be 'a' or 'a by the way' here" in output
    people.manifest["ids"] = {"image": "[a-z]"}
    assert len(people.ingest().all_rows("words")) == 3


def test_hidden_files_are_passed_over(people):
    people.files["gaze/P1/._a.csv"] = b"\x00\x05\x16\x07"
    assert people.ingest().column("fixations", "x_px", "P1-a") == [10]


def test_where_chooses_files_by_parts_of_their_paths(people):
    people.files["gaze/P1/a.csv"] = people.files["gaze/P2/a.csv"]
    people.files = {
        name.replace("gaze/", "gaze/main/"): text for name, text in people.files.items()
    }
    people.files["gaze/pilot/P1/a.csv"] = GAZE.format(99)
    fixations = people.tables["fixations"]
    fixations |= {"file": "gaze/{phase}/{reader}/{image}.csv", "where": {"phase": "main"}}
    people.ingest()
    assert people.column("fixations", "x_px", "P1-a") == [30]
    assert people.reasons()["fixations_not_chosen"] == 1


def test_parts_that_are_called_as_our_columns_are_these(people):
    """Unless the manifest maps them to a column, which then must agree."""
    readings = people.tables["readings"]
    readings |= {"file": "gaze/{reader}/{dicom_id}.csv"}
    readings["columns"] = {"reading_id": {"join": ["reader", "dicom_id"], "with": "-"}}
    people.ingest()
    assert people.rows("readings", "P2-a")[0]["dicom_id"] == "a"
    people.files["gaze/P2/a.csv"] = "picture,start,end,x,y\na,0,1,2,3\nb,0,1,2,3\n"
    people.files = {name: text for name, text in people.files.items() if "P1" not in name}
    del people.files["gaze/P2/c.csv"]
    readings["columns"]["dicom_id"] = "picture"
    readings["columns"]["reading_id"] = {"join": ["reader", "picture"], "with": "-"}
    output = people.run().output
    assert (
        "gaze/P2/a.csv, row 3: 1 of 2 rows have the dicom_id 'b' by their column, and 'a'" in output
    )
