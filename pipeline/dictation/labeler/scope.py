"""Which rule decides each finding of one sentence: reach, lists, and the order of rules.

Triggers that stand before their finding are carried to the right and those that stand after it to
the left, each through lists and up to the end of its reach; `decisions` then chooses among them.
"""

from operator import attrgetter

from gazescribe.pipeline.dictation.labeler.alternatives import explain_away, mark_alternatives
from gazescribe.pipeline.dictation.labeler.answers import (
    find_preferences,
    is_none_between,
    settle_answers,
)
from gazescribe.pipeline.dictation.labeler.clauses import cut, is_transitive, next_place
from gazescribe.pipeline.dictation.labeler.english import CAUSES, SINGULAR, STAND_INS
from gazescribe.pipeline.dictation.labeler.items import Hit, Item, Parse
from gazescribe.pipeline.dictation.labeler.lists import (
    ADJECTIVE_WORDS,
    before_aside,
    is_apart,
    is_list_gap,
    is_pair,
    is_qualified,
    is_sized,
    is_touching,
    join_adjectives,
    links_list,
)

_DENIAL = "negation."
_UNDONE = "negation.resolution_of"
_NOT = "negation.rather_than"
_PREFERS = frozenset(["over", "than"])
_ASKS = frozenset([":", "?"])
# How far, in words and marks, an inverted verb reaches; set by hand.
_INVERTED_WORDS = 4


def resolve(sentence: Parse) -> None:
    """Let every trigger of a sentence reach its items; the items are changed in place."""
    if any(hit.trigger.alone for hit in sentence.hits):
        settle_answers(sentence)
    if not _PREFERS.isdisjoint(sentence.words.texts):
        find_preferences(sentence)
    cut(sentence)
    directions = {hit.trigger.direction for hit in sentence.hits}
    if "before" in directions:
        _carry_right(sentence)
    if not directions.isdisjoint(("after", "asserts", "cancels")):
        _carry_left(sentence)
    if "embeds" in directions:
        _embed(sentence)
    if "between" in directions:
        mark_alternatives(sentence)
    join_adjectives(sentence)
    for item in sentence.items:
        if item.kind == "mimic":
            explain_away(sentence, item)


def _embed(sentence: Parse) -> None:
    """Mark what stands in a clause that is denied or doubted: "no evidence that A is gone"."""
    for hit in sentence.hits:
        if hit.trigger.direction != "embeds":
            continue
        # "There" begins a clause elsewhere: "cannot say there is no A".
        ends = [end for end in sentence.cuts if end > hit.end and sentence.count(hit.end, end)]
        ends += _new_denials(sentence, hit.end)
        first = min((item.end for item in sentence.items if item.start >= hit.end), default=0)
        ends += [end for end in sentence.forward_cuts if end > hit.end and end >= first]
        end = min(ends, default=sentence.end)
        for item in sentence.items:
            if hit.end <= item.start and item.end <= end and item.embedded is None:
                item.embedded = hit


def _new_denials(sentence: Parse, start: int) -> list[int]:
    """Give the connectors behind which a denial begins anew: "…, and no A"."""
    denials = {hit.start for hit in sentence.hits if _is_denial(hit)}
    return [
        mark.start
        for mark in sentence.connectors
        if mark.start >= start and not mark.is_choice and mark.end in denials
    ]


def _carry_right(sentence: Parse) -> None:
    """Give each item the trigger before it whose reach it lies in."""
    active: Hit | None = None
    last: Item | None = None
    previous: Hit | None = None
    elements: list[Hit | Item] = [*sentence.hits, *sentence.items]
    elements.sort(key=attrgetter("start"))  # hits before items, where they begin together
    cuts = sorted(sentence.forward_cuts)
    for element in elements:
        while cuts and cuts[0] <= element.start:
            if active is not None and cuts[0] >= active.end:
                active, last = None, None
            cuts.pop(0)
        if isinstance(element, Item):
            link = None if active is None else _belonging(sentence, active, last, element)
            if link is not None:
                element.asserted = link
                if link.trigger.reach == "list":
                    active, last = None, None
            elif active is not None and _reaches_right(sentence, active, last, element):
                element.before = active
                last = element
            elif active is not None and last is not None and element.start >= last.end:
                active, last = None, None
        elif element.trigger.direction == "before" and not _is_under(
            sentence, active, last, element
        ):
            is_void = _is_void(sentence, previous, element)
            active, last, previous = None if is_void else element, None, element


