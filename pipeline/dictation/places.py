"""Words that say where a finding is: `rules/places.yaml`, applied to sentences."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gazescribe.pipeline.core.errors import RuleError
from gazescribe.pipeline.core.resources import resource
from gazescribe.pipeline.core.yaml_files import Strict, read_yaml

SIDES = ("", "left", "right", "both")
ZONES = ("", "upper", "middle", "lower")


class Sides(Strict):
    """Words for each side; the patient's."""

    left: list[str]
    right: list[str]
    both: list[str]


class Zones(Strict):
    """Words for each third of the lungs."""

    upper: list[str]
    middle: list[str]
    lower: list[str]


class PlacesFile(Strict):
    """Content of `places.yaml`."""

    about: str
    sides: Sides
    zones: Zones


@dataclass(frozen=True)
class PlaceWords:
    """For each side and zone, in the order of `SIDES` and `ZONES`, its words in lower case."""

    sides: tuple[frozenset[str], ...]
    zones: tuple[frozenset[str], ...]

    def place_of(self, sentence: str) -> tuple[int, int]:
        """Find the numbers of the side and zone that a sentence names; 0 where it names none.

        Left and right together are both. Several zones are none: one map could not be of each.
        """
        words = set(re.findall(r"\w+", sentence.casefold()))
        sides = [number for number, named in enumerate(self.sides) if words & named]
        zones = [number for number, named in enumerate(self.zones) if words & named]
        side = sides[0] if len(sides) == 1 else SIDES.index("both") if sides else 0
        return side, zones[0] if len(zones) == 1 else 0


def load_places(rules: Path | None = None) -> PlaceWords:
    """Read `places.yaml` of a rules folder; a RuleError where it does not say what it must."""
    path = (rules or resource("rules")) / "places.yaml"
    content = read_yaml(path, PlacesFile, RuleError)
    kinds = {"sides": content.sides.model_dump(), "zones": content.zones.model_dump()}
    faults = [
        f"{kind}.{place}: {phrase!r} must be one word"
        for kind, places in kinds.items()
        for place, phrases in places.items()
        for phrase in phrases
        if not re.fullmatch(r"\w+", phrase)
    ]
    if faults:
        raise RuleError("the words for places cannot be used.", where=path, faults=faults)
    return PlaceWords(_in_order(kinds["sides"], SIDES), _in_order(kinds["zones"], ZONES))


def _in_order(
    places: Mapping[str, Sequence[str]], names: Sequence[str]
) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(map(str.casefold, places.get(name, ()))) for name in names)
