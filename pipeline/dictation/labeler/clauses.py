"""Where the clauses of a sentence end.

At a boundary word, at a semicolon, where a connector begins a finding of its own ("no A, small B")
and where it joins two clauses ("A is gone and B persists").
"""

from gazescribe.pipeline.dictation.labeler.connectors import find_connectors
from gazescribe.pipeline.dictation.labeler.english import TRANSITIVE
from gazescribe.pipeline.dictation.labeler.items import Connector, Hit, Item, Parse
from gazescribe.pipeline.dictation.labeler.lists import is_instead, is_pair
from gazescribe.pipeline.dictation.labeler.targets import Target

_CUTS = frozenset([";", ")", "-"])  # a dash between spaces; hyphens inside words are no words
_STATES = frozenset(["abnormal", "borderline", "normal"])
_NO_NEW = "exclusion.no_new"
_GENERAL = frozenset([_NO_NEW, "start.general"])
_SPEAKS = frozenset(["before", "after", "boundary", "cancels", "between"])
_PLACE_WORDS = 2  # "on the" left
_SUBJECT_WORDS = 5  # "the right lower lung zone" has as many


def cut(sentence: Parse) -> None:
    """Find the connectors of a sentence and the ends of its clauses.

    What runs on to the right also stops at `forward_cuts`, which part a list but no clause.
    """
    find_connectors(sentence)
    if not sentence.hits:
        return
    if not _CUTS.isdisjoint(sentence.words.texts):
        _cut_at_marks(sentence)
    if ":" in sentence.words.texts:
        _cut_at_colons(sentence)
    for hit in sentence.hits:
        is_correction = hit.trigger.direction == "retracts" and not hit.trigger.attached
        if hit.trigger.direction == "boundary" or is_correction:
            sentence.forward_cuts.append(hit.start)
            if not hit.trigger.attached:
                sentence.cuts.append(hit.start)
    # In order: whether a later connector joins clauses depends on the cuts before it.
    for number, connector in enumerate(sentence.connectors):
        starts_item = _starts_item(sentence, connector)
        if starts_item:
            sentence.forward_cuts.append(connector.start)
        is_clause = starts_item and _has_verb_of_its_own(sentence, connector)
        if not connector.is_choice and (is_clause or _starts_clause(sentence, number)):
            sentence.forward_cuts.append(connector.start)
            sentence.cuts.append(connector.start)
    _cut_before_subjects(sentence)
    _cut_without_commas(sentence)


def _cut_without_commas(sentence: Parse) -> None:
    """Part what is denied from a finding that follows without a comma: "no A small left B"."""
    row = [item for item in sentence.items if item.concept is not None]
    for item in row:
        later = [other for other in row if other.start >= item.end]
        if not later or _denial(sentence, item.end) is None:
            continue
        follower = min(later, key=lambda other: other.start)
        gap = item.end, follower.start
        hits = sentence.hits_between(*gap)
        is_next = not hits and not sentence.count(*gap)
        if is_next and _is_described(sentence, follower):
            sentence.forward_cuts.append(follower.start)
        if sentence.connectors_between(*gap) or any(h.trigger.direction in _SPEAKS for h in hits):
            continue
        place = min((hit.start for hit in hits), default=follower.start)
        reaches = {_opening(sentence, place)}
        if _is_placed(sentence, place):
            reaches.add("place")
        reach = next((name for name in ("clause", "next", "place") if name in reaches), "")
        is_near = not sentence.count(item.end, place)
        if reach and is_near and not _is_kept(sentence, place, reach):
            sentence.forward_cuts.append(place)


def _cut_before_subjects(sentence: Parse) -> None:
    """Stop what runs on before a structure with a state of its own: "no effusion, heart normal"."""
    for item in sentence.items:
        if item.concept is None or not _has_own_state(sentence, item, item.concept):
            continue
        earlier = [
            other.end
            for other in sentence.items
            if other.end <= item.start and (other.state is not None or other.kind == "finding")
        ]
        denial = _denial(sentence, item.start)
        if not earlier and denial is not None:
            earlier = [mark.start for mark in sentence.connectors_between(denial.end, item.start)]
        gap = max(earlier, default=item.start), item.start
        is_choice = any(joint.is_choice for joint in sentence.connectors_between(*gap))
        begins_anew = any(hit.trigger.direction == "before" for hit in sentence.hits_between(*gap))
        if earlier and not is_choice and not begins_anew:
            sentence.forward_cuts.append(item.start)


