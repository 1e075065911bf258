"""What one labeler says of a text beside another, and beside what is expected.

Reads and writes nothing. Mentions of one label that overlap are one place of a text; a place has a
polarity in each of them, or `none`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from gazescribe.pipeline.dictation.labeler import Labeler, Mention
from gazescribe.pipeline.dictation.labeler.decisions import Explained
from gazescribe.pipeline.dictation.labeler.mentions import DROPPED
from gazescribe.pipeline.dictation.labeler.places import place_of

NONE = "none"
SIDES = ("before", "now")


@dataclass(frozen=True)
class Expected:
    """One mention that a person gives; an optional one may also be absent."""

    char_start: int
    char_end: int
    label: str
    polarity: str
    optional: bool = False


@dataclass(frozen=True)
class Text:
    """A text to label, and what is expected of it; None where nobody says."""

    where: str
    text: str
    expected: tuple[Expected, ...] | None
    reason: str = ""


@dataclass
class Place:
    """One stretch of a text with all that is said of one label there."""

    label: str
    char_start: int
    char_end: int
    before: list[Mention] = field(default_factory=list)
    now: list[Mention] = field(default_factory=list)
    expected: list[Expected] = field(default_factory=list)

    def polarity(self, side: str) -> str:
        """Give the polarity on a side: `before`, `now` or `expected`."""
        mentions: Sequence[Mention | Expected] = getattr(self, side)
        return "/".join(sorted({mention.polarity for mention in mentions})) or NONE

    def is_right(self, side: str) -> bool:
        """Tell whether a side says what is expected."""
        polarity = self.polarity(side)
        optional = all(mention.optional for mention in self.expected)
        return polarity == self.polarity("expected") or (polarity == NONE and optional)

    @property
    def is_flipped(self) -> bool:
        """Tell whether the two labelers differ."""
        return self.polarity("before") != self.polarity("now")


def places_of(before: Sequence[Mention], now: Sequence[Mention], text: Text) -> list[Place]:
    """Lay the mentions of both labelers and those expected beside each other."""
    sides: list[tuple[str, Mention | Expected]] = [("before", mention) for mention in before]
    sides += [("now", mention) for mention in now]
    sides += [("expected", mention) for mention in text.expected or ()]
    sides.sort(key=lambda pair: (pair[1].label, pair[1].char_start, pair[1].char_end))
    places: list[Place] = []
    for side, mention in sides:
        last = places[-1] if places else None
        if last is None or last.label != mention.label or last.char_end <= mention.char_start:
            last = Place(mention.label, mention.char_start, mention.char_end)
            places.append(last)
        last.char_end = max(last.char_end, mention.char_end)
        getattr(last, side).append(mention)
    return places


@dataclass(frozen=True)
class Cause:
    """What decided a polarity: a rule, or the concept where nothing but a mention was found."""

    rule: str
    place: str
    words: str

    @property
    def family(self) -> str:
        """The family of the rule."""
        return self.rule.partition(".")[0]

    def __str__(self) -> str:
        words = f' "{self.words}"' if self.words else ""
        return f"{self.rule}{words} ({self.place})" if self.place else f"{self.rule}{words}"


@dataclass(frozen=True)
class Flip:
    """A place of a text of which the two labelers say different things, for one reason."""

    text: Text
    labels: tuple[str, ...]
    words: str
    before: str
    now: str
    expected: str | None
    cause_before: Cause
    cause_now: Cause
    was_right: bool
    is_right: bool

    @property
    def is_worse(self) -> bool:
        """Tell whether it was right and is not."""
        return self.was_right and not self.is_right

    @property
    def is_better(self) -> bool:
        """Tell whether it was not right and is."""
        return self.is_right and not self.was_right


@dataclass
class Comparison:
    """Two labelers on some texts, of which those with a person's mentions are judged."""

    n_texts: int = 0
    n_judged: int = 0
    # Of each label the places where it is expected, found and hit, by side.
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    # Judged texts that are wholly right, by side.
    right_texts: Counter[str] = field(default_factory=Counter)
    # Of each family of rules the mentions that it decides, by side.
    families: dict[str, Counter[str]] = field(default_factory=dict)
    flipped: list[tuple[Text, Place]] = field(default_factory=list)
    wrong: list[tuple[Text, Place]] = field(default_factory=list)
    flips: list[Flip] = field(default_factory=list)

    @property
    def worse(self) -> list[Flip]:
        """Flips from right to wrong."""
        return [flip for flip in self.flips if flip.is_worse]

    @property
    def better(self) -> list[Flip]:
        """Flips from wrong to right."""
        return [flip for flip in self.flips if flip.is_better]

    def f1(self, side: str, label: str) -> float | None:
        """Give F1 over the places of a label where polarities have to agree; None without any."""
        counts = self.counts[label]
        n_expected, n_found = counts["expected"], counts[f"found {side}"]
        if not n_expected + n_found:
            return None
        return 2 * counts[f"hit {side}"] / (n_expected + n_found)

    def macro_f1(self, side: str) -> float | None:
        """Average F1 over the labels that are expected somewhere."""
        labels = [label for label, counts in self.counts.items() if counts["expected"]]
        scores = [score for label in labels if (score := self.f1(side, label)) is not None]
        return sum(scores) / len(scores) if scores else None


