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
    decision = decide(state, sentence)
    kind = _kind(state)
    polarity = decision.polarity
    if kind in ("borderline", "stable"):
        polarity = "negative" if polarity == "negative" and kind == "borderline" else "uncertain"
    elif kind == "normal":
        polarity = {"positive": "negative", "negative": "positive"}.get(polarity, polarity)
    rule_id = state.state.rule_id if state.state else decision.rule_id
    if decision.trigger is not None and decision.polarity != "positive":
        rule_id = f"{rule_id}+{decision.rule_id}"
    trigger = (state.start, state.end)
    if decision.trigger is not None and decision.polarity != "positive":
        trigger = (min(trigger[0], decision.trigger[0]), max(trigger[1], decision.trigger[1]))
    return Decision(polarity, rule_id, trigger, sentence.clause(state.start))


def _states(item: Item, sentence: Sentence) -> list[Item]:
    states = [
        state
        for state in sentence.items
        if state.state is not None and _concerns(state.state, item)
    ]
    before = [state for state in states if _modifies(state, item, sentence)]
    after = _predicates(item, states, sentence)
    if before or after:
        return before + after
    return _shared(item, states, sentence)


def _concerns(state: Trigger, item: Item) -> bool:
    """Tell whether a word for a state is one for this structure: of its own, or not ignored."""
    if item.concept is None:
        return False
    return state.only == item.concept.id or (
        not state.only and state.effect not in item.concept.ignores
    )


def _modifies(state: Item, item: Item, sentence: Sentence) -> bool:
    """Tell whether a state stands right before a structure: "stable size of the heart"."""
    start, end = state.end, item.start
    if not start <= end or sentence.count(start, end) > _PREMODIFIER_WORDS:
        return False
    if sentence.is_cut(start, end) or sentence.connectors_between(start, end):
        return False
    between = sentence.hits_between(start, end)
    if any(hit.trigger.finite or hit.trigger.direction == "boundary" for hit in between):
        return False
    if any(_stands_between(state, middle, item) for middle in sentence.items):
        return False
    if _ARTICLES.isdisjoint(sentence.texts_between(state.end, item.start)):
        return True
    return not _PREPOSITIONS.isdisjoint(sentence.texts_between(state.start, item.start))


def _stands_between(first: Item, middle: Item, last: Item) -> bool:
    return middle.concept is not None and first.end <= middle.start and middle.end <= last.start


def _predicates(item: Item, states: list[Item], sentence: Sentence) -> list[Item]:
    """Collect the states said after a structure, up to the next subject or the clause's end."""
    _, end = sentence.clause(item.start)
    mentions = [
        mention
        for mention in sentence.items
        if mention.concept is not None and mention.start >= item.end
    ]
    predicates: list[Item] = []
    last = item
    for mention in sorted(mentions, key=lambda mention: mention.start):
        if mention.start >= end:
            break
        if _joins(last, mention, states, sentence):
            last = mention
            continue
        end = mention.start
        break
    for state in states:
        if (
            state.start >= item.end
            and state.end <= end
            and not sentence.is_cut(item.end, state.start)
        ):
            follower = next((m for m in mentions if m.start >= state.end), None)
            if _is_of_another(item, state, sentence):
                continue
            if follower is None or not _claimed(state, follower, item, sentence):
                predicates.append(state)
    return predicates


def _joins(first: Item, second: Item, states: list[Item], sentence: Sentence) -> bool:
    if second.start < first.end:
        return True
    if not sentence.connectors_between(first.end, second.start):
        return False
    gap = sentence.hits_between(first.end, second.start)
    if any(hit.trigger.finite or _begins_denial(hit, sentence) for hit in gap):
        return False
    return not any(first.end <= state.start and state.end <= second.start for state in states)


def _claimed(state: Item, follower: Item, item: Item, sentence: Sentence) -> bool:
    """Tell whether a state belongs to the structure after it: "heart normal, enlarged hila"."""
    if not _modifies(state, follower, sentence):
        return False
    return bool(sentence.connectors_between(item.end, state.start)) or bool(
        _finite(sentence, follower.end)
    )


def _finite(sentence: Sentence, place: int) -> Hit | None:
    return next((h for h in sentence.hits if h.start >= place and h.trigger.finite), None)


def _shared(item: Item, states: list[Item], sentence: Sentence) -> list[Item]:
    """Take the state of the structure before it in a list: "normal heart and mediastinum"."""
    structures = [
        structure
        for structure in sentence.items
        if structure.concept
        and structure.concept.kind == "structure"
        and structure.end <= item.start
    ]
    if not structures:
        return []
    neighbour = max(structures, key=lambda structure: structure.end)
    if _is_likened(neighbour, item, sentence):
        return [state for state in _states(neighbour, sentence) if state.end <= item.start]
    if not _joins(neighbour, item, states, sentence) or sentence.is_cut(neighbour.end, item.start):
        return []
    premodifiers = [state for state in states if _modifies(state, neighbour, sentence)]
    return premodifiers or _shared(neighbour, states, sentence)


def _is_likened(first: Item, second: Item, sentence: Sentence) -> bool:
    """Tell whether a structure borrows what was said: "the heart is normal, as are the hila"."""
    words = sentence.texts_between(first.end, second.start)
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