def _has_own_state(sentence: Parse, item: Item, concept: Target) -> bool:
    """Tell whether an adjective is said of a structure right after it, with a verb or without."""
    if concept.kind != "structure":
        return False
    later = [other for other in sentence.items if other.start >= item.end]
    if not later:
        return False
    follower = min(later, key=lambda other: other.start)
    state = follower.state
    if state is None or state.noun or state.only not in ("", concept.id):
        return False
    gap = item.end, follower.start
    return not sentence.connectors_between(*gap) and not sentence.is_cut(*gap)


def _cut_at_marks(sentence: Parse) -> None:
    for text, start in zip(sentence.words.texts, sentence.words.starts, strict=True):
        if text in _CUTS:
            sentence.forward_cuts.append(start)
        has_verb = any(hit.trigger.finite for hit in sentence.hits_between(0, start))
        if text == ";" or (text == "-" and has_verb):
            sentence.cuts.append(start)


def _cut_at_colons(sentence: Parse) -> None:
    """Stop what runs on where a colon says what there is: "no A: mild B", not "no signs: A, B"."""
    starts = sentence.words.starts
    for number, text in enumerate(sentence.words.texts[:-1]):
        if text != ":":
            continue
        place = starts[number + 1]
        is_new = is_instead(sentence, starts[number], place) or _opening(sentence, place)
        if is_new and not _is_kept(sentence, place, "list"):
            sentence.forward_cuts.append(place)


def _starts_item(sentence: Parse, connector: Connector) -> bool:
    """Tell whether a list under negation ends here: "no A, small B", but not "no A, small B or C".

    A choice later in the list, with no verb before it, keeps the list together, unless what comes
    between says that it is there: "no A, B unchanged", "no A, persistent B or C".
    """
    if connector.is_choice or connector.word == "/":
        return False
    denial = _denial(sentence, connector.start)
    if denial is not None and _has_predicate(sentence, connector):
        return True
    reach = _opening(sentence, connector.end)
    # What has resolved or was removed is listed with its places: "removal of A and right B".
    is_family = denial is not None and denial.trigger.family == "negation"
    if not reach and denial is not None and not (is_family and denial.trigger.reach == "list"):
        reach = "list" if _stands_apart(sentence, denial, connector) else ""
    return bool(reach) and not _is_kept(sentence, connector.end, reach)


def _is_kept(sentence: Parse, place: int, reach: str) -> bool:
    """Tell whether a choice behind a place keeps it in the list before; a slash may do, too."""
    if reach == "clause":
        return False
    for later in sentence.connectors:
        # A slash between two sizes is none between two findings: "moderate/large A".
        is_slash = later.word == "/" and any(
            item.concept and place <= item.start and item.end <= later.start
            for item in sentence.items
        )
        if later.start > place and (later.is_choice or (is_slash and reach != "next")):
            between = sentence.hits_between(place, later.start)
            return not any(h.trigger.finite or h.trigger.direction == "boundary" for h in between)
    return False


def _is_spent(sentence: Parse, connector: Connector) -> bool:
    """Tell whether what is denied is nothing that we look for: "no acute disease, B"."""
    if any(
        hit.end <= connector.start and sentence.count(hit.end, connector.start) == 0
        for hit in sentence.hits
        if hit.trigger.rule_id in _GENERAL
    ):
        return True
    # The words of what the vocabulary knows are empty, also where it is no finding.
    words = sentence.texts_between(sentence.start, connector.start)
    ends = any(0 <= connector.start - item.end <= 1 for item in sentence.items)
    return words[-1:] == [""] and not ends


def _denial(sentence: Parse, place: int) -> Hit | None:
    """Give the denial, if it is one, that runs on to a place."""
    for hit in reversed(sentence.hits):
        if hit.end <= place and hit.trigger.direction == "before":
            trigger = hit.trigger
            return hit if trigger.effect == "negative" or trigger.rule_id == _NO_NEW else None
    return None


