"""All measures of how alike two scan paths are.

MultiMatch is Wagner's package multimatch-gaze (Dewhurst et al., Behav. Res. Methods 44 (2012) 1079;
JOSS 4(40), 1525 (2019)), without grouping; the others are ours (`geometry.alignment`).
"""

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.geometry.alignment import (
    Frame,
    cells,
    edit_distance,
    scaled_tde,
    scanmatch,
    string_tde,
)
from gazescribe.pipeline.scanpaths.settings import ScoreScanpaths

MULTIMATCH = tuple(
    f"multimatch_{part}" for part in ("shape", "direction", "length", "position", "duration")
)
SHORTEST = 3  # fixations that MultiMatch asks for
MEASURES = (
    *MULTIMATCH,
    "scanmatch",
    "scanmatch_duration",
    "edit_distance",
    "edit_similarity",
    "string_tde",
    "scaled_tde",
)
"""Their names in tables."""
DISTANCES = ("edit_distance", "string_tde")
"""Those that are 0 for equal paths; of all others higher is more alike."""
OF_DURATIONS = ("multimatch_duration", "scanmatch_duration")

Path = NDArray[np.float64]


def compare(reference: Path, path: Path, frame: Frame, params: ScoreScanpaths) -> dict[str, float]:
    """Give every measure of two scan paths, by name.

    Parameters
    ----------
    reference, path : ndarray, shapes (n, 3) and (m, 3)
        x, y in pixels of the frame, and seconds; durations that are not known are NaN. A path with
        one that is not known, or is 0, has no durations.
    frame : (height, width)
        Of the image.

    Returns
    -------
    dict of str to float
        NaN where a measure is not defined: MultiMatch below three fixations, measures of durations
        where one path has none.
    """
    timed = _are_timed(reference, path)
    values = dict.fromkeys(MEASURES, float("nan"))
    values |= zip(MULTIMATCH, multimatch(reference, path, frame), strict=True)
    pairs = [("scanmatch", 0.0)] + ([("scanmatch_duration", params.bin_s)] if timed else [])
    for name, bin_s in pairs:
        first, second = (
            cells(scanpath, frame, params.grid, bin_s) for scanpath in (reference, path)
        )
        values[name] = scanmatch(first, second, params.grid, params.threshold, params.gap)
    first, second = (cells(scanpath, frame, params.edit_grid) for scanpath in (reference, path))
    if longest := max(len(first), len(second)):
        values["edit_distance"] = float(edit_distance(first, second))
        values["edit_similarity"] = 1 - values["edit_distance"] / longest
    values["string_tde"] = string_tde(first, second)
    values["scaled_tde"] = scaled_tde(reference, path, frame)
    return values


def multimatch(first: Path, second: Path, frame: Frame) -> list[float]:
    """Similarity of shape, direction, length, position and duration, 0 to 1.

    NaN where a path has fewer than three fixations, and of duration where one has no durations.
    """
    from multimatch_gaze import docomparison

    if min(len(first), len(second)) < SHORTEST:
        return [float("nan")] * len(MULTIMATCH)
    timed = _are_timed(first, second)
    height, width = frame
    paths = [_fixation_vectors(path, timed=timed) for path in (first, second)]
    values = [float(value) for value in docomparison(*paths, (width, height))]
    return values if timed else [*values[:-1], float("nan")]


def _fixation_vectors(path: Path, *, timed: bool) -> NDArray[np.void]:
    """Give a path as the package takes it."""
    names = ("start_x", "start_y", "duration")
    vectors = np.ones(len(path), [(name, np.float64) for name in names])
    for column, name in enumerate(names[: 3 if timed else 2]):
        vectors[name] = path[:, column]
    return vectors


def _are_timed(*paths: Path) -> bool:
    return all((path[:, 2] > 0).all() for path in paths)
