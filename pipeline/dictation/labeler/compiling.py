"""The rules of a folder, compiled: what to look for in a sentence, under one set of conventions."""

from dataclasses import dataclass

from gazescribe.pipeline.dictation.labeler.lexicon import Lexicon
from gazescribe.pipeline.dictation.labeler.phrases import parts
from gazescribe.pipeline.dictation.labeler.punctuation import SpokenMarks
from gazescribe.pipeline.dictation.labeler.rules import Concept, RuleBook
from gazescribe.pipeline.dictation.labeler.settings import Conventions
from gazescribe.pipeline.dictation.labeler.triggers import Trigger


@dataclass(frozen=True)
class Compiled:
    """Lexicons of the mentions, triggers, states, words asked near some, and spoken marks."""

    mentions: Lexicon[Concept | None]
    triggers: Lexicon[Trigger]
    states: Lexicon[Trigger]
    near: dict[str, Lexicon[bool]]
    spoken: SpokenMarks
    retracting: Lexicon[Trigger]  # of the triggers those alone that take something back
    opening: frozenset[str]  # words that begin a finding after a comma, also as its own first word


def compile_rules(book: RuleBook, conventions: Conventions) -> Compiled:
    """Compile a rule book."""
    slips = book.repairs.slips if conventions.repairs else []
    mentions: list[tuple[str, Concept | None]] = []
    near = {}
    for concept in book.concepts:
        mentions += [(phrase, concept) for phrase in concept.phrases]
        mentions += [(phrase, None) for phrase in concept.unless]
        if concept.near:
            near[concept.id] = Lexicon(((phrase, True) for phrase in concept.near), slips)
    if conventions.repairs:
        mentions += [(phrase, None) for phrase in book.repairs.unless]
    triggers = list(book.triggers(conventions))
    states = [(phrase, trigger) for phrase, trigger in triggers if trigger.direction == "state"]
    carriers = [(phrase, trigger) for phrase, trigger in triggers if trigger.direction != "state"]
    retracting = [
        (phrase, trigger) for phrase, trigger in carriers if trigger.direction == "retracts"
    ]
    opening = {
        row[0]
        for phrase, trigger in carriers
        if trigger.direction == "start" and len(parts(phrase)) == 1
        for row in parts(phrase)[0]
        if len(row) == 1
    }
    return Compiled(
        Lexicon(mentions, slips),
        Lexicon(carriers),
        Lexicon(states),
        near,
        SpokenMarks(book.punctuation),
        Lexicon(retracting),
        frozenset(opening),
    )
