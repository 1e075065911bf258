"""A sentence as a row of items and triggers.

Items are findings, structures and words for the state of a structure; triggers are what the rules
of `polarity/` found.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

from gazescribe.pipeline.dictation.labeler.phrases import Words
from gazescribe.pipeline.dictation.labeler.rules import Concept, Trigger


@dataclass(slots=True)
class Hit:
    """A trigger found in the text."""

    start: int
    end: int
    trigger: Trigger


@dataclass(slots=True)
class Item:
    """Something that triggers can govern: a mention, or a word for the state of a structure."""

    start: int
    end: int
    concept: Concept | None = None
    state: Trigger | None = None
    before: Hit | None = None
    after: Hit | None = None
    asserted: Hit | None = None
    alternative: Hit | None = None
    embedded: Hit | None = None
    opens: bool = False  # its own first word does: "enlarged heart"

    @property
    def is_structure(self) -> bool:
        """Tell whether it is a mention of a structure, as the heart."""
        return self.concept is not None and self.concept.kind == "structure"


@dataclass(slots=True)
class Connector:
    """A comma, slash or conjunction."""

    start: int
    end: int
    word: str
    comma: bool

    @property
    def is_choice(self) -> bool:
        """Tell whether it offers a choice, which keeps a list under one negation."""
        return "or" in self.word.split() or "nor" in self.word.split()


@dataclass(slots=True)
class Parse:
    """One sentence, or as much of it as rules reach, with all that was found in it."""

    start: int
    end: int
    words: Words
    items: list[Item]
    hits: list[Hit] = field(default_factory=list)
    connectors: list[Connector] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    forward_cuts: list[int] = field(default_factory=list)

    def hits_between(self, start: int, end: int) -> Iterator[Hit]:
        """Triggers that lie between two places."""
        return (hit for hit in self.hits if start <= hit.start and hit.end <= end)

    def connectors_between(self, start: int, end: int) -> list[Connector]:
        """Connectors that lie between two places."""
        return [mark for mark in self.connectors if start <= mark.start and mark.end <= end]

    def is_cut(self, start: int, end: int) -> bool:
        """Tell whether a clause ends between two places."""
        return any(start <= cut <= end for cut in self.cuts)

    def clause(self, place: int) -> tuple[int, int]:
        """Give the clause that a place lies in."""
        if not self.cuts:
            return self.start, self.end
        before = [cut for cut in self.cuts if cut <= place]
        after = [cut for cut in self.cuts if cut > place]
        return max(before, default=self.start), min(after, default=self.end)

    def next_verb(self, place: int) -> Hit | None:
        """Give the first trigger with a verb that begins at a place or after it."""
        return next((hit for hit in self.hits if hit.start >= place and hit.trigger.finite), None)

    def texts_between(self, start: int, end: int) -> list[str]:
        """Words that begin between two places; those of mentions are empty."""
        starts = self.words.starts
        return self.words.texts[bisect_left(starts, start) : bisect_left(starts, end)]

    def count(self, start: int, end: int) -> int:
        """Count the words and marks between two places."""
        return bisect_left(self.words.starts, end) - bisect_left(self.words.starts, start)
