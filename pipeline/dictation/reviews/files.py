"""The file `review.json`: what one reader says of mentions and windows of some readings.

The inspector writes it. A place is characters of the reading's text, which the file knows by its
SHA-256: the same place of the same text stays what it is when the labeler runs again.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Literal, Self

from pydantic import AwareDatetime, Field, field_validator, model_validator

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.foreign import read_json
from gazescribe.pipeline.core.yaml_files import Strict, check

VERSION = 1
AGAIN = "Save it again from the inspector, or correct it there."

Place = tuple[int, int, str]


def hash_of(text: str) -> str:
    """Give what stands for a text in a review."""
    return sha256(text.encode()).hexdigest()


class ReviewedMention(Strict):
    """One label of one span, with its polarity."""

    char_start: int = Field(ge=0)
    char_end: int
    label: str = Field(min_length=1)
    polarity: Literal["positive", "negative", "uncertain"]

    @model_validator(mode="after")
    def _check_span(self) -> Self:
        if self.char_end <= self.char_start:
            raise ValueError(f"span {self.char_start} to {self.char_end} has no character")
        return self

    @property
    def place(self) -> Place:
        """What a mention is known by in a text."""
        return self.char_start, self.char_end, self.label

    def overlaps(self, other: "ReviewedMention") -> bool:
        """Tell whether two spans share a character."""
        return self.char_start < other.char_end and other.char_start < self.char_end


class MentionReview(Strict):
    """What the labeler found, and what is right: null where there is no mention."""

    found: ReviewedMention | None
    right: ReviewedMention | None
    comment: str = ""

    @model_validator(mode="after")
    def _check_mentions(self) -> Self:
        if self.found is None and self.right is None:
            raise ValueError("found and right are both null")
        return self

    @property
    def mention(self) -> ReviewedMention:
        """What the review is about."""
        mention = self.found or self.right
        assert mention is not None  # noqa: S101  for mypy; checked when it was read
        return mention


class Times(Strict):
    """Start and end of a window."""

    start_s: float = Field(ge=0)
    end_s: float

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.end_s < self.start_s:
            raise ValueError(f"the window ends at {self.end_s} s, before its start")
        return self


class FoundTimes(Strict):
    """Start and end of a window as a rule made it: it may end before it starts."""

    start_s: float
    end_s: float


class WindowReview(Strict):
    """When a window is, and when it should be; its characters are those of its text."""

    kind: Literal["sentence", "mention"]
    char_start: int = Field(ge=0)
    char_end: int
    found: FoundTimes
    right: Times
    comment: str = ""

    @property
    def place(self) -> Place:
        """What a window is known by in a reading."""
        return self.char_start, self.char_end, self.kind


class ReadingReview(Strict):
    """What one reader says of one reading.

    `is_complete` says that all of it was looked at: what no review names is no mention.
    """

    reading_id: str = Field(min_length=1)
    dataset: str
    text_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    reviewed_at: AwareDatetime
    is_complete: bool
    mentions: list[MentionReview]
    windows: list[WindowReview]
    comment: str = ""
    text: str | None = None
    sentences: list[tuple[int, int]] | None = None

    @field_validator("text", mode="before")
    @classmethod
    def _check_text(cls, text: object) -> object:
        if not isinstance(text, str | None):
            raise ValueError("this is no text")  # noqa: TRY004  the errors that pydantic gathers
        return text  # what is wrong in it is never shown: a message holds no dictation

    @model_validator(mode="after")
    def _check_reviews(self) -> Self:
        faults = [*_repeated("found", (m.found for m in self.mentions))]
        faults += _repeated("windows", self.windows)
        # Two mentions may be one, with other words or another label; but in one way only.
        faults += _repeated("right", {m.right: m.right for m in self.mentions})
        made = {m.right.place for m in self.mentions if m.right}
        denied = {m.found.place for m in self.mentions if m.found and m.right is None}
        for start, end, label in sorted(made & denied):
            faults.append(f"{label} from {start} to {end} is right, and no mention")
        if self.text is not None and hash_of(self.text) != self.text_sha256:
            faults.append("text is not the one that text_sha256 stands for")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def key(self) -> tuple[str, str]:
        """The reading, and the text that it had."""
        return self.reading_id, self.text_sha256


class ReviewFile(Strict):
    """One `review.json`."""

    review: Literal[1]
    program: str
    reviewer: str = Field(min_length=1)
    saved_at: AwareDatetime
    readings: list[ReadingReview]

    @model_validator(mode="after")
    def _check_readings(self) -> Self:
        seen = set()
        for reading in self.readings:
            if (reading.dataset, *reading.key) in seen:
                raise ValueError(f"reading {reading.reading_id} stands there twice")
            seen.add((reading.dataset, *reading.key))
        return self


def _repeated(name: str, items: Iterable[ReviewedMention | WindowReview | None]) -> Iterator[str]:
    seen = set()
    for item in items:
        if item is not None and item.place in seen:
            start, end, message = item.place
            yield f"{name} names {message} from {start} to {end} twice"
        elif item is not None:
            seen.add(item.place)


def read_reviews(paths: Sequence[Path]) -> list[ReviewFile]:
    """Read files of reviews, and all `*.json` of folders and what is below them.

    Raises
    ------
    SchemaError
        If a file is no review; all its faults at once.
    """
    files: set[Path] = set()
    for path in paths:
        files |= {*path.rglob("*.json")} if path.is_dir() else {path}
    return [
        check(read_json(file, remedy=AGAIN), ReviewFile, SchemaError, where=file, remedy=AGAIN)
        for file in sorted(files)
    ]
