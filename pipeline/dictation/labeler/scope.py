"""Which rule decides each finding of one sentence: reach, lists, and the order of rules.

Triggers that stand before their finding are carried to the right and those that stand after it to
the left, each through lists and up to the end of its reach; `decisions` then chooses among them.
"""

from gazescribe.pipeline.dictation.labeler.clauses import (
    Hit,
    Item,
    Sentence,
    cut,
    is_pair,
    is_transitive,
)

_STAND_INS = frozenset(
    """
    it this these they that those which both all now since subsequently has have is are was
    were cannot not been also still then again
    """.split()  # noqa: SIM905 (a row of words)
)
_CAUSES = frozenset(["by", "because", "due", "owing", "from", "given", "account", "secondary"])
_ASKS = frozenset([":", "?"])
_LIST_WORDS = 10
_ADJECTIVE_WORDS = 5
_INVERTED_WORDS = 4


def resolve(sentence: Sentence) -> None:
    """Let every trigger of a sentence reach its items; the items are changed in place."""
    cut(sentence)
    directions = {hit.trigger.direction for hit in sentence.hits}
    if "before" in directions:
        _carry_right(sentence)
    if not directions.isdisjoint(("after", "asserts", "cancels")):
        _carry_left(sentence)
    if "between" in directions and len(sentence.items) > 1:
        _mark_alternatives(sentence)


def _carry_right(sentence: Sentence) -> None:
    """Give each item the trigger before it whose reach it lies in."""
    active: Hit | None = None
    last: Item | None = None
    row: list[Hit | Item] = [*sentence.hits, *sentence.items]
    row.sort(key=lambda one: (one.start, isinstance(one, Item)))
    cuts = sorted(sentence.forward_cuts)
    for one in row:
        while cuts and cuts[0] <= one.start:
            if active is not None and cuts[0] >= active.end:
                active, last = None, None
            cuts.pop(0)
        if isinstance(one, Item):
            if active is not None and _governs(sentence, active, last, one):
                one.before = active
                last = one
            elif active is not None and last is not None and one.start >= last.end:
                active, last = None, None
        elif one.trigger.direction == "before" and not _is_under(active, one):
            active, last = one, None


def _is_under(active: Hit | None, hit: Hit) -> bool:
    """Tell whether a hedge belongs to what is already denied: "no opacity suspicious for A"."""
    if active is None or active.trigger.effect != "negative":
        return False
    return hit.trigger.effect != "negative" and hit.trigger.order >= active.trigger.order


def _governs(sentence: Sentence, active: Hit, last: Item | None, item: Item) -> bool:
    if item.start < active.end or _is_said_already(sentence, active, last):
        return False
    return _reaches_right(sentence, active, last, item)


def _reaches_right(sentence: Sentence, active: Hit, last: Item | None, item: Item) -> bool:
    trigger = active.trigger
    if last is None or (item.start, item.end) == (last.start, last.end):
        return sentence.count(active.end, item.start) <= trigger.words
    if trigger.reach == "next":
        return item.start < last.end
    if item.start < last.end:
        return True
    if trigger.reach == "list":
        return _is_list_gap(sentence, last, item, companions=False)
    said = [hit for hit in sentence.hits_between(last.end, item.start) if hit.trigger.finite]
    if said:
        joints = sentence.connectors_between(said[-1].end, item.start)
        own = is_transitive(sentence, said[-1]) and _modifies_subject(sentence, active)
        return not own and (not joints or joints[0].is_choice)
    return sentence.count(last.end, item.start) <= trigger.words


def _is_said_already(sentence: Sentence, active: Hit, last: Item | None) -> bool:
    """Tell whether a participle speaks of what is before it: "tube removed, effusion"."""
    if last is not None or active.trigger.reach != "list" or active.trigger.effect != "negative":
        return False
    after_mark = any(one.start == active.end for one in sentence.connectors)
    begin, _ = sentence.clause(active.start)
    return after_mark and any(
        begin <= one.start and one.end <= active.start for one in sentence.items
    )


def _modifies_subject(sentence: Sentence, active: Hit) -> bool:
    """Tell "lungs without A show B", where A only describes the lungs, from "no A shows B"."""
    begin = max(
        (cut for cut in sentence.forward_cuts if cut < active.start), default=sentence.start
    )
    return sentence.count(begin, active.start) > 0


def _is_list_gap(sentence: Sentence, left: Item, right: Item, *, companions: bool) -> bool:
    """Tell whether two items are neighbours in a list; companions allows "A with B"."""
    if right.start < left.end:
        return True
    joints = sentence.connectors_between(left.end, right.start)
    if not joints or (not companions and any(one.word == "with" for one in joints)):
        return False
    if sentence.is_cut(left.end, right.start):
        return False
    stops = {"before", "after", "asserts", "cancels", "verb", "boundary", "state"}
    if any(h.trigger.direction in stops for h in sentence.hits_between(left.end, right.start)):
        return False
    return sentence.count(left.end, right.start) <= _LIST_WORDS


def _carry_left(sentence: Sentence) -> None:
    """Give items the trigger after them: the nearest item, and the list that it ends."""
    for hit in sentence.hits:
        if not _looks_left(hit) or _modifies_next(sentence, hit):
            continue
        for item in _subjects(sentence, hit) or _inverted(sentence, hit):
            if hit.trigger.direction != "after":
                item.asserted = hit
            elif item.after is None or item.after.trigger.order >= hit.trigger.order:
                item.after = hit


def _looks_left(hit: Hit) -> bool:
    """Tell whether a trigger speaks of what is before it; "has not resolved" asserts it."""
    direction = hit.trigger.direction
    return direction in ("after", "asserts") or (direction == "cancels" and hit.trigger.finite)


