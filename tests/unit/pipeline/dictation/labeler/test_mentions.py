from gazescribe.pipeline.dictation.labeler.decisions import Decision, Explained
from gazescribe.pipeline.dictation.labeler.items import Item
from gazescribe.pipeline.dictation.labeler.mentions import (
    Mention,
    in_order,
    placed,
    rows_of,
    with_labels,
)
from gazescribe.pipeline.dictation.labeler.targets import Target


def explained(start, end, *labels, polarity="positive", trigger=None):
    decision = Decision(polarity, "a.rule", trigger, (0, 50))
    return Explained(start, end, labels, "concept", 0, decision)


def test_what_is_decided_of_an_item_has_the_labels_of_its_concept():
    decision = Decision("positive", "a.rule", None, (0, 50))
    item = Item(3, 8, Target("edema", ["edema"]))
    concepts = with_labels([(item, decision)], {"edema": ("edema", "opacity")})
    assert concepts == [Explained(3, 8, ("edema", "opacity"), "edema", 0, decision)]
    assert concepts[0].decision is decision  # and its cells have names


def test_each_label_of_a_span_has_one_row_by_place_and_label():
    concepts = [explained(9, 14, "edema", "atelectasis"), explained(0, 4, "edema")]
    rows = rows_of([*concepts, explained(0, 4, "edema", polarity="negative")])
    assert [row[:3] for row in rows] == [(0, 4, "edema"), (9, 14, "atelectasis"), (9, 14, "edema")]
    assert rows[0][4] == "positive"


def test_what_is_dropped_has_no_row():
    assert rows_of([explained(0, 4, "edema", polarity="dropped")]) == ()


def test_a_doubted_label_is_uncertain_and_never_denied():
    (row,) = rows_of([explained(0, 4, "edema?")])
    assert (row[2], row[4]) == ("edema", "uncertain")
    assert rows_of([explained(0, 4, "edema?", polarity="negative")]) == ()


def test_rows_are_placed_in_their_text():
    rows = rows_of([explained(3, 8, "edema", polarity="negative", trigger=(0, 2))])
    (mention,) = placed("Yes. No edema.", rows, 5, 1, [])
    assert mention == Mention(8, 13, "edema", "concept", "edema", 1, "negative", "a.rule", "No")
    assert placed("Yes. No edema.", rows, 5, 1, [(4, 14)]) == []


def test_mentions_of_sentences_that_overlap_are_in_order_and_there_once():
    first, second = (Mention(n, n + 1, "edema", "edema", "", 0, "positive", "", "") for n in (1, 2))
    assert in_order([second, first, second]) == [first, second]
