"""What pictures of tables share: points with two intervals, published figures beside them."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from gazescribe.pipeline.core.figures import (
    CYCLE,
    DOUBLE_MM,
    Plate,
    legend_below,
    panels,
    wrapped,
)
from gazescribe.pipeline.core.resampling import Floats
from gazescribe.pipeline.results.names import model_name
from gazescribe.pipeline.results.rows import PaperTable

ROW_MM = 5.0
AROUND_MM = 20.0  # titles, ticks and legend above and below the rows
NAME_LETTERS = 24  # of a line of the name of a row
PUBLISHED = "black"


def draw_tables(
    tables: Mapping[str, PaperTable | None],
    functions: Mapping[str, Callable[[pd.DataFrame], Plate]],
    table_of: Mapping[str, str],
) -> dict[str, Plate | None]:
    """Draw the figures that need one table alone: that of their name, if `table_of` has no other.

    None where the table was not made.
    """
    figures: dict[str, Plate | None] = {}
    for name, function in functions.items():
        table = tables[table_of.get(name, name)]
        figures[name] = function(table.frame) if table else None
    return figures


def with_level(plates: Mapping[str, Plate | None], confidence: float) -> dict[str, Plate | None]:
    """Say under each figure that shows intervals what share of cases they are to hold."""
    levelled = dict(plates)
    for name, plate in plates.items():
        if plate and "interval" in plate.caption:
            caption = f"{plate.caption} Intervals are of {confidence:.0%}."
            levelled[name] = replace(plate, caption=caption)
    return levelled


def points_by_model(
    frame: pd.DataFrame,
    metrics: Mapping[str, str],
    title: str,
    caption: str,
    colours: Mapping[str, str] | None = None,
) -> Plate:
    """Draw a panel for each metric that has a name in `metrics`, a row for each model.

    The rows are as `points` takes them, with metric and model. Models without a colour are grey;
    without any colours all are alike.
    """
    models = list(dict.fromkeys(frame["model"]))
    height_mm = AROUND_MM + ROW_MM * len(models)
    figure, all_axes = panels(len(metrics), len(metrics), DOUBLE_MM, height_mm)
    for axes, (metric, name) in zip(all_axes, metrics.items(), strict=True):
        rows = frame[frame["metric"] == metric]
        by_row = [CYCLE[0] if colours is None else colours.get(m, "0.3") for m in rows["model"]]
        points(axes, rows, rows["model"].map(models.index).to_numpy(float), by_row)
        name_rows(axes, [model_name(model) for model in models])
        axes.set_title(name)
        axes.tick_params("y", labelleft=axes is all_axes[0])  # all panels have the same rows
    legend_below(figure, *marks(frame))
    return Plate(figure, title, f"{caption} {say_marks(frame)}")


def points(
    axes: Axes, frame: pd.DataFrame, heights: Floats, colours: str | list[str], marker: str = "o"
) -> None:
    """Draw rows of a table as points with their intervals, each at its height.

    A row has mean, `_low` and `_high` of the intervals t and subjects, and published where the
    figures of a paper stand beside.
    """
    # both intervals on one line: a thick pale one under a thin one
    for interval, width, alpha in (("t", 3.5, 0.35), ("subjects", 1.0, 1.0)):
        low, high = frame[f"{interval}_low"], frame[f"{interval}_high"]
        axes.hlines(heights, low, high, colors=colours, linewidth=width, alpha=alpha)
    axes.scatter(frame["mean"], heights, c=colours, s=14, zorder=3, marker=marker)
    if "published" in frame:
        published = frame["published"]
        axes.scatter(published, heights, c=PUBLISHED, s=14, marker="x", zorder=4, linewidths=0.9)
    axes.grid(axis="y", visible=False)


def name_rows(axes: Axes, names: list[str]) -> None:
    """Name the rows at heights 0, 1, …, the first one on top."""
    axes.set_yticks(np.arange(len(names)), [wrapped(name, NAME_LETTERS) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params("y", length=0)


def marks(frame: pd.DataFrame) -> tuple[list[Artist], list[str]]:
    """Give the entries of a legend: what the marks of `points` are, as far as rows have them."""
    artists: list[Artist] = [Line2D([], [], color="0.3", marker="o", linewidth=1.0)]
    names = ["mean, interval over subjects"]
    if frame["t_low"].notna().any():
        artists.append(Line2D([], [], color="0.3", linewidth=3.5, alpha=0.35))
        names.append("t interval over seeds")
    if _has_published(frame):
        artists.append(Line2D([], [], color=PUBLISHED, marker="x", linestyle="none"))
        names.append("published")
    return artists, names


def say_marks(frame: pd.DataFrame) -> str:
    """Say in words what the marks are."""
    text = "Points: means; thin lines: bootstrap intervals over subjects"
    text += "; thick lines: t intervals over seeds." if frame["t_low"].notna().any() else "."
    return text + (" Crosses: published figures." if _has_published(frame) else "")


def _has_published(frame: pd.DataFrame) -> bool:
    return "published" in frame and bool(frame["published"].notna().any())
