"""One sentence, from its characters to what is decided of each of its mentions.

Words are cut as rule files are cut. The mentions are found first and taken out of the words, so
that no trigger is found inside one; then the triggers; `scope` says how far each reaches, and
`decisions` which of them decides. Places are counted from the start of the sentence.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace

from gazescribe.pipeline.dictation.labeler.compiling import Compiled
from gazescribe.pipeline.dictation.labeler.decisions import Decision, decide
from gazescribe.pipeline.dictation.labeler.english import (
    ADJECTIVE_ENDS,
    OTHER_SUBJECTS,
    PAST,
    PLURAL,
)
from gazescribe.pipeline.dictation.labeler.items import Hit, Item, Parse
from gazescribe.pipeline.dictation.labeler.phrases import Words
from gazescribe.pipeline.dictation.labeler.scope import resolve
from gazescribe.pipeline.dictation.labeler.structures import decide_structure
from gazescribe.pipeline.dictation.labeler.targets import Target
from gazescribe.pipeline.dictation.labeler.triggers import Trigger
from gazescribe.pipeline.dictation.labeler.unseen import seen

HEADING = "default.heading"
_MARKS = frozenset([",", ";", "and", "but"])
_BEFORE_STATES = PAST | PLURAL | {"", "is", "not", "remains", "remain", "appears", "looks"}
_OF = (["of"], ["from"], ["for"])  # "clear of effusion"
_GAP = 4  # words after a state in which its finding begins
LONGEST = 300  # words; no rule reaches farther, so that endless sentences take linear time


def decide_mentions(sentence: str, words: Words, compiled: Compiled) -> list[tuple[Item, Decision]]:
    """Find what a sentence of some words mentions, and decide each mention."""
    decided = []
    for part in parse(sentence, words, compiled):
        mentions = [item for item in part.items if item.kind != "mimic"]
        _find_triggers(part, compiled)
        resolve(part)
        decided += [(item, _decide(item, part)) for item in mentions]
    return decided


def parse(sentence: str, words: Words, compiled: Compiled) -> Iterator[Parse]:
    """Give the parts of a sentence that mention something; all but endless ones are one part.

    Mentions are taken out of its words.
    """
    is_endless = len(words.texts) > LONGEST
    for first in range(0, len(words.texts), LONGEST):
        part = words.part(first, first + LONGEST) if is_endless else words
        items = _mentions(part, sentence, compiled)
        if any(item.kind != "mimic" for item in items):
            yield Parse(0, len(sentence), part, items)


def _mentions(words: Words, original: str, compiled: Compiled) -> list[Item]:
    items: list[Item] = []
    taken: list[int] = []
    for first, last, targets in compiled.mentions.find(words):
        start, end = words.starts[first], words.ends[last - 1]
        opens = words.texts[first] in compiled.opening
        is_of = (
            words.texts[first + 1 : first + 2] == _OF[0] and words.texts[first] in compiled.nouns
        )
        modifies = words.texts[last - 1].endswith(ADJECTIVE_ENDS)
        items += [
            Item(start, end, target, opens=opens, is_of=is_of, modifies=modifies)
            for target in targets
            if target is not None and _fits(target, words, original[start:end])
        ]
        taken += range(first, last)
    for number in taken:
        words.texts[number] = ""  # so that no trigger is found inside a mention
    return items


def _fits(target: Target, words: Words, text: str) -> bool:
    if target.spellings and seen(text) not in target.spellings:
        return False
    return target.near is None or bool(target.near.find(words))


def _find_triggers(part: Parse, compiled: Compiled) -> None:
    words = part.words
    for first, last, triggers in compiled.triggers.find(words):
        start, end = words.starts[first], words.ends[last - 1]
        speaking = _speaking(triggers) if len(triggers) > 1 else triggers
        part.hits += [Hit(start, end, trigger) for trigger in speaking]
    if any(item.kind == "structure" for item in part.items):
        for first, last, states in compiled.states.find(words):
            start, end = words.starts[first], words.ends[last - 1]
            is_normal = any(state.effect == "normal" for state in states)
            is_free_of = is_normal and words.texts[last : last + 1] in _OF
            if is_free_of or not _is_of_finding(part, first, last):
                part.items += [Item(start, end, state=state) for state in states]
        part.items.sort(key=lambda item: (item.start, item.end))
    for hit in part.hits:
        if hit.trigger.direction == "retracts":
            _replace_states(part, hit)


def _is_of_finding(part: Parse, first: int, last: int) -> bool:
    """Tell whether a state, of some words, is of the finding after it: "large effusion"."""
    words = part.words
    place = next((n for n in range(last, last + _GAP) if words.texts[n : n + 1] == [""]), None)
    if place is None or not _MARKS.isdisjoint(words.texts[last:place]):
        return False
    if first and words.texts[first - 1] in _BEFORE_STATES:
        return False  # "the heart is enlarged effusions are small"
    start = words.starts[place]
    gap = part.hits_between(words.ends[last - 1], start)
    if not OTHER_SUBJECTS.isdisjoint(words.texts[last:place]) or any(
        hit.trigger.direction not in ("place", "start") for hit in gap
    ):
        return False
    return any(
        item.start == start and item.concept is not None and item.concept.kind == "finding"
        for item in part.items
    )


def _replace_states(part: Parse, correction: Hit) -> None:
    """Drop the states before a correction that says the state anew: "normal, sorry, enlarged"."""
    later = [item for item in part.items if item.start >= correction.end]
    follower = next((item.start for item in later if item.concept), part.end)
    between = part.texts_between(later[0].end, follower) if later else []
    if correction.trigger.reach == "list" and follower < part.end and _MARKS.isdisjoint(between):
        return  # "heart enlarged, um, normal mediastinum"
    if later and later[0].state is not None:
        part.items = [
            item for item in part.items if item.state is None or item.start >= correction.end
        ]
        correction.trigger = replace(correction.trigger, attached=True)  # the clause goes on


def _speaking(triggers: tuple[Trigger, ...]) -> Sequence[Trigger]:
    """Leave out what a phrase would say if it did not take back a denial, as "no change in"."""
    cancels = [trigger for trigger in triggers if trigger.direction == "cancels"]
    return cancels[:1] or triggers


def _decide(item: Item, part: Parse) -> Decision:
    if item.kind == "structure":
        return decide_structure(item, part)
    if _is_heading(item, part):
        return Decision("dropped", HEADING, None, (part.start, part.end))
    return decide(item, part)


def _opens_line(before: list[str]) -> bool:
    """Tell whether a line begins after these words: after none, a mark, or another heading."""
    while before and before[-1] in ("", "/", "and", "&"):
        before = before[:-1]
    return not before or before[-1] in (":", ";", ".", ")")


def _is_heading(item: Item, part: Parse) -> bool:
    """Tell whether a mention only heads a line that then says more of it: "Lines: PICC removed"."""
    words = part.words
    if item.concept is None or ":" not in words.texts:
        return False
    first, after = bisect_left(words.starts, item.start), bisect_left(words.starts, item.end)
    if ":" not in words.texts[after:] or not _opens_line(words.texts[:first]):
        return False
    while words.texts[after] in ("", "/", "and", "&"):  # "lines/tubes:"
        after += 1
    if words.texts[after] != ":":
        return False
    colon = words.starts[after]
    others = [
        (other.start > colon, other.concept.labels == item.concept.labels)
        for other in part.items
        if other.concept and other.start >= item.end
    ]
    return (True, True) in others and (False, False) not in others
