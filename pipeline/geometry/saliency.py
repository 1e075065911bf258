"""How well a map tells where people look: against another map, or against fixations themselves.

Maps are arrays (height, width) of any scale; they are made distributions, or standardised, here.
`valid` marks the pixels that count, such as those of the image and not of the padding around it;
without it all do. Fixations are places (x, y) on the map's own grid, (0, 0) the centre of its first
pixel; one counts at the nearest pixel, or not at all where that is outside the map or not valid.
What is undefined is NaN, except where a definition below says otherwise. Functions raise ArrayError
where shapes differ, a value is not finite, a distribution is negative or no pixel is valid.
Sources: `spec/cooperative.md` 6; Bylinskii et al., TPAMI 2019 (MIT/Tübingen benchmark); Kümmerer,
Wallis, Bethge, PNAS 112 (2015) 16054 (information gain).
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import ArrayError

Convention = Literal["plain", "mit"]

MIT_EPSILON = 2.0**-52  # the benchmark's `eps`

FloatArray = NDArray[np.float64]
Map = NDArray[np.floating]
Mask = NDArray[np.bool_]


def kl(
    prediction: Map, target: Map, valid: Mask | None = None, *, convention: Convention = "plain"
) -> float:
    """Kullback-Leibler divergence KL(target || prediction) in nats; lower is better.

    Parameters
    ----------
    prediction, target : ndarray, shape (height, width)
        P and Y, not negative, each divided by its sum over the valid pixels.
    valid : ndarray of bool, shape (height, width), optional
        Pixels that count.
    convention : {'plain', 'mit'}
        plain: Σ Y ln(Y / P), terms with Y = 0 being 0; infinite where P is 0 and Y is not. The
        paper's. mit: Σ Y ln(ε + Y / (P + ε)), ε = 2.2e-16.

    Returns
    -------
    float
        NaN when a map has no mass.
    """
    p, y = _distributions(prediction, target, valid)
    with np.errstate(divide="ignore", invalid="ignore"):
        if convention == "mit":
            return float(np.sum(y * np.log(MIT_EPSILON + y / (p + MIT_EPSILON))))
        return float(np.sum(np.where(y == 0, 0, y * np.log(y / p))))


def cc(prediction: Map, target: Map, valid: Mask | None = None) -> float:
    """Pearson's correlation of two maps; 0 where one of them is constant."""
    p, y = _values(valid, prediction, target)
    if np.ptp(p) == 0 or np.ptp(y) == 0:
        return 0.0
    p, y = p - p.mean(), y - y.mean()
    return float(np.sum(p * y) / np.sqrt(np.sum(p**2) * np.sum(y**2)))


def hs(prediction: Map, target: Map, valid: Mask | None = None) -> float:
    """Histogram similarity Σ min(P, Y) of two maps that sum to 1; 1 where they are equal.

    It is what pysaliency calls SIM. NaN when a map has no mass.
    """
    p, y = _distributions(prediction, target, valid)
    return float(np.sum(np.minimum(p, y)))


def sim(prediction: Map, target: Map, valid: Mask | None = None) -> float:
    """SIM of the MIT benchmark: as `hs`, after both maps were brought to [0, 1] by their range.

    The benchmark's own script shrinks maps first; this does not. A constant prediction is 0
    everywhere after that, and so is its SIM; NaN where the target is constant.
    """
    p, y = _values(valid, prediction, target)
    if np.ptp(y) == 0:
        return float("nan")
    if np.ptp(p) == 0:
        return 0.0
    p, y = p - p.min(), y - y.min()
    return float(np.sum(np.minimum(p / p.sum(), y / y.sum())))


def nss(prediction: Map, fixations_px: FloatArray, valid: Mask | None = None) -> float:
    """Normalised scan-path saliency: mean at the fixations of the map less its mean, by its SD.

    Mean and SD (of the population) are over the valid pixels; every fixation counts, also the
    second on a pixel. 0 where the map is constant, NaN without fixation.
    """
    (values,) = _values(valid, prediction)
    pixels = _at(fixations_px, prediction.shape, valid)
    if not len(pixels[0]):
        return float("nan")
    if np.ptp(values) == 0:
        return 0.0
    fixated = np.asarray(prediction, float)[pixels]
    return float((fixated.mean() - values.mean()) / values.std())


def auc_judd(prediction: Map, fixations_px: FloatArray, valid: Mask | None = None) -> float:
    """Area under the ROC curve of fixated pixels against all other valid ones (Judd et al. 2009).

    A pixel counts once however often it was fixated. Ties count half and every value is a
    threshold, so that this is the probability that a fixated pixel has the higher value. (The
    benchmark's script breaks ties by noise and draws straight lines between fixated values.) NaN
    without fixation.
    """
    fixated = np.zeros(prediction.shape, bool)
    fixated[_at(fixations_px, prediction.shape, valid)] = True
    values, positive = _values(valid, prediction, fixated)
    chosen = positive > 0
    return _area(values[chosen], values[~chosen])


