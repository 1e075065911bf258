"""Paired tests between models, over subjects, images and seeds.

The paper compares intervals by eye; these tests are ours.
"""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from gazescribe.pipeline.core.resampling import interval
from gazescribe.pipeline.results.measures import Measure, shared_differences
from gazescribe.pipeline.results.mil.models import MAIN, PAPER_DATASET, Model
from gazescribe.pipeline.results.rows import Table, between, number
from gazescribe.pipeline.results.statistics import bootstrap_p, holm, paired_t_p, wilcoxon_p

TESTS = ("subjects", "images", "seeds")
NOTE = (
    "subjects: bootstrap of the difference of macro means, thresholds as chosen; images: Wilcoxon's"
    " signed ranks of each reading's mean IoU over its labels and the seeds (AUROC has no value an"
    " image), which takes readings for independent although subjects recur; seeds: paired t over"
    " the seeds that both models have. Pairs: the paper's models among themselves; ET with each"
    " other model. Holm's correction goes over the pairs of one of the two groups, for a metric and"
    " test. With n resamples no p is below 2 / (n + 1)."
)


def comparisons(models: Mapping[str, Model], confidence: float) -> Table | None:
    """Test the differences of macro means of IoU and AUROC between models."""
    found = []
    for metric in ("iou", "auroc"):
        measures = {name: one for name, model in models.items() if (one := _macro(model, metric))}
        found += [
            {"metric": metric, "group": group, "model": one, "other": other}
            | _tested(measures[one], measures[other], confidence)
            | {"p_images": _images_p(models[one], models[other]) if metric == "iou" else np.nan}
            for group, one, other in _pairs(list(measures))
        ]
    if not found:
        return None
    frame = pd.DataFrame(found)
    for test in TESTS:
        for rows in frame.groupby(["metric", "group"]).indices.values():
            adjusted = holm(frame[f"p_{test}"].to_numpy(float)[rows])
            frame.loc[rows, f"p_{test}_holm"] = adjusted
    seen = frame[["metric", "model", "other"]].assign(difference=frame["difference"].map(number))
    edges = zip(frame["low"], frame["high"], strict=True)
    seen["over subjects"] = [between(low, high) for low, high in edges]
    for test in TESTS:
        seen[f"p {test}"] = frame[f"p_{test}"].map(_p_value)
        seen[f"{test}, Holm"] = frame[f"p_{test}_holm"].map(_p_value)
    title = "Paired tests between models, macro means, test"
    return Table("comparisons", title, frame, seen, [NOTE])


def _pairs(names: list[str]) -> list[tuple[str, str, str]]:
    """Pairs of the paper's models, the later one first, and ET with each other model."""
    main = [name for name in MAIN if name in names]
    pairs = [("paper", later, earlier) for earlier, later in combinations(main, 2)]
    others = [name for name in names if "et" in names and name not in MAIN]
    return pairs + [("others", "et", name) for name in others]


def _macro(model: Model, metric: str) -> Measure | None:
    measure = model.auroc.get(PAPER_DATASET)
    if metric == "iou":
        measure = model.best.iou if model.best else None
    return measure.macro() if measure else None


def _tested(one: Measure, other: Measure, confidence: float) -> dict[str, Any]:
    drawn = one.mean_draws() - other.mean_draws()
    low, high = interval(drawn, confidence)
    by_seed = shared_differences(one, other)
    return {
        "difference": one.mean()[0] - other.mean()[0],
        "low": low[0],
        "high": high[0],
        "n_seeds": len(by_seed),
        "p_subjects": bootstrap_p(drawn[:, 0]),
        "p_seeds": paired_t_p(by_seed),
    }


def _images_p(one: Model, other: Model) -> float:
    if one.best is None or other.best is None:
        return np.nan
    means = [best.cases.groupby("reading_id")["iou"].mean() for best in (one.best, other.best)]
    return wilcoxon_p((means[0] - means[1]).to_numpy())


def _p_value(value: float) -> str:
    return "< 0.001" if value < 0.001 else number(value)
