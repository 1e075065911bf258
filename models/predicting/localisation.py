"""How maps fit the boxes or polygons of somebody else.

Source: Lanfredi et al. 2023, Section 2.9; `spec/mil.md` section 7.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.geometry.iou import PUBLISHED_THRESHOLDS, iou_by_threshold, points_inside

Row = dict[str, Any]


def fit(
    values: NDArray[np.float32],
    mask: NDArray[np.bool_],
    threshold: float | None,
    limits: Sequence[float],
) -> Row:
    """Compare a map with a mask of the same size.

    Parameters
    ----------
    values : ndarray of float32, shape (height, width)
        The map, over the picture.
    mask : ndarray of bool, shape (height, width)
        Where the label is; not empty.
    threshold : float, optional
        One of `limits`.
    limits : sequence of float
        Thresholds, rising.

    Returns
    -------
    dict
        iou at the threshold, or None; best_iou and best_threshold; hit (pointing game); area_px;
        and curve, the IoU at each limit.
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
    limits = {np.float32(one): one for one in (*PUBLISHED_THRESHOLDS, *thresholds.values())}
    return tuple(sorted(limits.values()))


def sum_up(rows: Sequence[Row], labels: Sequence[str], limits: Sequence[float]) -> Row:
    """Average what `fit` gave, with its `label`, over the pictures of a label, then over labels.

    Returns
    -------
    dict
        By label: n, threshold, iou, best_threshold, best_iou (those of the mean curve), pointing,
        curve. In `mean` iou, best_iou and pointing over the labels that occur.
    """
    found: Row = {}
    for label in labels:
        own = [row for row in rows if row["label"] == label]
        if not own:
            continue
        curve = np.mean([row["curve"] for row in own], axis=0)
        best = int(np.argmax(curve))
        known = own[0]["iou"] is not None
        found[label] = {
            "n": len(own),
            "threshold": own[0]["threshold"],
            "iou": float(np.mean([row["iou"] for row in own])) if known else None,
            "best_threshold": limits[best],
            "best_iou": float(curve[best]),
            "pointing": float(np.mean([row["hit"] for row in own])),
            "curve": curve.tolist(),
        }
    means = {}
    for name in ("iou", "best_iou", "pointing"):
        values = [one[name] for one in found.values() if one[name] is not None]
        means[name] = float(np.mean(values)) if values else None
    return {"labels": found, "mean": means}
