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
    """Tables and figures of one part."""

    key: str  # id on the page
    title: str
    lead: list[str] = field(default_factory=list)  # sentences before the tables
    sheets: list[Sheet] = field(default_factory=list)
    more: list[Sheet] = field(default_factory=list)  # tables folded away
    pictures: list[Figure] = field(default_factory=list)
    missing: str = ""  # how to make the part; empty where it is there


def embed_figure(folder: Path, name: str, title: str) -> Figure | None:
    """Embed a figure by its name without suffix, sharp where that is not large."""
    paths = [path for path in (folder / f"{name}.svg", folder / f"{name}.png") if path.is_file()]
    small = [path for path in paths if path.stat().st_size <= SHARP_BYTES]
    chosen = next(iter([*small, *paths]), None)
    return None if chosen is None else Figure(title, file_as_data(chosen))
