"""When gaze is on what a sentence mentions: odds against search, over the time to the sentence.

The time axis has bins of `BIN_S` before the sentence, tenths of its own length inside, and bins of
`BIN_S` after it. It does not reach back before the sentence before, as the paper's windows do not.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from gazescribe.pipeline.windows.learned.settings import Learned
    from gazescribe.pipeline.windows.windows import Columns

FloatArray = NDArray[np.float64]

BIN_S = 0.25
N_INSIDE = 10  # bins of a sentence, whatever its length
START_INSIDE, START_OUTSIDE = 3.0, 0.05  # odds of a second within the starting window, and beyond
PRIOR_S = 1.0  # seconds at START_OUTSIDE that each bin has seen beside its data


def count_bins(params: "Learned") -> tuple[int, int]:
    """Count the bins before and after a sentence."""
    return round(params.before_s / BIN_S), round(params.after_s / BIN_S)


def starting_odds(params: "Learned") -> FloatArray:
    """Odds to start from, (bins,): high from `start_lag_s` before a sentence to its end."""
    n_before, n_after = count_bins(params)
    odds = np.full(n_before + N_INSIDE + n_after, START_OUTSIDE)
    first = max(n_before - round(params.start_lag_s / BIN_S), 0)
    odds[first : n_before + N_INSIDE] = START_INSIDE
    return odds


def bin_edges_s(sentence: int, sentences: "Columns", params: "Learned") -> FloatArray:
    """Edges of a sentence's bins, (bins + 1,), none before the start of the sentence before."""
    n_before, n_after = count_bins(params)
    onset, offset = (float(sentences[edge][sentence]) for edge in ("onset_s", "offset_s"))
    earliest = float(sentences["onset_s"][sentence - 1]) if sentence else 0.0
    edges = np.concatenate(
        [
            onset - BIN_S * np.arange(n_before, 0, -1),
            np.linspace(onset, offset, N_INSIDE + 1),
            offset + BIN_S * np.arange(1, n_after + 1),
        ]
    )
    bounded: FloatArray = np.maximum(edges, earliest)
    return bounded


def support_s(sentence: int, sentences: "Columns", params: "Learned") -> tuple[float, float]:
    """First and last moment whose gaze can belong to a sentence: its window."""
    edges = bin_edges_s(sentence, sentences, params)
    return float(edges[0]), float(edges[-1])


def centres(params: "Learned") -> FloatArray:
    """Time of each bin, (bins,): seconds before and after; inside, where in the sentence, 0 to 1.

    Seconds after the sentence count on from 1, so that the three parts follow one another.
    """
    n_before, n_after = count_bins(params)
    before = -BIN_S * (np.arange(n_before, 0, -1) - 0.5)
    inside = (np.arange(N_INSIDE) + 0.5) / N_INSIDE
    after = 1 + BIN_S * (np.arange(n_after) + 0.5)
    return np.concatenate([before, inside, after])
