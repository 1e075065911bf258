"""One part of the page of a run: its tables and figures, or how to make them."""

from dataclasses import dataclass, field
from pathlib import Path

from gazescribe.pipeline.report.pictures import file_as_data
from gazescribe.pipeline.report.sheets import Sheet

SHARP_BYTES = 400_000  # the most of an SVG; above it the PNG beside it is shown


@dataclass(frozen=True)
class Figure:
    """A figure that a stage drew; `data` is its address inside the page."""

    title: str
    data: str


@dataclass(frozen=True)
class Section:
    """Tables and figures of one part.

    Attributes
    ----------
    key, title : str
        Id and heading.
    lead : list of str
        Sentences before them.
    sheets, more : list of Sheet
        Tables shown, and tables folded away.
    pictures : list of Figure
        Figures.
    missing : str
        How to make the part; empty where it is there.
    """

    key: str
    title: str
    lead: list[str] = field(default_factory=list)
    sheets: list[Sheet] = field(default_factory=list)
    more: list[Sheet] = field(default_factory=list)
    pictures: list[Figure] = field(default_factory=list)
    missing: str = ""


def embed_figure(folder: Path, name: str, title: str) -> Figure | None:
    """Embed a figure by its name without suffix, sharp where that is not large."""
    found = [folder / f"{name}{suffix}" for suffix in (".svg", ".png")]
    small = (path for path in found if path.is_file() and path.stat().st_size <= SHARP_BYTES)
    path = next(small, next((path for path in found if path.is_file()), None))
    return None if path is None else Figure(title, file_as_data(path))
