"""What becomes of a structure: heart size, mediastinum, hilum … with the words for its state.

A structure is no finding of its own: it is positive with an abnormal word, uncertain with a
borderline one, negative with a normal one, and else dropped. What it is when it is only called
stable, the convention `stable` says.
"""

from itertools import pairwise

from gazescribe.pipeline.dictation.labeler.answers import answers_with_not
from gazescribe.pipeline.dictation.labeler.decisions import Decision, decide, from_hit
from gazescribe.pipeline.dictation.labeler.english import (
    ARTICLES,
    FAR_PREPOSITIONS,
    JOINS,
    LIKE,
    OTHER_SUBJECTS,
    PREPOSITIONS,
    STAND_INS,
)
from gazescribe.pipeline.dictation.labeler.items import Hit, Item, Parse
from gazescribe.pipeline.dictation.labeler.triggers import Trigger

NO_STATE = "structure.no_state"
_CANNOT_ASSESS = "exclusion.cannot_assess"
_ASIDE_WORDS = 2  # at most, between "although" and a state
_PREMODIFIER_WORDS = 6  # at most, between a state and the structure after it
_OF_KIND = {"abnormal": "positive", "borderline": "uncertain", "normal": "negative"}
_JOINTS = (ARTICLES | JOINS | {",", "of", "either", "both", "left", "right"}) - {"with"}
_RANK = {"positive": 0, "uncertain": 1, "negative": 2}


def decide_structure(item: Item, sentence: Parse) -> Decision:
    """Decide a structure from the words for its state in its clause."""
    answered = _answered(item, sentence)
    if answered is not None:
        return answered
    states = _states(item, sentence)
    if _is_doubted(item) and all(_kind(state) == "stable" for state in states):
        return decide(item, sentence)
    votes = [_vote(state, item, sentence) for state in states]
    firm = [vote for vote, state in zip(votes, states, strict=True) if _kind(state) != "stable"]
    if not votes:
        head = _head_of_list(item, sentence)
        if head is not None:
            return decide(head, sentence)
        return Decision("dropped", NO_STATE, None, sentence.clause(item.start))
    vote = min(firm or votes, key=lambda vote: _RANK.get(vote.polarity, 3))
    if vote.polarity == "positive" and item.concept is not None and not item.concept.certain:
        return vote._replace(polarity="uncertain")
    return vote


def _head_of_list(item: Item, sentence: Parse) -> Item | None:
    """Give the finding whose noun a list shares: "enlargement of the heart or mediastinum"."""
    earlier = [other for other in sentence.items if other.end <= item.start]
    if not earlier:
        return None
    nearest = max(earlier, key=lambda other: other.end)
    gap = nearest.end, item.start
    words = set(sentence.texts_between(*gap))
    if not sentence.connectors_between(*gap) or words - _JOINTS:
        return None
    if nearest.kind == "structure":
        return None if _states(nearest, sentence) else _head_of_list(nearest, sentence)
    return nearest if nearest.is_of else None


def _answered(item: Item, sentence: Parse) -> Decision | None:
    """Decide "B is" and "B is not" from the state said before: "A is enlarged, B is not"."""
    is_not = answers_with_not(sentence, item)
    if is_not is None:
        return None
    earlier = [
        other for other in sentence.items if other.kind == "structure" and other.end <= item.start
    ]
    for other in sorted(earlier, key=lambda other: other.end, reverse=True):
        for state in _states(other, sentence):
            polarity = _OF_KIND.get(_kind(state))
            if polarity is None:
                continue
            if is_not:
                polarity = "positive" if polarity == "negative" else "negative"
            rule_id = state.state.rule_id if state.state else NO_STATE
            trigger = state.start, state.end
            return Decision(polarity, rule_id, trigger, sentence.clause(item.start))
    return None


def _kind(state: Item) -> str:
    """Give the kind of a state; that of a stable one has the effect that its convention chose."""
    effect = state.state.effect if state.state else None
    return effect if effect in ("abnormal", "borderline", "normal") else "stable"


