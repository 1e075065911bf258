"""Paired tests between models on the same test images, with Holm's correction.

The paper has uncorrected paired t tests of its maps and none of its diagnosis.
Source: `spec/cooperative.md` sections 6 and 8.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from gazescribe.pipeline.core.resampling import interval
from gazescribe.pipeline.core.schemas import DIAGNOSES
from gazescribe.pipeline.results.cooperative.measured import (
    OURS,
    Compared,
    Diagnosed,
    Model,
    maps_of,
    reference,
)
from gazescribe.pipeline.results.cooperative.scores import METRICS, PIXELS
from gazescribe.pipeline.results.cooperative.tables import DIAGNOSIS, NAMES, PAPER_METRICS
from gazescribe.pipeline.results.measures import Measure, shared_differences
from gazescribe.pipeline.results.rows import Table, between, number
from gazescribe.pipeline.results.statistics import (
    bootstrap_p,
    delong,
    holm,
    normal_p,
    paired_t_p,
    sign_p,
    wilcoxon_p,
)

CLAIMS = (("dnet201_cl", "dnet201"), ("res_se_unet", "unet_s"))
"""Pairs that the paper compares, apart from its network with each other model."""

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
_OF_CLASSES = f"{_HOLM} and for the AUROC of classes over the three classes too."
_OF_IMAGES = (
    "t, Wilcoxon: over images, with several seeds of each image's mean over them; both take images"
    " as independent, two of one patient too. An image on which one of two maps has no value is"
    " left out of all that compares them."
)
_OF_METRICS = (
    f"{_HOLM} and over the paper's three metrics (KL, CC, HS) or the four others; valid and all"
    " pixels apart. Shown are valid pixels."
)
DIAGNOSIS_NOTES = [_SHARED, _EXACT, _OF_CLASSES]
MAP_NOTES = [_SHARED, _OF_IMAGES, _OF_METRICS]


def diagnosis_tests(models: Mapping[str, Model], confidence: float) -> Table | None:
    """Test differences of accuracy and AUROC."""
    diagnosed = {name: one.diagnosed for name, one in models.items() if one.diagnosed}
    found = []
    for metric in DIAGNOSIS:
        for name, other in _pairs(diagnosed):
            pair = diagnosed[name], diagnosed[other]
            family = "classes" if metric in DIAGNOSES else metric
            row: dict[str, Any] = {"metric": metric, "family": family}
            row |= {"model": name, "other": other}
            row |= _tested(pair[0].measures[metric], pair[1].measures[metric], confidence) | {
                "p_mcnemar": np.nan,
                "p_delong": np.nan,
            }
            if metric == "accuracy":
                row["p_mcnemar"] = sign_p(pair[0].right.mean(axis=0) - pair[1].right.mean(axis=0))
            if metric in DIAGNOSES:
                row["p_delong"] = _delong_p(*pair, metric)
            found.append(row)
    tests = ("subjects", "mcnemar", "delong", "seeds")
    title = "Paired tests of the diagnosis, test"
    return _table("diagnosis_tests", title, found, tests, DIAGNOSIS_NOTES)


def _delong_p(one: Diagnosed, other: Diagnosed, label: str) -> float:
    """P value of a class; in a cross-validation of the mean of the folds' differences."""
    at = DIAGNOSES.index(label)
    target = one.aligned.cases["target"].to_numpy() == label
    placed = one.placed[:, at] - other.placed[:, at]
    parts = np.array([delong(target[of], placed[of]) for of in one.aligned.folds])
    difference, variance = parts.sum(axis=0) / (len(parts), len(parts) ** 2)
    return normal_p(difference, variance)


def map_tests(models: Mapping[str, Model], kind: str, confidence: float) -> Table | None:
    """Test differences of all metrics of one kind of map."""
    found = []
    for pixels in PIXELS:
        maps = maps_of(models, kind, pixels)
        for metric in METRICS:
            family = f"{pixels} {'paper' if metric in PAPER_METRICS else 'further'}"
            for name, other in _pairs(maps):
                row = {"metric": metric, "pixels": pixels, "family": family, "model": name}
                found.append(
                    row | {"other": other} | _of_maps(maps[name], maps[other], metric, confidence)
                )
    named = {"saliency": "the saliency map", "gradcam": "Grad-CAM"}[kind]
    title = f"Paired tests of {named}, test"
    return _table(f"{kind}_tests", title, found, ("t", "wilcoxon", "subjects", "seeds"), MAP_NOTES)


def _of_maps(one: Compared, other: Compared, metric: str, confidence: float) -> dict[str, Any]:
    """Test over the images on which both are defined."""
    at = METRICS.index(metric)
    differences = one.by_case[:, at] - other.by_case[:, at]
    known = ~np.isnan(differences)
    return _tested(one.on(known, metric), other.on(known, metric), confidence) | {
        "n_images": int(known.sum()),
        "p_t": paired_t_p(differences[known]),
        "p_wilcoxon": wilcoxon_p(differences[known]),
    }


def _pairs(names: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Ours with each other model but its own stage, then the paper's other claims."""
    ours = reference(names)
    if ours:
        yield from ((ours, name) for name in names if name not in OURS)
    yield from ((one, other) for one, other in CLAIMS if {one, other} <= names.keys())


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


def _table(
    name: str, title: str, found: list[dict[str, Any]], tests: tuple[str, ...], notes: list[str]
) -> Table | None:
    """Correct the p values of each family, and put the rows into the form of `tables.md`."""
    if not found:
        return None
    frame = pd.DataFrame(found)
    for test in tests:
        frame[f"p_{test}_holm"] = np.nan
        for rows in frame.groupby("family").indices.values():
            adjusted = holm(frame[f"p_{test}"].to_numpy(float)[rows])
            frame.loc[rows, f"p_{test}_holm"] = adjusted
    # in the page: valid pixels
    own = frame[frame["pixels"] == PIXELS[0]] if "pixels" in frame else frame
    seen = pd.DataFrame({"metric": own["metric"].map(NAMES)})
    seen[["model", "other"]] = own[["model", "other"]]
    seen["difference"] = own["difference"].map(number)
    edges = zip(own["low"], own["high"], strict=True)
    seen["over patients"] = [between(low, high) for low, high in edges]
    for test in tests:
        if own[f"p_{test}"].isna().all():
            continue
        heading = HEADINGS.get(test, test)
        seen[f"p {heading}"] = own[f"p_{test}"].map(_p_value)
        seen[f"{heading}, Holm"] = own[f"p_{test}_holm"].map(_p_value)
    return Table(name, title, frame, seen, notes)


def _p_value(value: float) -> str:
    return "< 0.001" if value < 0.001 else number(value)
