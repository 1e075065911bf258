"""What makes findings neighbours in a list."""

from gazescribe.pipeline.dictation.labeler.items import Hit, Item, Parse

LIST_ENDS = frozenset(["before", "after", "asserts", "cancels", "verb", "boundary", "state"])
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
        hit.trigger.direction in LIST_ENDS for hit in between
    ):
        return False
    return sentence.count(first.end, second.start) <= LIST_WORDS


def links_list(hit: Hit) -> bool:
    """Tell whether a noun belongs to all findings of a list: "no growth of A or B"."""
    return hit.trigger.direction == "belongs" and hit.trigger.reach == "list"
