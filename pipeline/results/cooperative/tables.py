"""Tables 1 and 2 and the table of Grad-CAM, published figures in columns of their own.

Source: Qiu, Rivaz, Xiao 2025, Tables 1 and 2; `spec/cooperative.md` sections 6 and 8.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from gazescribe.pipeline.results.cooperative.measured import AS_PUBLISHED, Models, maps_by_model
from gazescribe.pipeline.results.cooperative.scores import METRICS, PIXELS, Target
from gazescribe.pipeline.results.measures import Measure
from gazescribe.pipeline.results.published import PublishedCooperative, PublishedValue
from gazescribe.pipeline.results.rows import PaperTable, Wide, intervals, number, published_texts
from gazescribe.pipeline.results.statistics import wilson_interval

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
    "information_gain": "information gain over the centre prior, bits a fixation",
    "information_gain_mean": "information gain over the mean map, bits a fixation",
}
DIAGNOSIS_NOTE = (
    "AUROC of a class: against the others. macro: mean of the classes, the primary figure; micro:"
    " of all pairs of image and class together. Wilson's interval takes images as independent, two"
    " of one patient too."
)
MICRO_NOTE = "Published micro: the printed overall figure where it is not the macro mean."
SALIENCY_NOTE = (
    "± population standard deviation over images, as published (with several seeds the mean of each"
    " seed's). valid: the image's pixels; all: also the padding around it, as published."
    " centre_prior and mean_map know nothing of the image; both are of the training readings."
    " deepgaze learned from gaze at photographs."
)
INFERENCE_NOTE = (
    "Of the network alone, in 32 bit: what it says of the diagnosis and where it draws saliency,"
    " without Grad-CAM and without reading the image. The paper: about 0.3 s with its network, on"
    " an RTX 3090. Times compare on one machine only."
)
PAPER_METRICS, FURTHER = METRICS[:3], METRICS[3:]


def title_of(metric: str) -> str:
    """Give the words for a metric; one that has none is a class."""
    return NAMES.get(metric, f"AUROC, {metric}")


def diagnosis_metrics(models: Models) -> tuple[str, ...]:
    """Name the metrics of Table 1: the first is the primary one; all models tell the same."""
    classes = next(
        (scored.diagnosed.aligned.columns for scored in models.values() if scored.diagnosed), ()
    )
    return ("macro", "accuracy", *classes, "micro")


def diagnosis(
    models: Models, published: PublishedCooperative | None, confidence: float
) -> PaperTable | None:
    """Table 1: each metric of each model that gives a diagnosis."""
    table_rows = []
    for metric in diagnosis_metrics(models):
        for name, model in models.items():
            if model.diagnosed is None:
                continue
            n = len(model.diagnosed.aligned.cases)
            row: dict[str, Any] = {"metric": metric, "model": name, "weights": model.weights}
            row |= {"n_images": n}
            row |= summarised(model.diagnosed.measures[metric], 0, confidence)
            is_share = metric == "accuracy" and not np.isnan(row["mean"])
            edges = wilson_interval(row["mean"], n, confidence) if is_share else (np.nan, np.nan)
            row |= dict(zip(("wilson_low", "wilson_high"), edges, strict=True))
            table_rows.append(row | (_published(published, metric, name) if published else {}))
    if not table_rows:
        return None
    frame = pd.DataFrame(table_rows)
    shown = _first_columns(frame).assign(mean=frame["mean"])
    shown["over patients"] = intervals(frame, "subjects")
    shown["Wilson"] = intervals(frame, "wilson")
    shown["t over seeds"] = intervals(frame, "t")
    notes = [DIAGNOSIS_NOTE]
    if published:
        shown["published"] = published_texts(frame)
        notes += [MICRO_NOTE, *published.remarks.table_1]
    return PaperTable(
        "Table 1: diagnosis, test", frame, shown, notes, wide=_wide(frame, confidence)
    )


def _wide(frame: pd.DataFrame, confidence: float) -> Wide:
    """Lay rows of models out side by side."""
    named = frame.assign(row=frame["metric"].map(title_of))
    named = named.drop(columns="metric").rename(columns={"n_images": "n"})
    return Wide(named, "metric", "images", confidence, lower=(NAMES["kl"],))


def _published(published: PublishedCooperative, metric: str, model: str) -> dict[str, Any]:
    name = model.removesuffix(AS_PUBLISHED)
    figure: PublishedValue | None = published.table_1.get(metric, {}).get(name)
    if metric == "micro" and published.averaging.get(name) == "micro":
        figure = published.table_1["printed"][name]
    parts = {"published": "value", "published_low": "low", "published_high": "high"}
    values = {name: getattr(figure, part, None) for name, part in parts.items()}
    return {part: np.nan if value is None else value for part, value in values.items()}


def saliency(
    models: Models, published: PublishedCooperative | None, confidence: float
) -> PaperTable | None:
    """Table 2: the paper's metrics."""
    title = "Table 2: fit of the saliency map to gaze, test"
    notes = [SALIENCY_NOTE, *say_targets(models, "saliency")]
    notes += published.remarks.table_2 if published else []
    return _fit_table(title, notes, models, "saliency", PAPER_METRICS, confidence, published)


