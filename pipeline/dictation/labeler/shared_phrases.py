"""Phrases that two concepts of different labels both say, which one of them must mean to."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from gazescribe.pipeline.core.errors import nearest
from gazescribe.pipeline.dictation.labeler.phrases import parts, written_out
from gazescribe.pipeline.dictation.labeler.rules import Concept, RulePlace


def shared_phrases(concepts: Sequence[Concept], places: Mapping[str, RulePlace]) -> Iterator[str]:
    """Find what two concepts of different labels both say, where neither says that it is meant."""
    first_named: dict[tuple[str, ...], tuple[Concept, int]] = {}
    repeated: dict[tuple[str, ...], list[tuple[Concept, int]]] = {}
    for concept in concepts:
        for phrase, line in places[concept.id].phrases:
            named_here = (concept, line)
            for row in written_out(parts(phrase)):
                named_first = first_named.setdefault(row, named_here)
                if named_first is not named_here:
                    repeated.setdefault(row, [named_first]).append(named_here)
    sharing: set[frozenset[str]] = set()
    for row, named in repeated.items():
        for (first, first_line), (second, line) in combinations(named, 2):
            pair = frozenset((first.id, second.id))
            if pair in sharing or set(first.labels) == set(second.labels):
                continue
            sharing.add(pair)
            if second.id not in first.shares and first.id not in second.shares:
                message = f"{' '.join(row)!r} is also a phrase of {first.id}"
                where = f"{places[first.id].file} line {first_line}"
                remedy = f"if it means both, say `shares: [{first.id}]` in {second.id}"
                yield f"{places[second.id].file} line {line}: {message} ({where}); {remedy}"
    yield from _idle_shares(concepts, places, sharing)


def _idle_shares(
    concepts: Sequence[Concept], places: Mapping[str, RulePlace], sharing: set[frozenset[str]]
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
