"""The rule for structures: a heart is not a finding, an enlarged heart is.

A structure (heart size, mediastinum, hilum …) is positive with an abnormal word, uncertain with a
borderline one or when it is only called stable, negative with a normal one, and else dropped.
"""

from itertools import pairwise

from gazescribe.pipeline.dictation.labeler.clauses import Hit, Item, Sentence
from gazescribe.pipeline.dictation.labeler.decisions import Decision, decide
from gazescribe.pipeline.dictation.labeler.rules import Trigger

NO_STATE = "structure.no_state"

_ARTICLES = frozenset(["the", "a", "an", "there", "this", "that"])
_PREPOSITIONS = frozenset(
    ["of", "in", "to", "within", "for", "regarding", "involving", "along", "at"]
)
_PREMODIFIER_WORDS = 6
_LIKE = frozenset([("as", "is"), ("as", "are"), ("so", "is"), ("so", "are")])
_OTHERS = frozenset(["lung", "lungs", "bones", "apices", "bases", "spine", "ribs", "trachea"])
_RANK = {"positive": 0, "uncertain": 1, "negative": 2}


def decide_structure(item: Item, sentence: Sentence) -> Decision:
    """Decide a structure from the words for its state in its clause."""
    states = _states(item, sentence)
    if not states and _is_doubted(item):
        return decide(item, sentence)
    votes = [_vote(state, sentence) for state in states]
    firm = [vote for vote, state in zip(votes, states, strict=True) if _kind(state) != "stable"]
    if not votes:
        return Decision("dropped", NO_STATE, None, sentence.clause(item.start))
    vote = min(firm or votes, key=lambda vote: _RANK.get(vote.polarity, 3))
    if vote.polarity == "positive" and item.concept is not None and not item.concept.certain:
        return vote._replace(polarity="uncertain")
    return vote


def _kind(state: Item) -> str:
    return str(state.state.effect) if state.state else ""


def _vote(state: Item, sentence: Sentence) -> Decision:
    said = decide(state, sentence)
    kind = _kind(state)
    polarity = said.polarity
    if kind in ("borderline", "stable"):
        polarity = "negative" if polarity == "negative" and kind == "borderline" else "uncertain"
    elif kind == "normal":
        polarity = {"positive": "negative", "negative": "positive"}.get(polarity, polarity)
    rule_id = state.state.rule_id if state.state else said.rule_id
    if said.trigger is not None and said.polarity != "positive":
        rule_id = f"{rule_id}+{said.rule_id}"
    trigger = (state.start, state.end)
    if said.trigger is not None and said.polarity != "positive":
        trigger = (min(trigger[0], said.trigger[0]), max(trigger[1], said.trigger[1]))
    return Decision(polarity, rule_id, trigger, sentence.clause(state.start))


def _states(item: Item, sentence: Sentence) -> list[Item]:
    own = [one for one in sentence.items if one.state is not None and _concerns(one.state, item)]
    before = [one for one in own if _modifies(one, item, sentence)]
    after = _predicates(item, own, sentence)
    if before or after:
        return before + after
    return _shared(item, own, sentence)


def _concerns(state: Trigger, item: Item) -> bool:
    """Tell whether a word for a state is one for this structure: of its own, or not ignored."""
    if item.concept is None:
        return False
    return state.only == item.concept.id or (
        not state.only and state.effect not in item.concept.ignores
    )


def _modifies(state: Item, item: Item, sentence: Sentence) -> bool:
    """Tell whether a state stands right before a structure: "stable size of the heart"."""
    left, right = state.end, item.start
    if not left <= right or sentence.count(left, right) > _PREMODIFIER_WORDS:
        return False
    if sentence.is_cut(left, right) or sentence.connectors_between(left, right):
        return False
    between = sentence.hits_between(left, right)
    if any(hit.trigger.finite or hit.trigger.direction == "boundary" for hit in between):
        return False
    if any(_stands_between(state, other, item) for other in sentence.items):
        return False
    if _ARTICLES.isdisjoint(sentence.texts_between(state.end, item.start)):
        return True
    return not _PREPOSITIONS.isdisjoint(sentence.texts_between(state.start, item.start))


