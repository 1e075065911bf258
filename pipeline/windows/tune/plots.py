"""Pictures of the search: IoU against the delay, by start rule and by label."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gazescribe.pipeline.core.figures import panels, plain
from gazescribe.pipeline.windows.tune.candidates import (
    FINE_END,
    FINE_START,
    PLAIN_STARTS,
    SEARCH_ENDS,
)
from gazescribe.pipeline.windows.tune.results import BETWEEN, WINDOWS


def iou_by_delay(ranking: pd.DataFrame, score: str) -> Figure:
    """Draw the macro mean IoU against the delay: a panel for each end rule, a line for each start.

    `ranking` is what `results.ranking` gives, `score` one of its means.
    """
    figure, axes_of = panels(len(SEARCH_ENDS), 2)
    windows = ranking[ranking["stage"].isin(WINDOWS)]
    for axes, end in zip(axes_of, SEARCH_ENDS, strict=True):
        of_end = windows[windows["end"] == end]
        lagged = of_end[of_end["lag_s"].notna()].sort_values("lag_s")
        for start, rules in lagged.groupby("start", sort=True):
            axes.plot(rules["lag_s"], rules[score], marker=".", label=start)
            if end == FINE_END and start == FINE_START and score == "iou_cross_validated":
                edges = (rules[f"{score}_low"], rules[f"{score}_high"])
                axes.fill_between(rules["lag_s"], *edges, alpha=0.15)
        for number, start in enumerate(PLAIN_STARTS):
            level = of_end.loc[of_end["start"] == start, score].iloc[0]
            axes.axhline(level, color=f"C{number + 3}", linewidth=1, linestyle="--", label=start)
        _between(axes, ranking[ranking["stage"].isin(BETWEEN)], score)
        axes.set_title(f"until {end}", fontsize=9)
    axes_of[0].legend(fontsize=6, ncols=2)
    _name_axes(figure, f"macro mean IoU ({score.removeprefix('iou_').replace('_', '-')})")
    return figure


def iou_by_label(by_label: pd.DataFrame) -> Figure:
    """Draw each label's IoU against the delay, for the paper's start and end."""
    labels = list(dict.fromkeys(by_label["label"]))
    figure, axes_of = panels(len(labels), min(len(labels), 5))
    for axes, label in zip(axes_of, labels, strict=True):
        of_label = by_label[by_label["label"] == label]
        chosen = (of_label["start"] == FINE_START) & (of_label["end"] == FINE_END)
        fine = of_label[chosen & of_label["stage"].str.contains("fine|coarse", regex=True)]
        fine = fine.sort_values("lag_s")
        axes.plot(fine["lag_s"], fine["iou_paper"], marker=".", label="paper")
        axes.plot(fine["lag_s"], fine["iou_cross_validated"], marker=".", label="cross-validated")
        _between(axes, of_label[of_label["stage"].isin(BETWEEN)], "iou_paper")
        title = f"{label} (n = {of_label['n'].iloc[0]})"
        axes.set_title(plain(title), fontsize=9)
    axes_of[0].legend(fontsize=6)
    _name_axes(figure, f"mean IoU, {FINE_START} minus delay to {FINE_END}")
    return figure


def _between(axes: Axes, rows: pd.DataFrame, score: str) -> None:
    """Draw floors and ceilings as levels, each with its name."""
    for row in rows.itertuples():
        level = getattr(row, score)
        if not np.isnan(level):
            axes.axhline(level, color="0.6", linewidth=0.8, linestyle=":")
            name = str(row.rule).replace("_", " ")
            axes.text(0.01, level, name, fontsize=5, transform=axes.get_yaxis_transform())


def _name_axes(figure: Figure, y: str) -> None:
    figure.supxlabel("delay (s)", fontsize=9)
    figure.supylabel(y, fontsize=9)
