"""What becomes of an item: the strongest of the triggers that reached it decides."""

from typing import NamedTuple

from gazescribe.pipeline.dictation.labeler.clauses import Hit, Item, Sentence

_PAST = frozenset(["was", "were", "had"])
DEFAULT_RULE = "default.mentioned"
HEDGED_WORD = "default.uncertain_word"


class Decision(NamedTuple):
    """What was decided of an item: polarity (or dropped), the rule, its trigger, its reach."""

    polarity: str
    rule_id: str
    trigger: tuple[int, int] | None
    reach: tuple[int, int]


def decide(item: Item, sentence: Sentence) -> Decision:
    """Choose among what reached an item: the lowest order wins, and no trigger means positive."""
    best = _strongest(item, sentence) if item.before or item.after else None
    effect = best.trigger.effect if best else "positive"
    if item.alternative is not None and effect == "positive":
        best, effect = item.alternative, "uncertain"
    if item.concept is not None and not item.concept.certain and effect == "positive":
        return Decision("uncertain", HEDGED_WORD, None, sentence.clause(item.start))
    if best is None and item.asserted is not None:
        best = item.asserted
    if best is None:
        return Decision("positive", DEFAULT_RULE, None, sentence.clause(item.start))
    return _from_hit(best, str(effect), sentence)


def _strongest(item: Item, sentence: Sentence) -> Hit | None:
    reached = [hit for hit in (item.before, item.after) if hit is not None]
    if item.concept is not None and not item.denied:
        reached = [hit for hit in reached if not hit.trigger.screened]
    if item.asserted is not None:
        reached = [
            hit for hit in reached if hit.trigger.effect != "negative" or hit.trigger.order < 6
        ]
        reached = [hit for hit in reached if not _is_taken_back(item.asserted, hit, sentence)]
    return min(
        reached, key=lambda hit: (hit.trigger.order, abs(hit.start - item.start)), default=None
    )


def _is_taken_back(assertion: Hit, denial: Hit, sentence: Sentence) -> bool:
    """Tell whether what was said last wins: "has regressed but is still evident"."""
    if denial.trigger.direction != "after" or denial.trigger.effect != "negative":
        return False
    if not assertion.trigger.finite or not sentence.is_cut(denial.end, assertion.start):
        return False
    return _PAST.isdisjoint(sentence.texts_between(assertion.start, assertion.end))


def _from_hit(hit: Hit, effect: str, sentence: Sentence) -> Decision:
    if hit.trigger.direction == "before":
        ends = [cut for cut in sentence.forward_cuts if cut >= hit.end]
        reach = hit.start, min(ends, default=sentence.end)
    else:
        reach = sentence.clause(hit.start)[0], hit.end
    return Decision(effect, hit.trigger.rule_id, (hit.start, hit.end), reach)