def _stands_between(left: Item, other: Item, right: Item) -> bool:
    return other.concept is not None and left.end <= other.start and other.end <= right.start


def _predicates(item: Item, own: list[Item], sentence: Sentence) -> list[Item]:
    """Collect the states said after a structure, up to the next subject or the clause's end."""
    _, end = sentence.clause(item.start)
    mentions = [one for one in sentence.items if one.concept is not None and one.start >= item.end]
    found: list[Item] = []
    last = item
    for mention in sorted(mentions, key=lambda one: one.start):
        if mention.start >= end:
            break
        if _joins(last, mention, own, sentence):
            last = mention
            continue
        end = mention.start
        break
    for state in own:
        if (
            state.start >= item.end
            and state.end <= end
            and not sentence.is_cut(item.end, state.start)
        ):
            follower = next((m for m in mentions if m.start >= state.end), None)
            if _is_of_another(item, state, sentence):
                continue
            if follower is None or not _claimed(state, follower, item, sentence):
                found.append(state)
    return found


def _joins(left: Item, right: Item, own: list[Item], sentence: Sentence) -> bool:
    if right.start < left.end:
        return True
    if not sentence.connectors_between(left.end, right.start):
        return False
    gap = sentence.hits_between(left.end, right.start)
    if any(hit.trigger.finite or _begins_denial(hit, sentence) for hit in gap):
        return False
    return not any(left.end <= one.start and one.end <= right.start for one in own)


def _claimed(state: Item, follower: Item, item: Item, sentence: Sentence) -> bool:
    """Tell whether a state belongs to the structure after it: "heart normal, enlarged hila"."""
    if not _modifies(state, follower, sentence):
        return False
    return bool(sentence.connectors_between(item.end, state.start)) or bool(
        _finite(sentence, follower.end)
    )


def _finite(sentence: Sentence, place: int) -> Hit | None:
    return next((h for h in sentence.hits if h.start >= place and h.trigger.finite), None)


def _shared(item: Item, own: list[Item], sentence: Sentence) -> list[Item]:
    """Take the state of the structure before it in a list: "normal heart and mediastinum"."""
    earlier = [
        one
        for one in sentence.items
        if one.concept and one.concept.kind == "structure" and one.end <= item.start
    ]
    if not earlier:
        return []
    left = max(earlier, key=lambda one: one.end)
    if _is_likened(left, item, sentence):
        return [one for one in _states(left, sentence) if one.end <= item.start]
    if not _joins(left, item, own, sentence) or sentence.is_cut(left.end, item.start):
        return []
    states = [one for one in own if _modifies(one, left, sentence)]
    return states or _shared(left, own, sentence)


def _is_likened(left: Item, right: Item, sentence: Sentence) -> bool:
    """Tell whether a structure borrows what was said: "the heart is normal, as are the hila"."""
    words = sentence.texts_between(left.end, right.start)
    return not _LIKE.isdisjoint(pairwise(words))


def _is_doubted(item: Item) -> bool:
    """Tell whether a structure is hard to judge: "heart size is difficult to assess"."""
    if item.after is None or item.concept is None:
        return False
    return item.after.trigger.effect == "uncertain" and "borderline" not in item.concept.ignores


def _begins_denial(hit: Hit, sentence: Sentence) -> bool:
    """Tell a trigger that begins anew from the "nor" that joins: "neither heart nor hila"."""
    nor = sentence.texts_between(hit.start, hit.end) == ["nor"]
    return hit.trigger.direction == "before" and not nor


def _is_of_another(item: Item, state: Item, sentence: Sentence) -> bool:
    """Tell whether a state has a subject that we do not look for: "heart normal, lungs clear"."""
    joints = sentence.connectors_between(item.end, state.start)
    if not joints:
        return False
    return not _OTHERS.isdisjoint(sentence.texts_between(joints[-1].end, state.start))
