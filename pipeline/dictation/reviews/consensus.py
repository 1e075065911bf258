"""What several reviews say together of the mentions and windows of each text.

The order of the files plays no part. Of one reviewer the latest review of a reading counts. Of
several, each place has one vote a reviewer; who reviewed a reading to its end and names no mention
in a place votes for none. The most votes decide; where they are equal, nothing is decided. A
window's start and end are the medians of those that reviewers gave.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

from gazescribe.pipeline.dictation.reviews.files import (
    MentionReview,
    Place,
    ReadingReview,
    ReviewedMention,
    ReviewFile,
)

Key = tuple[str, str]  # reading, and the hash of its text


@dataclass
class ReviewedPlace:
    """One place of a text, and what each reviewer says is right there: None where nothing is."""

    labeled: ReviewedMention | None  # by the labeler, where any reviewer saw it
    votes: dict[str, ReviewedMention | None] = field(default_factory=dict)

    @property
    def answers(self) -> list[ReviewedMention | None]:
        """Those with the most votes."""
        counts = Counter(self.votes.values())
        return [answer for answer, n in counts.items() if n == max(counts.values())]

    @property
    def mentions(self) -> list[ReviewedMention]:
        """That of the labeler and those of the answers."""
        return [mention for mention in (self.labeled, *self.answers) if mention is not None]

    @property
    def is_decided(self) -> bool:
        """Tell whether one answer has more votes than any other."""
        return len(self.answers) == 1

    @property
    def verdict(self) -> str:
        """Say what was decided: right, what was wrong, or that nothing was."""
        if not self.is_decided:
            return "reviewers disagree"
        (answer,), labeled = self.answers, self.labeled
        if answer is None or labeled is None:
            return "missing" if answer else "no mention"
        if answer.label != labeled.label:
            return "label"
        if answer.place != labeled.place:
            return "span"
        return "right" if answer.polarity == labeled.polarity else "polarity"


@dataclass(frozen=True)
class ReviewedText:
    """All that reviewers say of one text of one reading."""

    reading_id: str
    dataset: str
    text_sha256: str
    reviews: Mapping[str, ReadingReview]  # by reviewer
    places: list[ReviewedPlace]
    windows: dict[Place, tuple[float, float]]  # start and end in seconds

    @property
    def key(self) -> Key:
        """What it is known by."""
        return self.reading_id, self.text_sha256

    @property
    def is_complete(self) -> bool:
        """Tell whether somebody reviewed all of it."""
        return any(review.is_complete for review in self.reviews.values())


def join_reviews(files: Sequence[ReviewFile]) -> dict[Key, ReviewedText]:
    """Join what several files say, by reading and text, in the order of the readings."""
    latest: dict[Key, dict[str, ReadingReview]] = {}
    for file in files:
        for review in file.readings:
            by_reviewer = latest.setdefault(review.key, {})
            earlier = by_reviewer.get(file.reviewer)
            if earlier is None or _age(earlier) < _age(review):
                by_reviewer[file.reviewer] = review
    texts = {}
    for key in sorted(latest):
        reviews = dict(sorted(latest[key].items()))
        dataset = min(review.dataset for review in reviews.values())
        places = places_of(reviews)
        texts[key] = ReviewedText(key[0], dataset, key[1], reviews, places, _windows(reviews))
    return texts


def _age(review: ReadingReview) -> tuple[datetime, str]:
    # Of two that were saved in the same moment one has to be chosen, whichever is read first.
    return review.reviewed_at, review.model_dump_json()


def places_of(reviews: Mapping[str, ReadingReview]) -> list[ReviewedPlace]:
    """Lay what reviewers say of one text beside one another, place by place.

    A place is that of a mention that was found. Mentions that reviewers add are in one place where
    they have the same label and overlap.
    """
    places: dict[Place, ReviewedPlace] = {}
    added: list[tuple[ReviewedMention, str]] = []
    for reviewer, item in _items(reviews):
        if item.found is not None:
            place = places.setdefault(item.found.place, ReviewedPlace(item.found))
            place.votes[reviewer] = item.right
        elif item.right is not None:
            added.append((item.right, reviewer))
    for mention, reviewer in sorted(added, key=lambda pair: (pair[0].place[2], *pair[0].place)):
        place = places.get(mention.place) or _overlapped(mention, reviewer, places)
        place.votes[reviewer] = mention
    for place in places.values():
        for reviewer, review in reviews.items():
            if review.is_complete:
                place.votes.setdefault(reviewer, None)
    return [places[key] for key in sorted(places)]


def _items(reviews: Mapping[str, ReadingReview]) -> Iterator[tuple[str, MentionReview]]:
    for reviewer, review in reviews.items():
        for item in review.mentions:
            yield reviewer, item


def _overlapped(
    mention: ReviewedMention, reviewer: str, places: dict[Place, ReviewedPlace]
) -> ReviewedPlace:
    """Find the place of a mention that somebody else added, too, or make one."""
    for place in places.values():
        if place.labeled is None and reviewer not in place.votes:
            others = [other for other in place.votes.values() if other is not None]
            if any(mention.label == other.label and mention.overlaps(other) for other in others):
                return place
    return places.setdefault(mention.place, ReviewedPlace(None))


def _windows(reviews: Mapping[str, ReadingReview]) -> dict[Place, tuple[float, float]]:
    intervals: dict[Place, list[tuple[float, float]]] = {}
    for review in reviews.values():
        for window in review.windows:
            interval = (window.right.start_s, window.right.end_s)
            intervals.setdefault(window.place, []).append(interval)
    medians = {}
    for place in sorted(intervals):
        starts_s, ends_s = zip(*intervals[place], strict=True)
        medians[place] = median(starts_s), median(ends_s)
    return medians