def _vote(state: Item, item: Item, sentence: Parse) -> Decision:
    kind = _kind(state)
    decision = _said_of(state, item, sentence)
    polarity = decision.polarity
    if kind == "stable":
        polarity = str(state.state.effect) if state.state else polarity
    elif kind == "borderline":
        polarity = "negative" if polarity == "negative" else "uncertain"
    elif kind == "normal":
        polarity = {"positive": "negative", "negative": "positive"}.get(polarity, polarity)
    rule_id = state.state.rule_id if state.state else decision.rule_id
    trigger = (state.start, state.end)
    if decision.trigger is not None and decision.polarity != "positive":
        rule_id = f"{rule_id}+{decision.rule_id}"
        trigger = (min(trigger[0], decision.trigger[0]), max(trigger[1], decision.trigger[1]))
    return Decision(polarity, rule_id, trigger, sentence.clause(state.start))


def _said_of(state: Item, item: Item, sentence: Parse) -> Decision:
    """Decide whether a state is there, is denied, or is doubted.

    A denial counts that stands around the state ("no abnormality of"), that reaches it, that stands
    after the structure it describes ("enlargement of the heart is not seen"), or that reaches the
    state before it ("not increased or enlarged").
    """
    around = _denial_around(state, sentence)
    if around is not None:
        return from_hit(around, "negative", sentence)
    before, after = state.before, state.after
    if before is not None and _kind(state) == "normal" and _is_mere_no(before, item, sentence):
        before = None
    if before is not None and _is_for_another(state, before.end, state.start, sentence):
        before = None
    if after is not None and _is_for_another(state, state.end, after.start, sentence):
        after = None
    of_both = item.after if state.end <= item.start and after is None else None
    if of_both and not _is_for_another(state, item.end, of_both.start, sentence):
        after = of_both
    decision = decide(state.reached_by(before, after), sentence)
    if decision.polarity == "positive":
        earlier = _alternative_to(state, sentence)
        if earlier is not None:
            return _said_of(earlier, item, sentence)
    return decision


def _is_mere_no(denial: Hit, item: Item, sentence: Parse) -> bool:
    """Tell a lost word, "no heart size is normal", from "neither the heart is normal"."""
    return denial.end <= item.start and not sentence.count(denial.end, item.start)


def _denial_around(state: Item, sentence: Parse) -> Hit | None:
    """Give the phrase of denial that a word for an abnormal state is part of."""
    if _kind(state) != "abnormal":
        return None
    for hit in sentence.hits:
        if not hit.start < state.start or not state.end <= hit.end:
            continue
        # "No enlargement of" takes nothing back here: it is said of a finding, not of a structure.
        if hit.trigger.direction == "cancels" or hit.trigger.effect == "negative":
            return hit
    return None


def _is_for_another(state: Item, start: int, end: int, sentence: Parse) -> bool:
    """Tell whether a denial is meant for a finding between: "no effusion, heart size normal"."""
    if state.state is None or state.state.noun:
        return False  # "no effusion or mediastinal contour abnormality"
    return any(
        mention.kind == "finding" and start <= mention.start and mention.end <= end
        for mention in sentence.items
    )


def _alternative_to(state: Item, sentence: Parse) -> Item | None:
    """Give the state that an "or" joins to this one: "neither increased nor enlarged"."""
    earlier = [
        other for other in sentence.items if other.state is not None and other.end <= state.start
    ]
    if not earlier:
        return None
    nearest = max(earlier, key=lambda other: other.end)
    for joint in sentence.connectors_between(nearest.end, state.start):
        is_next_to_both = joint.end == state.start and not sentence.count(nearest.end, joint.start)
        if joint.is_choice and is_next_to_both and _kind(nearest) == _kind(state):
            return nearest
    return None


