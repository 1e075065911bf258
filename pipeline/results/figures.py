"""The style of the pictures of tables: points with two intervals, published figures beside them."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gazescribe.pipeline.core.figures import panels
from gazescribe.pipeline.core.resampling import Floats
from gazescribe.pipeline.results.rows import PaperTable


def draw_tables(
    tables: Mapping[str, PaperTable | None],
    functions: Mapping[str, Callable[[pd.DataFrame], Figure]],
    table_of: Mapping[str, str],
) -> dict[str, Figure | None]:
    """Draw the figures that need one table alone: that of their name, if `table_of` has no other.

    None where the table was not made.
    """
    figures: dict[str, Figure | None] = {}
    for name, function in functions.items():
        table = tables[table_of.get(name, name)]
        figures[name] = function(table.frame) if table else None
    return figures


def points_by_model(
    frame: pd.DataFrame,
    metrics: Mapping[str, str],
    caption: str,
    colours: Mapping[str, str] | None = None,
) -> Figure:
    """Draw a panel for each metric that has a title in `metrics`, a row for each model.

    The rows are as `points` takes them, with metric and model. Models without a colour are grey;
    without any colours all are alike.
    """
    models = list(dict.fromkeys(frame["model"]))
    size = (3.0, 1.2 + 0.25 * len(models))
    figure, all_axes = panels(len(metrics), len(metrics), size)
    for axes, (metric, title) in zip(all_axes, metrics.items(), strict=True):
        rows = frame[frame["metric"] == metric]
        by_row = "C0" if colours is None else [colours.get(name, "0.3") for name in rows["model"]]
        points(axes, rows, rows["model"].map(models.index).to_numpy(float), by_row)
        name_rows(axes, models)
        axes.set_title(title, fontsize=9)
    figure.supxlabel(caption, fontsize=8)
    return figure


def points(
    axes: Axes, frame: pd.DataFrame, heights: Floats, colours: str | list[str], label: str = ""
) -> None:
    """Draw rows of a table as points with their intervals, each at its height.

    A row has mean, `_low` and `_high` of the intervals t and subjects, and published where the
    figures of a paper stand beside.
    """
    # both intervals on one line: a thick pale one under a thin one
    for interval, width, alpha in (("t", 4.5, 0.35), ("subjects", 1.0, 1.0)):
        low, high = frame[f"{interval}_low"], frame[f"{interval}_high"]
        axes.hlines(heights, low, high, colors=colours, linewidth=width, alpha=alpha)
    axes.scatter(frame["mean"], heights, c=colours, s=16, zorder=3, label=label)
    if "published" in frame:
        published = frame["published"]
        axes.scatter(published, heights, c="black", s=18, marker="x", zorder=4, linewidths=1)
    axes.tick_params(axis="x", labelsize=8)
    axes.grid(axis="x", color="0.9")
    axes.set_axisbelow(True)


def name_rows(axes: Axes, names: list[str]) -> None:
    """Name the rows at heights 0, 1, …, the first one on top."""
    axes.set_yticks(np.arange(len(names)), names, fontsize=8)
    axes.set_ylim(len(names) - 0.5, -0.5)
