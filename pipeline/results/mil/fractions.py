"""How many ellipses are worth the gaze: IoU against the share of images with ellipses.

Source: Lanfredi et al. 2023, Section 3.3, which tried one share, 15 %, and found the IoU of ET
there. Here the share is estimated from a curve, with an interval over subjects and seeds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gazescribe.pipeline.core.resampling import Draws, Floats
from gazescribe.pipeline.results.measures import ALL, Measure
from gazescribe.pipeline.results.mil.models import MilModel, of_settings
from gazescribe.pipeline.results.published import PublishedMil
from gazescribe.pipeline.results.rows import PaperTable, number, rows, shown
from gazescribe.pipeline.results.statistics import matching_share

Models = Mapping[str, MilModel]


@dataclass(frozen=True)
class ShareCurve:
    """IoU of the Ellipse model by share of annotated images, and of ET."""

    rule: str  # how images were chosen: subjects (seeded draw) or published (first rows)
    shares: Floats  # (n,): rising; 0 is the Unannotated model
    models: list[MilModel]  # with these shares
    target: Measure  # macro IoU of ET

    @property
    def measures(self) -> list[Measure]:
        """Macro IoU at each share."""
        return [model.best.iou.macro() for model in self.models if model.best]


def share_curves(models: Models) -> list[ShareCurve]:
    """Find the models that make a curve: for each way to choose images, two shares at least."""
    if "et" not in models or not (target := models["et"].best):
        return []
    scored = {name: model for name, model in models.items() if model.best}
    allowed = {"annotated_share", "share_rule"}
    drawn = of_settings(scored, scored["et"], allowed, supervision="ellipse")
    whole = [model for model in drawn if model.settings["annotated_share"] == 1][:1]
    parts = [model for model in drawn if model.settings["annotated_share"] < 1]
    curves = []
    for rule in sorted({model.settings["share_rule"] for model in parts}):
        of_rule = [model for model in parts if model.settings["share_rule"] == rule]
        by_share = {model.settings["annotated_share"]: model for model in [*whole, *of_rule]}
        if "unannotated" in scored:
            by_share[0.0] = scored["unannotated"]
        shares = sorted(by_share)
        if len(shares) > 1:
            of_share = [by_share[share] for share in shares]
            curves.append(ShareCurve(rule, np.array(shares, float), of_share, target.iou.macro()))
    return curves


def equal_share(curve: ShareCurve, draws: Draws) -> dict[str, Any]:
    """Estimate the share of annotated images at which ellipses give the IoU of ET.

    Each resample draws subjects, the same for all models, and seeds within each model. Between
    measured shares the curve is straight, after isotonic regression. The dictionary has `share`
    (null beyond the curve), `low`, `high` (percentiles; 0 and 1 where they lie beyond), `one_in`
    (1 / share), `draws_below`, `draws_above`: resamples whose share lies beyond the first and the
    last measured one.
    """
    # one generator for all: the order of the calls is part of the bytes
    random = np.random.default_rng(draws.seed)
    scores = np.stack([_resampled(measure, random) for measure in curve.measures], axis=1)
    targets = _resampled(curve.target, random)
    drawn = np.array(
        [
            matching_share(curve.shares, score, target)
            for score, target in zip(scores, targets, strict=True)
            if not np.isnan([*score, target]).any()
        ]
    )
    means = np.array([measure.mean()[0] for measure in curve.measures])
    share = matching_share(curve.shares, means, float(curve.target.mean()[0]))
    within = np.isfinite(share)
    tail = (1 - draws.confidence) / 2
    edges = np.quantile(drawn.clip(0, 1), [tail, 1 - tail]) if len(drawn) else [np.nan, np.nan]
    return {
        "rule": curve.rule,
        "share": share if within else np.nan,
        "low": float(edges[0]),
        "high": float(edges[1]),
        "one_in": 1 / share if within and share > 0 else np.nan,
        "beyond": "" if within else "below" if share < 0 else "above",
        "draws": len(drawn),
        "draws_below": int((drawn == -np.inf).sum()),
        "draws_above": int((drawn == np.inf).sum()),
    }


def _resampled(measure: Measure, random: np.random.Generator) -> Floats:
    """Macro IoU of each resample: its subjects, and seeds drawn with replacement."""
    n_draws, n_runs, _ = measure.draws.shape
    seeds = random.integers(n_runs, size=(n_draws, n_runs))
    mean: Floats = np.take_along_axis(measure.draws[..., 0], seeds, axis=1).mean(axis=1)
    return mean


def fraction_table(
    curves: list[ShareCurve],
    equal: list[dict[str, Any]],
    published: PublishedMil,
    confidence: float,
) -> PaperTable | None:
    """Test IoU of each share, beside the published one; the estimate stands in the notes."""
    parts = []
    for curve in curves:
        for share, model, measure in zip(curve.shares, curve.models, curve.measures, strict=True):
            figure = published.fraction.iou.get(float(share))
            if share in (0, 1):
                figure = published.table_5["iou"].get(model.name)
            head = {"rule": curve.rule, "share": share, "images": _n_annotated(model)}
            head |= {"model": model.name, "map": model.map}
            parts.append(rows(measure, confidence, {ALL: figure}, **head))
    if not parts:
        return None
    frame = pd.concat(parts, ignore_index=True).drop(columns="item")
    frame["images"] = frame["images"].astype("Int64")
    heads = {"rule": "rule", "share": "share", "images": "images", "model": "model", "map": "map"}
    notes = [_sentence(estimate, confidence, published) for estimate in equal]
    notes.append("The paper took the first rows of its table (rule published), 15 % of them.")
    title = "Share of images with ellipses, IoU, test"
    formats = {"share": str}
    return PaperTable(title, frame, shown(frame, heads), notes, formats)


def _n_annotated(model: MilModel) -> int | None:
    """Count the readings with ellipses that a model is trained on."""
    supervision = model.settings["supervision"]
    names = supervision["ellipse"] if isinstance(supervision, dict) else ["reflacx"]
    train = [model.scores.counts.get(name, {}).get("train") for name in names]
    return sum(counted.images for counted in train if counted) if any(train) else None


def _sentence(estimate: Mapping[str, Any], confidence: float, published: PublishedMil) -> str:
    """Say the estimate in words."""
    outside = {"below": "less than the smallest share", "above": "more than all images"}
    share = outside.get(estimate["beyond"])
    if share is None:
        share = f"{number(estimate['share'])}, one in {estimate['one_in']:.1f}"
    low, high = number(estimate["low"]), number(estimate["high"])
    n_beyond = estimate["draws_below"] + estimate["draws_above"]
    return (
        f"ET equals this share of ellipses (rule: {estimate['rule']}): {share}; {confidence:.0%}"
        f" interval {low} to {high} over subjects and seeds, {n_beyond} of {estimate['draws']}"
        f" resamples beyond the curve. Published: {published.fraction.equals_et.value} (around one"
        " in seven)."
    )
