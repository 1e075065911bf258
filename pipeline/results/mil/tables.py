"""Tables 1, 2, 3, 5 and 6 of Lanfredi et al. 2023, and the maps and thresholds behind them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from gazescribe.pipeline.core.values import MIL_MAPS, SPLITS
from gazescribe.pipeline.dictation.label_maps import load_column_map, load_label_map
from gazescribe.pipeline.results.measures import ALL
from gazescribe.pipeline.results.mil.models import MAIN, PAPER_DATASET, MilModel
from gazescribe.pipeline.results.mil.scores import EgdImages, MilScores
from gazescribe.pipeline.results.published import PublishedMil, PublishedValue
from gazescribe.pipeline.results.rows import PaperTable, Wide, marked_texts, number, rows, shown

Models = Mapping[str, MilModel]

COUNTED = ("none", "ellipse", "gaze", "egd")
"""Kinds of supervision whose images are counted; the others are variants of gaze."""

BY_GAZE = (
    "There are no ellipses: maps are held against maps of gaze, cut at 0.15 of their maximum, and"
    " cases are readings whose reader said the label and looked. Not what a reader drew."
)
EGD_COUNTS = {
    "images": "images",
    "gaze_begins_late": "readings whose first fixation comes after the first mention",
    "pneumothorax": "images with Pneumothorax",
}


def auroc_by_label(models: Models, published: PublishedMil, confidence: float) -> PaperTable | None:
    """Table 1: test AUROC of each label; the paper's is MIMIC's, REFLACX's stands in the CSV."""
    parts = []
    for name, model in models.items():
        for dataset, measure in model.auroc.items():
            figures = {
                label: published.table_1.get(label, {}).get(name)
                for label in measure.items
                if dataset == PAPER_DATASET
            }
            part = rows(measure, confidence, figures, dataset=dataset, model=name)
            positive, negative = model.n_positive[dataset]
            parts.append(part.assign(n_positive=positive, n_negative=negative))
    if not parts:
        return None
    mil_scores = _said(models)
    frame = _by_label(parts, mil_scores.labels)
    reported = frame["dataset"] == mil_scores.unannotated[0]
    first = frame[reported & frame["model"].isin(_first(models))]
    heads = {"label": "label", "n_positive": "positive", "model": "model"}
    notes = ["Labels whose test images are all positive or all negative have no AUROC."]
    title = f"Table 1: AUROC by label, {mil_scores.images_name} test images"
    wide = _wide(first, "label", "n_positive", "positive", confidence)
    return PaperTable(title, frame, shown(first, heads), notes, wide=wide)


def iou_by_label(models: Models, published: PublishedMil, confidence: float) -> PaperTable | None:
    """Table 6: test IoU and pointing game of each label, with the map that validation chose."""
    parts = []
    for name, model in models.items():
        if not model.best:
            continue
        of_iou = {label: of_label.get(name) for label, of_label in published.table_6.items()}
        head = {"model": name, "map": model.map}
        for metric, measure in (("iou", model.best.iou), ("pointing", model.best.hit)):
            figures = of_iou if metric == "iou" else {}
            part = rows(measure, confidence, figures, metric=metric, **head)
            parts.append(part.assign(n=model.best.thresholds["n_test"].to_numpy()))
    if not parts:
        return None
    mil_scores = _said(models)
    frame = _by_label(parts, mil_scores.labels)
    first = frame[(frame["metric"] == "iou") & frame["model"].isin(_first(models))]
    heads = {"label": "label", "n": "cases", "model": "model", "map": "map"}
    note = (
        "Cases are readings whose reader drew the label. The CSV also has the pointing game: the"
        " share of cases in which most of the map's maximum lies inside the ellipses."
    )
    if mil_scores.is_by_gaze:
        note = BY_GAZE
    title = f"Table 6: IoU by label, {mil_scores.readings_name} test readings"
    notes = [f"{note} {_published_maps(published)}"]
    wide = _wide(first, "label", "n", "cases", confidence)
    return PaperTable(title, frame, shown(first, heads), notes, wide=wide)


def iou_by_map(models: Models, published: PublishedMil, confidence: float) -> PaperTable | None:
    """Table 6 for each kind of map, which has its own thresholds, with the mean over the labels.

    A published figure stands beside the kind of map that it is of.
    """
    parts = []
    for name, model in models.items():
        for kind, scores in model.maps.items():
            figures: dict[str, PublishedValue | None] = {}
            if published.maps.get(name) == kind:
                figures = {label: row.get(name) for label, row in published.table_6.items()}
                figures[ALL] = published.table_5["iou"].get(name)
            head = {"model": name, "map": kind, "reported": kind == model.map}
            of_label = rows(scores.iou, confidence, figures, **head)
            n_test = scores.thresholds["n_test"]
            parts.append(of_label.assign(n=n_test.to_numpy()))
            mean = rows(scores.iou.macro(), confidence, figures, **head)
            parts.append(mean.assign(n=n_test.sum()))
    if not parts:
        return None
    frame = pd.concat(parts, ignore_index=True).rename(columns={"item": "label"})
    mil_scores = _said(models)
    order = _order([*mil_scores.labels, ALL])
    frame = frame.sort_values("label", key=order, kind="stable", ignore_index=True)
    note = "* The kind that validation chose here, which Table 6 has."
    notes = [f"{note} {_published_maps(published)}"]
    title = f"Table 6 for each kind of map: IoU, {mil_scores.readings_name} test readings"
    return PaperTable(title, frame, _wide_by_map(frame[frame["model"].isin(_first(models))]), notes)


