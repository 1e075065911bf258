"""Mentions, the rows that the labeler gives, and the shorter ones of a remembered sentence."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from gazescribe.pipeline.dictation.labeler.decisions import Decision, Explained
from gazescribe.pipeline.dictation.labeler.items import Item
from gazescribe.pipeline.dictation.labeler.sections import Spans, section_at

DROPPED = "dropped"
_new_tuple = tuple.__new__  # what making a named tuple ends in, in a third of its time

# Of a mention in a sentence, or a text: start, end, label, concept, polarity, rule and trigger.
# A plain tuple of plain values: the collector passes over it.
Row = tuple[int, int, str, str, str, str, tuple[int, int] | None]


class Mention(NamedTuple):  # a dataclass takes five times as long to make
    """One label of one span of a text; the columns of the table `mentions`."""

    char_start: int
    char_end: int
    label: str
    concept: str
    text: str
    sentence: int
    polarity: str
    rule_id: str
    trigger: str


def with_labels(
    decided: Iterable[tuple[Item, Decision]], labels: Mapping[str, tuple[str, ...]]
) -> list[Explained]:
    """Give what was decided of the items of a sentence, with the labels of their concepts."""
    concepts = []
    for item, decision in decided:
        name = item.concept.id if item.concept else ""
        row = (item.start, item.end, labels[name], name, 0, decision)
        concepts.append(_new_tuple(Explained, row))
    return concepts


def rows_of(concepts: Iterable[Explained]) -> tuple[Row, ...]:
    """Give the rows of what a sentence mentions, one for each label of a span."""
    rows: dict[tuple[int, int, str], Row] = {}
    for start, end, labels, concept, _, decision in concepts:
        polarity, rule_id, trigger, _ = decision
        if polarity == DROPPED:
            continue
        for label in labels:
            name = label.removesuffix("?")
            vote = polarity
            if name != label:  # such a label is uncertain at most, and never denied
                if polarity == "negative":
                    continue
                vote = "uncertain"
            row = (start, end, name, concept, vote, rule_id, trigger)
            rows.setdefault((start, end, name), row)
    return tuple(sorted(rows.values()))


def placed(
    text: str, rows: Iterable[Row], place: int, number: int, ignored: Spans
) -> list[Mention]:
    """Place rows in their text: those of sentence `number`, which begins at `place`."""
    mentions = []
    for start, end, label, concept, polarity, rule_id, trigger in rows:
        first, last = place + start, place + end
        if ignored and section_at(first, ignored) is not None:
            continue
        cause = text[place + trigger[0] : place + trigger[1]] if trigger else ""
        cells = (first, last, label, concept, text[first:last], number, polarity, rule_id, cause)
        mentions.append(_new_tuple(Mention, cells))
    return mentions


def in_order(mentions: Sequence[Mention]) -> list[Mention]:
    """Sort the mentions of sentences that were given, which may overlap."""
    rows: dict[tuple[int, int, str], Mention] = {}
    for mention in mentions:
        rows.setdefault((mention.char_start, mention.char_end, mention.label), mention)
    return [rows[key] for key in sorted(rows)]
