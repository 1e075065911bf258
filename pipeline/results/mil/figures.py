"""Pictures of the tables: points with two intervals, published figures beside them."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gazescribe.pipeline.core.figures import panels
from gazescribe.pipeline.results.figures import name_rows, points, points_by_model
from gazescribe.pipeline.results.mil.experiments import PARTS
from gazescribe.pipeline.results.mil.fractions import ShareCurve
from gazescribe.pipeline.results.mil.histogram import EDGES, LEAST, Histogram
from gazescribe.pipeline.results.mil.models import MAIN
from gazescribe.pipeline.results.published import PublishedMil

COLOURS = {"unannotated": "C7", "ellipse": "C0", "et": "C1"}
KEY = "thin: over subjects; thick: t over seeds; ×: published"
METRICS = {"auroc": "AUROC", "iou": "IoU", "pointing": "pointing game"}


def averages(frame: pd.DataFrame) -> Figure:
    """Table 5: a panel for each metric, a row for each model."""
    metrics = {name: METRICS[name] for name in METRICS if (frame["metric"] == name).any()}
    return points_by_model(frame, metrics, f"mean over labels ({KEY})", COLOURS)


def auroc_by_label(dataset: str, frame: pd.DataFrame) -> Figure:
    """Table 1, of the images that it reports."""
    return _by_label(_first_models(frame[frame["dataset"] == dataset]), "auroc")


def iou_by_label(frame: pd.DataFrame) -> Figure:
    """Table 6."""
    return _by_label(_first_models(frame[frame["metric"] == "iou"]), "iou")


def pointing_by_label(frame: pd.DataFrame) -> Figure:
    """Draw the pointing game, which stands in the CSV of Table 6."""
    return _by_label(_first_models(frame[frame["metric"] == "pointing"]), "pointing")


def _first_models(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of the paper's models, or all where none of them was scored."""
    first = frame[frame["model"].isin(MAIN)]
    return frame if first.empty else first


def _by_label(frame: pd.DataFrame, metric: str) -> Figure:
    """Draw a row for each label, a point for each model."""
    labels = list(dict.fromkeys(frame["label"]))
    models = list(dict.fromkeys(frame["model"]))
    figure, (axes,) = panels(1, 1, (5.5, 1.2 + 0.42 * len(labels)))
    for number, model in enumerate(models):
        rows = frame[frame["model"] == model]
        shift = (number - (len(models) - 1) / 2) * 0.7 / len(models)
        heights = rows["label"].map(labels.index).to_numpy(float) + shift
        colour = COLOURS.get(model, f"C{number + 2}")
        points(axes, rows, heights, [colour] * len(rows), label=model)
    name_rows(axes, labels)
    figure.supxlabel(f"{METRICS[metric]} ({KEY})", fontsize=8)
    axes.legend(fontsize=7)
    return figure


def ablation(frame: pd.DataFrame) -> Figure:
    """Table 7: a row for each row, a point for each of the paper's models."""
    names = []
    for row in frame.to_dict("records"):
        parts = ", ".join(part.replace("_", "-") for part in PARTS if row[part])
        names.append(f"{row['row']}: {parts or 'none'}")
    return _by_label(frame.assign(label=names, model=frame["column"]), "iou")


def shares(
    curves: list[ShareCurve],
    table: pd.DataFrame,
    equal: list[dict[str, Any]],
    published: PublishedMil,
) -> Figure:
    """Draw IoU against the share of images with ellipses, and the share that equals ET."""
    figure, all_axes = panels(len(curves), len(curves), (4.2, 3.2))
    published_share = published.fraction.equals_et.value
    for axes, curve, estimate in zip(all_axes, curves, equal, strict=True):
        rows = table[table["rule"] == curve.rule]
        axes.fill_between(rows["share"], rows["subjects_low"], rows["subjects_high"], alpha=0.15)
        axes.plot(rows["share"], rows["mean"], marker="o", markersize=4, label="ellipses")
        level = float(curve.target.mean()[0])
        axes.axhline(level, color="C1", label="gaze (ET)")
        _equal_share(axes, estimate, level)
        axes.axvline(published_share, color="black", linestyle=":", label="published")
        axes.set_title(f"images drawn by: {curve.rule}", fontsize=9)
        axes.legend(fontsize=7)
    figure.supxlabel("share of annotated images", fontsize=8)
    figure.supylabel("macro IoU, test (band: over subjects)", fontsize=8)
    return figure


def _equal_share(axes: Axes, estimate: dict[str, Any], level: float) -> None:
    """Mark the share that equals ET, and its interval."""
    share, low, high = (estimate[name] for name in ("share", "low", "high"))
    if not np.isnan(low):
        axes.axvspan(low, high, color="C1", alpha=0.12)
    if np.isfinite(share):
        axes.plot(share, level, "o", color="C1")
        text = f"{share:.0%} [{low:.0%}, {high:.0%}]"
        offset = (4, -12)
        axes.annotate(text, (share, level), offset, textcoords="offset points", fontsize=8)


def lambdas(frame: pd.DataFrame) -> Figure:
    """Draw validation AUROC and IoU against each weight, with its spread over seeds."""
    weights = list(dict.fromkeys(frame["weight"]))
    figure, all_axes = panels(2 * len(weights), 2)
    for number, axes in enumerate(all_axes):
        weight, metric = weights[number // 2], ("auroc", "iou")[number % 2]
        rows = frame[frame["weight"] == weight]
        mean, spread = rows[f"validation_{metric}"], rows[f"validation_{metric}_sd"].fillna(0)
        axes.errorbar(rows["value"], mean, spread, marker="o", markersize=4)
        for value in rows.loc[rows["chosen_by_paper"], "value"]:
            axes.axvline(value, color="black", linestyle=":")
        axes.set_xscale("log")
        axes.set_xlabel(weight, fontsize=8)
        axes.set_ylabel(f"validation {METRICS[metric]}", fontsize=8)
    figure.supxlabel("bars: ± 1 sample sd over seeds; dotted: the paper's choice", fontsize=8)
    return figure


def histogram(values: Histogram, cut: float) -> Figure:
    """Draw how often each value above the least one is, and the threshold."""
    figure, (axes,) = panels(1, 1, (4.2, 2.8))
    axes.stairs(values.counts, EDGES, fill=True)
    axes.axvline(cut, color="black", linestyle=":")
    axes.annotate(f" {cut}", (cut, values.counts.max()), fontsize=8, va="top")
    axes.set_xlabel(f"value of a cell above {LEAST}", fontsize=8)
    axes.set_ylabel(f"cells of {values.n_maps} validation maps", fontsize=8)
    return figure