def _wide(frame: pd.DataFrame, row: str, n: str, meaning: str, confidence: float) -> Wide:
    """Lay rows of models out side by side; `meaning` is behind each, as column `n` counts."""
    return Wide(frame.rename(columns={row: "row", n: "n"}), row, meaning, confidence)


def _said(models: Models) -> MilScores:
    """Give what all models say alike: labels, and what they were scored on."""
    return next(iter(models.values())).scores


def _published_maps(published: PublishedMil) -> str:
    if not published.maps:
        return "Nothing is published of these."
    maps = ", ".join(f"{name} {kind}" for name, kind in published.maps.items())
    return f"Maps of the published IoU: {maps}."


def _wide_by_map(frame: pd.DataFrame) -> pd.DataFrame:
    """Give a row for each label and model; a column for each kind of map, the published beside."""
    keys = ["label", "model"]
    texts = [
        f"{number(mean)} *" if reported else number(mean)
        for mean, reported in zip(frame["mean"], frame["reported"], strict=True)
    ]
    frame = frame.assign(text=texts, published_text=marked_texts(frame))
    wide = frame.drop_duplicates(keys).set_index(keys)[["n"]].rename(columns={"n": "cases"})
    for kind in MIL_MAPS:
        of_kind = frame[frame["map"] == kind].set_index(keys)
        wide[kind] = of_kind["text"]
        if of_kind["published"].notna().any():
            wide[f"published, {kind}"] = of_kind["published_text"]
    return wide.reset_index()


def averages(models: Models, published: PublishedMil, confidence: float) -> PaperTable | None:
    """Table 5: every model's averages over the labels."""
    parts = []
    for name, model in models.items():
        for metric, measure in model.measures().items():
            figures = {ALL: published.table_5.get(metric, {}).get(name)}
            kind = "" if metric == "auroc" else model.map
            part = rows(measure.macro(), confidence, figures, metric=metric, model=name, map=kind)
            parts.append(part.assign(n_labels=int((~np.isnan(measure.mean())).sum())))
    if not parts:
        return None
    frame = pd.concat(parts, ignore_index=True).drop(columns="item")
    frame = frame.sort_values(
        "metric", key=_order(["auroc", "iou", "pointing"]), kind="stable", ignore_index=True
    )
    heads = {"metric": "metric", "model": "model", "map": "map", "n_labels": "labels"}
    title = "Table 5: averages over the labels, test"
    mil_scores = _said(models)
    note = (
        f"AUROC: {mil_scores.images_name}. IoU and pointing game: {mil_scores.readings_name}, with"
        " the map whose validation IoU is best. Labels without a test case, or of one class, are"
        " left out of a model's average."
    )
    if mil_scores.is_by_gaze:
        note += f" {BY_GAZE}"
    notes = [f"{note} {_published_maps(published)}"]
    wide = _wide(frame, "metric", "n_labels", "labels", confidence)
    return PaperTable(title, frame, shown(frame, heads), notes, wide=wide)


def label_groups(rules: Path | None = None) -> PaperTable:
    """Table 2: the data sets' own labels, and the labeler's classes, that make up each label."""
    label_map = load_label_map(rules)
    sources = {
        name: load_column_map(key, label_map.channels, rules, optional=True)
        for key, name in (("mimic-cxr-jpg", "MIMIC-CXR-JPG"), ("reflacx", "REFLACX"))
    }
    sources = {name: columns for name, columns in sources.items() if columns}
    sources["labeler"] = label_map.targets
    frame = pd.DataFrame({"label": label_map.channels})
    for source, names in sources.items():
        frame[source] = [
            "; ".join(name for name, labels in names.items() if label in labels)
            for label in label_map.channels
        ]
    title = "Table 2: what each label is made of"
    return PaperTable(title, frame, frame, ["From the rules folder."])


