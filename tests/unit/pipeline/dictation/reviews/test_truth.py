from collections import Counter

from gazescribe.pipeline.dictation.reviews.applying import Reviews
from gazescribe.pipeline.dictation.reviews.files import ReviewFile
from gazescribe.pipeline.dictation.reviews.truth import find_texts, true_sentences
from tests.reviews import about, of_reading, review, said
from tests.synthetic import reading, write_tables

TEXT = "edema is stable . no effusion . clear"
EDEMA = said(TEXT, "edema")
EFFUSION = said(TEXT, "effusion", "pleural effusion", "negative")
ITEMS = [about(EDEMA, {**EDEMA, "polarity": "uncertain"}), about(EFFUSION, EFFUSION)]


def reviews_of(*contents):
    return Reviews([ReviewFile.model_validate(content) for content in contents])


def truth(tmp_path, *contents):
    tables = write_tables(tmp_path, readings=[reading("R1", TEXT), reading("R2", "other .")])
    reviews, left_out = reviews_of(*contents), Counter()
    reports = find_texts(reviews, [tables])
    return true_sentences(reviews.texts, reports, left_out), left_out


def test_each_sentence_of_a_reading_reviewed_to_the_end(tmp_path):
    sentences, left_out = truth(tmp_path, review(of_reading(TEXT, ITEMS, is_complete=True)))
    assert [one.text for one in sentences] == ["edema is stable .", "no effusion .", "clear"]
    assert [[m.polarity for m in one.mentions] for one in sentences] == [
        ["uncertain"],
        ["negative"],
        [],
    ]
    assert [one.verdict for one in sentences] == ["polarity", "right", ""]
    assert left_out == {}


def test_what_is_not_known_is_counted(tmp_path):
    other = of_reading(TEXT, [about(EDEMA, None)], is_complete=True)
    sentences, left_out = truth(
        tmp_path,
        review(
            of_reading(TEXT, ITEMS, is_complete=True),
            of_reading("gone .", reading_id="R9", is_complete=True),
            of_reading("other .", reading_id="R2"),
        ),
        review(other, reviewer="B"),
    )
    assert [one.text for one in sentences] == ["clear"]
    assert left_out == {
        "readings not reviewed to the end": 1,
        "readings without text at hand": 1,
        "sentences of which reviewers disagree": 2,
    }


def test_a_review_may_bring_its_own_text():
    spans = [(0, 17), (18, 31), (32, 37)]
    own = of_reading(TEXT, ITEMS, is_complete=True, text=TEXT, sentences=spans)
    reviews, left_out = reviews_of(review(own)), Counter()
    found = true_sentences(reviews.texts, find_texts(reviews, []), left_out)
    assert [one.char_start for one in found] == [0, 18, 32]
