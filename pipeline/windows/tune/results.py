"""What the search found: the ranking, the scores by label and threshold, the metrics.

Every macro mean stands there twice: `paper`, whose thresholds are chosen on the cases they score,
and `cross_validated`, whose thresholds for a subject come from all other subjects.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gazescribe.pipeline.core.resampling import Draws, interval
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.windows.tune.candidates import (
    FINE_END,
    FINE_LAGS_S,
    FINE_START,
    Candidate,
    window_name,
)
from gazescribe.pipeline.windows.tune.settings import Tune
from gazescribe.pipeline.windows.tune.validate import (
    FloatArray,
    HeldOut,
    LabelScores,
    best_thresholds,
    held_out_iou,
    hold_out,
    macro,
    resample,
    searched_iou,
)

if TYPE_CHECKING:  # it takes a second to import
    import pandas as pd

BETWEEN = ("floor", "ceiling")
"""Stages of what is scored beside the rules, and not ranked."""


@dataclass(frozen=True)
class Results:
    """Scores of all candidates.

    Attributes
    ----------
    candidates : list of Candidate
        Rules, floors and ceilings; the columns of all arrays here.
    thresholds : ndarray of float64
        Those tried.
    labels : list of LabelScores
        Labels with a case, in channel order.
    held : list of HeldOut
        The same labels cross-validated; empty where there is only one subject.
    paper, cross_validated : ndarray of float64, shape (candidates,)
        Macro mean IoU; the latter NaN where there is only one subject.
    samples : ndarray of float64, shape (n_bootstrap, candidates)
        Cross-validated macro mean of each resample of subjects.
    ranked : ndarray of int
        Rules, best first: cross-validated, or by the paper's mean where that is not to be had.
    """

    candidates: list[Candidate]
    thresholds: FloatArray
    labels: list[LabelScores]
    held: list[HeldOut]
    paper: FloatArray
    cross_validated: FloatArray
    samples: FloatArray
    ranked: NDArray[np.intp]

    @property
    def ranked_by(self) -> str:
        """The mean that the rules are ranked by."""
        return "cross_validated" if self.held else "paper"

    @property
    def score(self) -> FloatArray:
        """The mean that the rules are ranked by, shape (candidates,)."""
        return self.cross_validated if self.held else self.paper


def compare(
    candidates: Sequence[Candidate], labels: Sequence[LabelScores], tried: FloatArray, params: Tune
) -> Results:
    """Rank the rules."""
    several = len(np.unique(np.concatenate([scores.subjects for scores in labels]))) > 1
    held = hold_out(labels) if several else []
    paper = macro([best_thresholds(scores)[1] for scores in labels])
    unknown = np.full(len(candidates), np.nan)
    cross_validated = macro([held_out_iou(label_held) for label_held in held]) if held else unknown
    draws = Draws(params.n_bootstrap, params.confidence, params.seed)
    samples = resample(held, draws) if held else unknown[None]
    score = cross_validated if held else paper
    rules = [
        column for column, candidate in enumerate(candidates) if candidate.stage not in BETWEEN
    ]
    order = np.argsort(-score[rules], kind="stable")
    return Results(
        list(candidates),
        tried,
        list(labels),
        held,
        paper,
        cross_validated,
        samples,
        np.array(rules)[order],
    )


def ranking(results: Results, confidence: float) -> "pd.DataFrame":
    """One row a rule, best first; then floors and ceilings, without a rank.

    Notes
    -----
    `behind_best` is the difference to the first row, its interval from the same resamples: a rule
    whose interval holds 0 is not told apart from the best.
    """
    import pandas as pd

    between = [
        column for column, candidate in enumerate(results.candidates) if candidate.stage in BETWEEN
    ]
    order = [*results.ranked, *between]
    best = results.ranked[0]
    low, high = interval(results.samples, confidence)
    behind = interval(results.samples[:, [best]] - results.samples, confidence)
    return pd.DataFrame(
        {
            "rank": pd.array([*range(1, len(results.ranked) + 1), *[None] * len(between)], "Int64"),
            **_named([results.candidates[column] for column in order]),
            "iou_cross_validated": results.cross_validated[order],
            "iou_cross_validated_low": low[order],
            "iou_cross_validated_high": high[order],
            "iou_paper": results.paper[order],
            "behind_best": (results.score[best] - results.score)[order],
            "behind_best_low": behind[0][order],
            "behind_best_high": behind[1][order],
        }
    )


def by_label(results: Results) -> "pd.DataFrame":
    """One row a rule and label: threshold and IoU chosen as in the paper, cross-validated IoU."""
    import pandas as pd

    held = {label_held.scores.label: label_held for label_held in results.held}
    parts = []
    for scores in results.labels:
        best, iou = best_thresholds(scores)
        label_held_out = held.get(scores.label)
        parts.append(
            pd.DataFrame(
                {
                    **_named(results.candidates),
                    "label": scores.label,
                    "n": scores.n.sum(axis=0),
                    "n_subjects": (scores.n > 0).sum(axis=0),
                    "threshold_paper": results.thresholds[best],
                    "iou_paper": iou,
                    "iou_cross_validated": np.nan
                    if label_held_out is None
                    else held_out_iou(label_held_out),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _named(candidates: Sequence[Candidate]) -> dict[str, list[Any]]:
    columns = {"rule": "name", "stage": "stage", "published": "published"}
    columns |= {"start": "start", "lag_s": "lag_s", "end": "end"}
    return {
        column: [getattr(candidate, name) for candidate in candidates]
        for column, name in columns.items()
    }


def score_table(results: Results) -> pa.Table:
    """Table `scores`: one row a rule, label and threshold."""
    names = ("rule", "start", "lag_s", "end")
    n_thresholds = len(results.thresholds)
    rules = {name: _named(results.candidates)[name] for name in names}
    parts = []
    for scores in results.labels:
        n = scores.n.sum(axis=0)
        columns = {name: pa.array(values) for name, values in rules.items()}
        repeated = np.repeat(np.arange(len(n)), n_thresholds)
        parts.append(
            pa.table(
                {
                    **{name: column.take(repeated) for name, column in columns.items()},
                    "label": pa.repeat(scores.label, len(repeated)),
                    "threshold": np.tile(results.thresholds, len(n)),
                    "iou": scores.mean().ravel(),
                    "n": n[repeated],
                }
            )
        )
    return pa.concat_tables(parts).cast(TABLES["scores"].schema)


def metrics(results: Results, params: Tune) -> dict[str, Any]:
    """Give the counts and means of `tune.json`."""
    names = [candidate.name for candidate in results.candidates]
    by_paper = results.ranked[np.argmax(results.paper[results.ranked])]
    choice = names.index(window_name(FINE_START, 1.5, FINE_END))  # the paper's, Section 2.8
    low, high = interval(results.samples, params.confidence)

    def means(column: int) -> dict[str, Any]:
        return {
            "rule": names[column],
            "iou_paper": _number(results.paper[column]),
            "iou_cross_validated": _number(results.cross_validated[column]),
            "iou_cross_validated_interval": [_number(low[column]), _number(high[column])],
        }

    return {
        "ranked_by": results.ranked_by,
        "n_rules": len(results.ranked),
        "n_rules_published": sum(candidate.published for candidate in results.candidates),
        "best": means(int(results.ranked[0])),
        "best_by_paper": means(int(by_paper)),
        "published_choice": means(choice),
        "iou_of_the_search": _number(searched_iou(results.held, results.ranked))
        if results.held
        else None,
        "between": [
            means(column)
            for column, candidate in enumerate(results.candidates)
            if candidate.stage in BETWEEN
        ],
        "best_fine_lag": best_fine_lag(results, params.confidence),
        "labels_of_one_subject": [
            scores.label for scores in results.labels if len(scores.subjects) < 2
        ],
        "n_by_label": {scores.label: int(scores.n[:, 0].sum()) for scores in results.labels},
        "n_subjects_by_label": {scores.label: len(scores.subjects) for scores in results.labels},
    }


def best_fine_lag(results: Results, confidence: float) -> dict[str, Any]:
    """Delay that scores best with the paper's start and end, and its interval over resamples."""
    names = [candidate.name for candidate in results.candidates]
    fine = [names.index(window_name(FINE_START, lag_s, FINE_END)) for lag_s in FINE_LAGS_S]
    lags_s = np.array(FINE_LAGS_S)
    best = lags_s[np.argmax(results.score[fine])]
    if not results.held:
        return {"lag_s": float(best), "interval_s": None}
    low, high = interval(lags_s[results.samples[:, fine].argmax(axis=1)], confidence)
    return {"lag_s": float(best), "interval_s": [float(low), float(high)]}


def patch(results: Results) -> dict[str, Any]:
    """Parameters of the best rule that `associate` knows, as a part of `params.yaml`."""
    windows = (results.candidates[column] for column in results.ranked)
    best = next(
        candidate
        for candidate in windows
        if candidate.stage in ("coarse", "fine", "coarse and fine")
    )
    lag = {} if best.lag_s is None else {"lag_s": best.lag_s}
    return {"associate": {"unit": "sentence", "start": best.start, **lag, "end": best.end}}


def _number(value: Any) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)
