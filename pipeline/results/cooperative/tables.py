"""Tables 1 and 2 and the table of Grad-CAM, published figures in columns of their own.

Source: Qiu, Rivaz, Xiao 2025, Tables 1 and 2; `spec/cooperative.md` sections 6 and 8.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gazescribe.pipeline.core.schemas import DIAGNOSES
from gazescribe.pipeline.results.cooperative.measured import Compared, Model, maps_of
from gazescribe.pipeline.results.cooperative.scores import METRICS, PIXELS, Run
from gazescribe.pipeline.results.measures import Measure
from gazescribe.pipeline.results.published import Figure, PublishedCooperative, Spread
from gazescribe.pipeline.results.rows import Table, between, number
from gazescribe.pipeline.results.statistics import wilson_interval

DIAGNOSIS = ("macro", "accuracy", *DIAGNOSES, "micro")
"""Metrics of Table 1; the first is the primary one."""

NAMES = {
    "macro": "AUROC, macro",
    "micro": "AUROC, micro",
    "accuracy": "accuracy",
    "normal": "AUROC, normal",
    "chf": "AUROC, heart failure",
    "pneumonia": "AUROC, pneumonia",
    "kl": "KL (lower is better)",
    "cc": "CC",
    "hs": "HS",
    "sim": "SIM (MIT)",
    "nss": "NSS",
    "auc_judd": "AUC-Judd",
    "auc_shuffled": "AUC, shuffled",
}
DIAGNOSIS_NOTE = (
    "AUROC of a class: against the two others. macro: mean of the three, the primary figure; micro:"
    " of all pairs of image and class together. Published micro: the printed overall figure where"
    " it is not the macro mean. Wilson's interval takes images as independent, two of one patient"
    " too."
)
SALIENCY_NOTE = (
    "± population standard deviation over images, as published (with several seeds the mean of each"
    " seed's). valid: the image's pixels; all: also the padding around it, as published."
    " centre_prior and mean_map know nothing of the image; both are of the training readings."
)
PAPER_METRICS, FURTHER = METRICS[:3], METRICS[3:]


def weights_of(run: Run, runs: Mapping[str, Run]) -> str:
    """Name what a run's weights started from: a file, a stage before, or nothing."""
    first = run.init_from
    if first and first in runs:
        return weights_of(runs[first], runs)
    if first:
        return f"those of {first}"
    weights = run.scores.settings.get("weights")
    return Path(weights).name if weights else "scratch"


def diagnosis(
    models: Mapping[str, Model],
    weights: Mapping[str, str],
    published: PublishedCooperative,
    confidence: float,
) -> Table | None:
    """Table 1: each metric of each model that gives a diagnosis."""
    found = []
    for metric in DIAGNOSIS:
        for name, model in models.items():
            if model.diagnosed is None:
                continue
            measure = model.diagnosed.measures[metric]
            n = len(model.diagnosed.aligned.cases)
            row: dict[str, Any] = {"metric": metric, "model": name, "weights": weights[name]}
            row |= {"n_images": n} | summarised(measure, 0, confidence)
            known = metric == "accuracy" and not np.isnan(row["mean"])
            edges = wilson_interval(row["mean"], n, confidence) if known else (np.nan, np.nan)
            row |= dict(zip(("wilson_low", "wilson_high"), edges, strict=True))
            found.append(row | _published(published, metric, name))
    if not found:
        return None
    frame = pd.DataFrame(found)
    seen = _seen(frame)
    seen["over patients"] = _intervals(frame, "subjects")
    seen["Wilson"] = _intervals(frame, "wilson")
    seen["t over seeds"] = _intervals(frame, "t")
    published_edges = _intervals(frame, "published")
    pairs = zip(frame["published"].map(number), published_edges, strict=True)
    seen["published"] = [f"{value} {edge}".removesuffix(" –") for value, edge in pairs]
    notes = [DIAGNOSIS_NOTE, *published.remarks.table_1]
    return Table("table_1_diagnosis", "Table 1: diagnosis, test", frame, seen, notes)


def _published(published: PublishedCooperative, metric: str, model: str) -> dict[str, Any]:
    figure: Figure | None = published.table_1.get(metric, {}).get(model)
    if metric == "micro" and published.averaging.get(model) == "micro":
        figure = published.table_1["printed"][model]
    parts = {"published": "value", "published_low": "low", "published_high": "high"}
    known = {name: getattr(figure, part, None) for name, part in parts.items()}
    return {name: np.nan if value is None else value for name, value in known.items()}


