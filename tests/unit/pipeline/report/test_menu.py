from gazescribe.pipeline.report.menu import NO_GAZE, NOT_OPENED, of_labels, of_sentence, of_whole
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
