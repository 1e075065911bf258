"""Measures of how somebody looked, from fixations in the order of time.

What is undefined is NaN. Definitions follow Holmqvist et al., Eye Tracking: A Comprehensive Guide
to Methods and Measures, Oxford University Press 2011, unless a function names another.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Visits:
    """Looks at a region: the runs of fixations in it, in the order of time."""

    begins: NDArray[np.intp]  # row of the first fixation of each
    ends: NDArray[np.intp]  # row behind the last


def find_visits(inside: Mask, follows: Mask) -> Visits:
    """Join successive fixations inside a region to visits ("dwells", Holmqvist et al., 12.1).

    Parameters
    ----------
    inside : ndarray of bool, shape (n,)
        Fixations in the region.
    follows : ndarray of bool, shape (n,)
        Fixations that come directly after the one before; a gap ends a visit.
    """
    before = np.concatenate([[False], inside[:-1]]) & follows
    after = np.concatenate([inside[1:] & follows[1:], [False]])
    return Visits(np.flatnonzero(inside & ~before), np.flatnonzero(inside & ~after) + 1)


@dataclass(frozen=True)
class Saccades:
    """What is between fixations: the lengths of jumps, and how long they take."""

    amplitude_px: Floats
    amplitude_deg: Floats
    duration_s: Floats


def find_saccades(
    places_px: Floats,
    px_per_deg: Floats,
    onset_s: Floats,
    offset_s: Floats,
    follows: Mask,
    max_saccade_s: float,
) -> Saccades:
    """Take the way from each fixation to the next as a saccade, if it takes no longer than one can.

    A longer gap is a blink or a loss of the eyes, and not counted.

    Parameters
    ----------
    places_px, px_per_deg : ndarray, shape (n, 2)
        x and y of each fixation, and pixels a degree along both.
    onset_s, offset_s : ndarray, shape (n,)
        Of each fixation.
    follows : ndarray of bool, shape (n,)
        Fixations that come directly after the one before.
    max_saccade_s : float
        Longest gap.

    Notes
    -----
    Degrees are pixels over the mean of both fixations' pixels a degree, along each axis; so they
    are exact in the middle of a flat screen, and some per cent too large 20° off it.
    """
    gap_s = onset_s[1:] - offset_s[:-1]
    jumps = follows[1:] & (gap_s <= max_saccade_s)
    moved_px = np.diff(places_px, axis=0)[jumps]
    moved_deg = moved_px / ((px_per_deg[1:] + px_per_deg[:-1]) / 2)[jumps]
    duration_s = np.maximum(gap_s[jumps], 0)  # of another detector's fixations that overlap
    return Saccades(np.hypot(*moved_px.T), np.hypot(*moved_deg.T), duration_s)


def transition_entropy(cells: NDArray[np.intp], follows: Mask) -> tuple[float, float]:
    """Entropies of where gaze is, and of where it goes from there, in bits.

    Krejtz et al., ETRA 2014 (ACM TAP 13, 2015): H_s = −Σ π_i log2 π_i and
    H_t = −Σ π_i Σ p_ij log2 p_ij. π_i is the share of transitions that begin in cell i, p_ij the
    share of these that end in j; to stay in a cell is a transition, too.

    Parameters
    ----------
    cells : ndarray of int, shape (n,)
        Cell of each fixation.
    follows : ndarray of bool, shape (n,)
        Fixations that come directly after the one before.

    Returns
    -------
    tuple of float
        H_s and H_t; NaN without a transition. Both are too small for few fixations.
    """
    begin, end = cells[:-1][follows[1:]], cells[1:][follows[1:]]
    if not len(begin):
        return float("nan"), float("nan")
    size = int(max(begin.max(), end.max())) + 1
    joint = np.bincount(begin * size + end, minlength=size**2) / len(begin)
    stationary = joint.reshape(size, size).sum(axis=1)
    h_stationary = _bits(stationary)
    # H(next | now) = H(now, next) − H(now); rounding may leave a little below 0.
    return h_stationary, max(_bits(joint) - h_stationary, 0.0)


def _bits(shares: Floats) -> float:
    some = shares[shares > 0]
    return abs(float((some * np.log2(some)).sum()))  # of one cell it is 0, not −0


def coverage(points_px: Floats, places_px: Floats, px_per_deg: Floats, radius_deg: float) -> float:
    """Share of the points of a region that are no farther than a radius from some fixation.

    Parameters
    ----------
    points_px : ndarray, shape (m, 2)
        x and y of points, such as a grid in a region.
    places_px, px_per_deg : ndarray, shape (n, 2)
        x and y of each fixation, and pixels a degree along both.
    radius_deg : float
        Degrees of visual angle; 1 is the standard deviation of the maps' Gaussians. Kundel, Nodine
        and Carmody, Invest. Radiol. 13 (1978) 175, take 2.8° around each fixation as seen.

    Returns
    -------
    float
        NaN without a point, 0 without a fixation.
    """
    if not len(points_px):
        return float("nan")
    seen = np.zeros(len(points_px), bool)
    for place, scale in zip(places_px, px_per_deg, strict=True):
        away_deg = (points_px - place) / scale
        seen |= (away_deg**2).sum(axis=1) <= radius_deg**2
    return float(seen.mean())