def compare(before: Labeler, now: Labeler, texts: Sequence[Text]) -> Comparison:
    """Label texts with two labelers and say where they differ, and where the second is wrong."""
    plain = [text.text for text in texts]
    labelled = before.label(plain)
    result = tally(labelled, labelled if now is before else now.label(plain), texts)
    flips: dict[Flip, list[str]] = {}
    for text, place in result.flipped:
        causes = []
        for labeler, side in ((before, "before"), (now, "now")):
            _, concepts = next(iter(labeler.explain([text.text])))
            causes.append(_cause(labeler, place, side, concepts, text.text))
        # The labels of one concept flip together.
        flips.setdefault(_flip(place, text, *causes), []).append(place.label)
    result.flips += [replace(flip, labels=tuple(labels)) for flip, labels in flips.items()]
    return result


def tally(
    before: Sequence[list[Mention]], now: Sequence[list[Mention]], texts: Sequence[Text]
) -> Comparison:
    """Count what two labelers said of texts; which rules made the difference is left open."""
    result = Comparison(len(texts))
    for mentions_before, mentions_now, text in zip(before, now, texts, strict=True):
        places = places_of(mentions_before, mentions_now, text)
        for side, mentions in zip(SIDES, (mentions_before, mentions_now), strict=True):
            for mention in mentions:
                family = mention.rule_id.partition(".")[0]
                result.families.setdefault(family, Counter())[side] += 1
        if text.expected is not None:
            _judge(result, places, text)
        result.flipped += [(text, place) for place in places if place.is_flipped]
    return result


def _judge(result: Comparison, places: Iterable[Place], text: Text) -> None:
    """Count what is right and what is not in a text of which that is known."""
    result.n_judged += 1
    all_right = dict.fromkeys(SIDES, True)
    for place in places:
        counts = result.counts.setdefault(place.label, Counter())
        required = any(not mention.optional for mention in place.expected)
        counts["expected"] += required
        for side in SIDES:
            is_right = place.is_right(side)
            is_found = place.polarity(side) != NONE
            all_right[side] &= is_right
            counts[f"hit {side}"] += is_right and required
            counts[f"found {side}"] += is_found and (required or not is_right)
        if not place.is_right("now"):
            result.wrong.append((text, place))
    for side in SIDES:
        result.right_texts[side] += all_right[side]


def _flip(place: Place, text: Text, cause_before: Cause, cause_now: Cause) -> Flip:
    judged = text.expected is not None
    return Flip(
        text,
        (),
        text.text[place.char_start : place.char_end],
        place.polarity("before"),
        place.polarity("now"),
        place.polarity("expected") if judged else None,
        cause_before,
        cause_now,
        was_right=judged and place.is_right("before"),
        is_right=judged and place.is_right("now"),
    )


def _cause(
    labeler: Labeler, place: Place, side: str, concepts: Sequence[Explained], text: str
) -> Cause:
    """Say what decided a place; of one without mention, what dropped it."""
    mentions: list[Mention] = getattr(place, side)
    if mentions:
        mention = mentions[0]
        return _named(labeler, mention.rule_id, mention.trigger, mention.concept, mention.text)
    for concept in concepts:
        overlaps = concept.char_start < place.char_end and place.char_start < concept.char_end
        if overlaps and concept.decision.polarity == DROPPED and place.label in concept.labels:
            span = concept.decision.trigger
            words = "" if span is None else text[slice(*span)]
            words_of_concept = text[concept.char_start : concept.char_end]
            return _named(
                labeler, concept.decision.rule_id, words, concept.concept, words_of_concept
            )
    return Cause("not found", "", "")


def _named(labeler: Labeler, rule_id: str, trigger: str, concept: str, words: str) -> Cause:
    place = place_of(labeler.book, rule_id, trigger)
    if place:
        return Cause(rule_id, place, trigger)
    # The code decides by itself; what an editor can change is the vocabulary that found it.
    return Cause(rule_id, f"{concept}, {place_of(labeler.book, concept, words)}", trigger)
