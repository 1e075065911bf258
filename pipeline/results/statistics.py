"""Intervals over seeds, AUROC under resampling, paired tests, and where a curve meets a value.

Unknown is NaN: an interval over one seed, the AUROC of a label with one class.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from gazescribe.pipeline.core.resampling import Floats, ratio

Pair = tuple[Floats, Floats]


def paper_interval(values: Floats) -> Pair:
    """Mean ± 1.96 × population sd / √n over the first axis: what Lanfredi et al. 2023 print.

    For five seeds it is 1.58 times narrower than the t interval.
    """
    return _around(values, 1.96, ddof=0)


def t_interval(values: Floats, confidence: float) -> Pair:
    """Student's interval of the mean over the first axis."""
    quantile = stats.t.ppf((1 + confidence) / 2, max(len(values) - 1, 1))
    return _around(values, float(quantile), ddof=1)


def _around(values: Floats, factor: float, ddof: int) -> Pair:
    n = len(values)
    if n < 2:
        unknown = np.full(values.shape[1:], np.nan)
        return unknown, unknown
    half = factor * values.std(axis=0, ddof=ddof) / np.sqrt(n)
    return values.mean(axis=0) - half, values.mean(axis=0) + half


def auroc(target: NDArray[np.bool_], score: Floats) -> float:
    """Area under the ROC curve; NaN where all targets are alike."""
    return float(resampled_auroc(target, score, np.ones((1, len(target))))[0])


def resampled_auroc(target: NDArray[np.bool_], score: Floats, times: Floats) -> Floats:
    """Area under the ROC curve of many resamples at once.

    The share of pairs of a positive and a negative image in which the positive one scores higher;
    equal scores count half.

    Parameters
    ----------
    target, score : ndarray, shape (n,)
        Of each image.
    times : ndarray of float64, shape (draws, n)
        How often each image is in each draw.

    Returns
    -------
    ndarray of float64, shape (draws,)
        NaN for a draw whose targets are alike.
    """
    order = np.argsort(score, kind="stable")
    begins = np.flatnonzero(np.diff(score[order], prepend=-np.inf))
    chosen, drawn = target[order], times[:, order]
    positive = np.add.reduceat(drawn * chosen, begins, axis=1)
    negative = np.add.reduceat(drawn * ~chosen, begins, axis=1)
    below = np.cumsum(negative, axis=1) - negative / 2
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    return ratio((positive * below).sum(axis=1), pairs)


def bootstrap_p(differences: Floats) -> float:
    """Two-sided p value of no difference: how often resampled differences lie beyond 0.

    Twice the smaller tail, the observed sample counted as one draw more (Davison and Hinkley 1997,
    4.2), so that it is never 0.
    """
    defined = differences[~np.isnan(differences)]
    if not len(defined):
        return float("nan")
    tail = min((defined <= 0).sum(), (defined >= 0).sum())
    return float(min(1.0, 2 * (1 + tail) / (1 + len(defined))))


def wilcoxon_p(differences: Floats) -> float:
    """Two-sided p value of Wilcoxon's signed-rank test; 1 where no pair differs."""
    defined = differences[~np.isnan(differences)]
    if not len(defined):
        return float("nan")
    if not defined.any():
        return 1.0
    return float(stats.wilcoxon(defined).pvalue)


def paired_t_p(differences: Floats) -> float:
    """Two-sided p value of the paired t test; NaN for one pair, or where all differ alike."""
    rounding = 1e-12 * np.abs(differences).max(initial=0)
    if len(differences) < 2 or np.ptp(differences) <= rounding:
        return float("nan")
    return float(stats.ttest_1samp(differences, 0).pvalue)


def holm(p_values: Floats) -> Floats:
    """Adjust p values for their number (Holm 1979); NaN is left out."""
    order = np.argsort(p_values)[: np.count_nonzero(~np.isnan(p_values))]  # NaN sorts last
    factors = np.arange(len(order), 0, -1)
    adjusted = p_values.copy()
    adjusted[order] = np.maximum.accumulate(p_values[order] * factors).clip(max=1)
    return adjusted


def matching_share(shares: Floats, curve: Floats, value: float) -> float:
    """Give the share at which a curve first reaches a value.

    More data does not hurt: the scores `curve` at the rising `shares` are first made to rise
    (isotonic regression), then joined by straight lines. −inf where the first share is above the
    value already, inf where none reaches it.
    """
    rising = optimize.isotonic_regression(curve).x
    if rising[0] > value:
        return -np.inf
    if rising[-1] < value:
        return np.inf
    above = int(np.searchsorted(rising, value, side="left"))
    if above == 0:
        return float(shares[0])
    below = above - 1
    part = (value - rising[below]) / (rising[above] - rising[below])
    return float(shares[below] + part * (shares[above] - shares[below]))


def wilson_interval(share: float, n: int, confidence: float) -> tuple[float, float]:
    """Interval of a share of n independent cases (Wilson 1927); NaN without cases."""
    if not n:
        return float("nan"), float("nan")
    # Written out: scipy's takes whole counts alone, and a mean over seeds is of halves and thirds.
    z = stats.norm.isf((1 - confidence) / 2)
    middle = share + z**2 / (2 * n)
    half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    low, high = ((middle + sign * half) / (1 + z**2 / n) for sign in (-1, 1))
    return float(max(low, 0)), float(min(high, 1))


def sign_p(differences: Floats) -> float:
    """Two-sided p value of the exact sign test; 1 where no pair differs.

    Of two models that are right (1) or wrong (0) it is the exact test of McNemar.
    """
    better, worse = int((differences > 0).sum()), int((differences < 0).sum())
    return float(stats.binomtest(better, better + worse).pvalue) if better + worse else 1.0


def placements(target: NDArray[np.bool_], score: Floats) -> Floats:
    """Share of the cases of the other class that each case is on the right side of, shape (n,).

    Its mean over the positive cases, and over the others, is the AUROC. Equal scores count half.
    NaN where all targets are alike.
    """
    rank = stats.rankdata(score)
    placed = np.full(len(score), np.nan)
    if target.all() or not target.any():
        return placed
    # a rank among all cases less the rank within the own class counts the other class below
    placed[target] = (rank[target] - stats.rankdata(score[target])) / (~target).sum()
    placed[~target] = 1 - (rank[~target] - stats.rankdata(score[~target])) / target.sum()
    return placed


def delong(target: NDArray[np.bool_], placed: Floats) -> tuple[float, float]:
    """AUROC and its variance (DeLong, DeLong and Clarke-Pearson 1988).

    `placed` are `placements`, or the difference of those of two models: then the two are those of
    the difference of the AUROCs. The variance is NaN with less than two cases of a class.
    """
    parts = placed[target], placed[~target]
    if min(len(part) for part in parts) < 2:
        return float(parts[0].mean()) if len(parts[0]) else float("nan"), float("nan")
    return float(parts[0].mean()), sum(float(part.var(ddof=1)) / len(part) for part in parts)


def normal_p(difference: float, variance: float) -> float:
    """Two-sided p value of no difference of a normal quantity; NaN where it does not vary."""
    if not variance > 0:
        return float("nan")
    return float(2 * stats.norm.sf(abs(difference) / np.sqrt(variance)))