def further_metrics(
    models: Models, published: PublishedCooperative | None, confidence: float
) -> PaperTable | None:
    """Table 2 with the metrics of the saliency benchmark."""
    title = "Table 2, further metrics: SIM of the MIT benchmark, and fixations themselves"
    note = (
        "A metric without fixations on the image is undefined there; images says how many."
        " Information gain (Kümmerer et al. 2015): by how much a map, as a density, foretells the"
        " fixations better than the centre prior does, whose spread is that of the training"
        " fixations; below 0 it foretells them worse."
    )
    notes = [note, *say_targets(models, "saliency")]
    return _fit_table(title, notes, models, "saliency", FURTHER, confidence, published)


def gradcam(models: Models, confidence: float) -> PaperTable | None:
    """Grad-CAM of each model's diagnosis, against gaze."""
    title = "Grad-CAM of the diagnosis, fit to gaze, test"
    note = (
        "Grad-CAM of the most probable class. One hundredth of it is spread over all pixels, since"
        " KL is infinite where a map is 0 and gaze is not; where nothing speaks for the class it is"
        " the same everywhere. centre_prior and mean_map, which know nothing of the image, are"
        " those of the saliency table. The paper argues from single pictures."
    )
    notes = [note, *say_targets(models, "gradcam")]
    return _fit_table(title, notes, models, "gradcam", METRICS, confidence)


def inference(models: Models) -> PaperTable | None:
    """Time an image: the median over the runs of each model on one machine."""
    timed = []
    for name, model in models.items():
        by_machine: dict[str, list[float]] = {}
        for run in model.runs:
            if timing := run.scores.inference:
                by_machine.setdefault(timing.machine, []).append(timing.s_an_image)
        for machine, seconds in by_machine.items():
            row = {"model": name, "weights": model.weights, "n_runs": len(seconds)}
            timed.append(row | {"s_an_image": float(np.median(seconds)), "machine": machine})
    if not timed:
        return None
    frame = pd.DataFrame(timed)
    shown = frame.rename(columns={"n_runs": "runs", "s_an_image": "time an image (s)"})
    title = "Inference time, one image at a time"
    return PaperTable(title, frame, shown, [INFERENCE_NOTE], {"time an image (s)": "{:.3g}".format})


