"""What becomes of a finding: the strongest of the triggers that reached it decides.

`structures` decides what is no finding of its own.
"""

from typing import NamedTuple

from gazescribe.pipeline.dictation.labeler.english import PAST
from gazescribe.pipeline.dictation.labeler.items import Hit, Item, Parse

DEFAULT_RULE = "default.mentioned"
_ABSENCE = "negation.absence_of"
_GONE = "negation_after.resolved"
HEDGED_WORD = "default.uncertain_word"


class Decision(NamedTuple):
    """What was decided of an item: polarity (or dropped), the rule, its trigger, its reach."""

    polarity: str
    rule_id: str
    trigger: tuple[int, int] | None
    reach: tuple[int, int]

    def moved(self, by: int) -> "Decision":
        """Give the decision with its places counted from `by` characters earlier."""
        trigger, reach = self.trigger, self.reach
        if trigger is not None:
            trigger = by + trigger[0], by + trigger[1]
        return Decision(self.polarity, self.rule_id, trigger, (by + reach[0], by + reach[1]))


class Explained(NamedTuple):
    """One concept found in a text, with what was decided and why; also of what was dropped."""

    char_start: int
    char_end: int
    labels: tuple[str, ...]
    concept: str
    sentence: int
    decision: Decision

    def moved(self, by: int, sentence: int) -> "Explained":
        """Place in its text what was decided in a sentence, which begins at character `by`."""
        place = self.char_start + by, self.char_end + by
        return Explained(*place, self.labels, self.concept, sentence, self.decision.moved(by))


def decide(item: Item, sentence: Parse) -> Decision:
    """Choose among what reached an item: the lowest order wins, and no trigger means positive."""
    decision = _decide_in_clause(item, sentence)
    outer = item.embedded
    if outer is None or _is_there_anyway(item, decision):
        return decision
    undone = "uncertain" if outer.trigger.effect == "uncertain" else "positive"
    polarity = undone if decision.polarity == "negative" else str(outer.trigger.effect)
    if decision.polarity == "uncertain":
        polarity = "uncertain"
    rule_id = outer.trigger.rule_id
    if decision.trigger is not None:
        rule_id = f"{rule_id}+{decision.rule_id}"
    return Decision(polarity, rule_id, (outer.start, outer.end), sentence.clause(item.start))


def _is_there_anyway(item: Item, decision: Decision) -> bool:
    """Tell whether a finding is said to have changed: "no evidence that A is larger"."""
    if decision.polarity != "positive" or item.asserted is None or item.state is not None:
        return False
    is_new = item.embedded is not None and item.embedded.trigger.reach == "next"
    is_verb = item.asserted.trigger.finite or item.asserted.trigger.direction == "belongs"
    return is_verb and item.asserted.trigger.reach != "list" and not is_new


def _decide_in_clause(item: Item, sentence: Parse) -> Decision:
    best = _strongest(item, sentence) if item.before or item.after else None
    effect = best.trigger.effect if best else "positive"
    if best is not None and item.asserted is not None and _is_of_change(item):
        best, effect = item.asserted, "positive"
    elif best is not None and _is_undone(item):
        effect = "positive" if item.after and item.after.trigger.rule_id == _GONE else "uncertain"
    if item.alternative is not None and effect == "positive":
        best, effect = item.alternative, "uncertain"
    if item.concept is not None and not item.concept.certain and effect == "positive":
        return Decision("uncertain", HEDGED_WORD, None, sentence.clause(item.start))
    if best is None and item.asserted is not None:
        best = item.asserted
    if best is None:
        return Decision("positive", DEFAULT_RULE, None, sentence.clause(item.start))
    return from_hit(best, str(effect), sentence)


def _is_undone(item: Item) -> bool:
    """Tell whether one denial takes back another: "absence of A is not certain"."""
    before, after = item.before, item.after
    if before is None or after is None:
        return False
    if before.trigger.effect != "negative" or after.trigger.effect != "negative":
        return False
    return after.trigger.finite and (before.trigger.undone or after.trigger.undone)


def _is_of_change(item: Item) -> bool:
    """Tell whether only a change is denied: "neither A nor B has grown"."""
    before, asserted = item.before, item.asserted
    if before is None or asserted is None or before.trigger.effect != "negative":
        return False
    if before.trigger.rule_id == _ABSENCE:
        return False  # "the absence of A is unchanged"
    return before.trigger.undone and asserted.trigger.undone


def _strongest(item: Item, sentence: Parse) -> Hit | None:
    reached = [hit for hit in (item.before, item.after) if hit is not None]
    if item.asserted is not None:
        # Words of history (order 6) yield to what is asserted: "previously seen edema persists".
        reached = [
            hit
            for hit in reached
            if (hit.trigger.effect != "negative" or hit.trigger.order < 6)
            and not _is_taken_back(item.asserted, hit, sentence)
        ]
    return min(reached, key=lambda hit: (hit.trigger.order, _gap(item, hit)), default=None)


def _gap(item: Item, hit: Hit) -> int:
    """Give the characters between a trigger and an item, whatever the lengths of the two are."""
    return max(item.start - hit.end, hit.start - item.end)


def _is_taken_back(assertion: Hit, denial: Hit, sentence: Parse) -> bool:
    """Tell whether what was said last wins: "has regressed but is still evident"."""
    if denial.trigger.direction != "after" or denial.trigger.effect != "negative":
        return False
    if not assertion.trigger.finite or not sentence.is_cut(denial.end, assertion.start):
        return False
    return PAST.isdisjoint(sentence.texts_between(assertion.start, assertion.end))


def from_hit(hit: Hit, effect: str, sentence: Parse) -> Decision:
    """Give the decision of a trigger, with how far it reaches."""
    if hit.trigger.direction in ("before", "belongs"):
        ends = [cut for cut in sentence.forward_cuts if cut >= hit.end]
        reach = hit.start, min(ends, default=sentence.end)
    else:
        reach = sentence.clause(hit.start)[0], hit.end
    return Decision(effect, hit.trigger.rule_id, (hit.start, hit.end), reach)
