"""Paired tests between models on the same test images, with Holm's correction.

The paper has uncorrected paired t tests of its maps and none of its diagnosis.
Source: `spec/cooperative.md` sections 6 and 8.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from gazescribe.pipeline.results.cooperative.measured import (
    OURS,
    Compared,
    Diagnosed,
    Models,
    maps_by_model,
    reference,
)
from gazescribe.pipeline.results.cooperative.scores import METRICS, PIXELS
from gazescribe.pipeline.results.cooperative.tables import (
    PAPER_METRICS,
    diagnosis_metrics,
    title_of,
)
from gazescribe.pipeline.results.paired import compare, correct, show_tests, withhold
from gazescribe.pipeline.results.rows import PaperTable
from gazescribe.pipeline.results.statistics import (
    delong,
    normal_p,
    paired_t_p,
    sign_p,
    wilcoxon_p,
)

CLAIMS = (("dnet201_cl", "dnet201"), ("res_se_unet", "unet_s"))
"""Pairs that the paper compares, apart from its network with each other model."""

OVER_CLASSES = ("macro", "accuracy", "micro")
"""Metrics of the diagnosis that are of all classes together; the others are of one."""

_SHARED = (
    "patients: bootstrap of the difference of means over patients and, with several seeds, of the"
    " mean over them; with n resamples no p is below 2 / (n + 1), and with few patients it is"
    " too small. seeds: paired t over the seeds that both models have."
)
_EXACT = (
    "McNemar: exact, of accuracy; with several seeds an image counts for the model that is right"
    " under more of them. DeLong: of the AUROC of a class. Both take images as independent, two of"
    " one patient too."
)
HEADINGS = {
    "subjects": "patients",
    "mcnemar": "McNemar",
    "delong": "DeLong",
    "wilcoxon": "Wilcoxon",
}
_HOLM = "Holm's correction goes, for each test, over the pairs of models,"
_OF_CLASSES = f"{_HOLM} and for the AUROC of classes over the classes too."
_OF_IMAGES = (
    "t, Wilcoxon: over images, with several seeds of each image's mean over them; both take images"
    " as independent, two of one patient too. An image on which one of two maps has no value is"
    " left out of all that compares them."
)
_OF_METRICS = (
    f"{_HOLM} and over the paper's three metrics (KL, CC, HS) or the five others; valid and all"
    " pixels apart. Shown are valid pixels."
)
DIAGNOSIS_NOTES = [_SHARED, _EXACT, _OF_CLASSES]
MAP_NOTES = [_SHARED, _OF_IMAGES, _OF_METRICS]


def diagnosis_tests(models: Models, confidence: float, min_patients: int) -> PaperTable | None:
    """Test differences of accuracy and AUROC; no p value with fewer patients than that."""
    diagnosed = {name: model.diagnosed for name, model in models.items() if model.diagnosed}
    tested = []
    for metric in diagnosis_metrics(models):
        family = metric if metric in OVER_CLASSES else "classes"
        for name, other in _pairs(diagnosed):
            row = {"metric": metric, "family": family, "model": name, "other": other}
            row |= _diagnosis_test(diagnosed[name], diagnosed[other], metric, confidence)
            tested.append(row)
    tests = ("subjects", "mcnemar", "delong", "seeds")
    title = "Paired tests of the diagnosis, test"
    return _table(title, tested, tests, min_patients, DIAGNOSIS_NOTES)


def _diagnosis_test(
    model: Diagnosed, other: Diagnosed, metric: str, confidence: float
) -> dict[str, Any]:
    test = compare(model.measures[metric], other.measures[metric], confidence)
    is_class = metric not in OVER_CLASSES
    test["n_patients"] = _n_patients(model.aligned.cases, metric)
    test |= {"p_mcnemar": np.nan, "p_delong": np.nan}
    if metric == "accuracy":
        test["p_mcnemar"] = sign_p(model.right.mean(axis=0) - other.right.mean(axis=0))
    if is_class:
        test["p_delong"] = _delong_p(model, other, metric)
    return test


def _n_patients(cases: pd.DataFrame, metric: str) -> int:
    """Count the patients behind a metric: for the AUROC of a class, the fewer of both sides."""
    if metric in OVER_CLASSES:
        return cases["subject_id"].nunique()
    has_class = cases["target"] == metric
    return min(cases.loc[side, "subject_id"].nunique() for side in (has_class, ~has_class))


def _delong_p(model: Diagnosed, other: Diagnosed, label: str) -> float:
    """P value of a class; in a cross-validation of the mean of the folds' differences."""
    column = model.aligned.columns.index(label)
    target = model.aligned.cases["target"].to_numpy() == label
    placed = model.placed[:, column] - other.placed[:, column]
    parts = np.array([delong(target[fold], placed[fold]) for fold in model.aligned.folds])
    difference, variance = parts.sum(axis=0) / (len(parts), len(parts) ** 2)
    return normal_p(difference, variance)


