"""The rules of a folder, compiled: what to look for in a sentence, under one set of conventions."""

from collections.abc import Sequence
from dataclasses import dataclass

from gazescribe.pipeline.dictation.labeler.lexicon import Lexicon
from gazescribe.pipeline.dictation.labeler.phrases import Slip, parts
from gazescribe.pipeline.dictation.labeler.punctuation import SpokenMarks
from gazescribe.pipeline.dictation.labeler.rules import Concept, RuleBook
from gazescribe.pipeline.dictation.labeler.settings import Conventions
from gazescribe.pipeline.dictation.labeler.targets import Target
from gazescribe.pipeline.dictation.labeler.triggers import Trigger


@dataclass(frozen=True)
class Compiled:
    """Lexicons of the mentions, triggers, states and spoken marks."""

    mentions: Lexicon[Target | None]
    triggers: Lexicon[Trigger]
    states: Lexicon[Trigger]
    spoken: SpokenMarks
    retracting: Lexicon[Trigger]  # of the triggers those alone that take something back
    opening: frozenset[str]  # words that begin a finding after a comma, also as its own first word
    nouns: frozenset[str]  # for a state, as "enlargement"


def compile_rules(book: RuleBook, conventions: Conventions) -> Compiled:
    """Compile a rule book."""
    slips = book.repairs.slips if conventions.repairs else []
    mentions: list[tuple[str, Target | None]] = []
    for concept in book.concepts:
        target = _target(concept, slips)
        mentions += [(phrase, target) for phrase in concept.phrases]
        mentions += [(phrase, None) for phrase in concept.unless]
    if conventions.repairs:
        mentions += [(phrase, None) for phrase in book.repairs.unless]
    triggers = list(book.triggers(conventions))
    states = [(phrase, trigger) for phrase, trigger in triggers if trigger.direction == "state"]
    carriers = [(phrase, trigger) for phrase, trigger in triggers if trigger.direction != "state"]
    retracting = [
        (phrase, trigger) for phrase, trigger in carriers if trigger.direction == "retracts"
    ]
    opening = [phrase for phrase, trigger in carriers if trigger.direction == "start"]
    nouns = [phrase for phrase, trigger in states if trigger.noun and trigger.words]
    return Compiled(
        Lexicon(mentions, slips),
        Lexicon(carriers),
        Lexicon(states),
        SpokenMarks(book.punctuation),
        Lexicon(retracting),
        _single_words(opening),
        _single_words(nouns),
    )


def _single_words(phrases: Sequence[str]) -> frozenset[str]:
    rows = [parts(phrase) for phrase in phrases]
    return frozenset(row[0] for part in rows if len(part) == 1 for row in part[0] if len(row) == 1)


def _target(concept: Concept, slips: Sequence[Slip]) -> Target:
    near = [(phrase, True) for phrase in concept.near]
    return Target(
        concept.id,
        concept.labels,
        concept.kind,
        certain=concept.certain,
        generic=concept.generic,
        shares=concept.shares,
        ignores=[*concept.ignores],
        spellings=frozenset(concept.phrases if concept.case == "exact" else ()),
        near=Lexicon(near, slips) if near else None,
    )
