import pytest

from gazescribe.pipeline.report.menu import (
    NO_GAZE,
    NOT_OPENED,
    Piece,
    cut,
    of_labels,
    of_sentence,
    of_whole,
    spoken,
)
from gazescribe.pipeline.report.parts import Parts
from tests.synthetic import fixation, reading

TEXT = "mild edema . no effusion ."
WINDOW = {"start_s": 0.0, "end_s": 1.5, "status": "ok", "n_fixations": 1, "gaze_s": 0.4}
SENTENCE = {"sentence": 0, "char_start": 0, "char_end": 12, "onset_s": 0.0, "offset_s": 1.0}
EDEMA = {"char_start": 5, "char_end": 10, "polarity": "positive", "channels": ("Edema",)}


def parts_of(*windows, fixations=1):
    made = [{**WINDOW, "kind": "sentence", "sentence": 0, "labels": [], **row} for row in windows]
    gaze = [fixation(n, n, n + 0.4) for n in range(fixations)]
    return Parts(reading("R1", TEXT), gaze, [], [], [], [], [], made, [])


def test_a_label_has_its_windows_mentions_and_ellipses():
    ellipses = [{"number": 7, "channels": ["Edema"]}, {"number": 8, "channels": ["Opacity"]}]
    parts = parts_of({"labels": ["Edema"]})
    edema, opacity = of_labels(parts, ("Edema", "Opacity", "Fracture"), [EDEMA], ellipses)
    assert (edema.key, edema.windows, edema.ellipses) == ("label-0", [0], [7])
    assert edema.mentions == [EDEMA]
    assert edema.summary == (
        "Edema. Window 0.0 to 1.5 s: 1 fixation, 0.4 s of gaze. The reader drew 1 ellipse of it."
    )
    assert opacity.summary.startswith(f"Opacity. {NOT_OPENED}")


def test_a_sentence_has_the_mentions_that_overlap_it():
    later = {**EDEMA, "char_start": 16, "char_end": 24}
    parts = parts_of({"labels": ["Edema"]})
    choice = of_sentence(SENTENCE, parts, [EDEMA, later], [])
    assert choice.mentions == [EDEMA]
    assert choice.span_s == (0.0, 1.0)
    assert "".join(piece.text for piece in choice.pieces) == "mild edema ."
    assert choice.summary.startswith("Sentence 1: “mild edema .” Window 0.0 to 1.5 s")
    assert choice.summary.endswith("Labels: Edema.")


def test_windows_without_gaze_give_their_reasons_once():
    empty = {"status": "empty", "n_fixations": 0, "gaze_s": 0.0}
    parts = parts_of({"labels": ["Edema"], **empty}, {"labels": ["Edema"], **empty})
    (edema,) = of_labels(parts, ("Edema",), [], [])
    assert edema.summary == "Edema. 2 windows, 0.0 to 1.5 s, 0.0 to 1.5 s: no gaze (empty)."


def test_a_reading_without_gaze_opens_no_window():
    choice = of_sentence(SENTENCE, parts_of(fixations=0), [], [])
    assert choice.summary.endswith(NO_GAZE)
    assert choice.windows == []


def test_all_gaze_is_offered_where_it_has_windows():
    assert list(of_whole(parts_of({}))) == []
    (whole,) = of_whole(parts_of({}, {"kind": "reading"}))
    assert (whole.key, whole.title, whole.windows) == ("reading", "All gaze", [1])


SPOKEN = "no edema here. old edema."
SPOKEN_WORDS = [
    {"char_start": 0, "char_end": 2, "onset_s": 0.0, "offset_s": 0.5},
    {"char_start": 3, "char_end": 8, "onset_s": 1.0, "offset_s": 1.5},
    {"char_start": 9, "char_end": 14, "onset_s": 2.0, "offset_s": 2.5},
]


def span(start, end, polarity="negative"):
    return {"char_start": start, "char_end": end, "polarity": polarity}


def test_pieces_belong_to_one_word_and_one_state():
    pieces = cut(SPOKEN, 0, 14, SPOKEN_WORDS, [span(3, 8)])
    assert pieces == [
        Piece("no", 0, ""),
        Piece(" ", None, ""),
        Piece("edema", 1, "negative"),
        Piece(" ", None, ""),
        Piece("here.", 2, ""),
    ]


def test_a_mention_may_end_within_a_word():
    assert [
        (piece.text, piece.polarity) for piece in cut(SPOKEN, 3, 8, SPOKEN_WORDS, [span(3, 5)])
    ] == [
        ("ed", "negative"),
        ("ema", ""),
    ]


def test_a_place_of_several_mentions_shows_the_strongest():
    both = [span(3, 8, "negative"), span(3, 14, "uncertain"), span(3, 8, "positive")]
    pieces = cut(SPOKEN, 0, 14, SPOKEN_WORDS, both)
    states = {piece.text: piece.polarity for piece in pieces}
    assert states["edema"] == "positive"
    assert states["here."] == "uncertain"


@pytest.mark.parametrize(("start", "end"), [(0, 14), (15, 25), (0, 0)])
def test_nothing_of_the_text_is_lost(start, end):
    pieces = cut(SPOKEN, start, end, SPOKEN_WORDS, [span(3, 8), span(10, 21)])
    assert "".join(piece.text for piece in pieces) == SPOKEN[start:end]


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
    assert spoken(row, SPOKEN_WORDS) == times
