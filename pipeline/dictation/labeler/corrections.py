"""What a speaker takes back, "scratch that", is dropped from what was decided before it.

A step of its own after the sentences are decided, since it reaches from one sentence into another.
`polarity/correction.yaml` holds the phrases and says how far each reaches.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gazescribe.pipeline.dictation.labeler.compiling import Compiled
from gazescribe.pipeline.dictation.labeler.decisions import Decision, Explained
from gazescribe.pipeline.dictation.labeler.phrases import Words
from gazescribe.pipeline.dictation.labeler.rules import Trigger
from gazescribe.pipeline.dictation.labeler.sentences import read_words

# What may stand before a phrase that opens its sentence.
_OPENINGS = frozenset("and but oh uh um okay so well actually please , - : . ! ?".split())  # noqa: SIM905 (a row of words)
_SAYS = frozenset(["before", "after", "verb", "asserts"])
_REPLACED_WORDS = 4  # at most, and no verb: "correction, left lower lobe" replaces a place


@dataclass(frozen=True)
class _Correction:
    """A phrase that takes back, and what stands around it."""

    start: int
    end: int
    trigger: Trigger
    sentence: int
    about: int  # the sentence that it speaks of: its own, or one before it where it is the first
    is_last: bool  # of its sentence
    says_more: bool  # more than a word that replaces another


def takes_back(words: Words, compiled: Compiled) -> bool:
    """Tell whether a phrase that takes back is among the words of a sentence."""
    return bool(compiled.retracting.find(words))


def take_back(
    text: str, spans: Sequence[tuple[int, int]], concepts: list[Explained], compiled: Compiled
) -> list[Explained]:
    """Drop what later words of a text take back; they become its rule and trigger."""
    concepts = list(concepts)
    for correction in _corrections(text, spans, compiled):
        for place in _taken_back(correction, concepts):
            concept = concepts[place]
            trigger = correction.start, correction.end
            reach = concept.char_start, correction.end
            decision = Decision("dropped", correction.trigger.rule_id, trigger, reach)
            concepts[place] = concept._replace(decision=decision)
    return concepts


def _corrections(
    text: str, spans: Sequence[tuple[int, int]], compiled: Compiled
) -> Iterator[_Correction]:
    idle = 0  # sentences before this one that only correct, "Oops. Scratch that."
    for number, (start, end) in enumerate(spans):
        idle, skipped = 0, idle
        words = read_words(text[start:end])
        if not takes_back(words, compiled):
            continue
        is_word = [word[:1].isalnum() for word in words.texts]
        hits = [*compiled.triggers.find(words), *compiled.states.find(words)]
        retracting = [(*hit[:2], hit[2][0]) for hit in hits if hit[2][0].direction == "retracts"]
        taken = {word for first, last, _ in retracting for word in range(first, last)}
        opens = [place in taken or word in _OPENINGS for place, word in enumerate(words.texts)]
        if all(opens):
            idle = skipped + 1
        for place, (first, last, trigger) in enumerate(retracting):
            is_first = all(opens[:first])
            stop = retracting[place + 1][0] if place + 1 < len(retracting) else len(words.texts)
            if stop < len(words.texts) and all(opens[last:stop]):
                continue  # "sorry, I mean" is one correction
            yield _Correction(
                start + words.starts[first],
                start + words.ends[last - 1],
                trigger,
                number,
                about=number - 1 - skipped if is_first else number,
                is_last=not any(is_word[last:stop]),
                says_more=sum(is_word[last:stop]) > _REPLACED_WORDS
                or any(
                    other.direction in _SAYS or other.effect == "normal"
                    for begin, _, triggers in hits
                    for other in triggers
                    if last <= begin < stop
                ),
            )


def _taken_back(correction: _Correction, concepts: list[Explained]) -> list[int]:
    """Give the places in `concepts` of what a correction takes back."""
    earlier = [
        place
        for place, concept in enumerate(concepts)
        if concept.sentence == correction.about
        and concept.char_end <= correction.start
        and concept.decision.polarity != "dropped"
        # What is decided by words after the correction has been set straight already.
        and (concept.decision.trigger or (0, 0))[0] < correction.end
    ]
    if not earlier:
        return []
    later_sentence = correction.sentence + correction.is_last
    later = [
        concept
        for concept in concepts
        if concept.sentence == later_sentence and concept.char_start >= correction.end
    ]
    nearest = max(concepts[place].char_end for place in earlier)
    last = [place for place in earlier if concepts[place].char_end == nearest]
    if correction.trigger.reach == "clause":
        is_word_replaced = not (correction.is_last or correction.says_more or later)
        begin = min(concepts[place].decision.reach[0] for place in last)
        clause = [place for place in earlier if concepts[place].char_start >= begin]
        is_whole = correction.about < correction.sentence
        return [] if is_word_replaced else earlier if is_whole else clause
    labels = {label for concept in later for label in concept.labels}
    said_again = [place for place in earlier if not labels.isdisjoint(concepts[place].labels)]
    known = {label for place in earlier for label in concepts[place].labels}
    is_new = any(known.isdisjoint(concept.labels) for concept in later)
    is_mere_pause = correction.trigger.reach == "list"
    if is_mere_pause or (correction.is_last and correction.trigger.attached):
        return said_again  # "Effusion. Sorry. No edema." and "effusion, er, no edema"
    if said_again:
        # "A and B, correction, A and C": what is said for the first time stands for B.
        after = [place for place in last if place > max(said_again)]
        return said_again + (after if is_new else [])
    return last if later or correction.says_more else []
