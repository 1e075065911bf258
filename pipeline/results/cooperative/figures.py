"""Pictures of the tables: points with intervals, published figures beside; validation curves."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gazescribe.pipeline.core.figures import (
    CYCLE,
    DASHES,
    DOUBLE_MM,
    Plate,
    legend_below,
    logarithmic,
    panels,
    printed,
)
from gazescribe.pipeline.results.cooperative.joint import CURVES, Trained
from gazescribe.pipeline.results.cooperative.tables import NAMES, PAPER_METRICS
from gazescribe.pipeline.results.figures import points_by_model
from gazescribe.pipeline.results.names import model_name

WIDE_RANGE = 10.0  # from here on the largest loss is so many times the least that the axis is a log


@printed()
def diagnosis(frame: pd.DataFrame) -> Plate:
    """Table 1: a panel for macro AUROC and accuracy, a row for each model."""
    titles = {metric: NAMES[metric] for metric in ("macro", "accuracy")}
    caption = f"Of {_images(frame)} for each model."
    return points_by_model(frame, titles, "Diagnosis, test", caption)


@printed()
def fit(title: str, frame: pd.DataFrame) -> Plate:
    """Fit of maps on valid pixels: a panel for each metric, a row for each model."""
    both = frame[frame["pixels"] == "valid"]
    caption = f"On the pixels of the image, of {_images(both)}."
    if "published" in frame:  # these figures go with all pixels
        everywhere = frame.loc[frame["pixels"] == "all", ["metric", "model", "published"]]
        both = both.drop(columns="published").merge(everywhere, on=["metric", "model"], how="left")
        caption += " Published figures are of all pixels, the padding too."
    titles = {metric: NAMES[metric] for metric in PAPER_METRICS}
    return points_by_model(both, titles, title, caption)


def _images(frame: pd.DataFrame) -> str:
    least, most = frame["n_images"].min(), frame["n_images"].max()
    return f"{most} test images" if least == most else f"{least} to {most} test images"


@printed()
def curves(trained: Mapping[str, Trained], names: list[str]) -> Plate:
    """Draw validation losses of both tasks by epoch; a line a seed, a dot at the best epoch."""
    figure, all_axes = panels(len(CURVES), len(CURVES), DOUBLE_MM, 72)
    for axes, (column, title) in zip(all_axes, CURVES.items(), strict=True):
        for number, name in enumerate(names):
            histories = [history for history in trained.values() if history.run.model == name]
            for history in sorted(histories, key=lambda history: history.run.seed):
                if column in history.epochs:
                    _line(axes, history, column, number)
        low, high = axes.dataLim.intervaly
        if low > 0 and np.isfinite(high) and high > WIDE_RANGE * low:
            logarithmic(axes)  # joint training has epochs ten times as bad as the one before
        axes.set_title(f"validation {title}")
        axes.set_xlabel("epoch of the last stage")
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.set_ylabel(title)
    drawn = [axes.get_legend_handles_labels() for axes in all_axes]
    handles, labels = ([*first, *second] for first, second in zip(*drawn, strict=True))
    legend_below(figure, handles, labels)
    caption = (
        "Losses on the validation images by epoch, a line for each seed; dots: the best epoch,"
        " whose weights were kept."
    )
    return Plate(figure, "Joint and staged training", caption)


def _line(axes: Axes, history: Trained, column: str, number: int) -> None:
    epochs = history.epochs
    style = {"color": CYCLE[number % len(CYCLE)], "linestyle": DASHES[number % len(DASHES)]}
    label = model_name(history.run.model)
    axes.plot(epochs["epoch"], epochs[column], label=label, **style)
    best = epochs[epochs["epoch"] == history.training.best_epoch]
    axes.plot(best["epoch"], best[column], "o", color=style["color"])
