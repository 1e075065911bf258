"""Pictures of the tables: points with intervals, published figures beside; validation curves."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gazescribe.pipeline.core.figures import panels
from gazescribe.pipeline.results.cooperative.joint import CURVES, Trained
from gazescribe.pipeline.results.cooperative.tables import NAMES, PAPER_METRICS
from gazescribe.pipeline.results.figures import points_by_model

KEY = "thin: over patients; thick: t over seeds"


def diagnosis(frame: pd.DataFrame) -> Figure:
    """Table 1: a panel for macro AUROC and accuracy, a row for each model."""
    titles = {metric: NAMES[metric] for metric in ("macro", "accuracy")}
    return points_by_model(frame, titles, f"test ({_key(frame, '')})")


def fit(frame: pd.DataFrame) -> Figure:
    """Fit of maps on valid pixels: a panel for each metric, a row for each model."""
    both = frame[frame["pixels"] == "valid"]
    if "published" in frame:  # these figures go with all pixels
        everywhere = frame.loc[frame["pixels"] == "all", ["metric", "model", "published"]]
        both = both.drop(columns="published").merge(everywhere, on=["metric", "model"], how="left")
    titles = {metric: NAMES[metric] for metric in PAPER_METRICS}
    return points_by_model(both, titles, f"test, valid pixels ({_key(both, ', on all pixels')})")


def _key(frame: pd.DataFrame, where: str) -> str:
    """Say what the marks are; `where` the published figures are from."""
    return f"{KEY}; ×: published{where}" if "published" in frame else KEY


def curves(trained: Mapping[str, Trained], names: list[str]) -> Figure:
    """Draw validation losses of both tasks by epoch; a line a seed, a dot at the best epoch."""
    figure, all_axes = panels(len(CURVES), len(CURVES), (4.0, 3.0))
    for axes, (column, title) in zip(all_axes, CURVES.items(), strict=True):
        for number, name in enumerate(names):
            histories = [history for history in trained.values() if history.run.model == name]
            for history in sorted(histories, key=lambda history: history.run.seed):
                if column in history.epochs:
                    _line(axes, history, column, f"C{number}")
        axes.set_yscale("log")  # joint training has epochs ten times as bad as the one before
        axes.set_title(f"validation {title}", fontsize=9)
        axes.set_xlabel("epoch (of its own stage)", fontsize=8)
        axes.tick_params(labelsize=8)
        handles, labels = axes.get_legend_handles_labels()
        by_label = dict(zip(labels, handles, strict=True))  # seeds of a model share an entry
        axes.legend(by_label.values(), by_label.keys(), fontsize=7)
    return figure


def _line(axes: Axes, history: Trained, column: str, colour: str) -> None:
    epochs = history.epochs
    label = history.run.model
    axes.plot(epochs["epoch"], epochs[column], color=colour, linewidth=1, label=label)
    best = epochs[epochs["epoch"] == history.training.best_epoch]
    axes.plot(best["epoch"], best[column], "o", color=colour, markersize=4)
