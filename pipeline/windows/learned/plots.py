"""Pictures of a fit: when gaze is on what is named, and where, by label."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from gazescribe.pipeline.core.figures import (
    CYCLE,
    DOUBLE_MM,
    HEAT,
    SINGLE_MM,
    Plate,
    colour_bar,
    legend_below,
    logarithmic,
    panels,
    printed,
    wrapped,
)
from gazescribe.pipeline.windows.learned.learn import Fit
from gazescribe.pipeline.windows.learned.maps import GRID, HIGH, LOW, FloatArray, smooth
from gazescribe.pipeline.windows.learned.timing import centres, starting_odds

COLUMNS = 4
PANEL_MM = 48.0  # height


@printed()
def odds_by_time(fit: Fit) -> Plate:
    """Draw the odds that gaze belongs to a sentence, over the time to it, and where they began."""
    figure, (axes,) = panels(1, 1, SINGLE_MM, 66)
    time = centres(fit.params)
    axes.step(time, fit.learnt.odds, where="mid", label="learnt")
    start: dict[str, Any] = {"color": "0.6", "linestyle": "--", "linewidth": 0.8}
    axes.step(time, starting_odds(fit.params), where="mid", label="start of the fit", **start)
    logarithmic(axes)
    axes.axvspan(0, 1, color="0.93", zorder=0)
    seconds = np.arange(-np.floor(fit.params.before_s), 0.5, 2)
    after = np.arange(1, fit.params.after_s + 0.5)
    axes.set_xticks([*seconds, 1, *(1 + after)])
    names = [f"{value:.0f}".replace("-", "−") for value in seconds]
    axes.set_xticklabels([*names, "end", *(f"+{value:.0f}" for value in after)])
    axes.set_xlabel("from the sentence's start (s), and from its end (s)")
    axes.set_ylabel("odds against search")
    legend_below(figure, *axes.get_legend_handles_labels())
    caption = (
        "Odds, by time alone, that a second of gaze belongs to a sentence and not to search. Grey:"
        f" the sentence, whatever its length. Learnt from {fit.n_readings} readings of"
        f" {len(fit.subjects)} subjects."
    )
    return Plate(figure, "When gaze is on what is named", caption)


@printed()
def places_by_label(fit: Fit) -> Plate:
    """Draw where gaze is that sentences of each label explain, and that of search."""
    of_labels = fit.learnt.places_s.sum(axis=(1, 2))
    maps = {
        label: seconds
        for label, seconds in zip(fit.labels, of_labels, strict=True)
        if seconds.sum() > 0
    }
    maps["search"] = fit.learnt.search_s
    columns = min(len(maps), COLUMNS)
    height_mm = PANEL_MM * -(-len(maps) // columns)
    figure, axes_of = panels(len(maps), columns, DOUBLE_MM, height_mm)
    for axes, (name, seconds) in zip(axes_of, maps.items(), strict=True):
        _draw_map(axes, smooth(seconds, fit.params.sigma))
        axes.set_title(f"{wrapped(name, 22)}\n{seconds.sum():,.0f} s")
    colour_bar(figure, figure.axes, "share of the maximum")
    caption = (
        "Gaze that the model gives to sentences of each label, and to none (search), in the frame"
        " of the chest (box), each map of its own maximum; seconds of gaze above. The patient's"
        " right is left."
    )
    return Plate(figure, "Where gaze is on what is named", caption)


def _draw_map(axes: Axes, density: FloatArray) -> None:
    grid = density.reshape(GRID, GRID)
    edges = (LOW, HIGH, HIGH, LOW)  # y runs down
    axes.imshow(grid, cmap=HEAT, extent=edges, vmin=0, vmax=max(grid.max(), 1e-9))
    box = Rectangle((0, 0), 1, 1, fill=False, edgecolor=CYCLE[5], linewidth=0.8)
    axes.add_patch(box)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)
