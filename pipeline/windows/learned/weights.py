"""Windows and Gaussians of a reading whose fixations were shared out.

A window of a sentence is all the time whose gaze can be the sentence's. A fixation weighs its
seconds there times its share to the power `exponent`: what is only perhaps the sentence's fades.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.windows.learned.settings import Learned
from gazescribe.pipeline.windows.learned.timing import support_s
from gazescribe.pipeline.windows.parts import Shares
from gazescribe.pipeline.windows.windows import Columns, Window, draw_window

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Model:
    """What weighs the fixations of one reading."""

    params: Learned
    shares: Shares
    reviewed: Mapping[tuple[int, int, str], Any]  # windows that a reader moved, who knows better

    def weighs(self, window: Window) -> bool:
        """Tell whether a window is a sentence's, and where no reader has put it."""
        place = (window.char_start or 0, window.char_end or 0, window.kind)
        return window.kind == "sentence" and place not in self.reviewed


def weigh(seconds: FloatArray, share: FloatArray, params: Learned) -> FloatArray:
    """Seconds that fixations count, by those in a sentence's reach and by the sentence's share."""
    weight_s: FloatArray = np.where(share < params.min_share, 0.0, seconds * share**params.exponent)
    return weight_s


def draw_learned(
    reading: Mapping[str, Any],
    tables: Mapping[str, Columns],
    windows: list[Window],
    model: Model,
    sigma_deg: float,
) -> tuple[list[dict[str, Any]], list[Columns]]:
    """Rows of `windows` of a reading, and for each the columns of `gaussians`.

    `windows` come from `find_windows`; those that no model weighs stay as they are.
    """
    fixations = tables["fixations"]
    rows, drawn = [], []
    for number, window in enumerate(windows):
        if window.sentence is not None and model.weighs(window):
            start_s, end_s = support_s(window.sentence, tables["sentences"], model.params)
            reach = replace(window, start_s=start_s, end_s=end_s)
            row, gaussians = draw_window(reading, number, reach, fixations, sigma_deg)
            places = np.searchsorted(fixations["fixation"], gaussians["fixation"])
            weight_s = weigh(
                gaussians["weight_s"], model.shares[window.sentence][places], model.params
            )
            row, gaussians = _weighed(row, gaussians, weight_s)
        else:
            row, gaussians = draw_window(reading, number, window, fixations, sigma_deg)
        rows.append(row)
        drawn.append(gaussians)
    return rows, drawn


def _weighed(
    row: dict[str, Any], gaussians: Columns, weight_s: FloatArray
) -> tuple[dict[str, Any], Columns]:
    """Give Gaussians their weights, drop those without, and count the rest in the window's row."""
    is_weighty = weight_s > 0
    gaussians = {name: values[is_weighty] for name, values in gaussians.items()}
    gaussians["weight_s"] = weight_s[is_weighty]
    counts = {"n_fixations": int(is_weighty.sum()), "gaze_s": float(weight_s.sum())}
    return row | counts | {"status": "ok" if is_weighty.any() else "empty"}, gaussians
