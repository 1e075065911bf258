"""Read a rules folder: every fault of every file at once, each with file and line."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from gazescribe.pipeline.core.errors import RuleError, nearest
from gazescribe.pipeline.core.resources import resource
from gazescribe.pipeline.core.yaml_files import Strict, compose_yaml, explain
from gazescribe.pipeline.dictation.label_maps import load_label_map
from gazescribe.pipeline.dictation.labeler.rule_faults import (
    Place,
    RulesFile,
    check_concepts,
    check_family,
    check_repairs,
    check_sections,
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
from gazescribe.pipeline.dictation.labeler.shared_phrases import shared_phrases

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


def load_rules(folder: Path | None = None) -> RuleBook:
    """Read and check a rules folder (else `rules/` here, else the packaged one).

    Raises
    ------
    RuleError
        If there is no vocabulary, or if a file has an unknown key, an empty phrase, a duplicate id
        or a phrase that can never match; all faults at once, each with file and line.
    """
    folder = folder or resource("rules")
    labels = tuple(load_label_map(folder).targets)
    paths = [path for path, _ in _files(folder)] + _overlooked(folder)
    content = tuple((path.relative_to(folder).as_posix(), _bytes_of(path)) for path in paths)
    return replace(_read_book(_Content(folder, labels, content)), folder=folder)


@dataclass(frozen=True)
class _Content:
    """What a rules folder holds; that of another folder with the same files is equal to it."""

    folder: Path = field(compare=False)
    labels: tuple[str, ...]
    files: tuple[tuple[str, bytes | None], ...]


@lru_cache(maxsize=2)  # a folder and the shipped one
def _read_book(content: _Content) -> RuleBook:
    folder, labels = content.folder, list(content.labels)
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
        parsed = read_rules_file(source, model)
        if parsed is not None:  # what cannot be read is not hashed: a pipe would be waited for
            digest.update(source.name.encode() + b"\0" + path.read_bytes())
        if isinstance(parsed, Vocabulary):
            check_concepts(parsed, source, seen, labels)
            concepts += parsed.concepts
            places |= _places_of_concepts(parsed, source)
        elif isinstance(parsed, Family):
            check_family(parsed, source, seen)
            families.append(parsed)
            places |= _places_of_rules(parsed, source)
        elif isinstance(parsed, Sections | Punctuation):
            check_sections(parsed, source)
            single.append(parsed)
        elif isinstance(parsed, Repairs):
            # The vocabulary is read before; where a file of it is faulty, its words are not known.
            check_repairs(parsed, source, [] if faults else concepts)
            single.append(parsed)
        elif isinstance(parsed, WordSets):
            words = parsed
        faults += source.faults
    faults += [] if faults else shared_phrases(concepts, places)
    faults += [
        f"{path.relative_to(folder).as_posix()}: only files named .yaml are read"
        for path in _overlooked(folder)
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
        check_sections(content, source)
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


def _files(folder: Path) -> Iterator[tuple[Path, type[Strict]]]:
    for pattern, model in _MODELS.items():
        for path in sorted(folder.glob(pattern)):
            yield path, model


def _bytes_of(path: Path) -> bytes | None:
    """Give the bytes of a file; of what cannot be read nothing: reading it as rules says why."""
    with suppress(OSError):
        return path.read_bytes() if path.is_file() else None
    return None


def _overlooked(folder: Path) -> list[Path]:
    return sorted(folder.glob("*/*.yml"))


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
