import pytest

EYES = {  # both eyes, and what is said of each
    "good": "10,20,14,24,0,0",
    "left": "10,20,99,99,1,4",
    "right": "-1,-1,14,24,4,0",
    "none": "10,20,14,24,4,3",
    "lost": "-1,-1,-1,-1,0,0",
}


@pytest.fixture
def both_eyes(lab):
    """Samples of both eyes with the codes of Tobii Studio: 0 is good, 4 bad."""
    rows = "".join(f"A1,{n / 10},{row}\n" for n, row in enumerate(EYES.values()))
    lab.files["samples.csv"] = f"id,t,xl,yl,xr,yr,ValidityLeft,ValidityRight\n{rows}"
    lab.tables["samples"] = {
        "file": "samples.csv",
        "columns": {
            "reading_id": "id",
            "time_s": "t",
            "x_px": {"mean": ["xl", "xr"]},
            "y_px": {"mean": ["yl", "yr"]},
            "valid": [
                {"column": "ValidityLeft", "at_most": 1},
                {"column": "ValidityRight", "is": 0},
            ],
        },
    }
    return lab


def test_each_eye_is_believed_by_its_own_code(both_eyes):
    both_eyes.ingest()
    assert both_eyes.column("samples", "x_px") == [12, 10, 14, None, None]
    assert both_eyes.column("samples", "y_px") == [22, 20, 24, None, None]
    assert both_eyes.column("samples", "valid") == [True, True, True, False, False]
    assert both_eyes.reasons()["sample_lost"] == 1


def test_of_one_position_one_valid_eye_is_enough(both_eyes):
    both_eyes.tables["samples"]["columns"] |= {"x_px": "xl", "y_px": "yl"}
    both_eyes.ingest()
    assert both_eyes.column("samples", "valid") == [True, True, False, False, False]


def test_codes_that_may_be_turned_round_are_asked_for(both_eyes):
    """0 and 1 alone may be Tobii Studio's, where 0 is good, or its SDK's, where 1 is."""
    both_eyes.files["samples.csv"] = both_eyes.files["samples.csv"].replace("4", "1")
    both_eyes.tables["samples"]["columns"]["valid"] = "ValidityLeft"
    result = both_eyes.run()
    assert result.exit_code == 2
    assert "it is not known whether '0', '1' in ValidityLeft is valid" in result.output


@pytest.mark.parametrize("table", ["samples", "fixations"])
def test_of_unknown_words_only_the_cause_is_said(both_eyes, table):
    if table == "samples":
        both_eyes.tables["samples"]["columns"]["valid"] = {"value": "okay"}
    else:
        del both_eyes.tables["samples"]
        both_eyes.tables["fixations"]["columns"]["valid"] = {"value": "okay"}
    output = both_eyes.run("verify").output
    assert "it is not known whether 'okay'" in output
    assert not {word for word in ("_invalid", "_none") if word in output}


def test_validity_that_is_turned_round_is_refused(both_eyes):
    rows = "".join(
        f"A1,{n / 10},{'5,5,5,5' if n % 2 else ',,,'},{1 - n % 2},1\n" for n in range(20)
    )
    both_eyes.files["samples.csv"] = f"id,t,xl,yl,xr,yr,ok,ValidityRight\n{rows}"
    both_eyes.tables["samples"]["columns"]["valid"] = "ok"
    result = both_eyes.run()
    assert result.exit_code == 2
    assert "none of 10 rows that are said to be valid has a position" in result.output


def test_fixations_have_validity_and_lost_eyes_too(lab):
    lab.files["fixations.csv"] = (
        "id,start,end,x,y,FPOGV\nA1,0,1,10,20,1\nA1,1,2,30,20,0\nA1,2,3,-32768,20,1\nB2,0,1,9,0,1\n"
    )
    lab.tables["fixations"]["missing"] = [-32768, 0]
    lab.tables["fixations"]["columns"]["valid"] = "FPOGV"
    lab.ingest()
    assert lab.column("fixations", "x_px") == [10]
    assert lab.column("fixations", "x_px", "B2") == []
    reasons = lab.reasons()
    assert (reasons["fixation_invalid"], reasons["fixation_lost"]) == (1, 2)


def test_samples_of_which_none_is_valid_are_a_loss(both_eyes):
    both_eyes.files["samples.csv"] = both_eyes.files["samples.csv"].replace(",0,", ",3,")
    both_eyes.tables["samples"]["columns"]["valid"] = {"column": "ValidityLeft", "at_most": 0}
    assert both_eyes.ingest().reasons()["samples_none"] == 1
