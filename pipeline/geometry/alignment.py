"""How alike two scan paths are, by order and place: strings of cells, and embeddings in time.

A scan path is an array (n, 3): x, y in pixels, and seconds, in the order of time. Places are
continuous: pixel 0 of a frame reaches from −0.5 to 0.5, and what lies outside counts at the edge.
What is undefined is NaN. MultiMatch, the other measure of this kind, is the package
multimatch-gaze; `pipeline/scanpaths` calls it.
Sources: ScanMatch, Cristino, Mathôt, Theeuwes, Gilchrist, Behav. Res. Methods 42 (2010) 692; string
edit distance on a grid and time-delay embeddings, Wang et al., CVPR 2011, and Zanca et al.,
FixaTons, arXiv:1802.02534 (the scaled one).
"""

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import ArrayError

Path = NDArray[np.float64]
Cells = NDArray[np.intp]
Frame = tuple[int, int]
"""(height, width) in pixels."""


def cells(path: Path, frame: Frame, grid: tuple[int, int], bin_s: float = 0.0) -> Cells:
    """Give the number of each fixation's cell, row by row from the top left, from 0.

    Parameters
    ----------
    path : ndarray, shape (n, 3)
        Scan path.
    frame : (height, width)
        Pixels that the grid divides.
    grid : (rows, columns)
        Cells.
    bin_s : float
        Above 0, a cell is repeated for each bin of its fixation's duration, rounded to whole bins
        (half to even); a fixation shorter than half a bin has none, as in ScanMatch.

    Returns
    -------
    ndarray of int, shape (m,)
    """
    _check(path)
    places = []
    for axis, n in ((1, 0), (0, 1)):  # rows by y, columns by x
        place = np.floor((path[:, axis] + 0.5) / frame[n] * grid[n])
        places.append(np.clip(place, 0, grid[n] - 1).astype(np.intp))
    numbers: Cells = places[0] * grid[1] + places[1]
    if bin_s > 0:
        bins = np.round(path[:, 2] / bin_s, 6)  # 0.35 / 0.1 is a little less than three and a half
        numbers = np.repeat(numbers, np.rint(bins).astype(np.intp))
    return numbers


def scanmatch(
    first: Cells, second: Cells, grid: tuple[int, int], threshold: float, gap: float = 0.0
) -> float:
    """ScanMatch's score of two strings of cells: 1 where they are equal.

    Two cells score `threshold` less their distance in cells, a gap scores `gap`; the best global
    alignment (Needleman and Wunsch) is divided by the threshold and the length of the longer one.

    Parameters
    ----------
    first, second : ndarray of int, shapes (n,) and (m,)
        What `cells` gives.
    grid : (rows, columns)
        Of the cells.
    threshold : float
        Distance from which on two cells are no better than a gap of 0; the toolbox's is 3.5.
    gap : float
        Not above 0.

    Returns
    -------
    float
        NaN where a string is empty.
    """
    if not (len(first) and len(second)):
        return float("nan")
    rows, columns = np.divmod(np.arange(grid[0] * grid[1]), grid[1])
    distance = np.hypot(
        rows[first][:, None] - rows[second], columns[first][:, None] - columns[second]
    )
    best = _align(threshold - distance, gap)
    return float(best / (threshold * max(len(first), len(second))))


def _align(scores: NDArray[np.float64], gap: float) -> float:
    """Give the best score of a global alignment, (n, m) being the scores of pairs.

    A row of the table is one pass: gaps within it are a running maximum.
    """
    along = gap * np.arange(scores.shape[1] + 1)
    row = along.copy()
    for number, of_row in enumerate(scores, 1):
        reached = np.empty_like(row)
        reached[0] = gap * number
        reached[1:] = np.maximum(row[:-1] + of_row, row[1:] + gap)
        row = np.maximum.accumulate(reached - along) + along
    return float(row[-1])


def edit_distance(first: Cells, second: Cells) -> int:
    """Count insertions, deletions and substitutions from one string to the other (Levenshtein)."""
    differ = (first[:, None] != second).astype(np.float64)
    return round(-_align(-differ, -1.0))  # the least cost is the best of negative scores


def string_tde(reference: Cells, path: Cells, length: int = 3) -> float:
    """Distance by time-delay embeddings of strings: 0 where equal, 1 at most.

    The mean over all runs of so many cells of `path` of the least edit distance to a run of
    `reference`, over the length. It has a direction, as `scaled_tde` has.

    Returns
    -------
    float
        NaN where a string is shorter.
    """
    if min(len(reference), len(path)) < length:
        return float("nan")
    runs = (
        np.lib.stride_tricks.sliding_window_view(scanpath, length) for scanpath in (path, reference)
    )
    of_path, of_reference = runs
    # Levenshtein's table, of all pairs of runs at once.
    above = [np.full((len(of_path), len(of_reference)), number) for number in range(length + 1)]
    for row in range(length):
        costs = [np.full_like(above[0], row + 1)]
        for column in range(length):
            differ = of_path[:, row][:, None] != of_reference[:, column]
            least = np.minimum(above[column + 1], costs[column]) + 1
            costs.append(np.minimum(least, above[column] + differ))
        above = costs
    return float(above[-1].min(axis=1).mean() / length)


def scaled_tde(reference: Path, path: Path, frame: Frame) -> float:
    """Similarity by time-delay embeddings of every length, scaled by the frame: 1 where equal.

    For each length k up to the shorter path: the mean over all runs of k fixations of `path` of the
    distance to the nearest run of `reference` (root of the summed squared distances over k), d; the
    mean of exp(−d) over k. Pixels are divided by the longer side of the frame. It has a direction:
    what `reference` has more costs nothing.

    Returns
    -------
    float
        0 to 1; NaN where a path is empty.
    """
    _check(reference)
    _check(path)
    longest = min(len(reference), len(path))
    if not longest:
        return float("nan")
    places = [scanpath[:, :2] / max(frame) for scanpath in (path, reference)]
    squared = ((places[0][:, None] - places[1]) ** 2).sum(axis=2)
    summed, similarities = np.zeros_like(squared), []
    for k in range(1, longest + 1):
        # Runs of k: those of k − 1 that have one more fixation behind them, and that one.
        shape = len(path) - k + 1, len(reference) - k + 1
        summed = summed[: shape[0], : shape[1]] + squared[k - 1 :, k - 1 :]
        similarities.append(np.exp(-(np.sqrt(summed.min(axis=1)) / k).mean()))
    return float(np.mean(similarities))


def _check(path: Path) -> None:
    if path.ndim != 2 or path.shape[1] != 3:
        raise ArrayError(f"a scan path must have the shape (n, 3), got {path.shape}.")
    if not np.isfinite(path[:, :2]).all():
        raise ArrayError("a scan path has a place that is not finite.")
