"""Precision, recall and F1 from counts, and how far they would move in another sample of images.

Reads and writes nothing. Counts are (true positive, false positive, false negative, true negative).
"""

from typing import Any

import numpy as np
import pandas as pd

from gazescribe.pipeline.core.resampling import (
    Draws,
    Floats,
    draw_clusters,
    interval,
    mean_of_known,
)

COUNTS = ("tp", "fp", "fn", "tn")
RATES = ("precision", "recall", "f1")


def rates(counts: Floats) -> Floats:
    """Give precision TP/(TP+FP), recall TP/(TP+FN) and F1 2TP/(2TP+FP+FN); NaN for 0/0.

    From counts of the shape (..., 4), true and false positives, false and true negatives, to rates
    of the shape (..., 3).
    """
    tp, fp, fn, _ = np.moveaxis(counts, -1, 0)
    with np.errstate(invalid="ignore"):
        return np.stack([tp / (tp + fp), tp / (tp + fn), 2 * tp / (2 * tp + fp + fn)], axis=-1)


def resample(counts: Floats, draws: Draws) -> Floats:
    """Draw clusters with replacement, and give the counts of each draw.

    From (n_clusters, n_items, 4) to (n_bootstrap, n_items, 4): what was seen together is drawn
    together. There is no draw when there are fewer than two clusters: nothing can vary then.
    """
    summed: Floats = np.tensordot(draw_clusters(len(counts), draws), counts, axes=1)
    return summed


def score_table(items: pd.DataFrame, counts: Floats, draws: Draws) -> pd.DataFrame:
    """Score each item (a row of `items`), with percentile intervals over resampled clusters.

    To `items` come the counts, and for each of precision, recall and F1 the value, `_low`, `_high`
    and `_resamples`: the draws in which it was defined, which the interval is over.
    """
    total = counts.sum(axis=0)
    table = items.reset_index(drop=True).copy()
    table[list(COUNTS)] = total.astype(np.int64)
    drawn = rates(resample(counts, draws))
    return pd.concat([table, _with_intervals(rates(total), drawn, draws.confidence)], axis=1)


def macro_scores(counts: Floats, draws: Draws) -> dict[str, dict[str, float | int | None]]:
    """Average each rate over the items for which it is defined, in all clusters and in each draw.

    Gives for each rate `value`, `low`, `high`, `resamples`, and `n_defined` of `n_items`.
    """
    values = rates(counts.sum(axis=0))
    drawn = mean_of_known(rates(resample(counts, draws)), axis=-2)
    mean = mean_of_known(values, axis=-2)[None]
    row = _with_intervals(mean, drawn[:, None], draws.confidence).iloc[0]
    return {
        rate: {
            "value": _number(row[rate]),
            "low": _number(row[f"{rate}_low"]),
            "high": _number(row[f"{rate}_high"]),
            "resamples": int(row[f"{rate}_resamples"]),
            "n_defined": int(np.isfinite(values[:, column]).sum()),
            "n_items": len(values),
        }
        for column, rate in enumerate(RATES)
    }


def _with_intervals(values: Floats, drawn: Floats, confidence: float) -> pd.DataFrame:
    """Lay out values (n, 3) and draws (n_bootstrap, n, 3) as columns, n rows."""
    columns: dict[str, Any] = {}
    low, high = interval(drawn, confidence)
    for column, rate in enumerate(RATES):
        columns[rate] = values[:, column].round(6)
        columns[f"{rate}_low"] = low[:, column].round(6)
        columns[f"{rate}_high"] = high[:, column].round(6)
        columns[f"{rate}_resamples"] = np.isfinite(drawn[:, :, column]).sum(axis=0)
    return pd.DataFrame(columns)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def cross_table(
    rows: pd.DataFrame, order: dict[str, list[str]], column: pd.Series, names: list[str]
) -> pd.DataFrame:
    """Count rows by two of their columns and a third; all values in `order` and `names` have a row.

    `order` gives the values of the two columns, `names` those of the third.
    """
    table = pd.crosstab([rows[name] for name in order], column)
    index = pd.MultiIndex.from_product([*order.values()], names=[*order])
    table = table.reindex(index=index, columns=names, fill_value=0)
    return table.rename_axis(columns=None).reset_index()