def _is_void(sentence: Parse, previous: Hit | None, hit: Hit) -> bool:
    """Tell whether a denial or a past says nothing: "clearing of A but not of B"."""
    if previous is not None and previous.trigger.rule_id == _UNDONE:
        return hit.trigger.rule_id == _NOT
    if hit.trigger.family != "history":
        return False
    return any(
        other.trigger.rule_id == "pseudo.no_change" or links_list(other)
        for other in sentence.hits
        if other.end <= hit.start and sentence.count(other.end, hit.start) <= 1
    )


def _belonging(sentence: Parse, active: Hit, last: Item | None, item: Item) -> Hit | None:
    """Give what of a finding is denied, while it is there: "growth of" in "no growth of the A"."""
    if not _is_denial(active) or item.kind != "finding":
        return None
    start = active.end if last is None else last.end
    links = [
        hit
        for hit in sentence.hits_between(start, item.start)
        if hit.trigger.direction in ("belongs", "before")
    ]
    link = links[-1] if links else None
    if link is None or link.trigger.rule_id == _UNDONE:
        return link
    if link.trigger.direction == "before" or link.trigger.effect == "negative":
        return None
    gap = link.end, item.start
    is_word_missing = link.trigger.reach == "next" and link.start == start
    is_far = sentence.connectors_between(*gap) or sentence.count(*gap) > ADJECTIVE_WORDS
    is_broken = any(hit.trigger.finite for hit in sentence.hits_between(*gap))
    return None if is_word_missing or is_far or is_broken else link


def _is_denial(hit: Hit) -> bool:
    return hit.trigger.rule_id.startswith(_DENIAL)


def _is_under(sentence: Parse, active: Hit | None, last: Item | None, hit: Hit) -> bool:
    """Tell whether a trigger belongs to what is already denied.

    A hedge does, "no opacity suspicious for A", and what is undone does, "no clearing of A".
    """
    if active is None or active.trigger.effect != "negative":
        return False
    if hit.trigger.family == "history" and hit.start - active.end <= 1:
        return _is_denial(active)  # "none of the previously seen"
    if hit.trigger.rule_id == _UNDONE and _is_denial(active) and last is None:
        joints = sentence.connectors_between(active.end, hit.start)
        return all(joint.is_choice for joint in joints)
    return hit.trigger.effect != "negative" and hit.trigger.order >= active.trigger.order


def _reaches_right(sentence: Parse, active: Hit, last: Item | None, item: Item) -> bool:
    """Tell whether a trigger governs an item, when `last` is the nearest that it governs so far."""
    if item.start < active.end or _is_said_already(sentence, active, last):
        return False
    trigger = active.trigger
    if last is None or (item.start, item.end) == (last.start, last.end):
        is_near = sentence.count(active.end, item.start) <= trigger.words
        return is_near and not (last is None and _is_elsewhere(sentence, active, item))
    if trigger.reach == "next" or item.start < last.end:
        return item.start < last.end
    if trigger.reach == "list":
        return is_list_gap(sentence, last, item, companions=False)
    verbs = [hit for hit in sentence.hits_between(last.end, item.start) if hit.trigger.finite]
    if verbs:
        joints = sentence.connectors_between(verbs[-1].end, item.start)
        has_subject = is_transitive(sentence, verbs[-1]) and _modifies_subject(sentence, active)
        return not has_subject and (not joints or joints[0].is_choice)
    return sentence.count(last.end, item.start) <= trigger.words


def _is_elsewhere(sentence: Parse, active: Hit, item: Item) -> bool:
    """Tell whether another place is denied: "right but not left A", "not on the left, with A"."""
    if active.trigger.effect != "negative":
        return False
    place = next_place(sentence, active.end)
    if place is None or place.end > item.start:
        return False
    joints = sentence.connectors_between(place.end, item.start)
    if joints:
        return any(joint.comma for joint in joints) and not any(joint.is_choice for joint in joints)
    begin = max((other.end for other in sentence.items if other.end <= active.start), default=0)
    return any(
        _is_opposite(other, place) and sentence.count(other.end, active.start) <= ADJECTIVE_WORDS
        for other in sentence.hits_between(begin, active.start)
    )


def _is_opposite(first: Hit, second: Hit) -> bool:
    """Tell whether two places speak against each other, as left and right do."""
    if first.trigger.direction != "place" or first.trigger.rule_id == second.trigger.rule_id:
        return False
    return first.trigger.family == second.trigger.family


