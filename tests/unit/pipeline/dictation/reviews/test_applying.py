import pytest

from gazescribe.pipeline.dictation.reports import ReportText
from gazescribe.pipeline.dictation.reviews.applying import MentionReviews, Reviews, say_reviews
from gazescribe.pipeline.dictation.reviews.files import ReviewFile
from tests.reviews import about, of_reading, review, said
from tests.synthetic import mention

TEXT = "edema is stable . no effusion ."
REPORT = ReportText("R1", TEXT, [(0, 17), (18, 31)])
LABELS = ("pulmonary edema", "pleural effusion", "consolidation")
EDEMA = said(TEXT, "edema")
EFFUSION = said(TEXT, "effusion", "pleural effusion", "negative")
ROWS = [
    mention(TEXT, "edema", "pulmonary edema", rule_id="default.mentioned"),
    mention(TEXT, "effusion", "pleural effusion", polarity="negative", sentence=1),
]


def corrected(*readings, rows=ROWS, reviewer="A", report=REPORT):
    files = [ReviewFile.model_validate(review(reading, reviewer=reviewer)) for reading in readings]
    reviews = MentionReviews(Reviews(files), LABELS)
    return reviews.correct(rows, report), reviews.summary({"reflacx"})


def short(rows):
    keys = ("char_start", "char_end", "label", "polarity", "rule_id", "concept")
    return [tuple(row.get(key) for key in keys) for row in rows]


UNTOUCHED = short(ROWS)


@pytest.mark.parametrize(
    ("item", "first", "outcome"),
    [
        pytest.param(about(EDEMA, EDEMA), UNTOUCHED[0], "right", id="right"),
        pytest.param(
            about(EDEMA, {**EDEMA, "polarity": "negative"}),
            (0, 5, "pulmonary edema", "negative", "review.polarity", "edema"),
            "polarity",
            id="polarity",
        ),
        pytest.param(
            about(EDEMA, {**EDEMA, "char_end": 15}),
            (0, 15, "pulmonary edema", "positive", "review.span", "edema"),
            "span",
            id="span",
        ),
        pytest.param(
            about(EDEMA, {**EDEMA, "label": "consolidation"}),
            (0, 5, "consolidation", "positive", "review.label", "consolidation"),
            "label",
            id="label",
        ),
        pytest.param(about(EDEMA, None), None, "no mention", id="no mention"),
    ],
)
def test_one_mention_changes_and_no_other(item, first, outcome):
    rows, summary = corrected(of_reading(TEXT, [item]))
    assert short(rows) == [first, UNTOUCHED[1]] if first else [UNTOUCHED[1]]
    assert summary["applied"] == {outcome: 1}
    assert summary["left_out"] == {}


def test_a_missing_mention_has_its_words_and_sentence():
    added = {**EFFUSION, "label": "consolidation"}
    rows, summary = corrected(of_reading(TEXT, [about(None, added)]))
    assert summary["applied"] == {"missing": 1}
    (row,) = [row for row in rows if row["label"] == "consolidation"]
    assert (row["text"], row["sentence"], row["polarity"]) == ("effusion", 1, "negative")
    assert row["rule_id"] == "review.missing"


def test_what_was_found_right_stays_when_other_rules_say_otherwise():
    reading = of_reading(TEXT, [about(EDEMA, EDEMA)])
    others = {
        "another polarity": [{**ROWS[0], "polarity": "negative"}, ROWS[1]],
        "not found": [ROWS[1]],
        "more words": [{**ROWS[0], "char_end": 15, "text": TEXT[:15]}, ROWS[1]],
    }
    for rows in others.values():
        found, summary = corrected(reading, rows=rows)
        assert short(found)[0][:5] == (0, 5, "pulmonary edema", "positive", "review.right")
        assert summary["applied"] == {"kept right": 1}


def test_rules_that_learnt_from_a_review_need_it_no_longer():
    learnt = [{**ROWS[0], "polarity": "negative"}, ROWS[1]]
    item = about(EDEMA, {**EDEMA, "polarity": "negative"})
    found, summary = corrected(of_reading(TEXT, [item]), rows=learnt)
    assert found == learnt
    assert summary["applied"] == {"right without it": 1}
    found, summary = corrected(of_reading(TEXT, [about(EDEMA, None)]), rows=ROWS[1:])
    assert found == ROWS[1:]
    assert summary["applied"] == {"right without it": 1}


def test_overlapping_mentions_with_reviews_of_their_own_stay():
    longer = {**ROWS[0], "char_end": 15, "text": TEXT[:15]}
    long = {**EDEMA, "char_end": 15}
    gone = {**EDEMA, "char_end": 8}
    items = [about(EDEMA, EDEMA), about(long, long), about(gone, None)]
    rows = [ROWS[0], longer, ROWS[1]]
    found, summary = corrected(of_reading(TEXT, items), rows=rows)
    assert found == rows
    assert summary["applied"] == {"right": 2, "right without it": 1}


@pytest.mark.parametrize(
    ("reading", "why"),
    [
        pytest.param(of_reading("another", [about(EDEMA, None)]), "text has changed", id="text"),
        pytest.param(
            of_reading(TEXT, [about(EDEMA, None)], reading_id="R9"), "unknown reading", id="reading"
        ),
        pytest.param(
            of_reading(TEXT, [about(EDEMA, None)], reading_id="R9", dataset="egd"),
            "of another data set",
            id="data set",
        ),
        pytest.param(
            of_reading(TEXT, [about(EDEMA, {**EDEMA, "label": "cold"})]),
            "label not in the rules",
            id="label",
        ),
        pytest.param(
            of_reading(TEXT, [about(EDEMA, {**EDEMA, "char_end": 99})]),
            "outside of the text",
            id="span",
        ),
    ],
)
def test_what_cannot_be_applied_is_counted_by_reason(reading, why):
    rows, summary = corrected(reading)
    assert rows == ROWS
    assert summary["left_out"] == {why: 1}
    assert summary["applied"] == {}


def test_readers_who_disagree_change_nothing():
    files = [
        ReviewFile.model_validate(review(of_reading(TEXT, [about(EDEMA, right)]), reviewer=name))
        for name, right in (("A", EDEMA), ("B", None))
    ]
    reviews = MentionReviews(Reviews(files), LABELS)
    assert reviews.correct(ROWS, REPORT) == ROWS
    summary = reviews.summary(set())
    assert summary["left_out"] == {"reviewers disagree": 1}
    assert say_reviews(summary) == "; reviews of 2 readers: none (left out: 1 reviewers disagree)"
    assert say_reviews(None) == ""
