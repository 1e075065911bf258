from itertools import permutations

from gazescribe.pipeline.dictation.reviews.consensus import join_reviews
from gazescribe.pipeline.dictation.reviews.files import ReviewFile
from tests.reviews import about, moved, of_reading, review, said

TEXT = "edema is stable . no effusion ."
EDEMA = said(TEXT, "edema")
DENIED = {**EDEMA, "polarity": "negative"}
ADDED = said(TEXT, "effusion", "pleural effusion", "negative")


def joined(*contents):
    return join_reviews([ReviewFile.model_validate(content) for content in contents])


def only_text(*contents):
    (text,) = joined(*contents).values()
    return text


def by(reviewer, *mentions, **changes):
    return review(of_reading(TEXT, mentions, **changes), reviewer=reviewer)


def verdicts(*contents):
    return [place.verdict for place in only_text(*contents).places]


def test_what_one_reader_says():
    cases = {
        "right": about(EDEMA, EDEMA),
        "polarity": about(EDEMA, DENIED),
        "span": about(EDEMA, {**EDEMA, "char_end": 15}),
        "label": about(EDEMA, {**EDEMA, "label": "consolidation"}),
        "no mention": about(EDEMA, None),
        "missing": about(None, ADDED),
    }
    for verdict, item in cases.items():
        assert verdicts(by("A", item)) == [verdict]


def test_most_votes_decide_in_any_order_of_files():
    files = [
        by("A", about(EDEMA, DENIED)),
        by("B", about(EDEMA, EDEMA)),
        by("C", about(EDEMA, DENIED)),
    ]
    for order in permutations(files):
        (place,) = only_text(*order).places
        assert place.verdict == "polarity"
        assert place.answers[0].polarity == "negative"
    assert verdicts(*files[:2]) == ["reviewers disagree"]


def test_the_latest_review_of_a_reader_counts():
    old = by("A", about(EDEMA, DENIED))
    new = by("A", about(EDEMA, EDEMA), reviewed_at="2026-12-01T00:00:00Z")
    assert verdicts(old, new) == verdicts(new, old) == ["right"]
    same_time = by("A", about(EDEMA, EDEMA))
    assert verdicts(old, same_time) == verdicts(same_time, old)


def test_later_is_told_across_time_zones():
    noon = by("A", about(EDEMA, DENIED), reviewed_at="2026-11-30T12:00:00+09:00")
    later = by("A", about(EDEMA, EDEMA), reviewed_at="2026-11-30T10:00:00Z")
    assert verdicts(noon, later) == ["right"]


def test_who_went_to_the_end_and_adds_nothing_votes_for_nothing():
    adding = by("A", about(None, ADDED))
    assert verdicts(adding, by("B")) == ["missing"]
    assert verdicts(adding, by("B", is_complete=True)) == ["reviewers disagree"]


def test_added_mentions_that_overlap_are_one_place():
    longer = {**ADDED, "char_start": ADDED["char_start"] - 3}
    assert verdicts(by("A", about(None, ADDED)), by("B", about(None, longer))) == [
        "reviewers disagree"
    ]
    assert verdicts(by("A", about(None, ADDED), about(None, longer))) == ["missing", "missing"]


def test_texts_are_apart():
    texts = joined(by("A"), review(of_reading("another text"), reviewer="A"))
    assert len(texts) == 2


def test_windows_are_at_the_median():
    files = [
        review(of_reading(TEXT, windows=[moved(TEXT, "edema is stable .", *times)]), reviewer=name)
        for name, times in (("A", (1, 4)), ("B", (2, 5)), ("C", (9, 10)))
    ]
    assert only_text(*files).windows == {(0, 17, "sentence"): (2.0, 5.0)}
    assert only_text(*files[:2]).windows == {(0, 17, "sentence"): (1.5, 4.5)}