def _states(item: Item, sentence: Parse) -> list[Item]:
    states = [
        state
        for state in sentence.items
        if state.state is not None and _concerns(state, state.state, item, sentence)
    ]
    before = [state for state in states if _modifies(state, item, sentence)]
    after = _predicates(item, states, sentence)
    if any(_kind(state) != "stable" for state in after):
        # "Expanded area heart is normal": what stands farther off yields to what is said of it.
        before = [state for state in before if _is_close(state, item, sentence)]
    added = _added(item, states, sentence)
    if any(_kind(state) != "stable" for state in added):
        return added  # "was enlarged but is now normal"
    mine = before + after + _asides(item, states, sentence)
    if all(_kind(state) == "stable" for state in mine):
        return _shared(item, states, sentence) or mine
    return mine


def _asides(item: Item, states: list[Item], sentence: Parse) -> list[Item]:
    """Take what is conceded right after a structure: "the heart, although enlarged, is stable"."""
    boundaries = [
        hit
        for hit in sentence.hits
        if hit.trigger.direction == "boundary"
        and hit.start >= item.end
        and sentence.texts_between(item.end, hit.start) == [","]
    ]
    if not boundaries:
        return []
    begin = boundaries[0].end
    return [
        state
        for state in states
        if state.start >= begin
        and sentence.count(begin, state.start) <= _ASIDE_WORDS
        and sentence.texts_between(state.end, sentence.end)[:1] == [","]
        and not any(hit.trigger.finite for hit in sentence.hits_between(begin, state.start))
    ]


def _added(item: Item, states: list[Item], sentence: Parse) -> list[Item]:
    """Take what the next clause says of a structure: "is smaller but still enlarged"."""
    _, end = sentence.clause(item.start)
    added = [state for state in states if state.start >= end]
    if not added or set(sentence.texts_between(end, added[0].start)[1:]) - STAND_INS:
        return []
    mentions = [other for other in sentence.items if other.concept and other.start >= item.end]
    if any(
        other.start < added[0].start or _modifies(added[0], other, sentence) for other in mentions
    ):
        return []
    return added[:1]


def _concerns(state: Item, rule: Trigger, item: Item, sentence: Parse) -> bool:
    """Tell whether a word for a state is one for this structure: of its own, or not ignored."""
    if item.concept is None:
        return False
    if rule.only:
        return rule.only == item.concept.id
    is_denied = state.before is not None and state.before.trigger.effect == "negative"
    if rule.words == 0 and not is_denied and _denial_around(state, sentence) is None:
        return False  # "Findings: heart size is normal"
    return _kind(state) not in item.concept.ignores


def _modifies(state: Item, item: Item, sentence: Parse) -> bool:
    """Tell whether a state stands right before a structure: "stable size of the heart"."""
    start, end = state.end, item.start
    if not start <= end or sentence.count(start, end) > _PREMODIFIER_WORDS:
        return False
    if sentence.is_cut(start, end) or sentence.connectors_between(start, end):
        return False
    between = sentence.hits_between(start, end)
    if any(hit.trigger.finite or hit.trigger.direction == "boundary" for hit in between):
        return False
    if any(
        other.concept is not None and start <= other.start and other.end <= end
        for other in sentence.items
    ):
        return False
    words = sentence.texts_between(start, end)
    is_noun = state.state is not None and state.state.noun
    if _kind(state) != "stable" and not is_noun and not FAR_PREPOSITIONS.isdisjoint(words):
        return False  # "large due to low lung volumes"
    words_from_state = sentence.texts_between(state.start, item.start)
    return ARTICLES.isdisjoint(words) or not PREPOSITIONS.isdisjoint(words_from_state)


def _is_close(state: Item, item: Item, sentence: Parse) -> bool:
    """Tell whether a state is right before its structure, or bound to it by a preposition."""
    words = sentence.texts_between(state.start, item.start)
    return not sentence.count(state.end, item.start) or not PREPOSITIONS.isdisjoint(words)


def _predicates(item: Item, states: list[Item], sentence: Parse) -> list[Item]:
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
        if mention.start >= end or not _joins(last, mention, states, sentence):
            end = min(end, mention.start)
            break
        last = mention
    for state in states:
        if state.start < item.end or state.end > end or sentence.is_cut(item.end, state.start):
            continue
        follower = next((mention for mention in mentions if mention.start >= state.end), None)
        is_claimed = follower is not None and _claimed(state, follower, item, sentence)
        if not is_claimed and not _is_of_another(item, state, sentence):
            predicates.append(state)
    return predicates


