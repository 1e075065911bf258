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
