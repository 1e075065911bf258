"""The style of all pictures for print, and their files: PNG, PDF, SVG, the same bytes every time.

Pictures are as wide as a column of a journal or both, so that nobody scales them: letters stay 7 to
8 points. What a picture shows is said in its caption, which page and paper set under it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
from cycler import cycler
from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.patheffects import Normal
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from gazescribe.pipeline.core.files import replacing
from gazescribe.pipeline.core.settings import Figures

SINGLE_MM, DOUBLE_MM, PAGE_MM = 88.0, 180.0, 225.0
"""Width of a column and of two, and the height of a page: what most journals take."""

DPI = 300
SMALL_POINTS, POINTS = 7, 8
LEGEND_COLUMNS = 4  # at most
LETTER_MM, ENTRY_MM = 1.36, 12.0  # of a legend: a small letter; a mark and the space around it
CYCLE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#882255")
"""Colours that all eyes tell apart: Okabe and Ito (2008) without yellow, and a wine red.

Give them themselves: `C3` would be looked up after the style is gone."""

MARKERS = "os^DvP*X"
DASHES: Sequence[Any] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 3)))
HEAT = "inferno"  # perceptually uniform: lighter is more in grey, too
GREY = "0.45"

STYLE: Any = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same letters on every machine
    "font.size": POINTS,
    "axes.labelsize": POINTS,
    "axes.titlesize": POINTS,
    "figure.labelsize": POINTS,
    "xtick.labelsize": SMALL_POINTS,
    "ytick.labelsize": SMALL_POINTS,
    "legend.fontsize": SMALL_POINTS,
    "legend.frameon": False,
    "axes.linewidth": 0.6,
    "axes.prop_cycle": cycler(color=CYCLE),
    "axes.grid": True,
    "axes.grid.axis": "both",
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": "0.9",
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "figure.constrained_layout.use": True,
}
FORMATS: Mapping[str, dict[str, None]] = {
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "svg": {"Date": None, "Creator": None},
}
"""Kinds of files, and what would be other in them on another day or machine."""


@dataclass(frozen=True)
class Plate:
    """A picture as it is printed: the drawing, its title, and sentences on what is seen."""

    figure: Figure
    title: str
    caption: str


def captions(plates: Mapping[str, Plate]) -> dict[str, dict[str, str]]:
    """Give the content of `captions.json`: title and caption of each picture by its file's name."""
    return {
        name: {"title": plate.title, "caption": plate.caption} for name, plate in plates.items()
    }


@contextmanager
def printed() -> Iterator[None]:
    """Draw in the style of print; also a decorator of functions that draw."""
    with rc_context(STYLE):
        yield


def panels(n: int, columns: int, width_mm: float, height_mm: float) -> tuple[Figure, list[Axes]]:
    """Make a figure of n panels, so many a row, of the given size as a whole."""
    rows = -(-n // columns)
    figure = Figure((width_mm / 25.4, height_mm / 25.4), layout="constrained")
    grid = list(np.atleast_1d(figure.subplots(rows, columns)).ravel())
    for unused in grid[n:]:
        unused.remove()
    for axes in grid[:n]:
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
            axis.set_major_formatter(FuncFormatter(tick))
    return figure, grid[:n]


def tick(value: float, _position: int | None = None) -> str:
    """Write a number beside an axis as a person does: 0.1, 2, 1,000."""
    text = f"{round(value, 10):,.6g}" if abs(value) < 1e6 else f"{value:g}"
    return ("0" if text == "-0" else text).replace("-", "−")


def logarithmic(axes: Axes, axis: str = "y") -> None:
    """Make an axis logarithmic, with ticks as a person writes them."""
    axes.set(**{f"{axis}scale": "log"})
    side = getattr(axes, f"{axis}axis")
    side.set_major_locator(LogLocator(subs=(1, 2, 5)))
    side.set_major_formatter(FuncFormatter(tick))
    side.set_minor_formatter(NullFormatter())


def plain(text: str) -> str:
    """Write a text of others so that matplotlib draws it as it is: a $ begins a formula.

    Its own switch, `parse_math`, is not heeded where text is wrapped.
    """
    return text.replace("$", r"\$")


def wrapped(text: str, letters: int) -> str:
    """Break a text of others into lines of so many letters at most."""
    return plain(fill(text, letters, break_long_words=False, break_on_hyphens=False))


def legend_below(figure: Figure, artists: Sequence[Artist], names: Sequence[str]) -> Legend:
    """Put the legend under all panels, where it lies on no data; a name that is twice, once."""
    by_name = dict(zip(names, artists, strict=True))
    width_mm = figure.get_figwidth() * 25.4
    return figure.legend(
        by_name.values(),
        [plain(name) for name in by_name],
        loc="outside lower center",
        ncols=_columns_that_fit([*by_name], width_mm),
    )


def _columns_that_fit(names: list[str], width_mm: float) -> int:
    """Give how many columns of a legend fit a figure; matplotlib fills them one after the other."""
    for columns in range(min(LEGEND_COLUMNS, len(names)), 1, -1):
        longest = [max(map(len, part)) for part in np.array_split(names, columns)]
        if sum(longest) * LETTER_MM + columns * ENTRY_MM <= width_mm:
            return columns
    return 1


def colour_bar(figure: Figure, axes: Collection[Axes], name: str) -> None:
    """Put the colours of maps of 0 to 1 beside panels, with what they mean."""
    colours = ScalarMappable(cmap=HEAT)
    colours.set_clim(0, 1)
    bar = figure.colorbar(
        colours, ax=list(axes), aspect=40, shrink=0.6, pad=0.01, ticks=[0, 0.5, 1]
    )
    bar.ax.yaxis.set_major_formatter(FuncFormatter(tick))
    bar.set_label(name)


def save(figure: Figure, folder: Path, name: str, settings: Figures) -> None:
    """Write a figure as PNG, PDF and SVG, laid out once, with the same bytes every time."""
    figure.set_dpi(DPI)
    if layout := figure.get_layout_engine():
        layout.execute(figure)
        figure.set_layout_engine(None)  # with a layout of any kind each file is drawn twice
    if settings.text == "outlines":
        for text in figure.findobj(Text):
            text.set_path_effects([Normal()])  # with any effect letters are drawn as paths
    fonts: Any = {"svg.fonttype": "none", "pdf.fonttype": 42, "svg.hashsalt": "gazescribe"}
    for suffix, metadata in FORMATS.items():
        with replacing(folder / f"{name}.{suffix}") as beside, rc_context(fonts):
            figure.savefig(beside, format=suffix, dpi=DPI, metadata=metadata)
