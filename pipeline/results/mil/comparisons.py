"""Paired tests between models, over subjects, images and seeds.

The paper compares intervals by eye; these tests are ours.
"""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from gazescribe.pipeline.results.mil.models import MAIN, MilModel
from gazescribe.pipeline.results.paired import compare, correct, show_tests, withhold
from gazescribe.pipeline.results.rows import PaperTable
from gazescribe.pipeline.results.statistics import wilcoxon_p

TESTS = ("subjects", "images", "seeds")
NOTE = (
    "subjects: bootstrap of the difference of macro means, thresholds as chosen; images: Wilcoxon's"
    " signed ranks of each reading's mean IoU over its labels and the seeds (AUROC has no value an"
    " image), which takes readings for independent although subjects recur; seeds: paired t over"
    " the seeds that both models have. Pairs: the paper's models among themselves; ET with each"
    " other model. Holm's correction goes over the pairs of one of the two groups, for a metric and"
    " test. With n resamples no p is below 2 / (n + 1)."
)


def comparisons(
    models: Mapping[str, MilModel], confidence: float, min_patients: int
) -> PaperTable | None:
    """Test the differences of macro means of IoU and AUROC between models.

    No p value is told where fewer patients than `min_patients` stand behind it.
    """
    tested = []
    for metric in ("iou", "auroc"):
        measured = {name: model.measures().get(metric) for name, model in models.items()}
        macro = {name: measure.macro() for name, measure in measured.items() if measure}
        for group, name, other in _pairs(list(macro)):
            row: dict[str, Any] = {"metric": metric, "group": group, "model": name, "other": other}
            row |= compare(macro[name], macro[other], confidence)
            of_images = _images_p(models[name], models[other]) if metric == "iou" else np.nan
            row |= {"n_patients": models[name].n_patients[metric], "p_images": of_images}
            tested.append(row)
    if not tested:
        return None
    frame, few = withhold(pd.DataFrame(tested), TESTS, min_patients)
    frame = correct(frame, TESTS, ["metric", "group"])
    shown, formats = show_tests(frame, "over subjects", dict(zip(TESTS, TESTS, strict=True)))
    title = "Paired tests between models, macro means, test"
    return PaperTable(title, frame, shown, [NOTE, *few], formats)


def _pairs(names: list[str]) -> list[tuple[str, str, str]]:
    """Pairs of the paper's models, the later one first, and ET with each other model."""
    main = [name for name in MAIN if name in names]
    pairs = [("paper", later, earlier) for earlier, later in combinations(main, 2)]
    further = [name for name in names if "et" in names and name not in MAIN]
    return pairs + [("others", "et", name) for name in further]


def _images_p(model: MilModel, other: MilModel) -> float:
    if model.best is None or other.best is None:
        return np.nan
    means = [best.cases.groupby("reading_id")["iou"].mean() for best in (model.best, other.best)]
    return wilcoxon_p((means[0] - means[1]).to_numpy())
