import pytest


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
