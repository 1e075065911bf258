"""What a checkpoint says of its own scores: thresholds of its maps, and the figures that sum it up.

They are those of one run. `gazescribe tabulate` chooses thresholds for all seeds of a model, as the
paper does.
Source: Lanfredi et al. 2023, Section 2.9; `spec/mil.md` section 7.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from gazescribe.models.training.validation import macro_auroc
from gazescribe.pipeline.core.values import MIL_MAPS

Curve = NDArray[np.float64]
Thresholds = dict[str, dict[str, float]]


def chosen_thresholds(
    cases: pd.DataFrame, limits: Sequence[float], labels: Sequence[str]
) -> Thresholds:
    """Choose, for each kind of map and label, the threshold with the best IoU of validation cases.

    `cases` is the table `mil_localisation` of one run, `limits` are the thresholds that its IoU was
    measured at. Of equals the lowest; a label without validation case takes what is best for the
    mean of the others. Nothing where there is no validation case.
    """
    chosen: Thresholds = {}
    for kind, rows in cases[cases["split"] == "validate"].groupby("map"):
        curves = {str(label): _mean_curve(of_label) for label, of_label in rows.groupby("label")}
        fallback: Curve = np.stack(list(curves.values())).mean(axis=0)
        best = {label: int(curves.get(label, fallback).argmax()) for label in labels}
        chosen[str(kind)] = {label: limits[index] for label, index in best.items()}
    return chosen


def best_iou(cases: pd.DataFrame) -> dict[str, float]:
    """Mean over labels of the IoU at each label's best threshold on these cases, by kind of map.

    `cases` are rows of the table `mil_localisation`, of one split.
    """
    best = {}
    for kind, rows in cases.groupby("map"):
        of_label = [_mean_curve(of_label).max() for _, of_label in rows.groupby("label")]
        best[str(kind)] = float(np.mean(of_label))
    return best


def headline_metrics(
    images: pd.DataFrame, cases: pd.DataFrame, thresholds: Thresholds, limits: Sequence[float]
) -> dict[str, Any]:
    """Sum up a run: its tables `mil_classification` and `mil_localisation`, at its thresholds.

    Gives auroc by data set and split; iou and pointing by split and kind of map: all means over the
    labels that can be scored, null where none can. map: the kind whose validation IoU is best.
    """
    position = {
        (kind, label): limits.index(threshold)
        for kind, of_kind in thresholds.items()
        for label, threshold in of_kind.items()
    }
    scored = cases[cases["map"].isin(list(thresholds))]
    keys = zip(scored["map"], scored["label"], scored["iou"], strict=True)
    scored = scored.assign(iou=[float(curve[position[kind, label]]) for kind, label, curve in keys])
    iou, pointing = (_macro(frame, column) for frame, column in ((scored, "iou"), (cases, "hit")))
    seen = iou.get("validate", {})
    kinds = [kind for kind in MIL_MAPS if kind in seen]
    auroc: dict[str, dict[str, float | None]] = {}
    for (dataset, split), rows in images.groupby(["dataset", "split"]):
        auroc.setdefault(str(dataset), {})[str(split)] = auroc_of(rows)
    # Of equals the first of `MIL_MAPS`.
    best = max(kinds, key=lambda kind: seen[kind]) if kinds else None
    return {"auroc": auroc, "iou": iou, "pointing": pointing, "map": best}


def auroc_of(images: pd.DataFrame) -> float | None:
    """Mean AUROC over the labels that some images have and some have not; None without any."""
    labels = [rows for _, rows in images.groupby("label")]
    probability, target = (
        torch.from_numpy(np.stack([rows[name] for rows in labels], axis=1))
        for name in ("probability", "target")
    )
    mean, n_labels = macro_auroc(probability, target)
    return mean if n_labels else None


def _mean_curve(cases: pd.DataFrame) -> Curve:
    curve: Curve = np.stack(list(cases["iou"])).astype(float).mean(axis=0)
    return curve


def _macro(cases: pd.DataFrame, column: str) -> dict[str, dict[str, float]]:
    """Mean over the cases of a label, then over the labels, by split and kind of map."""
    of_label = cases.groupby(["split", "map", "label"])[column].mean().reset_index()
    means = of_label.groupby(["split", "map"])[column].mean().reset_index()
    by_split: dict[str, dict[str, float]] = {}
    for split, kind, value in means.itertuples(index=False):
        by_split.setdefault(split, {})[kind] = float(value)
    return by_split
