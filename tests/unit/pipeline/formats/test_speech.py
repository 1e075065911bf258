import pytest

from gazescribe.pipeline.formats.speech import Word, as_content, as_text, with_marks

WORDS = [Word("no", 1.0, 1.5), Word("two", 2.0, 3.0), Word("centimetres", 3.0, 5.0)]


def test_words_are_written_as_in_the_text():
    words = with_marks("No 2 cm !", [Word("no", 1.0, 1.5, "R"), *WORDS[1:]])
    assert words[0] == Word("No", 1.0, 1.5, "R")
    assert [word.text for word in words] == ["No", "2", "cm!"]
    assert [time for word in words[1:] for time in word[1:3]] == pytest.approx([2, 2.75, 2.75, 5])


def test_what_has_no_word_beside_it_has_no_time():
    words = with_marks("No. Old two centimetres.", WORDS)
    assert words[1] == Word("Old")
    assert [word.text for word in words] == ["No.", "Old", "two", "centimetres."]


def test_a_text_in_other_words_shares_their_time():
    assert with_marks("2 cm.", WORDS[1:]) == [Word("2", 2.0, 2.75), Word("cm.", 2.75, 5.0)]


def test_channels_are_put_in_the_order_of_time():
    first = [Word("a", 1.0, 2.0, "", "0"), Word("2", None, None, "", "0")]
    _, pieces = as_content([*first, Word(" ", 0.0, 1.0), Word(" b ", 0.5, 1.0, "", "1")])
    assert next(pieces).columns["word"] == ("b", "a", "2")


def test_texts_of_json():
    assert [as_text(value) for value in ("a", 2, 2.5, None)] == ["a", "2", "2.5", ""]
    for value in (True, [], {}):
        with pytest.raises(TypeError):
            as_text(value)
