"""Pictures of the tables: points with two intervals, published figures beside them."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from gazescribe.pipeline.core.figures import (
    CYCLE,
    DOUBLE_MM,
    GREY,
    MARKERS,
    SINGLE_MM,
    Plate,
    legend_below,
    logarithmic,
    panels,
    printed,
    wrapped,
)
from gazescribe.pipeline.results.figures import (
    AROUND_MM,
    NAME_LETTERS,
    PUBLISHED,
    marks,
    name_rows,
    points,
    points_by_model,
    say_marks,
)
from gazescribe.pipeline.results.mil.experiments import PARTS
from gazescribe.pipeline.results.mil.fractions import ShareCurve
from gazescribe.pipeline.results.mil.histogram import EDGES, LEAST, Histogram
from gazescribe.pipeline.results.mil.models import MAIN
from gazescribe.pipeline.results.names import METRICS, model_name
from gazescribe.pipeline.results.published import PublishedMil

COLOURS = {"unannotated": GREY, "ellipse": CYCLE[0], "et": CYCLE[1]}
SHAPES = dict(zip(COLOURS, MARKERS, strict=False))
LABEL_MM = 10.0  # height of a label's rows
LINE_MM = 3.4  # of its name


@printed()
def averages(frame: pd.DataFrame) -> Plate:
    """Table 5: a panel for each metric, a row for each model."""
    metrics = {name: METRICS[name] for name in METRICS if (frame["metric"] == name).any()}
    title = "Averages over the labels, test"
    caption = "Means over the labels that have test cases, for each model."
    return points_by_model(frame, metrics, title, caption, COLOURS)


def auroc_by_label(dataset: str, frame: pd.DataFrame) -> Plate:
    """Table 1, of the images that it reports."""
    return _of_labels(frame[frame["dataset"] == dataset], "auroc", "n_positive", "positive images")


def iou_by_label(frame: pd.DataFrame) -> Plate:
    """Table 6."""
    return _of_labels(frame[frame["metric"] == "iou"], "iou", "n", "cases")


def pointing_by_label(frame: pd.DataFrame) -> Plate:
    """Draw the pointing game, which stands in the CSV of Table 6."""
    return _of_labels(frame[frame["metric"] == "pointing"], "pointing", "n", "cases")


def _of_labels(frame: pd.DataFrame, metric: str, n: str, meaning: str) -> Plate:
    """Draw the paper's models, or all where none of them was scored; labels with their n."""
    first = frame[frame["model"].isin(MAIN)]
    rows = frame if first.empty else first
    named = [f"{label} ({n_of})" for label, n_of in zip(rows["label"], rows[n], strict=True)]
    caption = f"In brackets: {meaning} of the label; without any, or of one class, it has no point."
    return _by_label(rows.assign(label=named), metric, f"{METRICS[metric]} by label, test", caption)


@printed()
def _by_label(frame: pd.DataFrame, metric: str, title: str, caption: str) -> Plate:
    """Draw a row for each label, a point for each model."""
    labels = list(dict.fromkeys(frame["label"]))
    models = list(dict.fromkeys(frame["model"]))
    n_lines = max(wrapped(label, NAME_LETTERS).count("\n") + 1 for label in labels)
    row_mm = max(LABEL_MM, 2.5 * len(models), LINE_MM * n_lines)
    figure, (axes,) = panels(1, 1, SINGLE_MM, AROUND_MM + 5 + row_mm * len(labels))
    artists, names = [], []
    of_label = frame.groupby("label", sort=False)
    beside = of_label.cumcount() - (of_label["model"].transform("size") - 1) / 2
    heights = frame["label"].map(labels.index) + beside * 0.7 / len(models)
    for number, model in enumerate(models):
        rows = frame[frame["model"] == model]
        colour = COLOURS.get(model, CYCLE[(number + 2) % len(CYCLE)])
        marker = SHAPES.get(model, MARKERS[(number + 3) % len(MARKERS)])
        points(axes, rows, heights[rows.index].to_numpy(float), [colour] * len(rows), marker)
        artists.append(Line2D([], [], color=colour, marker=marker, linewidth=1))
        names.append(model_name(model))
    name_rows(axes, labels)
    axes.set_xlabel(METRICS[metric])
    further, its_names = marks(frame)
    names += its_names[1:]
    legend_below(figure, [*artists, *further[1:]], names)
    return Plate(figure, title, f"{caption} {say_marks(frame)}")


def ablation(frame: pd.DataFrame) -> Plate:
    """Table 7: a row for each row, a point for each of the paper's models."""
    names = []
    for row in frame.to_dict("records"):
        parts = ", ".join(part.replace("_", "-") for part in PARTS if row[part])
        names.append(f"{row['row']}: {parts or 'none'}")
    title = "IoU with parts of the method, test"
    caption = "Rows are those of Table 7, with the parts of the method that they have."
    return _by_label(frame.assign(label=names, model=frame["column"]), "iou", title, caption)


