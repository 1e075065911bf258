"""Findings that are alternatives to each other, to something unknown, or to what mimics them."""

from dataclasses import replace
from itertools import pairwise

from gazescribe.pipeline.dictation.labeler.english import PLACES
from gazescribe.pipeline.dictation.labeler.items import Hit, Item, Parse
from gazescribe.pipeline.dictation.labeler.lists import (
    LIST_ENDS,
    LIST_WORDS,
    is_list_gap,
    is_sized,
    links_list,
)
from gazescribe.pipeline.dictation.labeler.triggers import Effect

_BOTH = "alternative.both"
_EQUAL_WORDS = 4  # between "is" or "likely" and what a finding is said to be


def mark_alternatives(sentence: Parse) -> None:
    """Mark the findings on both sides of "versus" and "or", and the list that leads up to them."""
    findings = [
        item
        for item in sentence.items
        if item.concept and item.kind != "structure" and not _is_compared(sentence, item)
    ]
    for first, second in pairwise(findings):
        if second.start < first.end or not is_list_gap(sentence, first, second):
            continue
        for hit in sentence.hits_between(first.end, second.start):
            if hit.trigger.direction == "between" and not _joins_places(sentence, hit, second):
                first.alternative = first.alternative or hit
                second.alternative = second.alternative or hit
    for hit in sentence.hits:
        if hit.trigger.direction == "between" and hit.trigger.reach != "list":
            _mark_neighbours(sentence, hit, findings)
    _mark_lists(sentence, findings)


def _joins_places(sentence: Parse, hit: Hit, second: Item) -> bool:
    """Tell whether "or" joins words of the first finding: "no A of the ribs or clavicle, B"."""
    for joint in sentence.connectors_between(hit.end, second.start):
        row = sentence.hits_between(hit.end, joint.start)
        is_hedge = any(other.trigger.direction == "before" for other in row)
        if joint.comma and sentence.count(hit.end, joint.start) and not is_hedge:
            return True
    return False


def _mark_lists(sentence: Parse, findings: list[Item]) -> None:
    """Pass the mark from each member of a list to the one before it: "A, B or C"."""
    for first, second in reversed([*pairwise(findings)]):
        if first.concept and first.concept.generic:
            break  # "opacity, A or B" explains the opacity
        hit = second.alternative
        if hit is None or hit.trigger.reach == "next" or first.alternative:
            continue  # "A, B versus C" explains A
        if second.start >= first.end and _is_offered(sentence, hit, first, second):
            first.alternative = hit


def _is_offered(sentence: Parse, hit: Hit, first: Item, second: Item) -> bool:
    """Tell whether the finding before an alternative is one, too: "A, B or C", "A B or both"."""
    if hit.trigger.rule_id == _BOTH and not sentence.count(first.end, second.start):
        return True
    if not is_list_gap(sentence, first, second):
        return False
    if hit.trigger.rule_id == _BOTH:
        return True
    joints = sentence.connectors_between(first.end, second.start)
    is_joined = not joints or any(joint.word for joint in joints)
    return not is_joined and not is_sized(sentence, first)  # "small A, B or C"


def _mark_neighbours(sentence: Parse, hit: Hit, findings: list[Item]) -> None:
    """Mark the finding next to "versus" on each side, whatever the other side is.

    Of a phrase that names the other side itself, "or something else", it is the one before.
    """
    before = max((item.end for item in findings if item.end <= hit.start), default=None)
    after = min((item.start for item in findings if item.start >= hit.end), default=None)
    for item in findings:
        if item.end == before:
            gap = item.end, hit.start
        elif item.start == after and hit.trigger.reach == "next":
            gap = hit.end, item.start
        else:
            continue
        is_broken = sentence.is_cut(*gap) or any(
            other.trigger.direction in LIST_ENDS for other in sentence.hits_between(*gap)
        )
        if not is_broken and sentence.count(*gap) <= LIST_WORDS:
            item.alternative = item.alternative or hit


def explain_away(sentence: Parse, mimic: Item) -> None:
    """Deny or doubt the finding that is said to be a mimic: "nodule, likely a nipple shadow"."""
    findings = [
        item for item in sentence.items if item.kind == "finding" and item.end <= mimic.start
    ]
    nearest = max((item.end for item in findings), default=mimic.start)
    between = sentence.hits_between(nearest, mimic.start)
    verb = next((hit for hit in reversed(between) if hit.trigger.direction == "equates"), None)
    hedge = mimic.before if mimic.before in between else None
    link = hedge or verb
    if link is None or sentence.is_cut(nearest, mimic.start):
        return
    if hedge is not None and hedge.trigger.effect == "negative":
        return  # "the nodule is not a nipple shadow"
    begin = nearest if verb is None else verb.end
    if any(joint.word for joint in sentence.connectors_between(begin, mimic.start)):
        return
    words = sentence.texts_between(link.end, mimic.start)
    if len(words) > _EQUAL_WORDS or not PLACES.isdisjoint(words):
        return
    name, known = (mimic.concept.id, mimic.concept.shares) if mimic.concept else ("", [])
    effect: Effect = "negative" if hedge is None else "uncertain"
    order = 2 if hedge is None else 3
    trigger = replace(link.trigger, rule_id=name, direction="after", effect=effect, order=order)
    for item in findings:
        if item.end == nearest and item.concept and item.concept.id not in known:
            item.after = Hit(link.start, mimic.end, trigger)


def _is_compared(sentence: Parse, item: Item) -> bool:
    """Tell what is there in any case from an alternative: "no change in A or B"."""
    if item.asserted is not None and item.asserted.trigger.direction == "belongs":
        return True
    begin, _ = sentence.clause(item.start)
    return any(
        hit.trigger.rule_id == "pseudo.no_change" or links_list(hit)
        for hit in sentence.hits_between(begin, item.start)
    )
