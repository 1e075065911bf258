"""What the search compares: rules that say how much each fixation counts for a mention sentence.

Source: Lanfredi et al. 2023, Section 2.8; `spec/mil.md` sections 1.4 and 1.5.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.windows.tune.cases import Case
from gazescribe.pipeline.windows.windows import LAGGED_STARTS, sentence_window

FloatArray = NDArray[np.float64]

PLAIN_STARTS = ("allsentences", "double", "andpause", "single", "all")
SEARCH_ENDS = ("startofsentence", "endofsentence", "firstmention", "lastmention")
COARSE_LAGS_S = (2.5, 5.0, 7.5)  # first stage
FINE_LAGS_S = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0)  # second stage
FINE_START, FINE_END = "startofsentence", "lastmention"  # winners of the paper's first stage

_RUN_ENDS = {  # what the published script ran of the first stage (`spec/mil.md` 1.5)
    "startofsentence": SEARCH_ENDS,
    "mention": ("lastmention", "endofsentence", "firstmention"),
    "endofsentence": ("endofsentence",),
    "allsentences": ("endofsentence",),
    "andpause": ("endofsentence",),
    "single": ("endofsentence",),
    "double": SEARCH_ENDS,
    "all": SEARCH_ENDS,
}


@dataclass(frozen=True)
class Candidate:
    """One rule of the search.

    `weigh` gives the seconds, ≥ 0, that each fixation of a case counts for each sentence that
    mentions labels, shape (sentences, fixations).
    """

    name: str  # the published method name where there is one: `1.5s_startofsentence_lastmention`
    weigh: Callable[[Case], FloatArray]
    stage: str  # `coarse`, `fine`, `coarse and fine`; its kind where it is no window
    published: bool = False  # the authors ran it
    start: str | None = None  # of a window, as in `associate`; likewise the next two
    lag_s: float | None = None
    end: str | None = None
    contrast: float = 0.0  # how much of the map of all gaze is taken away from the map


def search_rules() -> list[Candidate]:
    """List the 67 rules: the 56 of the first stage, then the fine delays that are not among them.

    The authors ran 35 and 13; two of these 48 runs repeat a rule, so that 46 rules are published.
    """
    coarse = [
        *product(LAGGED_STARTS, COARSE_LAGS_S, SEARCH_ENDS),
        *product(PLAIN_STARTS, (None,), SEARCH_ENDS),
    ]
    fine = [(FINE_START, lag_s, FINE_END) for lag_s in FINE_LAGS_S]
    rules = []
    for rule in dict.fromkeys([*coarse, *fine]):
        start, lag_s, end = rule
        weigh = partial(window_weights, start=start, lag_s=lag_s or 0.0, end=end)
        stage = " and ".join(["coarse"] * (rule in coarse) + ["fine"] * (rule in fine))
        published = end in _RUN_ENDS[start]
        rules.append(Candidate(window_name(*rule), weigh, stage, published, start, lag_s, end))
    return rules


def window_name(start: str, lag_s: float | None, end: str) -> str:
    """Name a rule as the published code does; it needs the decimal point."""
    return f"{start}_{end}" if lag_s is None else f"{float(lag_s)}s_{start}_{end}"


def window_weights(case: Case, *, start: str, lag_s: float, end: str) -> FloatArray:
    """Seconds of each fixation within the window of each mention sentence."""
    bounds_s = [
        sentence_window(
            start,
            end,
            lag_s,
            sentence=spoken.sentence,
            sentences=case.sentences,
            first_mention_s=spoken.first_s,
            last_mention_s=spoken.last_s,
        )
        for spoken in case.spoken
    ]
    return overlap(case, np.array(bounds_s).reshape(-1, 2))


def overlap(case: Case, bounds_s: FloatArray) -> FloatArray:
    """Seconds of each fixation within each window, shape (windows, n); none in a reversed one."""
    begin = np.maximum(case.gaussians["onset_s"], bounds_s[:, :1])
    end = np.minimum(case.gaussians["offset_s"], bounds_s[:, 1:])
    seconds: FloatArray = np.maximum(end - begin, 0.0)
    return seconds
