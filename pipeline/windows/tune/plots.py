"""Pictures of the search: IoU against the delay, by start rule and by label."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gazescribe.pipeline.core.figures import (
    CYCLE,
    DASHES,
    DOUBLE_MM,
    MARKERS,
    Plate,
    legend_below,
    panels,
    printed,
    wrapped,
)
from gazescribe.pipeline.windows.tune.candidates import (
    FINE_END,
    FINE_START,
    PLAIN_STARTS,
    SEARCH_ENDS,
)
from gazescribe.pipeline.windows.tune.results import BETWEEN, WINDOWS

PANEL_MM = 50.0  # height
LABEL_COLUMNS = 4
WORDS = {
    "startofsentence": "start of sentence",
    "endofsentence": "end of sentence",
    "firstmention": "first mention",
    "lastmention": "last mention",
    "allsentences": "all sentences",
    "andpause": "and pause",
}
"""Of rules whose names in `params.yaml` are several words in one."""

LEVEL_DASHES: Sequence[Any] = ("-", (0, (5, 4)), (0, (1, 4)), (0, (10, 3, 1, 3)))
LEVELS = "Grey: what no window of gaze falls below, or gets above (floors and ceilings)."


@printed()
def iou_by_delay(ranking: pd.DataFrame, score: str) -> Plate:
    """Draw the macro mean IoU against the delay: a panel for each end rule, a line for each start.

    `ranking` is what `results.ranking` gives, `score` one of its means.
    """
    height_mm = PANEL_MM * -(-len(SEARCH_ENDS) // 2) + 25
    figure, axes_of = panels(len(SEARCH_ENDS), 2, DOUBLE_MM, height_mm)
    windows = ranking[ranking["stage"].isin(WINDOWS)]
    for axes, end in zip(axes_of, SEARCH_ENDS, strict=True):
        of_end = windows[windows["end"] == end]
        lagged = of_end[of_end["lag_s"].notna()].sort_values("lag_s")
        for number, (start, rules) in enumerate(lagged.groupby("start", sort=True)):
            marker = MARKERS[number % len(MARKERS)]
            name = f"from {_words(start)}"
            axes.plot(rules["lag_s"], rules[score], marker=marker, label=name)
            if end == FINE_END and start == FINE_START and score == "iou_cross_validated":
                edges = (rules[f"{score}_low"], rules[f"{score}_high"])
                axes.fill_between(rules["lag_s"], *edges, alpha=0.15, linewidth=0)
        for number, start in enumerate(PLAIN_STARTS):
            level = of_end.loc[of_end["start"] == start, score].iloc[0]
            style = {"color": CYCLE[number + 3], "linestyle": DASHES[number + 1]}
            axes.axhline(level, label=f"from {_words(start)}", **style)
        _between(axes, ranking[ranking["stage"].isin(BETWEEN)], score)
        axes.set_title(f"until {_words(end)}")
    kind = score.removeprefix("iou_").replace("_", "-")
    _name_axes(figure, axes_of, 2, "macro mean IoU")
    caption = (
        f"Mean over labels ({kind}) for each end of the window (panels) and each start (lines),"
        f" against the delay; band: interval over subjects. {LEVELS}"
    )
    return Plate(figure, "IoU against the delay, for each end of the window", caption)


@printed()
def iou_by_label(by_label: pd.DataFrame) -> Plate:
    """Draw each label's IoU against the delay, for the paper's start and end."""
    labels = list(dict.fromkeys(by_label["label"]))
    columns = min(len(labels), LABEL_COLUMNS)
    height_mm = PANEL_MM * -(-len(labels) // columns) + 20
    figure, axes_of = panels(len(labels), columns, DOUBLE_MM, height_mm)
    for axes, label in zip(axes_of, labels, strict=True):
        of_label = by_label[by_label["label"] == label]
        chosen = (of_label["start"] == FINE_START) & (of_label["end"] == FINE_END)
        fine = of_label[chosen & of_label["stage"].str.contains("fine|coarse", regex=True)]
        fine = fine.sort_values("lag_s")
        axes.plot(fine["lag_s"], fine["iou_paper"], marker="o", label="threshold as in the paper")
        crossed = fine["iou_cross_validated"]
        axes.plot(fine["lag_s"], crossed, marker="s", linestyle="--", label="cross-validated")
        _between(axes, of_label[of_label["stage"].isin(BETWEEN)], "iou_paper")
        axes.set_title(f"{wrapped(label, 22)}\nn = {of_label['n'].iloc[0]}")
    _name_axes(figure, axes_of, columns, "mean IoU")
    caption = (
        f"For windows from {FINE_START} minus the delay to {FINE_END}; n: readings whose reader"
        f" drew the label. {LEVELS}"
    )
    return Plate(figure, "IoU against the delay, for each label", caption)


def _words(rule: object) -> str:
    return WORDS.get(str(rule), str(rule))


def _between(axes: Axes, rows: pd.DataFrame, score: str) -> None:
    """Draw floors and ceilings as levels."""
    for number, row in enumerate(rows.itertuples()):
        level = getattr(row, score)
        if not np.isnan(level):
            name = str(row.rule).replace("_", " ")
            style = LEVEL_DASHES[number % len(LEVEL_DASHES)]
            axes.axhline(level, color="0.5", linewidth=0.7, linestyle=style, label=name)


def _name_axes(figure: Figure, axes_of: list[Axes], columns: int, y: str) -> None:
    """Name the axes at the edges of the panels, and the lines under them."""
    artists, names = [], []
    for number, axes in enumerate(axes_of):
        if number % columns == 0:
            axes.set_ylabel(y)
        if number + columns >= len(axes_of):
            axes.set_xlabel("delay (s)")
        handles, labels = axes.get_legend_handles_labels()
        artists += handles
        names += labels
    legend_below(figure, artists, names)
