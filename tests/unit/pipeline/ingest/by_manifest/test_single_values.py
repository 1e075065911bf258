import pytest

WORDS = "id,word,from,to,who\nA1,small,1,1.5,R\nA1,effusion.,1.5,2,\nB2,clear.,0,2.6,S\n"


@pytest.fixture
def spoken(lab):
    lab.files["words.csv"] = WORDS
    lab.tables["words"]["single"] = ["who"]
    return lab


def test_one_value_a_reading_is_enough_and_blank_is_none(spoken):
    spoken.ingest()
    assert spoken.column("words", "text") == ["small", "effusion."]


def test_several_values_are_refused_by_name_until_where_chooses(spoken):
    spoken.files["words.csv"] = WORDS.replace("1.5,2,\n", "1.5,2,S\n")
    result = spoken.run()
    assert result.exit_code == 2
    assert "several values of who (R, S): choose one with `where: {who: 'R'}`" in result.output
    assert "effusion" not in result.output
    assert "tell them apart" not in result.output
    spoken.tables["words"]["where"] = {"who": ["R", "S"]}
    assert spoken.ingest().column("words", "text") == ["small", "effusion."]
    spoken.tables["words"]["where"] = {"who": "S"}
    assert spoken.ingest().column("words", "text") == ["effusion."]


def test_a_column_that_is_not_there_has_no_several_values(spoken):
    spoken.tables["words"]["single"] = ["speaker"]
    assert len(spoken.ingest().rows("words")) == 2


@pytest.mark.parametrize("name", ["Reader", "participant_id", "trial"])
def test_two_people_before_one_image_are_two_readings(lab, name):
    """Nothing says so but the name of the column."""
    lab.files["fixations.csv"] = f"id,start,end,x,y,{name}\nA1,0,1,10,20,P\nA1,0.5,2,50,60,Q\n"
    output = lab.run().output
    assert f"there are several values of {name} (P, Q): choose one with" in output
    assert f"tell them apart: `{{join: [{name}, id]}}`" in output
    lab.tables["fixations"]["where"] = {name: "Q"}
    assert lab.ingest().column("fixations", "x_px") == [50]


def test_fixations_of_both_eyes_are_chosen_by_eye(lab):
    lab.files["fixations.csv"] = "id,start,end,x,y,eye\nA1,0,1,10,20,L\nA1,0,1,11,20,R\n"
    assert "several values of eye (L, R): choose one with `where: {eye: 'L'}`" in lab.run().output


def test_trials_of_one_reading_are_kept_by_a_star(lab):
    """A file a reading, whose gaze is numbered by trial; rows between two trials have none."""
    rows = "start,end,x,y,trial\n0,1,10,20,1\n1,2,30,20,NA\n2,3,50,60,{}\n"
    lab.files |= {"gaze/A1.csv": rows.format(1), "gaze/B2.csv": rows.format(1)}
    table = lab.tables["fixations"]
    table["file"] = "gaze/{reading_id}.csv"
    del table["columns"]["reading_id"]
    del lab.tables["words"]
    assert lab.ingest().column("fixations", "x_px") == [10, 30, 50]
    lab.files["gaze/A1.csv"] = rows.format(2)
    output = lab.run().output
    assert "tell them apart: `{join: [person, trial]}`, with {person} for {reading_id}" in output
    assert "or say `where: {trial: '*'}` if all are of one reading" in output
    table["where"] = {"trial": "*"}
    assert lab.ingest().column("fixations", "x_px") == [10, 30, 50]
    del table["where"]
    table |= {"file": "gaze/{person}.csv"}
    table["columns"]["reading_id"] = {"join": ["person", "trial"]}
    lab.files["readings.csv"] = "id,who,w,h\nA1_1,7,100,80\nA1_2,7,100,80\nB2_1,8,100,80\n"
    lab.files["gaze/A1.csv"] = lab.files["gaze/A1.csv"].replace("NA", "2")
    assert lab.ingest().column("fixations", "x_px", "A1_2") == [30, 50]
