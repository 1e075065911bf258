import pytest

from gazescribe.pipeline.report.transcript import Piece, cut, spoken

TEXT = "no edema here. old edema."
WORDS = [
    {"char_start": 0, "char_end": 2, "onset_s": 0.0, "offset_s": 0.5},
    {"char_start": 3, "char_end": 8, "onset_s": 1.0, "offset_s": 1.5},
    {"char_start": 9, "char_end": 14, "onset_s": 2.0, "offset_s": 2.5},
]


def span(start, end, polarity="negative"):
    return {"char_start": start, "char_end": end, "polarity": polarity}


def test_pieces_belong_to_one_word_and_one_state():
    pieces = cut(TEXT, 0, 14, WORDS, [span(3, 8)])
    assert pieces == [
        Piece("no", 0, ""),
        Piece(" ", None, ""),
        Piece("edema", 1, "negative"),
        Piece(" ", None, ""),
        Piece("here.", 2, ""),
    ]


def test_a_mention_may_end_within_a_word():
    assert [(piece.text, piece.polarity) for piece in cut(TEXT, 3, 8, WORDS, [span(3, 5)])] == [
        ("ed", "negative"),
        ("ema", ""),
    ]


def test_a_place_of_several_mentions_shows_the_strongest():
    both = [span(3, 8, "negative"), span(3, 14, "uncertain"), span(3, 8, "positive")]
    pieces = cut(TEXT, 0, 14, WORDS, both)
    states = {piece.text: piece.polarity for piece in pieces}
    assert states["edema"] == "positive"
    assert states["here."] == "uncertain"


@pytest.mark.parametrize(("start", "end"), [(0, 14), (15, 25), (0, 0)])
def test_nothing_of_the_text_is_lost(start, end):
    pieces = cut(TEXT, start, end, WORDS, [span(3, 8), span(10, 21)])
    assert "".join(piece.text for piece in pieces) == TEXT[start:end]


@pytest.mark.parametrize(
    ("row", "times"),
    [
        pytest.param(span(3, 8) | {"onset_s": 7.0, "offset_s": 8.0}, (7.0, 8.0), id="its own"),
        pytest.param(span(3, 10) | {"onset_s": None, "offset_s": None}, (1.0, 2.5), id="words"),
        pytest.param(
            span(3, 8) | {"onset_s": float("nan"), "offset_s": float("nan")}, (1.0, 1.5), id="NaN"
        ),
        pytest.param(span(15, 18), None, id="no word"),
    ],
)
def test_when_a_span_was_said(row, times):
    assert spoken(row, WORDS) == times
