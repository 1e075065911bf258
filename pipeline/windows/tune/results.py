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
    LEARNED,
    Candidate,
    window_name,
)
from gazescribe.pipeline.windows.tune.settings import Tune
from gazescribe.pipeline.windows.tune.validate import (
    FloatArray,
    HeldOut,
    LabelScores,
    best_thresholds,
    hold_out,
    macro,
    resample,
    searched_iou,
)

if TYPE_CHECKING:  # it takes a second to import
    import pandas as pd

BETWEEN = ("floor", "ceiling")  # stages of what is scored beside the rules, and not ranked
WINDOWS = ("coarse", "fine", "coarse and fine")  # stages of the rules that `associate` knows


@dataclass(frozen=True)
class Results:
    """Scores of all candidates, which are the columns of all arrays here."""

    candidates: list[Candidate]  # rules, floors and ceilings
    thresholds: FloatArray  # those tried
    labels: list[LabelScores]  # with a case, in channel order
    held: list[HeldOut]  # the same labels cross-validated; empty where there is only one subject
    paper: FloatArray  # (candidates,), macro mean IoU
    cross_validated: FloatArray  # likewise; NaN where there is only one subject
    samples: FloatArray  # (n_bootstrap, candidates), cross_validated in resamples of subjects
    ranked: NDArray[np.intp]  # rules, best first by `score`

    @property
    def ranked_by(self) -> str:
        """The mean that the rules are ranked by."""
        return "cross_validated" if self.held else "paper"

    @property
    def score(self) -> FloatArray:
        """The mean that the rules are ranked by, shape (candidates,)."""
        return self.cross_validated if self.held else self.paper

    @property
    def between(self) -> list[int]:
        """Floors and ceilings."""
        return [row for row, rule in enumerate(self.candidates) if rule.stage in BETWEEN]


def compare(
    candidates: Sequence[Candidate], labels: Sequence[LabelScores], tried: FloatArray, params: Tune
) -> Results:
    """Rank the rules."""
    several = len(np.unique(np.concatenate([scores.subjects for scores in labels]))) > 1
    labels_held_out = hold_out(labels) if several else []
    paper = macro([best_thresholds(scores)[1] for scores in labels])
    cross_validated = np.full(len(candidates), np.nan)
    samples = cross_validated[None]
    if labels_held_out:
        cross_validated = macro([label_held.mean() for label_held in labels_held_out])
        samples = resample(
            labels_held_out, Draws(params.n_bootstrap, params.confidence, params.seed)
        )
    is_rule = np.array([candidate.stage not in BETWEEN for candidate in candidates])
    rules = np.flatnonzero(is_rule)
    score = cross_validated if labels_held_out else paper
    ranked = rules[np.argsort(-score[rules], kind="stable")]  # of equals the first in the list
    return Results(
        list(candidates),
        tried,
        list(labels),
        labels_held_out,
        paper,
        cross_validated,
        samples,
        ranked,
    )


def ranking(results: Results, confidence: float) -> "pd.DataFrame":
    """One row a rule, best first; then floors and ceilings, without a rank.

    `behind_best` is the difference to the first row, its interval from the same resamples: a rule
    whose interval holds 0 is not told apart from the best.
    """
    import pandas as pd

    order, best = [*results.ranked, *results.between], results.ranked[0]
    ranks = [*range(1, len(results.ranked) + 1), *[None] * len(results.between)]
    low, high = interval(results.samples, confidence)
    behind = interval(results.samples[:, [best]] - results.samples, confidence)
    return pd.DataFrame(
        {
            "rank": pd.array(ranks, "Int64"),
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

    cross_validated = {held.scores.label: held.mean() for held in results.held}
    parts = []
    for scores in results.labels:
        best, iou = best_thresholds(scores)
        columns = {
            **_named(results.candidates),
            "label": scores.label,
            "n": scores.n.sum(axis=0),
            "n_subjects": (scores.n > 0).sum(axis=0),
            "threshold_paper": results.thresholds[best],
            "iou_paper": iou,
            "iou_cross_validated": cross_validated.get(scores.label, np.nan),
        }
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def _named(candidates: Sequence[Candidate]) -> dict[str, list[Any]]:
    """Columns that say which rule a row is about."""
    columns = {"rule": [candidate.name for candidate in candidates]}
    for name in ("stage", "published", "start", "lag_s", "end"):
        columns[name] = [getattr(candidate, name) for candidate in candidates]
    return columns


def score_table(results: Results) -> pa.Table:
    """Table `scores`: one row a rule, label and threshold."""
    named, n_rules = _named(results.candidates), len(results.candidates)
    rules = np.repeat(np.arange(n_rules), len(results.thresholds))
    names = ("rule", "start", "lag_s", "end")
    repeated = {name: pa.array(named[name]).take(rules) for name in names}
    parts = []
    for scores in results.labels:
        columns = {
            **repeated,
            "label": pa.repeat(scores.label, len(rules)),
            "threshold": np.tile(results.thresholds, n_rules),
            "iou": scores.mean().ravel(),
            "n": scores.n.sum(axis=0)[rules],
        }
        parts.append(pa.table(columns))
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

    searched = searched_iou(results.held, results.ranked) if results.held else np.nan
    alone = [scores.label for scores in results.labels if len(scores.subjects) < 2]
    return {
        "ranked_by": results.ranked_by,
        "n_rules": len(results.ranked),
        "n_rules_published": sum(candidate.published for candidate in results.candidates),
        "best": means(int(results.ranked[0])),
        "best_by_paper": means(int(by_paper)),
        "published_choice": means(choice),
        "iou_of_the_search": _number(searched),
        "between": [means(column) for column in results.between],
        "best_fine_lag": best_fine_lag(results, params.confidence),
        "labels_of_one_subject": alone,
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
    ranked = (results.candidates[column] for column in results.ranked)
    best = next(candidate for candidate in ranked if candidate.stage in (*WINDOWS, LEARNED))
    if best.stage == LEARNED:
        how = {"method": "learned", "unit": "sentence"}
        return {"associate": how, "learned": {"exponent": best.exponent}}
    lag = {} if best.lag_s is None else {"lag_s": best.lag_s}
    window = {"unit": "sentence", "start": best.start, **lag, "end": best.end}
    return {"associate": {"method": "window", **window}}


def _number(value: Any) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)
