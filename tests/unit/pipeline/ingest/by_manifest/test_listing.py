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


def test_subjects_may_have_names(lab):
    lab.files["readings.csv"] = "id,who,w,h\nA1,anna,100,80\nB2,ben,100,80\n"
    first = lab.ingest().rows("readings")[0]["subject_id"]
    assert first > 10**15
    lab.files["readings.csv"] = "id,who,w,h\nB2,ben,100,80\nA1,anna,100,80\n"
    assert lab.ingest().rows("readings")[0]["subject_id"] == first
