"""What is settled before rules reach findings: answers, "A - no", and preferences, "A over B"."""

from bisect import bisect_left
from dataclasses import replace
from itertools import dropwhile

from gazescribe.pipeline.dictation.labeler.english import AMOUNTS, FAVORS
from gazescribe.pipeline.dictation.labeler.items import Hit, Item, Parse

_LESS_FAVORED = "hedge.less_favored"
_IS_NOT = "answer.is_not"
_PREDICATES = frozenset(["after", "asserts", "cancels"])
_IS_THERE = frozenset(["assertion.seen", "assertion.persists", "assertion.present"])
_IS = frozenset(["is", "are", "was", "were"])
_ISNT = frozenset(["isn't", "aren't", "wasn't", "weren't"])
# What may stand behind an answer and changes nothing.
_TAIL = frozenset(
    """
    at this the time today now currently here on current film study image exam so far either
    """.split()  # noqa: SIM905 (a row of words)
)
_ANSWER_ENDS = frozenset([*".,;:!?()-", "and", "but", "though", "however", "while"])
_OPENING_WORDS = 2  # at most, between an answer and the next finding: "none, small left B"


def settle_answers(sentence: Parse) -> None:
    """Tell an answer, "pneumothorax - no", from the same words before a finding, "no effusion"."""
    for hit in [hit for hit in sentence.hits if hit.trigger.alone]:
        rest = sentence.words.texts[bisect_left(sentence.words.starts, hit.end) :]
        following = list(dropwhile(_TAIL.__contains__, rest))[:2]
        is_decimal = following[:1] == ["."] and len(following) > 1
        is_last = not following or (following[0] in _ANSWER_ENDS and not is_decimal)
        is_last = is_last or is_none_between(sentence, hit)
        if is_last and _undoes(sentence, hit):
            hit.trigger = replace(hit.trigger, effect="uncertain")
            excluded = []
        elif is_last and _is_answer(sentence, hit):
            excluded = [other for other in sentence.hits if _is_same_span(hit, other)]
        else:
            excluded = [hit]
        sentence.hits = [other for other in sentence.hits if other not in excluded]


def _undoes(sentence: Parse, hit: Hit) -> bool:
    """Tell whether what is denied is that something is excluded: "A is excluded, B is not"."""
    if hit.trigger.rule_id != _IS_NOT:
        return False
    before = sentence.hits_between(0, hit.start)
    earlier = [other.trigger for other in before if other.trigger.direction in _PREDICATES]
    return bool(earlier) and earlier[-1].undone and earlier[-1].effect == "negative"


def _is_answer(sentence: Parse, hit: Hit) -> bool:
    """Tell whether something stands before an answer; before "is not" something else is there."""
    begin = 0
    if hit.trigger.rule_id == _IS_NOT:
        before = sentence.hits_between(0, hit.start)
        earlier = [other for other in before if other.trigger.direction in _PREDICATES]
        if not earlier or earlier[-1].trigger.rule_id not in _IS_THERE:
            return False
        begin = earlier[-1].end
    return any(begin <= item.start and item.end <= hit.start for item in sentence.items)


def answers_with_not(sentence: Parse, item: Item) -> bool | None:
    """Tell whether "is not" (True), or "is" (False), is all that is said after an item."""
    words, first = sentence.words.texts, bisect_left(sentence.words.starts, item.end)
    verb = words[first] if first < len(words) else ""
    if verb not in _IS and verb not in _ISNT:
        return None
    is_not = verb in _ISNT or words[first + 1 : first + 2] == ["not"]
    rest = list(dropwhile(_TAIL.__contains__, words[first + 1 + (is_not and verb in _IS) :]))
    return is_not if not rest or rest[0] in _ANSWER_ENDS else None


def find_preferences(sentence: Parse) -> None:
    """Doubt what another finding is favored over, "we favor A over B", but not "more A than B"."""
    sentence.hits = [hit for hit in sentence.hits if not _is_of_amount(sentence, hit)]
    for hit in [hit for hit in sentence.hits if hit.trigger.direction == "before"]:
        ends = [item.end for item in sentence.items if item.start >= hit.end]
        if not ends or FAVORS.isdisjoint(sentence.texts_between(hit.start, hit.end)):
            continue
        over = bisect_left(sentence.words.starts, min(ends))
        if " ".join(sentence.words.texts[over : over + 2]).startswith(("over", "more than")):
            trigger = replace(hit.trigger, rule_id=_LESS_FAVORED, effect="uncertain", reach="next")
            place = sentence.words.starts[over], sentence.words.ends[over]
            sentence.hits.append(Hit(*place, trigger))
            sentence.hits.sort(key=lambda hit: hit.start)


def _is_of_amount(sentence: Parse, hit: Hit) -> bool:
    """Tell whether amounts are compared: "more A than B"."""
    before = [item for item in sentence.items if item.end <= hit.start]
    if not before or sentence.texts_between(hit.start, hit.end) != ["than"]:
        return False
    nearest = bisect_left(sentence.words.starts, max(item.start for item in before))
    return not AMOUNTS.isdisjoint(sentence.words.texts[nearest - 1 : nearest])


def is_none_between(sentence: Parse, hit: Hit) -> bool:
    """Tell whether "none" stands right between two findings: "A none B none", "A none small B"."""
    if sentence.texts_between(hit.start, hit.end) != ["none"]:
        return False
    ends = [item.end for item in sentence.items if item.end <= hit.start]
    starts = [item.start for item in sentence.items if item.start >= hit.end]
    if not ends or not starts or sentence.count(max(ends), hit.start):
        return False
    between = sentence.hits_between(hit.end, min(starts))
    opens = bool(between) and between[0].trigger.direction in ("start", "place")
    return sentence.count(hit.end, min(starts)) <= (_OPENING_WORDS if opens else 0)


def _is_same_span(hit: Hit, other: Hit) -> bool:
    return other is not hit and (other.start, other.end) == (hit.start, hit.end)