@printed()
def shares(
    curves: list[ShareCurve],
    table: pd.DataFrame,
    equal: list[dict[str, Any]],
    published: PublishedMil,
) -> Plate:
    """Draw IoU against the share of images with ellipses, and the share that equals ET."""
    width_mm = SINGLE_MM if len(curves) == 1 else DOUBLE_MM
    figure, all_axes = panels(len(curves), len(curves), width_mm, 75)
    published_share = published.fraction.equals_et.value
    estimates = []
    for axes, curve, estimate in zip(all_axes, curves, equal, strict=True):
        rows = table[table["rule"] == curve.rule]
        low, high = rows["subjects_low"], rows["subjects_high"]
        axes.fill_between(rows["share"], low, high, alpha=0.15, linewidth=0)
        axes.plot(rows["share"], rows["mean"], marker="o", label="ellipses")
        level = float(curve.target.mean()[0])
        axes.axhline(level, color=CYCLE[1], linestyle="--", label="gaze (ET)")
        _equal_share(axes, estimate, level)
        axes.axvline(published_share, color=PUBLISHED, linestyle=":", label="published share")
        axes.set_title(f"images drawn by: {curve.rule}")
        axes.set_xlabel("share of images with ellipses")
        estimates.append(_say_share(curve.rule, estimate))
    all_axes[0].set_ylabel("macro IoU, test")
    handles, labels = all_axes[0].get_legend_handles_labels()
    legend_below(figure, handles, labels)
    caption = (
        "IoU of models of ellipses against the share of images that have them; band: interval over"
        " subjects. Diamond and band upright: the share that equals gaze, and its interval."
    )
    title = "How many ellipses are worth the gaze"
    return Plate(figure, title, f"{caption} {' '.join(estimates)}")


def _equal_share(axes: Axes, estimate: dict[str, Any], level: float) -> None:
    """Mark the share that equals ET, and its interval."""
    share, low, high = (estimate[name] for name in ("share", "low", "high"))
    if not np.isnan(low):
        axes.axvspan(low, high, color=CYCLE[1], alpha=0.12, linewidth=0)
    if np.isfinite(share):
        axes.plot(share, level, "D", color=CYCLE[1], markersize=5)


def _say_share(rule: str, estimate: dict[str, Any]) -> str:
    share, low, high = (estimate[name] for name in ("share", "low", "high"))
    if not np.isfinite(share):
        return f"Rule {rule}: the share lies beyond the curve."
    return f"Rule {rule}: {share:.0%} [{low:.0%}, {high:.0%}]."


@printed()
def lambdas(frame: pd.DataFrame) -> Plate:
    """Draw validation AUROC and IoU against each weight, with its spread over seeds."""
    weights = list(dict.fromkeys(frame["weight"]))
    figure, all_axes = panels(2 * len(weights), 2, DOUBLE_MM, 55 * len(weights))
    for number, axes in enumerate(all_axes):
        weight, metric = weights[number // 2], ("auroc", "iou")[number % 2]
        rows = frame[frame["weight"] == weight]
        mean, spread = rows[f"validation_{metric}"], rows[f"validation_{metric}_sd"].fillna(0)
        axes.errorbar(rows["value"], mean, spread, marker="o")
        for value in rows.loc[rows["chosen_by_paper"], "value"]:
            axes.axvline(value, color=PUBLISHED, linestyle=":")
        logarithmic(axes, "x")
        axes.set_xlabel(weight.replace("lambda_", "λ "))
        axes.set_ylabel(f"validation {METRICS[metric]}")
    caption = "Bars: ± 1 sample standard deviation over seeds. Dotted: the paper's choice."
    return Plate(figure, "Weights of the losses", caption)


@printed()
def histogram(values: Histogram, cut: float) -> Plate:
    """Draw how often each value above the least one is, and the threshold."""
    figure, (axes,) = panels(1, 1, SINGLE_MM, 62)
    axes.stairs(values.counts, EDGES, fill=True)
    line = axes.axvline(cut, color=PUBLISHED, linestyle=":")
    axes.set_xlabel("value of a cell, share of its map's maximum")
    axes.set_ylabel("cells")
    legend_below(figure, [line], [f"threshold {cut}"])
    caption = (
        f"Cells above {LEAST} of {values.n_maps} maps of validation readings, in steps of 0.01;"
        " dotted: the threshold above which a cell counts as annotated."
    )
    return Plate(figure, "Values of label maps on the network's grid", caption)