def _is_said_already(sentence: Parse, active: Hit, last: Item | None) -> bool:
    """Tell whether a participle speaks of what is before it: "tube removed, effusion"."""
    if last is not None or active.trigger.reach != "list" or active.trigger.effect != "negative":
        return False
    is_at_mark = any(
        active.end <= mark.start and not sentence.count(active.end, mark.start)
        for mark in sentence.connectors
    )
    begin, _ = sentence.clause(active.start)
    return is_at_mark and any(
        begin <= item.start and item.end <= active.start for item in sentence.items
    )


def _modifies_subject(sentence: Parse, active: Hit) -> bool:
    """Tell "lungs without A show B", where A only describes the lungs, from "no A shows B"."""
    ends = [end for end in sentence.forward_cuts if end < active.start]
    begin = max(ends, default=sentence.start)
    return sentence.count(begin, active.start) > 0


def _carry_left(sentence: Parse) -> None:
    """Give items the trigger after them: the nearest item, and the list that it ends."""
    for hit in sentence.hits:
        if not _looks_left(hit) or _modifies_next(sentence, hit):
            continue
        for item in _subjects(sentence, hit) or _inverted(sentence, hit):
            if hit.trigger.direction == "after" and _has_other_place(sentence, hit, item):
                continue
            if hit.trigger.direction != "after":
                is_weaker = item.asserted is not None and not item.asserted.trigger.finite
                if item.asserted is None or (is_weaker and hit.trigger.finite):
                    item.asserted = hit
            elif item.after is None or item.after.trigger.order >= hit.trigger.order:
                item.after = hit


def _has_other_place(sentence: Parse, hit: Hit, item: Item) -> bool:
    """Tell whether a finding has another place than what is denied: "left A, none on the right"."""
    if hit.trigger.effect != "negative":
        return False
    place = next_place(sentence, hit.end) or _ending_place(sentence, hit.start)
    if place is None:
        return False
    if place.trigger.effect == "positive":
        return True
    before = [other.end for other in sentence.items if other.end <= item.start]
    for other in sentence.hits_between(max(before, default=sentence.start), hit.start):
        gap = (other.end, item.start) if other.end <= item.start else (item.end, other.start)
        is_other = _is_opposite(other, place) or (
            place.trigger.family == "projection" and other.trigger.direction == "place"
        )
        if is_other and other is not place and not sentence.connectors_between(*gap):
            return sentence.count(*gap) <= ADJECTIVE_WORDS
    return False


def _ending_place(sentence: Parse, end: int) -> Hit | None:
    """Give the side, view or part of the lung that is named right before a place of the text."""
    for hit in sentence.hits:
        if hit.trigger.direction == "place" and 0 <= end - hit.end <= 1:
            return hit
    return None


def _looks_left(hit: Hit) -> bool:
    """Tell whether a trigger speaks of what is before it; "has not resolved" asserts it."""
    direction = hit.trigger.direction
    return direction in ("after", "asserts") or (direction == "cancels" and hit.trigger.finite)


def _modifies_next(sentence: Parse, hit: Hit) -> bool:
    """Tell whether an adjective belongs to the finding after it: "effusion, possible edema"."""
    if hit.trigger.finite or (hit.trigger.alone and is_none_between(sentence, hit)):
        return False
    following = [item.start for item in sentence.items if item.start >= hit.end]
    if not following:
        return False
    gap = hit.end, min(following)
    if sentence.connectors_between(*gap) or sentence.is_cut(*gap):
        return False
    if any(later.trigger.direction == "before" for later in sentence.hits_between(*gap)):
        return False
    return sentence.count(*gap) <= ADJECTIVE_WORDS


