"""Rows of result tables: a mean, its intervals and the published figure side by side; Markdown.

The three intervals: the paper's over seeds, Student's t over seeds, bootstrap over subjects.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from gazescribe.pipeline.results.measures import INTERVALS, Measure
from gazescribe.pipeline.results.published import Figure

HEADINGS = {
    "mean": "mean",
    "paper": "paper's interval",
    "t": "t over seeds",
    "subjects": "over subjects",
    "published": "published",
}
MARKS = {"readme": " †", "derived": " ‡"}
"""Of published figures that the paper itself does not print, by their source."""


@dataclass(frozen=True)
class Table:
    """One result table.

    Attributes
    ----------
    name : str
        Of its CSV file, without suffix.
    title : str
        Heading in `tables.md`.
    frame : pandas.DataFrame
        All of it.
    shown : pandas.DataFrame
        Its form in `tables.md`: text and numbers.
    notes : list of str
        Sentences under it.
    """

    name: str
    title: str
    frame: pd.DataFrame
    shown: pd.DataFrame
    notes: list[str] = field(default_factory=list)


def rows(
    measure: Measure, confidence: float, published: Mapping[str, Figure | None], **head: Any
) -> pd.DataFrame:
    """One row for each item of a measure, with the published figure of that item.

    Returns
    -------
    pandas.DataFrame
        The columns of head, item, mean, n_seeds, `_low` and `_high` of each interval, published,
        published_low, published_high, published_source.
    """
    figures = [published.get(item) for item in measure.items]
    frame = measure.summary(confidence)
    for place, (name, value) in enumerate(head.items()):
        frame.insert(place, name, value)
    for name, part in (
        ("published", "value"),
        ("published_low", "low"),
        ("published_high", "high"),
    ):
        known = [getattr(one, part) if one else None for one in figures]
        frame[name] = pd.Series(known, dtype=float)
    frame["published_source"] = [one.source if one else None for one in figures]
    return frame


def shown(frame: pd.DataFrame, heads: Mapping[str, str]) -> pd.DataFrame:
    """Put rows as `rows` gives them into the form of `tables.md`.

    Parameters
    ----------
    frame : pandas.DataFrame
        The rows.
    heads : mapping of str to str
        Columns to show before the numbers, and their headings.
    """
    columns: dict[str, Any] = {heading: frame[name] for name, heading in heads.items()}
    columns["seeds"] = frame["n_seeds"]
    columns[HEADINGS["mean"]] = frame["mean"].map(number)
    for name in INTERVALS:
        edges = zip(frame[f"{name}_low"], frame[f"{name}_high"], strict=True)
        columns[HEADINGS[name]] = [between(low, high) for low, high in edges]
    names = ["published", "published_low", "published_high", "published_source"]
    columns[HEADINGS["published"]] = [
        f"{number(value)} {between(low, high)}".removesuffix(" –") + MARKS.get(source, "")
        for value, low, high, source in frame[names].itertuples(index=False)
    ]
    return pd.DataFrame(columns)


def number(value: float | None, digits: int = 3) -> str:
    """Format a number; a dash where it is not known."""
    return "–" if pd.isna(value) else f"{value:.{digits}f}"


def between(low: float | None, high: float | None) -> str:
    """Format an interval; a dash where it is not known."""
    return "–" if pd.isna(low) or pd.isna(high) else f"[{low:.3f}, {high:.3f}]"


def markdown(frame: pd.DataFrame) -> str:
    """Format a table as Markdown; numbers as they are, a dash for what is not known."""
    head = [str(column) for column in frame.columns]
    body = [
        ["–" if value is None or pd.isna(value) else str(value) for value in row]
        for row in frame.astype(object).itertuples(index=False)
    ]
    sides = ["---:" if frame[column].dtype.kind in "iuf" else "---" for column in frame.columns]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, sides, *body])


def page(title: str, notes: Sequence[str], tables: Sequence[Table]) -> str:
    """Format all tables as one page, each with its notes and the name of its CSV file."""
    parts = [f"# {title}", *notes]
    for table in tables:
        parts += [f"## {table.title}", markdown(table.shown), *table.notes]
        parts.append(f"All columns: [{table.name}.csv]({table.name}.csv)")
    return "\n\n".join(parts) + "\n"