def auc_shuffled(
    prediction: Map, fixations_px: FloatArray, others_px: FloatArray, valid: Mask | None = None
) -> float:
    """Area under the ROC curve of fixations against those on other images.

    A map of where people look on any image reaches 0.5, so that the bias to the centre earns
    nothing. All of `others_px` are used, none is drawn; ties count half. Every fixation counts,
    also the second on a pixel.

    Parameters
    ----------
    prediction : ndarray, shape (height, width)
        The map.
    fixations_px, others_px : ndarray of float, shapes (n, 2) and (m, 2)
        x and y of fixations on this image, and on others.
    valid : ndarray of bool, shape (height, width), optional
        Pixels that count.

    Returns
    -------
    float
        NaN where one of the two has no fixation on a valid pixel.
    """
    values = np.asarray(prediction, float)
    _check(prediction.shape, values)
    positive, negative = (
        values[_at(points_px, prediction.shape, valid)] for points_px in (fixations_px, others_px)
    )
    return _area(positive, negative)


def information_gain(
    prediction: Map, prior: Map, fixations_px: FloatArray, valid: Mask | None = None
) -> float:
    """How much better a map foretells fixations than a map that is the same for all images.

    The mean over the fixations of log2(P / B), with both maps made densities over the valid pixels:
    the difference of their log-likelihoods, in bits a fixation. Every fixation counts, also the
    second on a pixel.

    Parameters
    ----------
    prediction, prior : ndarray, shape (height, width)
        P and B, not negative, such as a network's map and a centre prior.
    fixations_px : ndarray of float, shape (n, 2)
        x and y of fixations.
    valid : ndarray of bool, shape (height, width), optional
        Pixels that count.

    Returns
    -------
    float
        0 for the prior itself; minus infinity where P is 0 at a fixation; NaN without fixation, or
        where B is 0 at one, or a map has no mass.
    """
    _distributions(prediction, prior, valid)  # refuses what is no distribution
    pixels = _at(fixations_px, prediction.shape, valid)
    if not len(pixels[0]):
        return float("nan")
    counts = np.ones(prediction.shape, bool) if valid is None else valid
    p, b = (
        np.asarray(values, float)[pixels] / (np.asarray(values, float)[counts].sum() or np.nan)
        for values in (prediction, prior)
    )
    if np.isnan(p).any() or not (b > 0).all():
        return float("nan")
    with np.errstate(divide="ignore"):
        return float(np.mean(np.log2(p) - np.log2(b)))


def scores(
    prediction: Map,
    target: Map,
    fixations_px: FloatArray,
    others_px: FloatArray,
    centre: Map,
    mean: Map,
    valid: Mask | None = None,
) -> dict[str, float]:
    """Give every measure by the name of its column in score tables.

    Information is gained over the `centre` prior, and over the `mean` map of other images.
    """
    return {
        "kl": kl(prediction, target, valid),
        "cc": cc(prediction, target, valid),
        "hs": hs(prediction, target, valid),
        "sim": sim(prediction, target, valid),
        "nss": nss(prediction, fixations_px, valid),
        "auc_judd": auc_judd(prediction, fixations_px, valid),
        "auc_shuffled": auc_shuffled(prediction, fixations_px, others_px, valid),
        "information_gain": information_gain(prediction, centre, fixations_px, valid),
        "information_gain_mean": information_gain(prediction, mean, fixations_px, valid),
    }


def _distributions(
    prediction: Map, target: Map, valid: Mask | None
) -> tuple[FloatArray, FloatArray]:
    maps = _values(valid, prediction, target)
    if min(values.min() for values in maps) < 0:
        raise ArrayError("a map that is to be a distribution has negative values.")
    p, y = (values / (values.sum() or np.nan) for values in maps)  # no mass: all NaN
    return p, y


def _values(valid: Mask | None, *maps: NDArray[np.generic]) -> list[FloatArray]:
    """Give the valid pixels of maps of one shape, each as float64, shape (n,)."""
    _check(maps[0].shape if valid is None else valid.shape, *maps)
    if valid is not None and not valid.any():
        raise ArrayError("no pixel of a map is valid.")
    return [np.asarray(array, float)[... if valid is None else valid].ravel() for array in maps]


def _check(shape: tuple[int, ...], *maps: NDArray[np.generic]) -> None:
    shapes = {shape, *(array.shape for array in maps)}
    if len(shapes) > 1 or len(shape) != 2:
        text = ", ".join(map(str, sorted(shapes)))
        raise ArrayError(f"maps and mask must have one shape (height, width), got {text}.")
    if not all(np.isfinite(array).all() for array in maps):
        raise ArrayError("a map has values that are not finite.")


def _at(
    fixations_px: FloatArray, shape: tuple[int, ...], valid: Mask | None
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the fixations that count."""
    x, y = np.floor(np.asarray(fixations_px, float).reshape(-1, 2).T + 0.5)
    inside = (x >= 0) & (y >= 0) & (x < shape[1]) & (y < shape[0])
    rows, columns = y[inside].astype(np.intp), x[inside].astype(np.intp)
    if valid is None:
        return rows, columns
    counts = valid[rows, columns]
    return rows[counts], columns[counts]


def _area(positive: FloatArray, negative: FloatArray) -> float:
    """Probability that a positive value is above a negative one, ties half."""
    if not (len(positive) and len(negative)):
        return float("nan")
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, "left") + np.searchsorted(ordered, positive, "right")
    return float(below.mean() / (2 * len(negative)))
