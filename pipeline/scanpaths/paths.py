"""The scan paths of one reading: of each finding that it mentions, and of the whole of it.

Reads and writes nothing.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.maps.label_weights import Columns, is_of_label, label_weights

WHOLE = ""  # label of the scan path of a whole reading
OFF_IMAGE = "outside the image"
MOSTLY_ELSE = "mostly outside the windows of the finding"
NO_FIXATION = "no fixation is its own"


def scan_paths(
    reading: Mapping[str, Any],
    fixations: Columns,
    windows: Columns,
    gaussians: Columns,
    min_share: float,
    left_out: Mapping[str, Counter[str]],
) -> Iterator[tuple[str, Columns]]:
    """Give the label and the columns of each scan path of a reading, the whole reading's first.

    Parameters
    ----------
    reading : mapping
        Its row of `readings`, with an image size.
    fixations, windows, gaussians : dict of ndarray
        Its rows of the tables, by column.
    min_share : float
        A fixation is one of a finding if so much of its duration weighs in the finding's windows.
    left_out : mapping of str to Counter
        Under `fixations` and `findings` what is left out is counted, by reason.
    """
    on_image = _is_on_image(reading, fixations)
    left_out["fixations"][OFF_IMAGE] += int((~on_image).sum())
    duration_s = fixations["offset_s"] - fixations["onset_s"]
    if on_image.any():
        yield WHOLE, _columns(fixations, on_image, duration_s)
    for label, weight_s in label_weights(fixations, windows, gaussians).items():
        weighs = ~np.isnan(weight_s) & on_image
        is_own = on_image & is_of_label(weight_s, duration_s, min_share)
        left_out["fixations"][MOSTLY_ELSE] += int((weighs & ~is_own).sum())
        if is_own.any():
            yield label, _columns(fixations, is_own, weight_s)
        else:
            left_out["findings"][NO_FIXATION] += 1


def _is_on_image(reading: Mapping[str, Any], fixations: Columns) -> NDArray[np.bool_]:
    """Tell which fixations lie on a pixel of the image."""
    x_px, y_px = np.rint(fixations["x_px"]), np.rint(fixations["y_px"])
    inside: NDArray[np.bool_] = (
        (x_px >= 0) & (y_px >= 0) & (x_px < reading["width_px"]) & (y_px < reading["height_px"])
    )
    return inside


def _columns(fixations: Columns, is_of_path: NDArray[np.bool_], weight_s: NDArray[Any]) -> Columns:
    rows = np.flatnonzero(is_of_path)
    return {
        "fixation": fixations["fixation"][rows],
        "place": np.arange(len(rows)),
        "onset_s": fixations["onset_s"][rows],
        "duration_s": fixations["offset_s"][rows] - fixations["onset_s"][rows],
        "weight_s": weight_s[rows],
        "x_px": fixations["x_px"][rows],
        "y_px": fixations["y_px"][rows],
    }