def _subjects(sentence: Parse, hit: Hit) -> list[Item]:
    """Give the findings before a trigger that it speaks of: the nearest, and the list it ends."""
    begin, _ = sentence.clause(hit.start)
    earlier = [item for item in sentence.items if begin <= item.start and item.end <= hit.start]
    is_bare = not earlier and begin > sentence.start and _has_no_subject(sentence, begin, hit)
    if is_bare and not (hit.trigger.effect == "uncertain" and _is_followed(sentence, hit)):
        earlier = [item for item in sentence.items if item.end <= begin]
    if not earlier:
        return []
    nearest = max(earlier, key=lambda item: (item.end, item.start))
    is_far = sentence.count(nearest.end, hit.start) > hit.trigger.words
    if is_far or _has_other_subject(sentence, nearest, hit):
        return []
    subjects = [item for item in earlier if item.end > nearest.start]
    if hit.trigger.reach == "next" or "(" in sentence.texts_between(nearest.end, hit.start):
        return subjects  # "A, B (cannot be excluded)" says nothing of A
    subjects += before_aside(sentence, hit, nearest, earlier)
    joined = False
    is_singular = not SINGULAR.isdisjoint(sentence.texts_between(hit.start, hit.end))
    for item in sorted(earlier, key=lambda item: item.end, reverse=True):
        if item in subjects:
            continue
        leftmost = min(subjects, key=lambda subject: subject.start)
        is_neighbour = is_list_gap(sentence, item, leftmost, companions=True)
        if not is_neighbour and not is_touching(sentence, item, leftmost):
            break
        joints = sentence.connectors_between(item.end, leftmost.start)
        joined = joined or any(joint.word for joint in joints)
        # "A, B is gone" says nothing of A, nor does "A, heart size hard to judge".
        is_other = is_apart(sentence, hit, item, leftmost) or is_sized(sentence, item)
        if not joined and (is_singular or is_other):
            break
        # "Stable A and B is gone": a word that qualifies only the first tells the two apart.
        stands_alone = joints and (
            joints[0].comma
            or (is_qualified(sentence, item) and not is_qualified(sentence, leftmost))
        )
        if stands_alone and any(c.word == "and" and is_pair(sentence, c, hit) for c in joints):
            break
        subjects.append(item)
    return subjects


def _has_other_subject(sentence: Parse, nearest: Item, hit: Hit) -> bool:
    """Tell whether something else is spoken of: "A, the apices are obscured", "A, it may be B"."""
    joints = sentence.connectors_between(nearest.end, hit.start)
    is_condition = sentence.texts_between(hit.start, hit.end)[0] == "if"  # "A and if present B"
    marks = [mark for mark in joints if mark.comma or (is_condition and mark.word == "and")]
    if not marks:
        return False
    words = sentence.texts_between(marks[-1].end, hit.start)
    if words[:1] == ["the"] or (words and marks[-1].word == "with"):
        return True  # "A, with X not excluded"
    is_doubt = hit.trigger.effect == "uncertain" and words in ([], ["it"])
    return is_doubt and _is_followed(sentence, hit)


def _is_followed(sentence: Parse, hit: Hit) -> bool:
    """Tell whether a doubt is of what follows: "A; difficult to assess B"."""
    _, end = sentence.clause(hit.start)
    starts = [item.start for item in sentence.items if hit.end <= item.start < end]
    gap = hit.end, min(starts, default=end)
    is_near = bool(starts) and sentence.count(*gap) <= _INVERTED_WORDS
    return is_near and not any(mark.comma for mark in sentence.connectors_between(*gap))


def _inverted(sentence: Parse, hit: Hit) -> list[Item]:
    """Give the findings after a trigger that has none before it: "not seen are A or B"."""
    _, end = sentence.clause(hit.start)
    first = sentence.texts_between(hit.start, hit.end)[0]
    if first == "if":
        _, end = sentence.clause(end)  # "if present, A is small"
    later = [item for item in sentence.items if hit.end <= item.start and item.end <= end]
    nearest = min((item.start for item in later), default=end)
    if not hit.trigger.words or sentence.count(hit.end, nearest) > _INVERTED_WORDS:
        return []  # without words it stands right behind: "effusion free"
    if first in _ASKS:
        return []  # ": no" answers what stands before it
    commas = [mark for mark in sentence.connectors_between(hit.end, nearest) if mark.comma]
    if commas and first != "if":
        return []  # "has resolved, edema", but not "if present, edema"
    if not CAUSES.isdisjoint(sentence.texts_between(hit.end, nearest)):
        return []  # "obscured by effusion" says that the effusion is there
    subjects = [item for item in later if item.start == nearest and item.before is None]
    if SINGULAR.isdisjoint(sentence.texts_between(hit.start, nearest)):
        for item in later:
            is_next = subjects and item.start > subjects[-1].start and item.before is None
            if is_next and is_list_gap(sentence, subjects[-1], item):
                subjects.append(item)
    return subjects


def _has_no_subject(sentence: Parse, begin: int, hit: Hit) -> bool:
    """Tell whether a clause speaks of the one before: "effusion was present but has resolved"."""
    words = sentence.texts_between(begin, hit.start)
    if "there" in words and not hit.trigger.alone:
        return False
    return set(words[1:]) <= STAND_INS
