"""Reviews of any kind: applied twice they change nothing more, in any order of their files."""

from hypothesis import given, settings
from hypothesis import strategies as st

from gazescribe.pipeline.dictation.reports import ReportText
from gazescribe.pipeline.dictation.reviews.applying import MentionReviews, Reviews
from gazescribe.pipeline.dictation.reviews.files import ReviewFile
from tests.reviews import about, of_reading, review
from tests.synthetic import mention

TEXT = "edema . no"
LABELS = ("a", "b")

spans = st.tuples(st.integers(0, 8), st.integers(1, 3)).map(lambda at: (at[0], sum(at)))
mentions = st.builds(
    lambda span, label, polarity: {
        "char_start": span[0],
        "char_end": min(span[1], len(TEXT)),
        "label": label,
        "polarity": polarity,
    },
    spans,
    st.sampled_from(LABELS),
    st.sampled_from(("positive", "negative", "uncertain")),
)


def place_of(one):
    return one["char_start"], one["char_end"], one["label"]


@st.composite
def answers(draw):
    """Answers that a file may hold: each mention once, each place in one way."""
    found = draw(st.lists(mentions, max_size=3, unique_by=place_of))
    kept, given_places, denied = [], {}, set()
    for one in [*found, *[None] * draw(st.integers(0, 2))]:
        right = draw(st.one_of(st.none(), mentions)) if one else draw(mentions)
        if right and given_places.setdefault(place_of(right), right) != right:
            continue
        if one and not right:
            denied.add(place_of(one))
        kept.append(about(one, right))
    return [item for item in kept if not item["right"] or place_of(item["right"]) not in denied]


files = st.lists(st.tuples(st.sampled_from("AB"), answers(), st.booleans()), max_size=3)


def apart(given_rows):
    """Leave out rows that overlap one of the same label, as no labeler finds them."""
    kept = []
    for row in sorted(given_rows, key=place_of):
        of_label = [other for other in kept if other["label"] == row["label"]]
        if all(other["char_end"] <= row["char_start"] for other in of_label):
            kept.append(row)
    return kept


rows = st.lists(mentions, max_size=4).map(apart)


def corrected(given, contents):
    report = ReportText("R1", TEXT, [(0, 7), (8, 10)])
    reviews = [
        ReviewFile.model_validate(
            review(of_reading(TEXT, items, is_complete=is_complete), reviewer=name)
        )
        for name, items, is_complete in contents
    ]
    applied = MentionReviews(Reviews(reviews), LABELS)
    result = applied.correct(given, report)
    return result, applied.summary(set())


@settings(max_examples=100)
@given(rows, files)
def test_applied_twice_is_applied_once(given_rows, contents):
    table = [mention(TEXT, TEXT[:1]) | row for row in given_rows]
    once, summary = corrected(table, contents)
    assert len({place_of(row) for row in once}) == len(once)
    again, _ = corrected(once, contents)
    assert [{**row, "rule_id": ""} for row in again] == [{**row, "rule_id": ""} for row in once]
    backwards, backward_summary = corrected(table, contents[::-1])
    assert backwards == once
    assert backward_summary == summary