def counts(models: Models, published: PublishedMil) -> PaperTable | None:
    """Table 3: images of each split, and positive ones of each label, beside the published sizes.

    Notes
    -----
    As the models saw them: labels of REFLACX are those of the reports for a model of its gaze,
    those of the readers for the others. Models of one supervision count alike; the first is taken.
    """
    counted = []
    for model in models.values():
        supervision = model.settings["supervision"]
        is_named = isinstance(supervision, dict)
        if not (is_named or supervision in COUNTED) or model.settings["annotated_share"] < 1:
            continue
        for dataset, splits in model.scores.counts.items():
            labels_of = _labels_of(dataset, model.scores, supervision)
            for split, images in splits.items():
                size = published.table_3.get(dataset, {}).get(split)
                head = (dataset, labels_of, split)
                counted.append((*head, "", images.images, size))
                counted += [
                    (*head, label, images.positive.get(label, 0), None)
                    for label in model.scores.labels
                ]
    if not counted:
        return None
    names = ["dataset", "labels_of", "split", "label", "n", "published"]
    frame = pd.DataFrame(counted, columns=names).drop_duplicates(names[:4], ignore_index=True)
    frame["published"] = frame["published"].astype("Int64")
    frame["split"] = pd.Categorical(frame["split"], SPLITS, ordered=True)
    keys = ["dataset", "labels_of", "split"]
    frame = frame.sort_values(keys, kind="stable", ignore_index=True)
    wide = frame.pivot_table("n", "label", keys, sort=False, observed=True)
    wide.columns = [", ".join(names) for names in wide.columns]
    wide = wide.astype("Int64").rename(index={"": "images"})
    sizes = frame[frame["label"] == ""].set_index(keys)["published"]
    notes = []
    if published.table_1:
        wide.loc["images, published"] = list(sizes)
        notes.append("Published counts of each label are not recoverable: that table is a picture.")
    title = "Table 3: images of each split, and how many have each label"
    egd = [model.scores.egd for model in models.values() if model.scores.egd]
    if egd:
        notes.append(_egd_note(egd[0], published))
    return PaperTable(title, frame, wide.reset_index(), notes)


def _labels_of(dataset: str, scores: MilScores, supervision: str | dict[str, list[str]]) -> str:
    """Say what the counted labels go by."""
    if dataset == "mimic":
        return "CheXpert"
    if dataset in scores.unannotated:
        return "images"
    by_gaze = [*supervision.get("gaze", [])] if isinstance(supervision, dict) else []
    by_gaze += [name for name, kind in scores.scored_by.items() if kind == "gaze"]
    is_told = dataset in ("egd", *by_gaze) or supervision == "gaze"
    return "reports" if is_told else "readers"


def _egd_note(counted: EgdImages, published: PublishedMil) -> str:
    """Set what the paper counts of EGD beside ours."""
    pairs = [
        f"{text}: here {getattr(counted, name):,}, in the paper {getattr(published.egd, name):,}"
        for name, text in EGD_COUNTS.items()
        if getattr(counted, name) is not None
    ]
    return f"EGD, all splits: {'; '.join(pairs)}."


def maps(models: Models) -> PaperTable:
    """Every kind of map of every model: what validation said, and what test says."""
    names = ["model", "map", "reported", "validation_iou", "test_iou", "test_pointing"]
    scored = []
    for name, model in models.items():
        for kind, scores in model.maps.items():
            measures = (scores.validation, scores.iou, scores.hit)
            means = [measure.macro().mean()[0] for measure in measures]
            scored.append((name, kind, kind == model.map, *means))
    frame = pd.DataFrame(scored, columns=names)
    shown = frame.assign(reported=frame["reported"].map({True: "yes", False: ""}))
    shown.columns = [name.replace("_", " ") for name in names]
    title = "Maps: the kind with the best validation IoU is reported"
    return PaperTable(title, frame, shown)


def thresholds(models: Models) -> PaperTable:
    """Every threshold chosen, and the validation IoU that chose it."""
    parts = [
        scores.thresholds.assign(model=name, map=kind, reported=kind == model.map)
        for name, model in models.items()
        for kind, scores in model.maps.items()
    ]
    names = ["model", "map", "reported", "label", "threshold", "validation_iou"]
    names += ["n_validation", "n_test", "chosen_on"]
    frame = pd.concat(parts, ignore_index=True)[names] if parts else pd.DataFrame(columns=names)
    first = frame[frame["reported"].astype(bool) & frame["model"].isin(_first(models))]
    shown = first[["label", "model", "map", "threshold", "validation_iou", "n_validation"]]
    shown = shown.assign(on=first["chosen_on"])
    labels = _said(models).labels if models else ()
    shown = shown.sort_values("label", key=_order(labels), kind="stable")
    shown.columns = [name.replace("_", " ").removeprefix("n ") for name in shown.columns]
    title = "Thresholds: best for the validation IoU, averaged over the seeds"
    return PaperTable(title, frame, shown, formats={"threshold": str})


def _first(models: Models) -> list[str]:
    """Models that `tables.md` shows by label: the paper's, or all where none of them was scored."""
    return [name for name in models if name in MAIN] or list(models)


def _by_label(parts: list[pd.DataFrame], labels: Sequence[str]) -> pd.DataFrame:
    frame = pd.concat(parts, ignore_index=True).rename(columns={"item": "label"})
    return frame.sort_values("label", key=_order(labels), kind="stable", ignore_index=True)


def _order(order: Sequence[str]) -> Callable[[pd.Series], pd.Series]:
    """Give a sort key that puts names in this order."""
    return lambda names: names.map(order.index)
