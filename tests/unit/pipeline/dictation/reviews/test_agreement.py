import pytest

from gazescribe.pipeline.dictation.reviews.agreement import agreements
from gazescribe.pipeline.dictation.reviews.consensus import join_reviews
from gazescribe.pipeline.dictation.reviews.files import ReviewFile
from tests.reviews import about, of_reading, review, said

WORDS = [f"word{number:02}" for number in range(12)]
TEXT = " ".join(WORDS)


def measured(*contents):
    files = [ReviewFile.model_validate(content) for content in contents]
    return agreements(join_reviews(files).values())


def judged(name, polarities, **changes):
    items = []
    for word, polarity in zip(WORDS, polarities, strict=False):
        found = said(TEXT, word)
        items.append(about(found, polarity and {**found, "polarity": polarity}))
    return review(of_reading(TEXT, items, **changes), reviewer=name)


def test_kappa_of_a_table_worked_by_hand():
    """A: 6 positive, 4 negative; B: 5 and 5; they agree on 5 + 4 of 10."""
    first = ["positive"] * 6 + ["negative"] * 4
    second = ["positive"] * 5 + ["negative"] * 5
    (row,) = measured(judged("A", first), judged("B", second))
    expected = 0.6 * 0.5 + 0.4 * 0.5
    assert row["reviewers"] == ["A", "B"]
    assert (row["n"], row["n_readings"]) == (10, 1)
    assert row["agreement"] == 0.9
    assert row["kappa"] == pytest.approx((0.9 - expected) / (1 - expected))


def test_only_what_both_saw_counts():
    first, second = judged("A", ["positive"] * 3), judged("B", ["positive", None])
    elsewhere = review(of_reading("another text", reading_id="R2"), reviewer="B")
    (row,) = measured(first, second, elsewhere)
    assert (row["n"], row["agreement"]) == (2, 0.5)
    (row,) = measured(first, elsewhere)
    assert (row["n"], row["n_readings"], row["agreement"], row["kappa"]) == (0, 0, None, None)


def test_an_added_mention_counts_where_both_went_to_the_end():
    adding = review(of_reading(TEXT, [about(None, said(TEXT, "word05"))]), reviewer="A")
    (row,) = measured(adding, judged("B", [], is_complete=True))
    assert (row["n"], row["agreement"]) == (1, 0.0)
    (row,) = measured(adding, judged("B", []))
    assert row["n"] == 0


def test_kappa_is_undefined_where_all_is_the_same():
    (row,) = measured(judged("A", ["positive"] * 3), judged("B", ["positive"] * 3))
    assert (row["agreement"], row["kappa"]) == (1.0, None)


def test_another_label_is_no_mention_of_this_one_and_another_span_is_the_same_polarity():
    found = said(TEXT, "word00")
    longer = {**found, "char_end": found["char_end"] + 7}
    other = {**found, "label": "consolidation"}
    files = [
        review(of_reading(TEXT, [about(found, right)]), reviewer=name)
        for name, right in (("A", found), ("B", longer), ("C", other), ("D", None))
    ]
    rows = {"".join(row["reviewers"]): row for row in measured(*files)}
    assert (rows["AB"]["agreement"], rows["AB"]["agreement_in_all"]) == (1.0, 0.0)
    assert (rows["CD"]["agreement"], rows["CD"]["agreement_in_all"]) == (1.0, 0.0)
    assert rows["AC"]["agreement"] == 0.0