def _joins(first: Item, second: Item, states: list[Item], sentence: Parse) -> bool:
    if second.start < first.end:
        return True
    if not sentence.connectors_between(first.end, second.start):
        return False
    gap = sentence.hits_between(first.end, second.start)
    if any(hit.trigger.finite or _begins_denial(hit, sentence) for hit in gap):
        return False
    return not any(first.end <= state.start and state.end <= second.start for state in states)


def _claimed(state: Item, follower: Item, item: Item, sentence: Parse) -> bool:
    """Tell whether a state belongs to the structure after it: "heart normal, enlarged hila"."""
    if not _modifies(state, follower, sentence):
        return False
    if follower.kind == "structure" and answers_with_not(sentence, follower) is not None:
        return False  # "the heart is enlarged the mediastinum is not"
    gap = item.end, state.start
    is_apart = bool(sentence.connectors_between(*gap))
    if not is_apart and _follows_verb(state, gap, sentence):
        return False  # "the heart is not enlarged hila are normal"
    verb = sentence.next_verb(follower.end)
    return is_apart or (verb is not None and not sentence.is_cut(follower.end, verb.start))


def _follows_verb(state: Item, gap: tuple[int, int], sentence: Parse) -> bool:
    """Tell whether a state is the first after a verb, and so is said of what is before that."""
    if any(hit.trigger.finite for hit in sentence.hits_between(*gap)):
        return not any(
            other.state is not None and gap[0] <= other.start and other.end <= state.start
            for other in sentence.items
        )
    return False


def _shared(item: Item, states: list[Item], sentence: Parse) -> list[Item]:
    """Take the state of the structure before it in a list: "normal heart and mediastinum"."""
    earlier = [other for other in sentence.items if other.end <= item.start]
    structures = [other for other in earlier if other.kind == "structure"]
    if not structures:
        return []
    neighbour = max(structures, key=lambda structure: structure.end)
    words = sentence.texts_between(neighbour.end, item.start)
    if not LIKE.isdisjoint(pairwise(words)):  # "the heart is normal, as are the hila"
        return [state for state in _states(neighbour, sentence) if state.end <= item.start]
    if not _joins(neighbour, item, states, sentence) or sentence.is_cut(neighbour.end, item.start):
        return []
    premodifiers = [state for state in states if _modifies(state, neighbour, sentence)]
    return premodifiers or _shared(neighbour, states, sentence)


def _is_doubted(item: Item) -> bool:
    """Tell whether a structure is hard to judge: "heart size is difficult to assess"."""
    if item.concept is None:
        return False
    if item.before is not None and item.before.trigger.rule_id == _CANNOT_ASSESS:
        return "borderline" not in item.concept.ignores
    if item.after is None:
        return False
    return item.after.trigger.effect == "uncertain" and "borderline" not in item.concept.ignores


def _begins_denial(hit: Hit, sentence: Parse) -> bool:
    """Tell a trigger that begins anew from the "nor" that joins: "neither heart nor hila"."""
    nor = sentence.texts_between(hit.start, hit.end) == ["nor"]
    return hit.trigger.direction == "before" and not nor


def _is_of_another(item: Item, state: Item, sentence: Parse) -> bool:
    """Tell whether a state has a subject that we do not look for: "heart normal, lungs clear"."""
    joints = sentence.connectors_between(item.end, state.start)
    if not joints:
        return False
    is_list = sentence.count(item.end, joints[0].start) == 0 and any(j.word for j in joints)
    if is_list and sentence.texts_between(joints[-1].start, joints[-1].end)[-1:] != [","]:
        return False  # "heart and lungs are normal"
    return not OTHER_SUBJECTS.isdisjoint(sentence.texts_between(joints[-1].end, state.start))