def saliency(
    models: Mapping[str, Model],
    weights: Mapping[str, str],
    published: PublishedCooperative,
    confidence: float,
) -> list[Table]:
    """Table 2: the paper's metrics, and those of the saliency benchmark."""
    of_paper, further = (
        _maps(models, "saliency", metrics, weights, published, confidence)
        for metrics in (PAPER_METRICS, FURTHER)
    )
    if of_paper is None or further is None:
        return []
    notes = [SALIENCY_NOTE, *published.remarks.table_2]
    title = "Table 2: fit of the saliency map to gaze, test"
    more = "Table 2, further metrics: SIM of the MIT benchmark, and fixations themselves"
    undefined = "A metric without fixations on the image is undefined there; images says how many."
    return [
        Table("table_2_saliency", title, of_paper, _shown(of_paper), notes),
        Table("table_2_further_metrics", more, further, _shown(further), [undefined]),
    ]


def gradcam(
    models: Mapping[str, Model], weights: Mapping[str, str], confidence: float
) -> Table | None:
    """Grad-CAM of each model's diagnosis, against gaze."""
    found = _maps(models, "gradcam", METRICS, weights, None, confidence)
    if found is None:
        return None
    title = "Grad-CAM of the diagnosis, fit to gaze, test"
    note = (
        "Grad-CAM of the most probable class. One hundredth of it is spread over all pixels, since"
        " KL is infinite where a map is 0 and gaze is not; where nothing speaks for the class it is"
        " the same everywhere. centre_prior and mean_map, which know nothing of the image, are"
        " those of the saliency table. The paper argues from single pictures."
    )
    return Table("gradcam", title, found, _shown(found), [note])


def _maps(
    models: Mapping[str, Model],
    kind: str,
    metrics: Sequence[str],
    weights: Mapping[str, str],
    published: PublishedCooperative | None,
    confidence: float,
) -> pd.DataFrame | None:
    """One row for each metric, model and kind of pixels; published figures go with all pixels."""
    maps = {pixels: maps_of(models, kind, pixels) for pixels in PIXELS}
    found = []
    for metric in metrics:
        of_metric = published.table_2.get(metric, {}) if published else {}
        for name in models:
            for pixels in PIXELS:
                compared = maps[pixels].get(name)
                if compared is None:
                    continue
                figure = of_metric.get(name) if pixels == "all" else None
                row = {"metric": metric, "model": name, "weights": weights[name], "pixels": pixels}
                found.append(row | _fit(compared, metric, figure, confidence))
    return pd.DataFrame(found) if found else None


def _fit(
    compared: Compared, metric: str, figure: Spread | None, confidence: float
) -> dict[str, Any]:
    at = METRICS.index(metric)
    row = {"n_images": int(compared.n_defined[at])} | summarised(compared.measure, at, confidence)
    return row | {
        "sd": compared.sd[at],
        "published": figure.value if figure else np.nan,
        "published_sd": figure.sd if figure else np.nan,
    }


def summarised(measure: Measure, at: int, confidence: float) -> dict[str, Any]:
    """Mean, seeds and intervals of one item; the interval of the other paper is left out."""
    row = measure.summary(confidence).iloc[at].to_dict()
    kept = [name for name in map(str, row) if name != "item" and not name.startswith("paper")]
    return {name: row[name] for name in kept}


def _shown(frame: pd.DataFrame) -> pd.DataFrame:
    """One row for each metric and model: valid pixels, then all, then published."""
    keys = ["metric", "model", "weights"]
    valid, everywhere = (frame[frame["pixels"] == one].reset_index(drop=True) for one in PIXELS)
    both = valid.merge(everywhere, on=keys, how="left", suffixes=("", "_all"))
    seen = _seen(both)
    seen["over patients"] = _intervals(both, "subjects")
    seen["t over seeds"] = _intervals(both, "t")
    seen["all pixels"] = _means(both, "mean_all", "sd_all")
    seen["all, over patients"] = [
        between(low, high)
        for low, high in zip(both["subjects_low_all"], both["subjects_high_all"], strict=True)
    ]
    if both["published_all"].notna().any():
        seen["published"] = _means(both, "published_all", "published_sd_all")
    return seen


def _seen(frame: pd.DataFrame) -> pd.DataFrame:
    """Begin the form of `tables.md`."""
    mean = "valid pixels" if "sd" in frame else "mean"
    return pd.DataFrame(
        {
            "metric": frame["metric"].map(NAMES),
            "model": frame["model"],
            "weights": frame["weights"],
            "images": frame["n_images"],
            "seeds": frame["n_seeds"],
            mean: _means(frame, "mean", "sd"),
        }
    )


def _means(frame: pd.DataFrame, mean: str, spread: str) -> list[str]:
    if spread not in frame:
        return [number(value) for value in frame[mean]]
    pairs = zip(frame[mean], frame[spread], strict=True)
    return [
        number(value) + ("" if pd.isna(value) else f" ± {spread:.3f}") for value, spread in pairs
    ]


def _intervals(frame: pd.DataFrame, name: str) -> list[str]:
    edges = zip(frame[f"{name}_low"], frame[f"{name}_high"], strict=True)
    return [between(low, high) for low, high in edges]