def map_tests(models: Models, kind: str, confidence: float, min_patients: int) -> PaperTable | None:
    """Test differences of all metrics of one kind of map; likewise."""
    tested = []
    for pixels in PIXELS:
        maps = maps_by_model(models, kind, pixels)
        for metric in METRICS:
            family = f"{pixels} {'paper' if metric in PAPER_METRICS else 'further'}"
            for name, other in _pairs(maps):
                row = {"metric": metric, "pixels": pixels, "family": family, "model": name}
                row["other"] = other
                tested.append(row | _map_test(maps[name], maps[other], metric, confidence))
    named = {"saliency": "the saliency map", "gradcam": "Grad-CAM"}[kind]
    title = f"Paired tests of {named}, test"
    tests = ("t", "wilcoxon", "subjects", "seeds")
    return _table(title, tested, tests, min_patients, MAP_NOTES)


def _map_test(model: Compared, other: Compared, metric: str, confidence: float) -> dict[str, Any]:
    """Test over the images on which both are defined."""
    column = METRICS.index(metric)
    differences = model.by_case[:, column] - other.by_case[:, column]
    is_defined = ~np.isnan(differences)
    ours, theirs = model.restrict(is_defined, metric), other.restrict(is_defined, metric)
    return compare(ours, theirs, confidence) | {
        "n_images": int(is_defined.sum()),
        "n_patients": model.aligned.cases.loc[is_defined, "subject_id"].nunique(),
        "p_t": paired_t_p(differences[is_defined]),
        "p_wilcoxon": wilcoxon_p(differences[is_defined]),
    }


def _pairs(names: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Ours with each other model but its own stage, then the paper's other claims."""
    ours = reference(names)
    if ours:
        yield from ((ours, name) for name in names if name not in OURS)
    yield from (pair for pair in CLAIMS if {*pair} <= names.keys())


def _table(
    title: str,
    tested: list[dict[str, Any]],
    tests: tuple[str, ...],
    min_patients: int,
    notes: list[str],
) -> PaperTable | None:
    """Correct the p values of each family, and put the rows into the form of `tables.md`."""
    if not tested:
        return None
    frame = pd.DataFrame(tested)
    # the page has valid pixels only
    is_shown = frame["pixels"] == PIXELS[0] if "pixels" in frame else np.ones(len(frame), bool)
    has_values = frame.loc[is_shown, [f"p_{test}" for test in tests]].notna().any()
    named = {test: HEADINGS.get(test, test) for test in tests if has_values[f"p_{test}"]}
    for test in tests:
        frame[f"p_{test}_holm"] = np.nan
    frame, few = withhold(frame, tests, min_patients)
    frame = correct(frame, tests, ["family"])
    on_page = frame[is_shown].assign(metric=frame["metric"].map(title_of))
    shown, formats = show_tests(on_page, "over patients", named)
    return PaperTable(title, frame, shown, [*notes, *few], formats)
