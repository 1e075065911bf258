from gazescribe.pipeline.dictation.labeler.lexicon import Lexicon
from gazescribe.pipeline.dictation.labeler.phrases import cut_words


def _found(phrases, text):
    words = cut_words(text)
    return [
        (" ".join(words.texts[first:last]), meanings)
        for first, last, meanings in Lexicon(phrases).find(words)
    ]


def test_the_leftmost_longest_phrase_wins():
    phrases = [("effusion", 1), ("pleural effusion", 2), ("effusion of blood", 3)]
    assert _found(phrases, "pleural effusion of blood") == [("pleural effusion", (2,))]
    assert _found(phrases, "an effusion of blood") == [("effusion of blood", (3,))]


def test_a_phrase_can_have_several_meanings():
    assert _found([("opacity", 1), ("opacity", 2)], "opacity") == [("opacity", (1, 2))]


def test_phrases_are_whole_words():
    assert _found([("mass", 1)], "massive masses amass mass") == [("mass", (1,))]


def test_an_ending_may_be_open():
    assert [text for text, _ in _found([("opaci*", 1)], "opacity opacified opal")] == [
        "opacity",
        "opacified",
    ]


def test_a_gap_takes_up_to_its_number_of_words_but_no_marks_and_no_conjunctions():
    phrases = [("no <2> evidence", 1)]
    assert _found(phrases, "no evidence")
    assert _found(phrases, "no clear good evidence")
    assert not _found(phrases, "no very clear good evidence")
    assert not _found(phrases, "no mass, evidence")
    assert not _found(phrases, "no mass or evidence")


def test_a_slip_of_dictation_is_found_as_what_is_meant():
    slips = [("atelectasis", ("at", "electasis")), ("lung", ("long",))]
    for phrase in ("(lung) atelecta[sis|tic]", "(lung) atelecta*"):
        lexicon = Lexicon([(phrase, 1)], slips)
        for text in ("lung atelectasis", "at electasis", "long at electasis"):
            assert list(lexicon.find(cut_words(text))) == [(0, len(text.split()), (1,))]
        assert not list(lexicon.find(cut_words("long electasis")))


def test_an_unknown_word_does_not_fill_the_memory():
    lexicon = Lexicon([("no <1> mass", 1)])
    for number in range(50):
        assert list(lexicon.find(cut_words(f"no word{number} mass"))) == [(0, 3, (1,))]
    assert len(lexicon._states) < 10
