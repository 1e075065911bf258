"""Table 7, the noise experiment, and the grids of λ.

Source: Lanfredi et al. 2023, Sections 2.9 and 3.4; `spec/mil.md` section 8.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from gazescribe.pipeline.core.errors import SchemaError, quote
from gazescribe.pipeline.core.foreign import read_json
from gazescribe.pipeline.results.measures import ALL, NOTHING, Measure
from gazescribe.pipeline.results.mil.models import MAIN, MilModel, of_settings
from gazescribe.pipeline.results.published import PublishedMil, PublishedValue
from gazescribe.pipeline.results.rows import PaperTable, number, rows, shown

Models = Mapping[str, MilModel]

PARTS = ("label_specific", "balanced", "multi_resolution", "decoder")
ABLATION = {
    "1": (False, False, False, False),
    "2": (True, False, False, False),
    "3": (True, True, False, False),
    "4": (True, True, True, False),
    "5": (False, True, True, True),
    "full": (True, True, True, True),
}
"""Which parts each row of Table 7 has."""

_SUPERVISION = {"unannotated": "none", "ellipse": "ellipse", "et": "gaze"}
_ANNOTATED = {"lambda_annotated", "lambda_cam", "map_threshold", "annotated_share", "share_rule"}


@dataclass(frozen=True)
class Degraded:
    """Recall and precision of mentions before and after they were degraded on purpose."""

    label: str
    before: dict[str, float | None]  # null where nothing is to be found
    after: dict[str, float | None]
    dropped: dict[str, float | None]  # share of the cases with the label, asked and reached
    added: dict[str, float | None]  # share of the cases without it


def read_degraded(path: Path, labels: Sequence[str]) -> Degraded:
    """Read the rates that `gazescribe degrade --against` wrote, of one of the labels."""
    try:
        content = read_json(path)
        label = content["params"]["label"]
        of_mentions = ("recall", "precision")
        before, after = (
            _rates(content[when]["certainty_above_0"], of_mentions) for when in ("before", "after")
        )
        dropped, added = (
            _rates(content["shares"][problem], ("asked", "reached")) for problem in ("drop", "add")
        )
    except (SchemaError, KeyError, TypeError) as error:
        reason = error.what if isinstance(error, SchemaError) else repr(error)
        message = f"this is not what `gazescribe degrade --against` writes ({reason})."
        raise SchemaError(message, where=path) from error
    if label not in labels:
        raise SchemaError(f"{quote(label)} is none of {', '.join(labels)}.", where=path)
    return Degraded(label, before, after, dropped, added)


def _rates(counted: Mapping[str, Any], names: Sequence[str]) -> dict[str, float | None]:
    rates: dict[str, float | None] = {}
    for name in names:
        rates[name] = counted[name]
        if not isinstance(rates[name], int | float | None):
            raise TypeError(f"{name} is {quote(counted[name])}")
    return rates


def ablation(models: Models, published: PublishedMil, confidence: float) -> PaperTable | None:
    """Table 7: test IoU with some parts of the method, each row for every model it applies to."""
    if "et" not in models:
        return None
    table_rows, n_absent = [], 0
    for row, parts in ABLATION.items():
        for column in MAIN:
            if row not in _rows_of(column, models["et"].settings["balanced"]):
                continue
            head = {"row": row, **dict(zip(PARTS, parts, strict=True)), "column": column}
            figure = published.table_7.get(row, {}).get(column)
            model = _with_parts(models, column, parts)
            if model or figure:
                table_rows.append(_iou_row(model, figure, confidence, head))
            else:
                n_absent += 1
    if not table_rows:
        return None
    frame = pd.concat(table_rows, ignore_index=True).drop(columns="item")
    marks = {part: frame[part].map({True: "×", False: ""}) for part in PARTS}
    heads = {"row": "row", **{part: part.replace("_", " ") for part in PARTS}, "column": "model"}
    note = (
        "Ellipses are label-specific, so rows that differ in nothing else are one; a model without"
        " annotations has the resolution alone to change. Row 5 also changes the labels: the map of"
        " the whole report goes to each label that the reader drew (published code)."
    )
    if n_absent:
        note += f" Rows of {n_absent} models that were not trained are left out."
    title = "Table 7: IoU with parts of the method, test"
    return PaperTable(title, frame, shown(frame.assign(**marks), heads), [note])


def _effective(column: str, balanced: str) -> list[str]:
    """Parts that change anything for a model."""
    if column == "et":
        return list(PARTS)
    if column == "ellipse":
        return ["balanced", "multi_resolution", "decoder"]
    return ["balanced", "multi_resolution"] if balanced == "all" else ["multi_resolution"]


def _rows_of(column: str, balanced: str) -> set[str]:
    """Rows that differ for a model; of equal ones the full model, else the first."""
    rows: dict[tuple[bool, ...], str] = {}
    for row in ("full", *ABLATION):
        parts_of_row = dict(zip(PARTS, ABLATION[row], strict=True))
        rows.setdefault(tuple(parts_of_row[part] for part in _effective(column, balanced)), row)
    return set(rows.values())


def _with_parts(models: Models, column: str, parts: tuple[bool, ...]) -> MilModel | None:
    """Find the model of a cell; of several the one of the paper's name, else the first."""
    reference = models["et"]
    wanted = dict(zip(PARTS, parts, strict=True))
    balanced = reference.settings["balanced"]
    effective = _effective(column, balanced)
    allowed = {"supervision", "grid", "layers", "balanced", "decoder", "lambda_decoder"}
    allowed |= _ANNOTATED if column == "unannotated" else set()
    supervision = _SUPERVISION[column]
    if column == "et" and not wanted["label_specific"]:
        supervision = "report"
    candidates = of_settings(models, reference, allowed, supervision=supervision)
    for model in sorted(candidates, key=lambda model: model.name not in MAIN):
        agrees = {
            "balanced": model.settings["balanced"] == (balanced if wanted["balanced"] else "off"),
            "multi_resolution": (len(model.settings["layers"]) > 1) == wanted["multi_resolution"],
            "decoder": model.settings["decoder"] == wanted["decoder"],
        }
        if all(agrees.get(part, True) for part in effective):
            return model
    return None