def _has_predicate(sentence: Parse, connector: Connector) -> bool:
    """Tell whether what follows says how it is, without a verb: "no A, B unchanged"."""
    place = connector.end
    row = [item for item in sentence.items if item.concept is not None and item.start >= place]
    row.sort(key=lambda item: (item.start, item.end))
    last: Item | None = None
    for item in row:
        joints = sentence.connectors_between(place, item.start)
        if last is not None and item.start < last.end:
            continue
        if any(joint.is_choice or not joint.word for joint in joints):
            break
        if (last is None and joints) or (last is not None and not joints):
            break
        hits = sentence.hits_between(place, item.start)
        if any(hit.trigger.finite or hit.trigger.direction == "boundary" for hit in hits):
            break
        last, place = item, item.end
        if _is_described(sentence, item) or _is_said_there(sentence, connector, item):
            return True
    return False


def _is_said_there(sentence: Parse, connector: Connector, item: Item) -> bool:
    """Tell what is there from what is denied in one place: "no A in the left lung, B present"."""
    earlier = [
        other.end for other in sentence.items if other.concept and other.end <= connector.start
    ]
    if not earlier or not sentence.count(max(earlier), connector.start):
        return False
    hit = next((hit for hit in sentence.hits if hit.start >= item.end), None)
    is_said = hit is not None and hit.trigger.direction == "asserts" and not hit.trigger.finite
    return is_said and hit is not None and not sentence.count(item.end, hit.start)


def _is_described(sentence: Parse, item: Item) -> bool:
    """Tell whether a word after an item, of no other item, says how it is: "B unchanged"."""
    ends = [mark.start for mark in sentence.connectors if mark.start >= item.end]
    ends += [cut for cut in sentence.cuts if cut >= item.end]
    end = min(ends, default=sentence.end)
    following = [
        other.start for other in sentence.items if other.concept and item.end <= other.start < end
    ]
    for hit in sentence.hits_between(item.end, end):
        direction = hit.trigger.direction
        if hit.trigger.finite or direction == "boundary":
            return False
        is_free = not any(start >= hit.end for start in following)
        if direction in ("asserts", "cancels") and is_free:
            return hit.trigger.reach != "list"
        if direction == "start" and hit.trigger.attached and is_free:
            return sentence.count(item.end, hit.start) <= _PLACE_WORDS
        if direction == "before":  # "B likely C"
            is_hedge = hit.trigger.effect != "negative" and not hit.trigger.attached
            if not is_free or not is_hedge:
                return is_hedge and sentence.count(item.end, hit.start) == 0
    return False


def _stands_apart(sentence: Parse, denial: Hit, connector: Connector) -> bool:
    """Tell whether what follows stands apart: it has its own place, or the list was closed.

    A list is closed by its choice: "no A or B, C". An "and" parts only two: "no A and left B".
    """
    if not connector.word and _is_spent(sentence, connector):
        return True
    earlier = [item.end for item in sentence.items if item.concept and item.end <= connector.start]
    later = [item for item in sentence.items if item.concept and item.start >= connector.end]
    # "No free air, left B": two words and more are a noun that the vocabulary does not name.
    is_other = not connector.word and sentence.count(denial.end, connector.start) > 1
    if connector.word not in ("", "and") or not (earlier or is_other) or not later:
        return False
    item = min(later, key=lambda item: item.start)
    if sentence.connectors_between(connector.end, item.start):
        return False
    marks = [
        mark
        for mark in sentence.connectors
        if denial.end <= mark.start and mark.end <= connector.start
    ]
    is_placed = _is_placed(sentence, connector.end)
    if connector.word:
        verb = sentence.next_verb(item.end)
        is_shared = verb is not None and _shares_verb(sentence, connector, verb)
        # "No A, and B", but not "no A, and B are seen", nor "no A, B, and C".
        is_last = connector.comma and all(mark.is_choice for mark in marks) and not is_shared
        return is_last or (is_placed and not marks)
    if is_placed or _is_placed(sentence, item.end):
        return True
    closed = [mark for mark in marks if mark.end <= max(earlier, default=0)]
    return bool(closed) and closed[-1].is_choice


def _has_verb_of_its_own(sentence: Parse, connector: Connector) -> bool:
    """Tell whether a verb is of a second list alone: "no A, and B and C are absent"."""
    if not connector.comma or connector.word != "and" or not _denial(sentence, connector.start):
        return False
    return sentence.next_verb(connector.end) is not None


def _is_placed(sentence: Parse, place: int) -> bool:
    """Tell whether a side or a part of the lung is named right here, as in "at the bases"."""
    return next_place(sentence, place) is not None


