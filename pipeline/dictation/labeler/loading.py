"""Read a rules folder: every fault of every file at once, each with file and line."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import combinations
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import ValidationError

from gazescribe.pipeline.core.errors import RuleError, nearest
from gazescribe.pipeline.core.resources import resource
from gazescribe.pipeline.core.yaml_files import Strict, compose_yaml, explain
from gazescribe.pipeline.dictation.label_maps import load_label_map
from gazescribe.pipeline.dictation.labeler.phrases import (
    PhraseError,
    cut_words,
    is_only_of,
    is_word_of,
    parts,
    written_out,
)
from gazescribe.pipeline.dictation.labeler.rules import (
    STATES,
    Concept,
    Family,
    Punctuation,
    Repairs,
    RuleBook,
    RulePlace,
    Sections,
    Vocabulary,
    WordSets,
)
from gazescribe.pipeline.dictation.labeler.settings import Conventions

Place = tuple[int | str, ...]
Model = TypeVar("Model", bound=Strict)

_SET = re.compile(r"\{(\w*)\}")

# In the order in which they enter the hash of the rules.
_MODELS: dict[str, type[Strict]] = {
    "words.yaml": WordSets,
    "vocabulary/*.yaml": Vocabulary,
    "polarity/*.yaml": Family,
    "sections.yaml": Sections,
    "punctuation.yaml": Punctuation,
    "repairs.yaml": Repairs,
}


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


def load_rules(folder: Path | None = None) -> RuleBook:
    """Read and check a rules folder (else `rules/` here, else the packaged one).

    Raises
    ------
    RuleError
        If there is no vocabulary, or if a file has an unknown key, an empty phrase, a duplicate id
        or a phrase that can never match; all faults at once, each with file and line.
    """
    folder = folder or resource("rules")
    labels = list(load_label_map(folder).targets)
    digest = hashlib.sha256()
    concepts: list[Concept] = []
    families: list[Family] = []
    single: list[Strict] = []  # of which there is one a folder
    faults: list[str] = []
    seen: dict[str, str] = {}
    words = WordSets()
    places: dict[str, RulePlace] = {}
    for path, model in _files(folder):
        source = RulesFile(path, folder)
        source.sets.update(words.sets)
        source.function_words = frozenset(words.function_words)
        content = read_rules_file(source, model)
        if content is not None:  # what cannot be read is not hashed: a pipe would be waited for
            digest.update(source.name.encode() + b"\0" + path.read_bytes())
        if isinstance(content, Vocabulary):
            _check_concepts(content, source, seen, labels)
            concepts += content.concepts
            places |= _places_of_concepts(content, source)
        elif isinstance(content, Family):
            _check_family(content, source, seen)
            families.append(content)
            places |= _places_of_rules(content, source)
        elif isinstance(content, Sections | Punctuation):
            _check_sections(content, source)
            single.append(content)
        elif isinstance(content, Repairs):
            _check_phrases(content.unless, ("unless",), source)
            # The vocabulary is read before; where a file of it is faulty, its words are not known.
            _check_repairs(content, source, [] if faults else concepts)
            single.append(content)
        elif isinstance(content, WordSets):
            words = content
        faults += source.faults
    faults += [] if faults else _shared_phrases(concepts, places)
    faults += [
        f"{path.relative_to(folder).as_posix()}: only files named .yaml are read"
        for path in sorted(folder.glob("*/*.yml"))
    ]
    if not concepts and not faults:
        faults.append("vocabulary/ holds no *.yaml with concepts")
    if faults:
        raise RuleError("the rules cannot be used.", where=folder, faults=faults)
    return RuleBook(
        folder,
        tuple(concepts),
        tuple(families),
        _only(single, Sections),
        _only(single, Repairs),
        digest.hexdigest(),
        places,
        _only(single, Punctuation),
    )


def _only(contents: Sequence[Strict], model: type[Model]) -> Model:
    """Give the content of a file; where the folder has none, one that says nothing."""
    return next((content for content in contents if isinstance(content, model)), model())


def load_punctuation(folder: Path | None = None) -> Punctuation:
    """Read the punctuation of a rules folder (else `rules/` here, else the packaged one) alone.

    Raises
    ------
    RuleError
        If the file cannot be used; all its faults at once. One that is absent says nothing.
    """
    folder = folder or resource("rules")
    path = folder / "punctuation.yaml"
    if not path.exists():
        return Punctuation()
    source = RulesFile(path, folder)
    content = read_rules_file(source, Punctuation)
    if content is not None:
        _check_sections(content, source)
    if content is None or source.faults:
        raise RuleError("the rules cannot be used.", where=folder, faults=source.faults)
    return content


def _places_of_concepts(content: Vocabulary, source: RulesFile) -> dict[str, RulePlace]:
    places = {}
    for index, concept in enumerate(content.concepts):
        place: Place = ("concepts", index)
        places[concept.id] = _place((*place, "phrases"), (*place, "id"), concept.phrases, source)
        for state in STATES:
            words = getattr(concept, state)
            name = f"state.{concept.id}_{state}"
            places[name] = _place((*place, state), (*place, state), words, source)
    return places


def _places_of_rules(content: Family, source: RulesFile) -> dict[str, RulePlace]:
    places = {}
    for index, rule in enumerate(content.rules):
        place: Place = ("rules", index)
        name = f"{content.family}.{rule.id}"
        places[name] = _place((*place, "phrases"), (*place, "id"), rule.phrases, source)
    return places


def _place(place: Place, head: Place, phrases: list[str], source: RulesFile) -> RulePlace:
    lines = [source.lines.get((*place, number), 1) for number in range(len(phrases))]
    line = source.lines.get(head, 1)
    return RulePlace(source.name, line, tuple(zip(phrases, lines, strict=True)))


def _shared_phrases(concepts: list[Concept], places: dict[str, RulePlace]) -> Iterator[str]:
    """Find what two concepts of different labels both say, where neither says that it is meant."""
    meanings: dict[tuple[str, ...], list[tuple[Concept, int]]] = {}
    for concept in concepts:
        for phrase, line in places[concept.id].phrases:
            for row in written_out(parts(phrase)):
                meanings.setdefault(row, []).append((concept, line))
    sharing: set[frozenset[str]] = set()
    for row, named in meanings.items():
        for (first, first_line), (second, line) in combinations(named, 2):
            pair = frozenset((first.id, second.id))
            if pair in sharing or set(first.labels) == set(second.labels):
                continue
            sharing.add(pair)
            if second.id not in first.shares and first.id not in second.shares:
                what = f"{' '.join(row)!r} is also a phrase of {first.id}"
                where = f"{places[first.id].file} line {first_line}"
                remedy = f"if it means both, say `shares: [{first.id}]` in {second.id}"
                yield f"{places[second.id].file} line {line}: {what} ({where}); {remedy}"
    yield from _idle_shares(concepts, places, sharing)


def _idle_shares(
    concepts: list[Concept], places: dict[str, RulePlace], sharing: set[frozenset[str]]
) -> Iterator[str]:
    """Find where a concept says that it shares phrases, and does not."""
    ids = [concept.id for concept in concepts]
    for concept in concepts:
        place = f"{places[concept.id].file} line {places[concept.id].line}"
        for other in concept.shares:
            if other not in ids:
                near = nearest(other, ids)
                yield f"{place}: {concept.id} shares with {other!r}, which is no concept{near}"
            elif frozenset((concept.id, other)) not in sharing:
                yield f"{place}: {concept.id} shares no phrase with {other}, as it says"


def _files(folder: Path) -> Iterator[tuple[Path, type[Strict]]]:
    for pattern, model in _MODELS.items():
        for path in sorted(folder.glob(pattern)):
            yield path, model


def read_rules_file(source: RulesFile, model: type[Model]) -> Model | None:
    """Read one file into a model; where that fails, `source.faults` says why."""
    try:
        node = compose_yaml(source.path, RuleError)
    except RuleError as error:
        source.faults.append(f"{source.name}: {error.what.rstrip('.')}")
        return None
    content = _plain(node, (), source) if node else {}
    if isinstance(content, dict):
        _take_sets(content.get("sets"), source)
        content = {
            key: value if key in ("sets", "about") else _with_sets(value, (key,), source)
            for key, value in content.items()
        }
    try:
        return model.model_validate(content)
    except ValidationError as invalid:
        for fault in invalid.errors(include_url=False):
            source.fault(tuple(fault["loc"]), explain(fault, model))
        return None


def _plain(node: yaml.Node, place: Place, source: RulesFile) -> Any:
    """Turn YAML nodes into plain values, and note the line of each."""
    source.lines[place] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*place, index), source) for index, item in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return node.value  # always text, so that the phrase "no" is no boolean; models convert
    content: dict[str, Any] = {}
    for key, value in node.value:
        inside = (*place, str(key.value))
        plain = _plain(value, inside, source)
        source.lines[inside] = key.start_mark.line + 1
        if key.value in content:
            source.fault(inside, f"{key.value} is given twice")
        content[str(key.value)] = plain
    return content


def _take_sets(sets: Any, source: RulesFile) -> None:
    if not isinstance(sets, dict):
        return  # there are none, or the model says what is wrong with them
    for name, words in sets.items():
        place: Place = ("sets", name)
        if name in source.sets:
            source.fault(place, f"words.yaml has a set {name} already")
        if isinstance(words, list):
            for number, phrase in enumerate(words):
                if _SET.search(str(phrase)):
                    source.fault((*place, number), f"{phrase!r} names a set inside a set")
            source.sets[name] = [str(phrase) for phrase in words]


def _with_sets(value: Any, place: Place, source: RulesFile) -> Any:
    """Write out the sets that phrases name: {side} is [left|right] where side is left, right."""
    if isinstance(value, list):
        return [_with_sets(item, (*place, n), source) for n, item in enumerate(value)]
    if isinstance(value, dict):
        return {key: _with_sets(item, (*place, key), source) for key, item in value.items()}

    def written_out(match: re.Match[str]) -> str:
        name = match[1]
        if name not in source.sets:
            source.fault(place, f"there is no set {{{name}}}{nearest(name, [*source.sets])}")
        return f"[{'|'.join(source.sets.get(name, [name]))}]"

    return _SET.sub(written_out, value)


def _check_concepts(
    content: Vocabulary, source: RulesFile, seen: dict[str, str], allowed: list[str]
) -> None:
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


def _check_family(content: Family, source: RulesFile, seen: dict[str, str]) -> None:
    for index, rule in enumerate(content.rules):
        place: Place = ("rules", index)
        _check_id(f"{content.family}.{rule.id}", (*place, "id"), source, seen)
        for choice in rule.under:
            _check_choice(choice, (*place, "under", choice), source)
        # Words that only bound a clause may be any.
        common = content.direction not in ("before", "after", "state", "cancels", "asserts")
        _check_phrases(rule.phrases, (*place, "phrases"), source, may_be_common=common)


def _check_repairs(content: Repairs, source: RulesFile, concepts: list[Concept]) -> None:
    """Check that each repair can be found: a word that some phrase has, and words instead."""
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


def _check_sections(content: Sections | Punctuation, source: RulesFile) -> None:
    """Check phrases that may be of any words: headings, and words that stand for marks."""
    if isinstance(content, Sections):
        _check_phrases(content.heeded, ("heeded",), source, may_be_common=True)
        _check_phrases(content.ignored, ("ignored",), source, may_be_common=True)
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
