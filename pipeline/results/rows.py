"""Rows of result tables: a mean, its intervals and the published figure side by side.

The three intervals: the paper's over seeds, Student's t over seeds, bootstrap over subjects.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import pandas as pd

from gazescribe.pipeline.results.measures import INTERVALS, Measure
from gazescribe.pipeline.results.published import PublishedValue

HEADINGS = {
    "mean": "mean",
    "paper": "paper's interval",
    "t": "t over seeds",
    "subjects": "over subjects",
    "published": "published",
}
MARKS = {"readme": "†", "derived": "‡"}
"""Of published figures that the paper itself does not print, by their source."""

UNKNOWN = "–"

Format = Callable[[Any], str]


@dataclass(frozen=True)
class Wide:
    """A table in the papers' layout: what is measured by models, the best model of each bold."""

    frame: pd.DataFrame  # row, model, n, mean, subjects_low, subjects_high; published where known
    heading: str  # of the rows
    n: str  # of what stands behind a row
    confidence: float  # of the intervals, 0 to 1
    lower: tuple[str, ...] = ()  # rows in which less is better


@dataclass(frozen=True)
class PaperTable:
    """One result table."""

    title: str  # heading in `tables.md`
    frame: pd.DataFrame  # all of it
    # the columns of `tables.md` and of the report under their headings: text and numbers
    shown: pd.DataFrame
    notes: list[str] = field(default_factory=list)  # sentences under it
    # how the numbers of a shown column are written; floats without one get three digits
    formats: Mapping[str, Format] = field(default_factory=dict)
    wide: Wide | None = None  # its form in LaTeX; None: as it is shown

    def format_of(self, heading: str) -> Format:
        """How the cells of a shown column are written."""
        is_float = self.shown[heading].dtype.kind == "f"
        return self.formats.get(heading, number if is_float else str)

    def without_published(self) -> Self:
        """Leave out columns of published figures that hold none."""
        figures = [name for name in self.frame if str(name).startswith("published")]
        absent = [name for name in figures if self.frame[name].isna().all()]
        texts = [name for name in self.shown if str(name).startswith(HEADINGS["published"])]
        blank = [name for name in texts if set(self.shown[name]) <= {UNKNOWN, ""}]
        frame, shown = self.frame.drop(columns=absent), self.shown.drop(columns=blank)
        return replace(self, frame=frame, shown=shown)

    def texts(self) -> list[list[str]]:
        """Rows as they are shown; a dash for what is not known."""
        columns = []
        for heading, cells in self.shown.astype(object).items():
            text = self.format_of(str(heading))
            columns.append([UNKNOWN if pd.isna(cell) else text(cell) for cell in cells])
        return [list(row) for row in zip(*columns, strict=True)]


def rows(
    measure: Measure, confidence: float, published: Mapping[str, PublishedValue | None], **head: Any
) -> pd.DataFrame:
    """One row for each item of a measure, with the published figure of that item.

    Columns are those of head, item, mean, n_seeds, `_low` and `_high` of each interval, published,
    published_low, published_high and published_source.
    """
    frame = measure.summary(confidence)
    for position, (name, value) in enumerate(head.items()):
        frame.insert(position, name, value)
    figures = [published.get(item) for item in measure.items]
    parts = {"published": "value", "published_low": "low", "published_high": "high"}
    for name, part in parts.items():
        values = [getattr(figure, part, None) for figure in figures]
        frame[name] = pd.Series(values, dtype=float)
    frame["published_source"] = [figure.source if figure else None for figure in figures]
    return frame


def shown(frame: pd.DataFrame, heads: Mapping[str, str]) -> pd.DataFrame:
    """Put rows as `rows` gives them into the form of `tables.md`.

    `heads` names the columns to show before the numbers, and their headings.
    """
    columns: dict[str, Any] = {heading: frame[name] for name, heading in heads.items()}
    columns |= {"seeds": frame["n_seeds"], HEADINGS["mean"]: frame["mean"]}
    columns |= {HEADINGS[name]: intervals(frame, name) for name in INTERVALS}
    columns[HEADINGS["published"]] = marked_texts(frame)
    return pd.DataFrame(columns)


def marked_texts(frame: pd.DataFrame) -> list[str]:
    """Format published figures, with a mark on those that the paper does not print."""
    pairs = zip(published_texts(frame), frame["published_source"], strict=True)
    return [f"{text} {MARKS.get(source, '')}".rstrip() for text, source in pairs]


def published_texts(frame: pd.DataFrame) -> list[str]:
    """Format published figures, each with its interval where that is known."""
    pairs = zip(frame["published"].map(number), intervals(frame, "published"), strict=True)
    return [f"{value} {edges}".removesuffix(f" {UNKNOWN}") for value, edges in pairs]


def intervals(frame: pd.DataFrame, name: str, suffix: str = "") -> list[str]:
    """Format the interval of each row, from its columns `_low` and `_high`."""
    prefix = f"{name}_" if name else ""
    edges = zip(frame[f"{prefix}low{suffix}"], frame[f"{prefix}high{suffix}"], strict=True)
    return [between(low, high) for low, high in edges]


def number(value: float | None, digits: int = 3) -> str:
    """Format a number; a dash where it is not known."""
    return UNKNOWN if pd.isna(value) else f"{value:.{digits}f}"


def between(low: float | None, high: float | None) -> str:
    """Format an interval; a dash where it is not known."""
    return UNKNOWN if pd.isna(low) or pd.isna(high) else f"[{low:.3f}, {high:.3f}]"
