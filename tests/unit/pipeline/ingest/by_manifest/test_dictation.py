import pytest


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
