"""What all pictures share: panels of one size, and files with the same bytes every time."""

from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gazescribe.pipeline.core.files import replacing

PANEL_INCHES = (3.2, 2.6)
FORMATS = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}


def panels(
    n: int, columns: int, inches: tuple[float, float] = PANEL_INCHES
) -> tuple[Figure, list[Axes]]:
    """Make a figure of n panels, so many a row, each of the given width and height."""
    rows = -(-n // columns)
    width, height = inches
    figure = Figure((width * columns, height * rows), layout="constrained")
    grid = list(np.atleast_1d(figure.subplots(rows, columns)).ravel())
    for unused in grid[n:]:
        unused.remove()
    return figure, grid[:n]


def plain(text: str) -> str:
    """Write a text of others so that matplotlib draws it as it is: a $ begins a formula.

    Its own switch, `parse_math`, is not heeded where text is wrapped.
    """
    return text.replace("$", r"\$")


def save(figure: Figure, folder: Path, name: str) -> None:
    """Write a figure as PNG and SVG, laid out once, with the same bytes every time."""
    if layout := figure.get_layout_engine():
        layout.execute(figure)
        figure.set_layout_engine(None)  # with a layout of any kind each file is drawn twice
    for suffix, metadata in FORMATS.items():
        with (
            replacing(folder / f"{name}.{suffix}") as beside,
            rc_context({"svg.hashsalt": "gazescribe", "svg.fonttype": "none"}),
        ):
            figure.savefig(beside, format=suffix, metadata=metadata)
