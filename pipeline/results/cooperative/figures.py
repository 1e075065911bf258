"""Pictures of the tables: points with intervals, published figures beside; validation curves."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gazescribe.pipeline.core.figures import panels
from gazescribe.pipeline.core.resampling import Floats
from gazescribe.pipeline.results.cooperative.joint import CURVES, Trained
from gazescribe.pipeline.results.cooperative.tables import NAMES

KEY = "thin: over patients; thick: t over seeds; ×: published"


def diagnosis(frame: pd.DataFrame) -> Figure:
    """Table 1: a panel for macro AUROC and accuracy, a row for each model."""
    return _points(frame, ("macro", "accuracy"), f"test ({KEY})")


def fit(frame: pd.DataFrame, metrics: tuple[str, ...]) -> Figure:
    """Fit of maps on valid pixels: a panel for each metric, a row for each model."""
    everywhere = frame.loc[frame["pixels"] == "all", ["metric", "model", "published"]]
    own = frame[frame["pixels"] == "valid"].drop(columns="published")
    both = own.merge(everywhere, on=["metric", "model"], how="left")
    return _points(both, metrics, f"test, valid pixels ({KEY}, on all pixels)")


def _points(frame: pd.DataFrame, metrics: tuple[str, ...], label: str) -> Figure:
    models = list(dict.fromkeys(frame["model"]))
    size = (3.0, 1.2 + 0.25 * len(models))
    figure, all_axes = panels(len(metrics), len(metrics), size)
    for axes, metric in zip(all_axes, metrics, strict=True):
        own = frame[frame["metric"] == metric]
        _panel(axes, own, own["model"].map(models.index).to_numpy(float))
        axes.set_yticks(range(len(models)), models, fontsize=8)
        axes.set_ylim(len(models) - 0.5, -0.5)
        axes.set_title(NAMES[metric], fontsize=9)
    figure.supxlabel(label, fontsize=8)
    return figure


def _panel(axes: Axes, own: pd.DataFrame, places: Floats) -> None:
    for interval, width, alpha in (("t", 4.5, 0.35), ("subjects", 1.0, 1.0)):
        low, high = own[f"{interval}_low"], own[f"{interval}_high"]
        axes.hlines(places, low, high, colors="C0", linewidth=width, alpha=alpha)
    axes.scatter(own["mean"], places, c="C0", s=16, zorder=3)
    axes.scatter(own["published"], places, c="black", s=18, marker="x", zorder=4, linewidths=1)
    axes.tick_params(axis="x", labelsize=8)
    axes.grid(axis="x", color="0.9")
    axes.set_axisbelow(True)


def curves(trained: Mapping[str, Trained], names: list[str]) -> Figure:
    """Draw validation losses of both tasks by epoch; a line a seed, a dot at the best epoch."""
    figure, all_axes = panels(len(CURVES), len(CURVES), (4.0, 3.0))
    for axes, (column, title) in zip(all_axes, CURVES.items(), strict=True):
        for number, name in enumerate(names):
            runs = [one for one in trained.values() if one.run.model == name]
            for one in sorted(runs, key=lambda each: each.run.seed):
                if column in one.epochs:
                    _line(axes, one, column, f"C{number}", one.run.model)
        axes.set_yscale("log")  # joint training has epochs ten times as bad as the one before
        axes.set_title(f"validation {title}", fontsize=9)
        axes.set_xlabel("epoch (of its own stage)", fontsize=8)
        axes.tick_params(labelsize=8)
        handles, labels = axes.get_legend_handles_labels()
        once = dict(zip(labels, handles, strict=True))
        axes.legend(once.values(), once.keys(), fontsize=7)
    return figure


def _line(axes: Axes, one: Trained, column: str, colour: str, label: str) -> None:
    epochs = one.epochs
    axes.plot(epochs["epoch"], epochs[column], color=colour, linewidth=1, label=label)
    best = epochs[epochs["epoch"] == one.training.best_epoch]
    axes.plot(best["epoch"], best[column], "o", color=colour, markersize=4)
