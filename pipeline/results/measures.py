"""One metric of one model: by run and item, and how it moves when subjects are resampled."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from gazescribe.pipeline.core.resampling import (
    Draws,
    Floats,
    draw_clusters,
    interval,
    mean_of_known,
    ratio,
)
from gazescribe.pipeline.results.statistics import paper_interval, t_interval

ALL = "all"
"""Item of a macro mean."""

INTERVALS = ("paper", "t", "subjects")
"""1.96 population standard errors over seeds; Student's t over seeds; bootstrap over subjects."""


@dataclass(frozen=True)
class Measure:
    """One metric of one model."""

    items: tuple[str, ...]  # what is scored apart, such as labels
    seeds: tuple[int, ...]  # of the runs
    by_run: Floats  # (runs, items): NaN where it is not defined
    # (n_bootstrap, runs, items): in resamples of subjects, which are the same for all models
    draws: Floats

    def macro(self) -> Self:
        """Unweighted mean over the items that are defined: within a run first, as in the paper."""
        # An item that a resample misses keeps its value there: left out, rare items would come and
        # go, and their absence would move the mean.
        filled = np.where(np.isnan(self.draws), self.by_run, self.draws)
        by_run = mean_of_known(self.by_run, -1)[..., None]
        return type(self)((ALL,), self.seeds, by_run, mean_of_known(filled, -1)[..., None])

    def select(self, item: str) -> Self:
        """Only one item."""
        index = [self.items.index(item)]
        return type(self)((item,), self.seeds, self.by_run[:, index], self.draws[:, :, index])

    def mean(self) -> Floats:
        """Mean over runs, shape (items,)."""
        return _mean(self.by_run, axis=0)

    def mean_draws(self) -> Floats:
        """Mean over runs in each resample, shape (n_bootstrap, items)."""
        return _mean(self.draws, axis=1)

    def summary(self, confidence: float) -> pd.DataFrame:
        """One row an item: item, mean, n_seeds, and for each of `INTERVALS` `_low` and `_high`."""
        pairs = (
            paper_interval(self.by_run),
            t_interval(self.by_run, confidence),
            interval(self.mean_draws(), confidence),
        )
        columns = {
            f"{name}_{side}": edge
            for name, pair in zip(INTERVALS, pairs, strict=True)
            for side, edge in zip(("low", "high"), pair, strict=True)
        }
        head = {"item": self.items, "mean": self.mean(), "n_seeds": len(self.seeds)}
        return pd.DataFrame({**head, **columns})


NOTHING = Measure((ALL,), (), np.full((0, 1), np.nan), np.empty((0, 0, 1)))
"""The macro mean of a model that was not trained."""


def resample_subjects(subjects: ArrayLike, draws: Draws) -> Floats:
    """How often each case is in each resample of the subjects, shape (n_bootstrap, cases)."""
    distinct, subject = np.unique(subjects, return_inverse=True)
    times: Floats = draw_clusters(len(distinct), draws)[:, subject]
    return times


def _mean(values: Floats, axis: int) -> Floats:
    """Mean over runs; NaN where one of them, or all, are unknown."""
    n = values.shape[axis]
    return ratio(values.sum(axis=axis), np.array(n))
