"""Pictures of the tables: points with two intervals, published figures beside them."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gazescribe.pipeline.core.figures import panels
from gazescribe.pipeline.results.mil.experiments import PARTS
from gazescribe.pipeline.results.mil.fractions import Curve
from gazescribe.pipeline.results.mil.histogram import EDGES, LEAST, Histogram
from gazescribe.pipeline.results.mil.models import MAIN
from gazescribe.pipeline.results.published import PublishedMil

COLOURS = {"unannotated": "C7", "ellipse": "C0", "et": "C1"}
KEY = "thin: over subjects; thick: t over seeds; ×: published"
METRICS = {"auroc": "AUROC", "iou": "IoU", "pointing": "pointing game"}


def averages(frame: pd.DataFrame) -> Figure:
    """Table 5: a panel for each metric, a row for each model."""
    metrics = [metric for metric in METRICS if (frame["metric"] == metric).any()]
    models = list(dict.fromkeys(frame["model"]))
    figure, all_axes = panels(len(metrics), len(metrics), (3.0, 1.2 + 0.25 * len(models)))
    for axes, metric in zip(all_axes, metrics, strict=True):
        own = frame[frame["metric"] == metric]
        places = own["model"].map(models.index).to_numpy(float)
        _points(axes, own, places, [COLOURS.get(name, "0.3") for name in own["model"]])
        axes.set_yticks(range(len(models)), models, fontsize=8)
        axes.set_ylim(len(models) - 0.5, -0.5)
        axes.set_title(METRICS[metric], fontsize=9)
    figure.supxlabel(f"mean over labels ({KEY})", fontsize=8)
    return figure


def by_label(frame: pd.DataFrame, metric: str) -> Figure:
    """Tables 1 and 6: a row for each label, a point for each model."""
    labels = list(dict.fromkeys(frame["label"]))
    models = list(dict.fromkeys(frame["model"]))
    figure, (axes,) = panels(1, 1, (5.5, 1.2 + 0.42 * len(labels)))
    for number, model in enumerate(models):
        own = frame[frame["model"] == model]
        shift = (number - (len(models) - 1) / 2) * 0.7 / len(models)
        places = own["label"].map(labels.index).to_numpy(float) + shift
        colour = COLOURS.get(model, f"C{number + 2}")
        _points(axes, own, places, [colour] * len(own), label=model)
    axes.set_yticks(range(len(labels)), labels, fontsize=8)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    figure.supxlabel(f"{METRICS[metric]} ({KEY})", fontsize=8)
    axes.legend(fontsize=7)
    return figure


def ablation(frame: pd.DataFrame) -> Figure:
    """Table 7: a row for each row, a point for each of the paper's models."""
    return by_label(frame.assign(label=_parts(frame), model=frame["column"]), "iou")


def _parts(frame: pd.DataFrame) -> list[str]:
    """Name each row by its parts."""
    found = []
    for row in frame.to_dict("records"):
        parts = ", ".join(part.replace("_", "-") for part in PARTS if row[part])
        found.append(f"{row['row']}: {parts or 'none'}")
    return found


def _points(
    axes: Axes, frame: pd.DataFrame, places: np.ndarray, colours: list[str], label: str = ""
) -> None:
    """Draw rows of a table as points with their intervals, at these heights."""
    for interval, width, alpha in (("t", 4.5, 0.35), ("subjects", 1.0, 1.0)):
        low, high = frame[f"{interval}_low"], frame[f"{interval}_high"]
        axes.hlines(places, low, high, colors=colours, linewidth=width, alpha=alpha)
    axes.scatter(frame["mean"], places, c=colours, s=16, zorder=3, label=label)
    axes.scatter(frame["published"], places, c="black", s=18, marker="x", zorder=4, linewidths=1)
    axes.tick_params(axis="x", labelsize=8)
    axes.grid(axis="x", color="0.9")
    axes.set_axisbelow(True)


def shares(
    found: list[Curve], table: pd.DataFrame, equal: list[dict[str, Any]], published: PublishedMil
) -> Figure:
    """Draw IoU against the share of images with ellipses, and the share that equals ET."""
    figure, all_axes = panels(len(found), len(found), (4.2, 3.2))
    for axes, curve, one in zip(all_axes, found, equal, strict=True):
        own = table[table["rule"] == curve.rule]
        axes.fill_between(own["share"], own["subjects_low"], own["subjects_high"], alpha=0.15)
        axes.plot(own["share"], own["mean"], marker="o", markersize=4, label="ellipses")
        level = float(curve.target.mean()[0])
        axes.axhline(level, color="C1", label="gaze (ET)")
        if not np.isnan(one["low"]):
            axes.axvspan(one["low"], one["high"], color="C1", alpha=0.12)
        if np.isfinite(one["share"]):
            axes.plot(one["share"], level, "o", color="C1")
            axes.annotate(
                f"{one['share']:.0%} [{one['low']:.0%}, {one['high']:.0%}]",
                (one["share"], level),
                (4, -12),
                textcoords="offset points",
                fontsize=8,
            )
        axes.axvline(
            published.fraction.equals_et.value, color="black", linestyle=":", label="published"
        )
        axes.set_title(f"images drawn by: {curve.rule}", fontsize=9)
        axes.legend(fontsize=7)
    figure.supxlabel("share of annotated images", fontsize=8)
    figure.supylabel("macro IoU, test (band: over subjects)", fontsize=8)
    return figure


def lambdas(frame: pd.DataFrame) -> Figure:
    """Draw validation AUROC and IoU against each weight, with its spread over seeds."""
    weights = list(dict.fromkeys(frame["weight"]))
    figure, all_axes = panels(2 * len(weights), 2)
    for number, axes in enumerate(all_axes):
        weight, metric = weights[number // 2], ("auroc", "iou")[number % 2]
        own = frame[frame["weight"] == weight]
        spread = own[f"validation_{metric}_sd"].fillna(0)
        axes.errorbar(own["value"], own[f"validation_{metric}"], spread, marker="o", markersize=4)
        for value in own.loc[own["chosen_by_paper"], "value"]:
            axes.axvline(value, color="black", linestyle=":")
        axes.set_xscale("log")
        axes.set_xlabel(weight, fontsize=8)
        axes.set_ylabel(f"validation {METRICS[metric]}", fontsize=8)
    figure.supxlabel("bars: ± 1 sample sd over seeds; dotted: the paper's choice", fontsize=8)
    return figure


def histogram(found: Histogram, cut: float) -> Figure:
    """Draw how often each value above the least one is, and the threshold."""
    figure, (axes,) = panels(1, 1, (4.2, 2.8))
    axes.stairs(found.counts, EDGES, fill=True)
    axes.axvline(cut, color="black", linestyle=":")
    axes.annotate(f" {cut}", (cut, found.counts.max()), fontsize=8, va="top")
    axes.set_xlabel(f"value of a cell above {LEAST}", fontsize=8)
    axes.set_ylabel(f"cells of {found.n_maps} validation maps", fontsize=8)
    return figure


def first_models(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of the paper's models, or all where none of them is there."""
    first = frame[frame["model"].isin(MAIN)]
    return frame if first.empty else first
