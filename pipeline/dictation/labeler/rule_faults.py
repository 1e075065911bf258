"""Faults of single entries of a rules folder, each at the line of its entry."""

from contextlib import suppress
from pathlib import Path
from typing import get_args

from gazescribe.pipeline.core.errors import nearest
from gazescribe.pipeline.dictation.labeler.phrases import (
    PhraseError,
    cut_words,
    is_only_of,
    is_word_of,
    parts,
)
from gazescribe.pipeline.dictation.labeler.rules import (
    STATES,
    Concept,
    Family,
    Punctuation,
    Repairs,
    Sections,
    Vocabulary,
)
from gazescribe.pipeline.dictation.labeler.settings import Conventions

Place = tuple[int | str, ...]


class RulesFile:
    """One file while it is read: its name, and the line of every entry."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.path = path
        self.name = path.relative_to(folder).as_posix()
        self.lines: dict[Place, int] = {}
        self.faults: list[str] = []
        self.sets: dict[str, list[str]] = {}  # of `words.yaml` and of this file
        self.function_words: frozenset[str] = frozenset()  # of `words.yaml`

    def fault(self, place: Place, message: str) -> None:
        """Note a fault at the line of an entry."""
        # What is missing has no line of its own: the nearest entry around it has.
        while place and place not in self.lines:
            place = place[:-1]
        self.faults.append(f"{self.name} line {self.lines.get(place, 1)}: {message}")


def check_concepts(
    content: Vocabulary, source: RulesFile, seen: dict[str, str], allowed: list[str]
) -> None:
    """Check ids, labels and phrases of concepts; `seen` are ids so far, and where they stand."""
    for index, concept in enumerate(content.concepts):
        place: Place = ("concepts", index)
        _check_id(concept.id, (*place, "id"), source, seen)
        _check_labels(concept.labels, (*place, "labels"), source, allowed)
        if bool(concept.labels) == (concept.kind == "mimic"):
            message = "a mimic has no labels, and everything else has some"
            source.fault((*place, "labels"), message)
        for choice, labels in concept.under.items():
            _check_choice(choice, (*place, "under", choice), source)
            _check_labels(labels, (*place, "under", choice), source, allowed)
        for key in ("phrases", "unless", "near", *STATES):
            _check_phrases(getattr(concept, key), (*place, key), source)
        cancelled = {" ".join(phrase.casefold().split()) for phrase in concept.unless}
        for number, phrase in enumerate(concept.phrases):
            if " ".join(phrase.casefold().split()) in cancelled:
                message = f"{phrase!r} can never match: `unless` of {concept.id} cancels it"
                source.fault((*place, "phrases", number), message)


def check_family(content: Family, source: RulesFile, seen: dict[str, str]) -> None:
    """Check ids, conventions and phrases of a family of rules."""
    for index, rule in enumerate(content.rules):
        place: Place = ("rules", index)
        _check_id(f"{content.family}.{rule.id}", (*place, "id"), source, seen)
        for choice in rule.under:
            _check_choice(choice, (*place, "under", choice), source)
        # Words that only bound a clause may be any.
        common = content.direction not in ("before", "after", "state", "cancels", "asserts")
        _check_phrases(rule.phrases, (*place, "phrases"), source, may_be_common=common)


def check_repairs(content: Repairs, source: RulesFile, concepts: list[Concept]) -> None:
    """Check that each repair can be found: a word that some phrase has, and words instead."""
    _check_phrases(content.unless, ("unless",), source)
    known = _words_of(concepts)
    for meant, slips in content.words.items():
        if concepts and not any(is_word_of(meant.casefold(), word) for word in known):
            message = f"{meant!r} can never match: no phrase of the vocabulary has this word"
            source.fault(("words", meant), f"{message}{nearest(meant, known)}")
        for number, slip in enumerate(slips):
            words = cut_words(slip.casefold()).texts
            if not words or not all(word[0].isalnum() for word in words):
                message = f"{slip!r} can never match: it must be words without marks"
                source.fault(("words", meant, number), message)


def _words_of(concepts: list[Concept]) -> set[str]:
    words: set[str] = set()
    for concept in concepts:
        for phrase in concept.phrases + concept.near:
            with suppress(PhraseError):  # its own fault says so
                words |= {word for rows in parts(phrase) for row in rows for word in row}
    return words


def check_sections(content: Sections | Punctuation, source: RulesFile) -> None:
    """Check phrases that may be of any words: headings, and words that stand for marks."""
    if isinstance(content, Sections):
        for key in ("heeded", "ignored", "begins", "unless"):
            _check_phrases(getattr(content, key), (key,), source, may_be_common=True)
    else:
        for index, spoken in enumerate(content.spoken):
            place: Place = ("spoken", index)
            _check_phrases(spoken.phrases, (*place, "phrases"), source, may_be_common=True)
            _check_phrases(spoken.unless, (*place, "unless"), source, may_be_common=True)


def _check_labels(labels: list[str], place: Place, source: RulesFile, allowed: list[str]) -> None:
    for number, label in enumerate(labels):
        if label.removesuffix("?") not in allowed:
            message = f"labels.yaml has no label {label!r}{nearest(label, allowed)}"
            source.fault((*place, number), message)


def _check_choice(choice: str, place: Place, source: RulesFile) -> None:
    allowed = [
        f"{name} {value}"
        for name, field in Conventions.model_fields.items()
        for value in get_args(field.annotation)
    ]
    if choice not in allowed:
        source.fault(place, f"there is no convention {choice!r}{nearest(choice, allowed)}")


def _check_id(name: str, place: Place, source: RulesFile, seen: dict[str, str]) -> None:
    if name in seen:
        source.fault(place, f"the id {name} is already used in {seen[name]}")
    seen[name] = f"{source.name} line {source.lines[place]}"


def _check_phrases(
    phrases: list[str], place: Place, source: RulesFile, *, may_be_common: bool = False
) -> None:
    for number, phrase in enumerate(phrases):
        try:
            if is_only_of(source.function_words, phrase) and not may_be_common:
                message = f"{phrase!r} can be found in function words alone, such as 'in the'"
                source.fault((*place, number), message)
        except PhraseError as error:
            source.fault((*place, number), str(error))