def _iou_row(
    model: MilModel | None, figure: PublishedValue | None, confidence: float, head: dict[str, Any]
) -> pd.DataFrame:
    """Give a row of macro IoU; without numbers where there is no such model."""
    if model and model.best:
        head = {**head, "model": model.name, "map": model.map}
        return rows(model.best.iou.macro(), confidence, {ALL: figure}, **head)
    return rows(NOTHING, confidence, {ALL: figure}, **head, model="", map="")


def noise(
    models: Models, published: PublishedMil, confidence: float, degraded: Degraded | None
) -> PaperTable | None:
    """Score the label whose mentions were degraded on purpose, between its neighbours."""
    if "et" not in models:
        return None
    label = degraded.label if degraded else published.noise.label
    noisy = of_settings(models, models["et"], set(), supervision="degraded")
    if not noisy or label not in models["et"].scores.labels:
        return None
    parts = []
    for metric in ("iou", "auroc"):
        table = published.table_6 if metric == "iou" else published.table_1
        after = getattr(published.noise, metric) if label == published.noise.label else None
        for model in [models.get("unannotated"), *noisy, models["et"]]:
            measure = model.measures().get(metric) if model else None
            if model is None or measure is None:
                continue
            figure = after if model in noisy else table.get(label, {}).get(model.name)
            head = {"metric": metric, "model": model.name, "degraded": model in noisy}
            parts.append(rows(measure.select(label), confidence, {label: figure}, **head))
    frame = pd.concat(parts, ignore_index=True).rename(columns={"item": "label"})
    heads = {"metric": "metric", "label": "label", "model": "model"}
    title = "Degraded mentions of one label, test"
    notes = _degraded_notes(degraded, published)
    return PaperTable(title, frame, shown(frame, heads), notes)


def _degraded_notes(degraded: Degraded | None, published: PublishedMil) -> list[str]:
    note = (
        f"Published, after: recall {published.noise.recall.value:.2f},"
        f" precision {published.noise.precision.value:.2f}."
    )
    if degraded is None:
        return [note]
    before, after = (
        f"recall {number(rates['recall'])}, precision {number(rates['precision'])}"
        for rates in (degraded.before, degraded.after)
    )
    dropped, added = (
        f"{number(share['reached'])} of the cases {which} it ({number(share['asked'])} asked)"
        for share, which in ((degraded.dropped, "with"), (degraded.added, "without"))
    )
    rates = f"Mentions of {degraded.label} before: {before}; after: {after}."
    return [f"{rates} Dropped in {dropped}, added in {added}. {note}"]


def lambdas(models: Models, published: PublishedMil) -> PaperTable | None:
    """Score the ET model with other weights of its losses on validation cases.

    One row for each weight that some model has; None where no weight varies.
    """
    if "et" not in models:
        return None
    table_rows = []
    for weight, grid in published.lambdas.items():
        varied = [model for model in models.values() if model.differs(models["et"]) == {weight}]
        if varied:
            ordered = sorted([models["et"], *varied], key=lambda model: model.settings[weight])
            table_rows += [_weight_row(model, weight, grid.chosen) for model in ordered]
    if not table_rows:
        return None
    frame = pd.DataFrame(table_rows)
    shown_columns = {
        "weight": "weight",
        "value": "value",
        "model": "model",
        "n_seeds": "seeds",
        "validation_auroc": "validation auroc",
        "validation_iou": "validation iou",
    }
    seen = frame[list(shown_columns)].rename(columns=shown_columns)
    seen["paper's choice"] = frame["chosen_by_paper"].map({True: "×", False: ""})
    title = "Weights of the losses, validation"
    return PaperTable(title, frame, seen, formats={"value": str})


def _weight_row(model: MilModel, weight: str, published: float) -> dict[str, Any]:
    iou = model.best.validation.macro() if model.best else NOTHING
    auroc = model.auroc_validation.macro()
    return {
        "weight": weight,
        "value": model.settings[weight],
        "model": model.name,
        "n_seeds": len(model.runs),
        "validation_auroc": auroc.mean()[0],
        "validation_auroc_sd": _sd(auroc),
        "validation_iou": iou.mean()[0],
        "validation_iou_sd": _sd(iou),
        "chosen_by_paper": model.settings[weight] == published,
    }


def _sd(measure: Measure) -> float:
    """Sample standard deviation over seeds; NaN for one."""
    return float(measure.by_run.std(ddof=1)) if len(measure.seeds) > 1 else float("nan")
