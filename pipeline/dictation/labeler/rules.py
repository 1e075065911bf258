"""What the files of a rules folder may say, as models.

`words.yaml` holds sets of words that phrases name, `vocabulary/*.yaml` concepts (what is looked
for), `polarity/*.yaml` families of rules (how it is denied, doubted or asserted), `sections.yaml`
headings, `punctuation.yaml` words that stand for marks, `repairs.yaml` slips of dictation and
`views.yaml` the labels of other vocabularies.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from gazescribe.pipeline.core.yaml_files import Strict
from gazescribe.pipeline.dictation.labeler.phrases import Slip, cut_words
from gazescribe.pipeline.dictation.labeler.settings import Conventions
from gazescribe.pipeline.dictation.labeler.triggers import Direction, Effect, Trigger

State = Literal["abnormal", "borderline", "normal", "stable"]
STATES: tuple[State, ...] = ("abnormal", "borderline", "normal", "stable")
# What a structure is that is only stable, by the convention `stable`.
STABLE: dict[str, Effect] = {"uncertain": "uncertain", "finding": "positive", "none": "dropped"}


class Concept(Strict):
    """One thing that a report can mention."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    labels: list[str]
    kind: Literal["finding", "structure", "mimic"] = "finding"
    case: Literal["any", "exact"] = "any"
    certain: bool = True
    generic: bool = False
    phrases: list[str] = Field(min_length=1)
    unless: list[str] = Field(default_factory=list)
    near: list[str] = Field(default_factory=list)
    under: dict[str, list[str]] = Field(default_factory=dict)
    abnormal: list[str] = Field(default_factory=list)
    borderline: list[str] = Field(default_factory=list)
    normal: list[str] = Field(default_factory=list)
    stable: list[str] = Field(default_factory=list)
    ignores: list[State] = Field(default_factory=list)
    shares: list[str] = Field(default_factory=list)


Sets = dict[
    Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], Annotated[list[str], Field(min_length=1)]
]


class WordSets(Strict):
    """Sets of words, one of which stands where a phrase of any file names the set; `words.yaml`.

    Of `function_words` alone, such as "in the", no phrase may consist: they stand everywhere.
    """

    about: str = ""
    function_words: list[str] = Field(default_factory=list)
    sets: Sets = Field(default_factory=dict)


class Vocabulary(Strict):
    """One file of concepts."""

    about: str = ""
    sets: Sets = Field(default_factory=dict)
    concepts: list[Concept]


class PolarityRule(Strict):
    """One way of denying, doubting or asserting: phrases with one effect."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    phrases: list[str] = Field(min_length=1)
    effect: Effect | None = None
    reach: Literal["clause", "list", "next"] | None = None
    words: int | None = Field(default=None, ge=0)
    order: int | None = None
    finite: bool | None = None
    attached: bool | None = None
    noun: bool | None = None
    undone: bool | None = None
    under: dict[str, Effect] = Field(default_factory=dict)


class Family(Strict):
    """One file of rules that work alike."""

    about: str = ""
    family: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    direction: Direction
    effect: Effect | None = None
    reach: Literal["clause", "list", "next"] = "clause"
    words: int = Field(default=30, ge=0)
    order: int = 5
    finite: bool = False
    attached: bool = False
    alone: bool = False
    noun: bool = False
    undone: bool = False  # another denial undoes it
    rules: list[PolarityRule]
    sets: Sets = Field(default_factory=dict)


class Sections(Strict):
    """Headings of written reports, and how findings begin without one."""

    about: str = ""
    begins: list[str] = Field(default_factory=list)
    unless: list[str] = Field(default_factory=list)
    heeded: list[str] = Field(default_factory=list)
    ignored: list[str] = Field(default_factory=list)
    brief: list[str] = Field(default_factory=list)


class SpokenMark(Strict):
    """Words that stand for a mark; the mark "." ends a sentence."""

    mark: Literal[".", ",", ";", ":", "?", "!", "-", "/", "(", ")", ""]
    phrases: list[str] = Field(min_length=1)
    unless: list[str] = Field(default_factory=list)
    after: list[str] = Field(default_factory=list)


class Punctuation(Strict):
    """Punctuation that is spoken, or lost."""

    about: str = ""
    sets: Sets = Field(default_factory=dict)
    spoken: list[SpokenMark] = Field(default_factory=list)
    not_last: list[str] = Field(default_factory=list)
    not_first: list[str] = Field(default_factory=list)


class Views(Strict):
    """Labels that classes, or single concepts, have elsewhere; `views.yaml`."""

    shared: list[str] = Field(default_factory=list)
    chexpert: dict[str, list[str]] = Field(default_factory=dict)
    chexpert_concepts: dict[str, list[str]] = Field(default_factory=dict)


class Repairs(Strict):
    """What speech recognition writes for what was said."""

    about: str = ""
    words: dict[str, list[str]] = Field(default_factory=dict)
    unless: list[str] = Field(default_factory=list)

    @property
    def slips(self) -> list[Slip]:
        """Each word that is meant with each row of words that is written for it."""
        return [
            (meant.casefold(), tuple(cut_words(heard.casefold()).texts))
            for meant, slips in self.words.items()
            for heard in slips
        ]


@dataclass(frozen=True)
class RulePlace:
    """Where a rule or a concept stands in the rules folder, and the line of each of its phrases."""

    file: str
    line: int
    phrases: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class RuleBook:
    """Everything a rules folder says to the labeler, before it is compiled."""

    folder: Path
    concepts: tuple[Concept, ...]
    families: tuple[Family, ...]
    sections: Sections
    repairs: Repairs
    sha256: str
    # By the id of a concept, or of a rule with its family.
    places: Mapping[str, RulePlace] = field(default_factory=dict)
    punctuation: Punctuation = field(default_factory=Punctuation)

    def triggers(self, conventions: Conventions) -> Iterator[tuple[str, Trigger]]:
        """Give (phrase, trigger) of every rule, and of every concept's own state words."""
        for family in self.families:
            for rule in family.rules:
                trigger = _trigger(family, rule, conventions)
                yield from ((phrase, trigger) for phrase in rule.phrases)
        for concept in self.concepts:
            for state in STATES:
                rule_id = f"state.{concept.id}_{state}"
                effect = _state_effect(state, conventions)
                trigger = Trigger(
                    rule_id, "state", effect, "clause", 30, 5, False, False, only=concept.id
                )
                yield from ((phrase, trigger) for phrase in getattr(concept, state))


def _trigger(family: Family, rule: PolarityRule, conventions: Conventions) -> Trigger:
    common = {"reach", "words", "order", "finite", "attached", "noun", "undone"}
    settings = family.model_dump(include={*common, "alone"})
    settings |= rule.model_dump(include=common, exclude_none=True)
    effect = conventions.chosen(rule.under, rule.effect or family.effect)
    effect = _state_effect(effect, conventions)
    rule_id = f"{family.family}.{rule.id}"
    return Trigger(rule_id, family.direction, effect, **settings)


def _state_effect(effect: Effect | None, conventions: Conventions) -> Effect | None:
    """Give what a structure in a state is; only of a stable one do the conventions choose it."""
    return STABLE[conventions.stable] if effect == "stable" else effect
