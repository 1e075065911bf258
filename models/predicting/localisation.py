"""How maps fit the boxes or polygons of somebody else.

Source: Lanfredi et al. 2023, Section 2.9; `spec/mil.md` section 7.
"""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.models.predicting.boxes import Boxes, mask_of
from gazescribe.models.predicting.drawing import spread
from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.files import replacing, write_json
from gazescribe.pipeline.geometry.iou import PUBLISHED_THRESHOLDS, iou_by_threshold, points_inside
from gazescribe.pipeline.geometry.sizes import is_scaled

if TYPE_CHECKING:  # torch takes seconds to import
    from gazescribe.models.predicting.predictor import ImageOutput

SCORED = (
    *("name", "label", "probability", "threshold", "iou", "best_threshold", "best_iou"),
    *("hit", "area_px"),
)
"""Columns of localisation.csv."""

Row = dict[str, Any]


def compare(
    name: str,
    output: "ImageOutput | GazeError",
    boxes: Boxes,
    labels: Sequence[str],
    thresholds: Mapping[str, float],
) -> list[Row]:
    """Compare the maps of a picture, in the order of `labels`, with its boxes.

    Gives for each label that has boxes what `fit` does, with its probability; or why it is
    `left_out`.
    """
    rows: list[Row] = []
    size_in_file = boxes.sizes.get(name, (None, None))
    for label, shapes in boxes.shapes.get(name, {}).items():
        row: Row = {"name": name, "label": label}
        rows.append(row)
        if isinstance(output, GazeError):
            row["left_out"] = "the picture cannot be read"
            continue
        size = output.frame.image_size
        height, width = (side or px for side, px in zip(size_in_file, size, strict=True))
        mask = mask_of(shapes, (height, width))
        if not is_scaled(size, (height, width)):
            row["left_out"] = "the picture has another aspect than the COCO file says"
        elif not mask.any():
            row["left_out"] = "the shapes hold no pixel's centre"
        else:
            values = spread(output.maps[labels.index(label)], output.frame, (height, width))
            row["probability"] = output.probabilities[label]
            row |= fit(values, mask, thresholds.get(label), limits_of(thresholds))
    return rows


def fit(
    values: NDArray[np.float32],
    mask: NDArray[np.bool_],
    threshold: float | None,
    limits: Sequence[float],
) -> Row:
    """Compare a map over the picture with a mask of the same size, which is not empty.

    Gives iou at the threshold, one of the rising `limits`, or None; best_iou and best_threshold;
    hit (pointing game); area_px; and curve, the IoU at each limit.
    """
    curve = iou_by_threshold(values, mask, limits)
    best = int(np.argmax(curve))
    return {
        "threshold": threshold,
        "iou": None if threshold is None else float(curve[list(limits).index(threshold)]),
        "best_threshold": limits[best],
        "best_iou": float(curve[best]),
        "hit": points_inside(values, mask),
        "area_px": int(mask.sum()),
        "curve": curve.tolist(),
    }


def limits_of(thresholds: Mapping[str, float]) -> tuple[float, ...]:
    """Give the paper's 26 thresholds, and those in use; they are compared as float32."""
    limits = {np.float32(value): value for value in (*PUBLISHED_THRESHOLDS, *thresholds.values())}
    return tuple(sorted(limits.values()))


def sum_up(rows: Sequence[Row], labels: Sequence[str], limits: Sequence[float]) -> Row:
    """Average what `fit` gave, with its `label`, over the pictures of a label, then over labels.

    By label: n, threshold, iou, best_threshold, best_iou (those of the mean curve), pointing,
    curve. In `mean` iou, best_iou and pointing over the labels that occur.
    """
    by_label: dict[str, Row] = {}
    for label in labels:
        fits = [row for row in rows if row["label"] == label]
        if not fits:
            continue
        curve = np.mean([row["curve"] for row in fits], axis=0)
        best = int(np.argmax(curve))
        has_iou = fits[0]["iou"] is not None
        by_label[label] = {
            "n": len(fits),
            "threshold": fits[0]["threshold"],
            "iou": float(np.mean([row["iou"] for row in fits])) if has_iou else None,
            "best_threshold": limits[best],
            "best_iou": float(curve[best]),
            "pointing": float(np.mean([row["hit"] for row in fits])),
            "curve": curve.tolist(),
        }
    means = {}
    for name in ("iou", "best_iou", "pointing"):
        values = [row[name] for row in by_label.values() if row[name] is not None]
        means[name] = float(np.mean(values)) if values else None
    return {"labels": by_label, "mean": means}


def write_localisation(
    rows: Sequence[Row],
    labels: Sequence[str],
    thresholds: Mapping[str, float],
    about: Row,
    folder: Path,
) -> Row:
    """Write localisation.csv and, with `about`, localisation.json; give the means over labels."""
    scored = [row for row in rows if "left_out" not in row]
    with (
        replacing(folder / "localisation.csv") as beside,
        beside.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.DictWriter(file, SCORED, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(scored)
    limits = limits_of(thresholds)
    summary = sum_up(scored, labels, limits)
    reasons = Counter(row["left_out"] for row in rows if "left_out" in row)
    counts = {**about["counts"], "cases": len(scored), "cases_left_out": dict(reasons)}
    content = {**about, **summary, "limits": list(limits), "counts": counts}
    write_json(content, folder / "localisation.json")
    means: Row = summary["mean"]
    return means
