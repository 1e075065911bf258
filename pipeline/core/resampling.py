"""How far a result would move in another sample: draws of clusters with replacement.

What was seen together (images of a subject, readers of an image) is drawn together. NaN is unknown
and left out.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Draws:
    """How intervals are made."""

    n_bootstrap: int  # draws of as many clusters as there are, with replacement
    confidence: float  # share of the draws inside an interval; percentiles
    seed: int  # the same seed gives the same draws


def draw_clusters(n_clusters: int, draws: Draws) -> Floats:
    """Draw clusters with replacement: how often each is in each draw, (n_bootstrap, n_clusters).

    Whole numbers as floats, so that sums over them are exact. No draw when there are fewer than two
    clusters: nothing can vary then.
    """
    if n_clusters < 2:
        return np.empty((0, n_clusters))
    random = np.random.default_rng(draws.seed)
    chance = np.full(n_clusters, 1 / n_clusters)
    return random.multinomial(n_clusters, chance, draws.n_bootstrap).astype(np.float64)


def ratio(total: Floats, n: NDArray[Any]) -> Floats:
    """Divide; NaN where n is 0."""
    nothing = np.full(np.broadcast_shapes(total.shape, n.shape), np.nan)
    quotient: Floats = np.divide(total, n, out=nothing, where=n > 0)
    return quotient


def mean_of_known(values: Floats, axis: int) -> Floats:
    """Mean of what is not NaN; NaN where nothing is."""
    is_known = ~np.isnan(values)
    total: Floats = np.where(is_known, values, 0.0).sum(axis=axis)
    return ratio(total, is_known.sum(axis=axis))


def interval(samples: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Percentile interval over the first axis; NaN where no sample has a value."""
    if not len(samples):
        nothing = np.full(samples.shape[1:], np.nan)
        return nothing, nothing
    tail = (1 - confidence) / 2
    unknown = np.isnan(samples).all(axis=0)
    low, high = np.nanquantile(np.where(unknown, 0, samples), [tail, 1 - tail], axis=0)
    return np.where(unknown, np.nan, low), np.where(unknown, np.nan, high)