def say_targets(models: Models, kind: str) -> list[str]:
    """Say what the networks with such maps were scored against, and saliency was trained on."""
    trained: dict[str, list[str]] = {}
    scored: dict[str, list[str]] = {}
    for name, model in models.items():
        if not model.runs or (kind, PIXELS[0]) not in model.maps:
            continue
        targets = model.runs[0].scores.targets
        trained.setdefault(str(targets.trained or Target()), []).append(name)
        scored.setdefault(str(targets.scored or Target()), []).append(name)
    texts = {"Scored against": scored}
    if kind == "saliency":
        texts = {"Trained on": trained} | texts
    notes = []
    for verb, by_target in texts.items():
        parts = list(by_target)
        if len(by_target) > 1:
            parts = [f"{target} ({', '.join(names)})" for target, names in by_target.items()]
        if parts:
            notes.append(f"{verb}: {'; '.join(parts)}.")
    return [" ".join(notes)] if notes else []


def _fit_table(
    title: str,
    notes: list[str],
    models: Models,
    kind: str,
    metrics: Sequence[str],
    confidence: float,
    published: PublishedCooperative | None = None,
) -> PaperTable | None:
    """One row for each metric, model and kind of pixels; published figures go with all pixels."""
    maps = {pixels: maps_by_model(models, kind, pixels) for pixels in PIXELS}
    fits = []
    for metric in metrics:
        spreads = published.table_2.get(metric, {}) if published else {}
        column = METRICS.index(metric)
        for name, model in models.items():
            for pixels in PIXELS:
                compared = maps[pixels].get(name)
                if compared is None:
                    continue
                figure = spreads.get(name) if pixels == "all" else None
                row: dict[str, Any] = {"metric": metric, "model": name, "weights": model.weights}
                row["pixels"] = pixels
                row["n_images"] = int(compared.n_defined[column])
                row |= summarised(compared.measure, column, confidence)
                row["sd"] = compared.sd[column]
                if published:
                    row["published"] = figure.value if figure else np.nan
                    row["published_sd"] = figure.sd if figure else np.nan
                fits.append(row)
    if not fits:
        return None
    frame = pd.DataFrame(fits)
    beside = frame[frame["pixels"] == PIXELS[0]]
    if published:  # these figures go with all pixels
        everywhere = frame.loc[frame["pixels"] == "all", ["metric", "model", "published"]]
        beside = beside.drop(columns="published").merge(everywhere, on=["metric", "model"])
    return PaperTable(title, frame, _fit_columns(frame), notes, wide=_wide(beside, confidence))


def summarised(measure: Measure, item: int, confidence: float) -> dict[str, Any]:
    """Mean, seeds and intervals of one item; the interval of the other paper is left out."""
    row = measure.summary(confidence).iloc[item].drop(["item", "paper_low", "paper_high"])
    return {str(name): value for name, value in row.items()}


def _fit_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """One row for each metric and model: valid pixels, then all, then published."""
    keys = ["metric", "model", "weights"]
    valid, everywhere = (
        frame[frame["pixels"] == pixels].reset_index(drop=True) for pixels in PIXELS
    )
    both = valid.merge(everywhere, on=keys, how="left", suffixes=("", "_all"))
    shown = _first_columns(both)
    shown["valid pixels"] = _means(both, "mean", "sd")
    shown["over patients"] = intervals(both, "subjects")
    shown["t over seeds"] = intervals(both, "t")
    shown["all pixels"] = _means(both, "mean_all", "sd_all")
    shown["all, over patients"] = intervals(both, "subjects", "_all")
    if "published_all" in both and both["published_all"].notna().any():
        shown["published"] = _means(both, "published_all", "published_sd_all")
    return shown


def _first_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Begin the form of `tables.md`."""
    shown = frame[["metric", "model", "weights", "n_images", "n_seeds"]]
    shown = shown.rename(columns={"n_images": "images", "n_seeds": "seeds"})
    return shown.assign(metric=frame["metric"].map(title_of))


def _means(frame: pd.DataFrame, mean: str, spread: str) -> list[str]:
    pairs = zip(frame[mean], frame[spread], strict=True)
    return [number(value) + ("" if pd.isna(value) else f" ± {sd:.3f}") for value, sd in pairs]
