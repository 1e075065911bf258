"""What makes findings neighbours in a list."""

from gazescribe.pipeline.dictation.labeler.english import PLURAL
from gazescribe.pipeline.dictation.labeler.items import Connector, Hit, Item, Parse

LIST_ENDS = frozenset(["before", "after", "asserts", "cancels", "verb", "boundary", "state"])
ADJECTIVE_WORDS = 5  # and marks, at most, between an adjective and its finding; set by hand
LIST_WORDS = 10  # and marks, at most, between two neighbours; set by hand


def is_list_gap(sentence: Parse, first: Item, second: Item, *, companions: bool = False) -> bool:
    """Tell whether two items are neighbours in a list; companions allows "A with B"."""
    if second.start < first.end:
        return True
    joints = sentence.connectors_between(first.end, second.start)
    if not joints or (not companions and any(joint.word == "with" for joint in joints)):
        return False
    between = sentence.hits_between(first.end, second.start)
    if sentence.is_cut(first.end, second.start) or any(
        hit.trigger.direction in LIST_ENDS and not (companions and _is_nor(sentence, hit))
        for hit in between
    ):
        return False
    return sentence.count(first.end, second.start) <= LIST_WORDS


def is_touching(sentence: Parse, first: Item, second: Item) -> bool:
    """Tell whether two findings have nothing between them: "effusion edema", dictated in a row."""
    gap = first.end, second.start
    is_apart = sentence.connectors_between(*gap) or sentence.is_cut(*gap)
    return (
        not is_apart and not sentence.count(*gap) and "structure" not in (first.kind, second.kind)
    )


def join_adjectives(sentence: Parse) -> None:
    """Let all that is said of an adjective or of the finding behind it be said of both."""
    for first in sentence.items:
        if not first.modifies:
            continue
        for second in sentence.items:
            if second.start >= first.end and is_touching(sentence, first, second):
                first.before = second.before = first.before or second.before
                first.after = second.after = first.after or second.after
                first.asserted = second.asserted = first.asserted or second.asserted
                first.alternative = second.alternative = first.alternative or second.alternative


def is_instead(sentence: Parse, end: int, start: int) -> bool:
    """Tell whether a finding ends at one place, and the next from another is none of its kind."""
    before: set[str] = set()
    for item in sentence.items:
        if item.concept is None or item.kind != "finding":
            continue
        if item.end <= end and not sentence.count(item.end, end):
            before.update(item.concept.labels)
        elif item.start >= start:
            return bool(before) and before.isdisjoint(item.concept.labels)
    return False


def is_apart(sentence: Parse, hit: Hit, first: Item, second: Item) -> bool:
    """Tell whether what follows a list says nothing of a member: "A, heart size hard to judge".

    Nor does it of one that is placed before the next is denied: "A on the right, B not seen".
    """
    if second.kind == "structure" and first.kind != "structure":
        return True
    joints = sentence.connectors_between(first.end, second.start)
    if hit.trigger.effect != "negative" or not joints:
        return False
    between = sentence.hits_between(first.end, joints[0].start)
    return any(other.trigger.direction == "place" for other in between)


def is_pair(sentence: Parse, connector: Connector, verb: Hit) -> bool:
    """Tell whether just two findings, and a verb for one, stand around a connector."""
    begin = max((cut for cut in sentence.cuts if cut < connector.start), default=sentence.start)
    spans = {
        (item.start, item.end)
        for item in sentence.items
        if item.concept is not None and begin <= item.start and item.end <= verb.start
    }
    return len(spans) == 2 and PLURAL.isdisjoint(sentence.texts_between(verb.start, verb.end))


def is_sized(sentence: Parse, item: Item) -> bool:
    """Tell whether a finding has its size before it, and so is there: "small A, B absent"."""
    begin = max((earlier.end for earlier in sentence.items if earlier.end <= item.start), default=0)
    return any(
        hit.trigger.direction == "start" and hit.trigger.attached
        for hit in sentence.hits_between(begin, item.start)
        if sentence.count(hit.end, item.start) <= ADJECTIVE_WORDS
        and not sentence.connectors_between(hit.end, item.start)
    )


def is_qualified(sentence: Parse, item: Item) -> bool:
    """Tell whether a word such as "stable" stands between an item and the one before it."""
    begin = max((earlier.end for earlier in sentence.items if earlier.end <= item.start), default=0)
    return any(
        hit.trigger.direction in ("start", "cancels", "before")
        and sentence.count(hit.end, item.start) <= ADJECTIVE_WORDS
        and not sentence.connectors_between(hit.end, item.start)
        and ":" not in sentence.texts_between(hit.end, item.start)
        for hit in sentence.hits_between(begin, item.start)
    )


def before_aside(sentence: Parse, hit: Hit, nearest: Item, earlier: list[Item]) -> list[Item]:
    """Give the true subject where an aside stands between: "the mass, once called A, is gone"."""
    if not any(mark.end == hit.start and mark.comma for mark in sentence.connectors):
        return []
    asides = [
        other.start
        for other in sentence.hits
        if other.trigger.rule_id == "boundary.relative" and other.start <= nearest.start
    ]
    heads = [item for item in earlier if asides and item.end <= asides[-1]]
    last = max((item.end for item in heads), default=0)
    return [item for item in heads if item.end == last]


def _is_nor(sentence: Parse, hit: Hit) -> bool:
    """Tell the "nor" that joins, "neither A nor B has grown", from one that denies anew."""
    return sentence.texts_between(hit.start, hit.end) == ["nor"]


def links_list(hit: Hit) -> bool:
    """Tell whether a noun belongs to all findings of a list: "no growth of A or B"."""
    return hit.trigger.direction == "belongs" and hit.trigger.reach == "list"
