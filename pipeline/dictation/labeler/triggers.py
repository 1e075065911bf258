"""A rule with all that its family says, as sentences are decided by it."""

from dataclasses import dataclass
from typing import Literal

Direction = Literal[
    "before",
    "after",
    "between",
    "boundary",
    "start",
    "verb",
    "asserts",
    "cancels",
    "belongs",
    "embeds",
    "place",
    "equates",
    "state",
    "retracts",
]
Effect = Literal[
    "positive", "negative", "uncertain", "dropped", "normal", "abnormal", "borderline", "stable"
]


@dataclass(frozen=True)
class Trigger:
    """A rule with all that its family says, as the resolver uses it."""

    rule_id: str
    direction: Direction
    effect: Effect | None
    reach: str
    words: int
    order: int
    finite: bool
    attached: bool
    alone: bool = False  # counts only where nothing of its clause follows it
    only: str = ""
    noun: bool = False
    undone: bool = False

    @property
    def family(self) -> str:
        """Give the family that the rule is of."""
        return self.rule_id.partition(".")[0]