def _modifies_next(sentence: Sentence, hit: Hit) -> bool:
    """Tell whether an adjective belongs to the finding after it: "effusion, possible edema"."""
    if hit.trigger.finite:
        return False
    following = [item.start for item in sentence.items if item.start >= hit.end]
    if not following or sentence.connectors_between(hit.end, min(following)):
        return False
    if any(
        one.trigger.direction == "before" for one in sentence.hits_between(hit.end, min(following))
    ):
        return False
    close = sentence.count(hit.end, min(following)) <= _ADJECTIVE_WORDS
    return close and not sentence.is_cut(hit.end, min(following))


def _subjects(sentence: Sentence, hit: Hit) -> list[Item]:
    begin, _ = sentence.clause(hit.start)
    earlier = [item for item in sentence.items if begin <= item.start and item.end <= hit.start]
    if not earlier and begin > sentence.start and _has_no_subject(sentence, begin, hit):
        earlier = [item for item in sentence.items if item.end <= begin]
    if not earlier:
        return []
    nearest = max(earlier, key=lambda item: (item.end, item.start))
    if sentence.count(nearest.end, hit.start) > hit.trigger.words:
        return []
    found = [item for item in earlier if item.end > nearest.start]
    found += _before_aside(sentence, hit, nearest, earlier)
    joined = False
    for item in sorted(earlier, key=lambda item: item.end, reverse=True):
        if item in found:
            continue
        leftmost = min(found, key=lambda one: one.start)
        if not _is_list_gap(sentence, item, leftmost, companions=True):
            break
        joints = sentence.connectors_between(item.end, leftmost.start)
        joined = joined or any(one.word for one in joints)
        if not joined and sentence.is_singular(hit):
            break
        if any(c.word == "and" and is_pair(sentence, c, hit) for c in joints) and (
            joints[0].comma or _stands_alone(sentence, item, leftmost)
        ):
            break
        found.append(item)
    return found


def _inverted(sentence: Sentence, hit: Hit) -> list[Item]:
    """Give the finding after a trigger that has none before it: "not seen is the effusion"."""
    _, end = sentence.clause(hit.start)
    later = [item for item in sentence.items if hit.end <= item.start and item.end <= end]
    nearest = min((item.start for item in later), default=end)
    if sentence.count(hit.end, nearest) > _INVERTED_WORDS:
        return []
    if sentence.texts_between(hit.start, hit.end)[0] in _ASKS:
        return []  # ": no" answers what stands before it
    if not _CAUSES.isdisjoint(sentence.texts_between(hit.end, nearest)):
        return []  # "obscured by effusion" says that the effusion is there
    return [item for item in later if item.start == nearest and item.before is None]


def _before_aside(sentence: Sentence, hit: Hit, nearest: Item, earlier: list[Item]) -> list[Item]:
    """Give the true subject where an aside stands between: "the mass, once called A, is gone"."""
    if not any(one.end == hit.start and one.comma for one in sentence.connectors):
        return []
    asides = [
        one.start
        for one in sentence.hits
        if one.trigger.rule_id == "boundary.relative" and one.start <= nearest.start
    ]
    if not asides:
        return []
    heads = [item for item in earlier if item.end <= asides[-1]]
    last = max((item.end for item in heads), default=0)
    return [item for item in heads if item.end == last]


def _stands_alone(sentence: Sentence, left: Item, right: Item) -> bool:
    """Tell a pair apart, "stable A and B is gone", by a word that qualifies only the first."""
    return _is_qualified(sentence, left) and not _is_qualified(sentence, right)


def _is_qualified(sentence: Sentence, item: Item) -> bool:
    begin = max((other.end for other in sentence.items if other.end <= item.start), default=0)
    return any(
        hit.trigger.direction in ("start", "cancels", "before")
        and sentence.count(hit.end, item.start) <= _ADJECTIVE_WORDS
        for hit in sentence.hits_between(begin, item.start)
    )


def _has_no_subject(sentence: Sentence, begin: int, hit: Hit) -> bool:
    """Tell whether a clause speaks of the one before: "effusion was present but has resolved"."""
    words = sentence.texts_between(begin, hit.start)
    return "there" not in words and set(words[1:]) <= _STAND_INS


def _mark_alternatives(sentence: Sentence) -> None:
    """Mark the findings on both sides of "versus" and "or", and the list that leads up to them."""
    mentions = [
        item
        for item in sentence.items
        if item.concept and item.concept.kind == "finding" and not _is_compared(sentence, item)
    ]
    for number, right in enumerate(mentions[1:], start=1):
        left = mentions[number - 1]
        if right.start < left.end or not _is_list_gap(sentence, left, right, companions=False):
            continue
        for hit in sentence.hits_between(left.end, right.start):
            if hit.trigger.direction == "between":
                left.alternative = left.alternative or hit
                right.alternative = right.alternative or hit
    for number in range(len(mentions) - 2, -1, -1):
        left, right = mentions[number], mentions[number + 1]
        if left.concept and left.concept.generic:
            break  # "opacity, A or B" explains the opacity
        if right.alternative and right.alternative.trigger.reach != "list":
            continue  # "A, B versus C" explains A
        if right.alternative and not left.alternative and right.start >= left.end:
            joints = sentence.connectors_between(left.end, right.start)
            commas = joints and not any(one.word for one in joints)
            if commas and _is_list_gap(sentence, left, right, companions=False):
                left.alternative = right.alternative


def _is_compared(sentence: Sentence, item: Item) -> bool:
    """Tell what is there in any case from an alternative: "no change in A or B"."""
    begin, _ = sentence.clause(item.start)
    return any(
        hit.trigger.direction == "cancels" and hit.trigger.rule_id == "pseudo.no_change"
        for hit in sentence.hits_between(begin, item.start)
    )
