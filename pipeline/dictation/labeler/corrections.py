"""What a speaker takes back, "scratch that", is dropped from what was decided before it.

A step of its own after the sentences are decided, since it reaches from one sentence into another.
`polarity/correction.yaml` holds the phrases and says how far each reaches.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from gazescribe.pipeline.dictation.labeler.compiling import Compiled
from gazescribe.pipeline.dictation.labeler.decisions import Decision, Explained
from gazescribe.pipeline.dictation.labeler.phrases import Words
from gazescribe.pipeline.dictation.labeler.sentences import read_words
from gazescribe.pipeline.dictation.labeler.triggers import Trigger

# What may stand before a phrase that opens its sentence.
_OPENINGS = frozenset("and but oh uh um okay so well actually please , - : . ! ?".split())  # noqa: SIM905 (a row of words)
_MARKS = frozenset([",", ";", "(", "and", "but", "with"])
_SAYS = frozenset(["before", "after", "verb", "asserts"])
_REPLACED_WORDS = 4  # at most, and no verb: "correction, left lower lobe" replaces a place


@dataclass(frozen=True)
class Correction:
    """A phrase of a sentence that takes back, and what stands around it; places are characters."""

    start: int
    end: int
    trigger: Trigger
    is_first: bool  # of its sentence: it speaks of one before
    is_last: bool  # of its sentence
    says_more: bool  # more than a word that replaces another
    since: int  # where the words begin that may be replaced: after a mark, or a finding
    until: int  # where the words end that may replace them: at the next mark
    sentence: int = 0
    about: int = 0  # the sentence that it speaks of: its own, or one before it


@dataclass(frozen=True)
class Corrections:
    """All phrases of a sentence that take back."""

    phrases: tuple[Correction, ...] = ()
    is_idle: bool = False  # it says nothing else: "Oops. Scratch that."


def find_corrections(sentence: str, compiled: Compiled) -> Corrections:
    """Find the phrases of a sentence that take something back."""
    words = read_words(sentence)
    if not takes_back(words, compiled):
        return Corrections()
    is_word = [word[:1].isalnum() for word in words.texts]
    hits = [*compiled.triggers.find(words), *compiled.states.find(words)]
    retracting = [(*hit[:2], hit[2][0]) for hit in hits if hit[2][0].direction == "retracts"]
    taken = {word for first, last, _ in retracting for word in range(first, last)}
    opens = [place in taken or word in _OPENINGS for place, word in enumerate(words.texts)]
    corrections = []
    for place, (first, last, trigger) in enumerate(retracting):
        stop = retracting[place + 1][0] if place + 1 < len(retracting) else len(words.texts)
        if stop < len(words.texts) and all(opens[last:stop]):
            continue  # "sorry, I mean" is one correction
        marks = [
            word
            for word in range(last, stop)
            if words.texts[word] in _MARKS and not all(opens[last:word])
        ]
        end = min(marks, default=stop)
        begins = [
            words.ends[word]
            for word in range(first)
            if words.texts[word] in _MARKS and not all(opens[word + 1 : first])
        ]
        correction = Correction(
            words.starts[first],
            words.ends[last - 1],
            trigger,
            is_first=all(opens[:first]),
            is_last=not any(is_word[last:stop]),
            says_more=sum(is_word[last:end]) > _REPLACED_WORDS
            or any(
                (other.direction in _SAYS and (other.finite or other.direction != "asserts"))
                or other.effect == "normal"
                for begin, _, triggers in hits
                for other in triggers
                if last <= begin < end
            ),
            since=max(begins, default=0),
            until=words.starts[end] if end < len(words.texts) else len(sentence),
        )
        corrections.append(correction)
    return Corrections(tuple(corrections), is_idle=all(opens))


def takes_back(words: Words, compiled: Compiled) -> bool:
    """Tell whether a phrase that takes back is among the words of a sentence."""
    return bool(compiled.retracting.find(words))


def take_back(
    concepts: Sequence[Explained], corrections: Iterable[tuple[int, Corrections]]
) -> list[Explained]:
    """Drop what later words of a text take back; they become its rule and trigger.

    Parameters
    ----------
    concepts : sequence of Explained
        What the sentences of a text mention.
    corrections : iterable of (int, Corrections)
        For each sentence of the text the character at which it begins, and what takes back in it.
    """
    concepts = list(concepts)
    for correction in _placed(corrections):
        for place in _taken_back(correction, concepts):
            concept = concepts[place]
            trigger = correction.start, correction.end
            reach = concept.char_start, correction.end
            decision = Decision("dropped", correction.trigger.rule_id, trigger, reach)
            concepts[place] = concept._replace(decision=decision)
    return concepts


def _placed(corrections: Iterable[tuple[int, Corrections]]) -> Iterator[Correction]:
    """Place corrections in their text."""
    n_idle = 0  # sentences right before this one that only correct
    for number, (start, found) in enumerate(corrections):
        for correction in found.phrases:
            yield replace(
                correction,
                start=start + correction.start,
                end=start + correction.end,
                since=start + correction.since,
                until=start + correction.until,
                sentence=number,
                about=number - 1 - n_idle if correction.is_first else number,
            )
        n_idle = n_idle + 1 if found.is_idle else 0


def _taken_back(correction: Correction, concepts: list[Explained]) -> list[int]:
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
    if correction.trigger.reach != "list" and _is_of_words(correction, nearest, later):
        return []
    last = [place for place in earlier if concepts[place].char_end == nearest]
    if correction.trigger.reach == "clause":
        begin = min(concepts[place].decision.reach[0] for place in last)
        clause = [place for place in earlier if concepts[place].char_start >= begin]
        is_whole = correction.about < correction.sentence
        return earlier if is_whole else clause
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


def _is_of_words(correction: Correction, nearest: int, later: list[Explained]) -> bool:
    """Tell whether only words are replaced: "A, sorry, left", "A; small right, sorry, left B"."""
    if correction.is_last:
        return False
    if correction.about == correction.sentence and nearest <= correction.since:
        return True
    is_said_anew = any(concept.char_start < correction.until for concept in later)
    return not (correction.says_more or is_said_anew)
