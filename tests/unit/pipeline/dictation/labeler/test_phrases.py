import re

import pytest

from gazescribe.pipeline.dictation.labeler.phrases import (
    PhraseError,
    cut_words,
    is_only_of,
    parts,
    variants,
    written_out,
)


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        pytest.param("pleural effusion", {"pleural effusion"}, id="plain"),
        pytest.param("effusion(s)", {"effusion", "effusions"}, id="may be absent"),
        pytest.param("[left|right] lung", {"left lung", "right lung"}, id="one of several"),
        pytest.param("(a|an) mass", {"a mass", "an mass", "mass"}, id="absent or one of both"),
        pytest.param("pneumothora[x|ces]", {"pneumothorax", "pneumothoraces"}, id="glued"),
        pytest.param("ground-glass", {"ground glass"}, id="hyphen"),
        pytest.param("[a [b|c]|d] e", {"a b e", "a c e", "d e"}, id="nested"),
        pytest.param("CHF", {"chf"}, id="case"),
        pytest.param("and/or", {"and / or"}, id="slash"),
    ],
)
def test_variants_of_a_phrase(phrase, expected):
    assert variants(phrase) == expected


@pytest.mark.parametrize(
    ("phrase", "message"),
    [
        pytest.param("", "'' is empty", id="empty"),
        pytest.param("   ", "is empty", id="blank"),
        pytest.param("(a) (b)", "empty when all that may be absent is", id="all absent"),
        pytest.param("a (b", "'a (b' opens a bracket", id="opens"),
        pytest.param("a b)", "'a b)' closes a bracket", id="closes"),
        pytest.param("a (b]", "do not pair", id="mixed"),
        pytest.param("<2> effusion", "begins or ends with a gap", id="gap first"),
        pytest.param("effusion <2>", "begins or ends with a gap", id="gap last"),
        pytest.param("no effusion. heart", "can never match: '.'", id="over a period"),
        pytest.param("[1|2|3|4|5|6|7]" * 5, "more than 2000 variants", id="too many"),
    ],
)
def test_a_phrase_that_cannot_be_used_is_refused(phrase, message):
    with pytest.raises(PhraseError, match=re.escape(message)):
        parts(phrase)


def test_words_are_cut_with_their_places():
    text = "Left-sided 5.5 cm mass/nodule can't - be"
    words = cut_words(text)
    assert words.texts == [
        "Left",
        "sided",
        "5",
        ".",
        "5",
        "cm",
        "mass",
        "/",
        "nodule",
        "can't",
        "-",
        "be",
    ]
    assert [text[a:b] for a, b in zip(words.starts, words.ends, strict=True)] == words.texts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("左侧 CT胸腔5mm积液", "左 侧 CT 胸 腔 5mm 积 液", id="Chinese"),
        pytest.param("ปอด-naïve", "ป อ ด naïve", id="Thai"),
        pytest.param("흉수가 있음", "흉수가 있음", id="Korean has spaces"),
    ],
)
def test_without_spaces_between_words_each_character_is_one(text, expected):
    assert cut_words(text).texts == expected.split()


def test_a_phrase_of_some_words_only_is_told():
    words = frozenset({"in", "the"})
    assert is_only_of(words, "in the (left) (lung)")
    assert not is_only_of(words, "in the lung")
    assert not is_only_of(frozenset(), "in the")


def test_a_phrase_is_written_out():
    assert set(written_out(parts("(no) [edema|air fluid]"))) == {
        ("edema",),
        ("air", "fluid"),
        ("no", "edema"),
        ("no", "air", "fluid"),
    }
    many = "[a|b|c|d|e|f|g|h|i|j]"
    assert list(written_out(parts(f"{many} {many} {many} {many} x"))) == []


@pytest.mark.parametrize("phrase", ["free gas|loose gas", "free | loose", "[free|loose] gas|air"])
def test_alternatives_stand_in_brackets(phrase):
    with pytest.raises(PhraseError, match=re.escape(f"{phrase!r} has | outside of brackets")):
        variants(phrase)


@pytest.mark.parametrize("mark", ["\u00ad", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff"])
def test_marks_that_nobody_sees_part_no_word(mark):
    text = f"{mark}No pleu{mark}ral  {mark}{mark}effu{mark}sion{mark}.{mark}"
    words = cut_words(text)
    assert words.texts == ["No", "pleural", "effusion", "."]
    spans = zip(words.starts, words.ends, strict=True)
    written = ["No", f"pleu{mark}ral", f"effu{mark}sion", "."]
    assert [text[start:end] for start, end in spans] == written
    assert cut_words(mark).texts == []
    assert variants(f"effu{mark}sion(s)") == {"effusion", "effusions"}
    with pytest.raises(PhraseError, match="is empty"):
        parts(mark)
