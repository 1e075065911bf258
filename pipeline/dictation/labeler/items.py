"""A sentence as a row of items and triggers.

Items are findings, structures and words for the state of a structure; triggers are what the rules
of `polarity/` found.
"""

from bisect import bisect_left

from gazescribe.pipeline.dictation.labeler.english import CHOICES
from gazescribe.pipeline.dictation.labeler.phrases import Words
from gazescribe.pipeline.dictation.labeler.targets import Target
from gazescribe.pipeline.dictation.labeler.triggers import Trigger


class Hit:
    """A trigger found in the text."""

    __slots__ = ("end", "start", "trigger")

    def __init__(self, start: int, end: int, trigger: Trigger) -> None:
        self.start = start
        self.end = end
        self.trigger = trigger


class Item:
    """Something that triggers can govern: a mention, or a word for the state of a structure.

    `opens` tells that its own first word begins a finding, as in "enlarged heart", `is_of` that it
    is something of a structure, as in "enlargement of the heart", and `modifies` that its own last
    word is an adjective, as in "cavitary pneumonia".
    """

    __slots__ = (
        *("after", "alternative", "asserted", "before", "concept", "embedded", "end", "kind"),
        *("is_of", "modifies", "opens", "start", "state"),
    )

    def __init__(
        self,
        start: int,
        end: int,
        concept: Target | None = None,
        state: Trigger | None = None,
        *,
        opens: bool = False,
        is_of: bool = False,
        modifies: bool = False,
    ) -> None:
        self.start = start
        self.end = end
        self.concept = concept
        self.kind: str = "" if concept is None else concept.kind
        self.state = state
        self.opens = opens
        self.is_of = is_of
        self.modifies = modifies
        self.before: Hit | None = None
        self.after: Hit | None = None
        self.asserted: Hit | None = None
        self.alternative: Hit | None = None
        self.embedded: Hit | None = None

    def reached_by(self, before: Hit | None, after: Hit | None) -> "Item":
        """Give the same item with other triggers before and after it."""
        item = Item(self.start, self.end, self.concept, self.state, opens=self.opens)
        item.before, item.after = before, after
        item.asserted, item.alternative = self.asserted, self.alternative
        item.embedded = self.embedded
        return item


class Connector:
    """A comma, slash or conjunction; one that offers a choice keeps a list under one negation."""

    __slots__ = ("comma", "end", "is_choice", "start", "word")

    def __init__(self, start: int, end: int, word: str, *, comma: bool) -> None:
        self.start = start
        self.end = end
        self.comma = comma
        self.say(word)

    def say(self, word: str) -> None:
        """Set the word, or words."""
        self.word = word
        self.is_choice = not CHOICES.isdisjoint(word.split())


class Parse:
    """One sentence, or as much of it as rules reach, with all that was found in it."""

    __slots__ = ("connectors", "cuts", "end", "forward_cuts", "hits", "items", "start", "words")

    def __init__(
        self,
        start: int,
        end: int,
        words: Words,
        items: list[Item],
        hits: list[Hit] | None = None,
    ) -> None:
        self.start = start
        self.end = end
        self.words = words
        self.items = items
        self.hits: list[Hit] = hits or []
        self.connectors: list[Connector] = []
        self.cuts: list[int] = []
        self.forward_cuts: list[int] = []

    def hits_between(self, start: int, end: int) -> list[Hit]:
        """Triggers that lie between two places."""
        return [hit for hit in self.hits if start <= hit.start and hit.end <= end]

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