def next_place(sentence: Parse, start: int) -> Hit | None:
    """Give the side, view or part of the lung that is named right after a place of the text."""
    for hit in sentence.hits:
        if hit.start >= start and hit.trigger.direction == "place":
            near = sentence.count(start, hit.start) <= _PLACE_WORDS
            gap = sentence.texts_between(start, hit.start)
            is_apart = "" in gap or sentence.connectors_between(start, hit.start)
            return hit if near and not is_apart else None
    return None


def _opening(sentence: Parse, place: int) -> str:
    """Give how far what begins right here stands against a choice: clause, next, list or not ("").

    A finding of its own begins with a word that opens one: "small", "persistent", "likely".
    """
    row = [item for item in sentence.items if item.start == place]
    reaches = {"list"} if any(item.opens or item.state is not None for item in row) else set()
    for hit in sentence.hits:
        if hit.start != place:
            continue
        trigger = hit.trigger
        is_hedge = trigger.direction == "before" and trigger.effect != "negative"
        if trigger.direction == "start":
            reaches.add(trigger.reach)
        elif trigger.direction == "cancels" or (is_hedge and not trigger.attached):
            reaches.add("list")
    return next((reach for reach in ("clause", "next", "list") if reach in reaches), "")


def _starts_clause(sentence: Parse, number: int) -> bool:
    """Tell whether a connector joins clauses rather than members of a list.

    It does when what follows has its own subject and verb, and what goes before already has a verb
    or a trigger that would otherwise run on.
    """
    connector = sentence.connectors[number]
    verb = sentence.next_verb(connector.end)
    if verb is None or not _has_subject(sentence, connector.end, verb.start):
        return verb is not None and _has_other_subject(sentence, connector.end, verb)
    for later in sentence.connectors[number + 1 :]:
        if later.start < verb.start and any(
            connector.end <= item.end <= later.start for item in sentence.items
        ):
            return False  # a later connector of the same list stands nearer to the verb
    begin = max((cut for cut in sentence.cuts if cut < connector.start), default=sentence.start)
    earlier = sentence.hits_between(begin, connector.start)
    if any(hit.trigger.finite for hit in earlier):
        return True
    if _has_two_states(sentence, begin, connector.start, verb.start):
        return True  # "normal heart, and the aorta is tortuous"
    if not any(hit.trigger.direction == "before" for hit in earlier):
        return False
    return not _shares_verb(sentence, connector, verb)


def _has_two_states(sentence: Parse, begin: int, joint: int, verb: int) -> bool:
    """Tell whether a structure before a joint has a state there, and there is one after a verb."""
    states = [
        item.start
        for item in sentence.items
        if item.state and item.state.effect in _STATES and item.state.words
    ]
    is_said = any(begin <= place < joint for place in states)
    if not is_said or all(place < verb for place in states):
        return False
    return any(item.kind == "structure" and begin <= item.start < joint for item in sentence.items)


def is_transitive(sentence: Parse, verb: Hit) -> bool:
    """Tell whether a verb brings a finding of its own: "the right lung shows B"."""
    if verb.trigger.direction not in ("verb", "asserts"):
        return False
    words = sentence.texts_between(verb.start, verb.end)
    return bool(words) and words[0] in TRANSITIVE and len(words) == 1


def _has_other_subject(sentence: Parse, start: int, verb: Hit) -> bool:
    """Tell whether a place or a view is the subject: "no A, the right base shows B"."""
    between = sentence.hits_between(start, verb.start)
    if not is_transitive(sentence, verb) or any(h.trigger.direction in _SPEAKS for h in between):
        return False
    words = sentence.texts_between(start, verb.start)
    return 0 < len(words) <= _SUBJECT_WORDS and "" not in words and "," not in words


def _shares_verb(sentence: Parse, connector: Connector, verb: Hit) -> bool:
    """Tell a list with a common verb, "no A and B are seen", from "no A, and B persists"."""
    is_existential = verb.trigger.direction != "verb" and verb.trigger.reach == "list"
    if not is_existential or _opening(sentence, connector.end):
        return False
    loose = connector.comma and connector.word in ("", "and")
    return not (loose and is_pair(sentence, connector, verb))


def _has_subject(sentence: Parse, start: int, end: int) -> bool:
    if any(hit.trigger.direction == "before" for hit in sentence.hits_between(start, end)):
        return False
    if any(cut for cut in sentence.cuts if start < cut < end):
        return False
    return any(
        start <= item.start and item.end <= end and item.concept is not None
        for item in sentence.items
    )
