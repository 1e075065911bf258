"""How much of each fixation of a reading belongs to each label, from windows and Gaussians.

Reads and writes nothing.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import AlignmentError

Columns = dict[str, Any]


def label_weights(
    fixations: Columns, windows: Columns, gaussians: Columns
) -> dict[str, NDArray[np.float64]]:
    """Seconds of each fixation that weigh in the windows of each label; NaN in none of them.

    What lies in several windows of a label is summed, up to the fixation's duration. Arguments are
    the rows of one reading in the tables, by column. Empty and reversed windows have no label.
    """
    duration_s = fixations["offset_s"] - fixations["onset_s"]
    rows = np.searchsorted(fixations["fixation"], np.asarray(gaussians["fixation"]))
    weights: dict[str, NDArray[np.float64]] = {}
    states = zip(windows["window"], windows["labels"], windows["status"], strict=True)
    for window, labels, status in states:
        inside = np.flatnonzero(gaussians["window"] == window)
        rows_inside = rows[inside]
        for label in labels if status == "ok" else ():
            weight_s = weights.setdefault(label, np.full(len(duration_s), np.nan))
            known = np.nan_to_num(weight_s[rows_inside]) + gaussians["weight_s"][inside]
            weight_s[rows_inside] = np.minimum(known, duration_s[rows_inside])
    return weights


def is_of_label(
    weight_s: NDArray[np.float64], duration_s: NDArray[np.float64], min_share: float
) -> NDArray[np.bool_]:
    """Tell which fixations are a label's: those of which so much weighs in its windows.

    Points of no length belong to the windows that they are in.
    """
    is_enough: NDArray[np.bool_] = np.nan_to_num(weight_s) >= min_share * duration_s
    return is_enough & ~np.isnan(weight_s)


def check_fixations(
    fixations: Mapping[str, Columns], gaussians: Mapping[str, Columns], associated: Path
) -> None:
    """Refuse Gaussians of fixations that the tables do not have, by reading; AlignmentError."""
    faults = []
    for reading_id, drawn in gaussians.items():
        unknown = np.setdiff1d(drawn["fixation"], fixations[reading_id]["fixation"])
        if len(unknown):
            faults.append(f"{reading_id}: {len(unknown)}, the first of them {unknown[0]}")
    if faults:
        message = "gaussians.parquet is of fixations that the table fixations does not have."
        remedy = "The tables changed since: run `gazescribe associate` again."
        raise AlignmentError(message, where=associated, faults=faults, remedy=remedy)
