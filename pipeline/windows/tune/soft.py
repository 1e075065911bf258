"""Beyond the paper's windows: soft windows, contrast against all gaze, context of the sentence.

Each is off unless section `tune` switches it on, and is then ranked with the rest.
Source: ours; Lanfredi et al. 2023 ask for other ways of alignment in their last paragraph.
"""

from collections.abc import Callable
from functools import partial
from itertools import product

import numpy as np

from gazescribe.pipeline.windows.tune.candidates import (
    FINE_END,
    FINE_LAGS_S,
    FINE_START,
    Candidate,
    FloatArray,
    overlap,
    window_name,
    window_weights,
)
from gazescribe.pipeline.windows.tune.cases import Case
from gazescribe.pipeline.windows.tune.settings import Tune
from gazescribe.pipeline.windows.windows import sentence_window


def beyond(params: Tune) -> list[Candidate]:
    """List what section `tune` switches on beyond the paper's rules."""
    candidates = []
    if params.soft.used:
        soft = params.soft
        for shape, onset_s, width_s in product(soft.shapes, soft.onsets_s, soft.widths_s):
            weigh = partial(soft_weights, shape=shape, onset_s=onset_s, width_s=width_s)
            name = f"soft_{shape}_{onset_s}s_{width_s}s"
            candidates.append(Candidate(name, weigh, "soft window"))
    if params.contrast.used:
        for strength, lag_s in product(params.contrast.strengths, FINE_LAGS_S):
            candidates.append(_fine("contrast", strength, window_weights, lag_s, strength))
    if params.context.used:
        for weight, lag_s in product(params.context.weights, FINE_LAGS_S):
            weigh = partial(context_weights, weight=weight)
            candidates.append(_fine("context", weight, weigh, lag_s))
    return candidates


def _fine(
    stage: str, value: float, weigh: Callable[..., FloatArray], lag_s: float, contrast: float = 0.0
) -> Candidate:
    """Vary the paper's window at one of the fine delays."""
    name = f"{window_name(FINE_START, lag_s, FINE_END)}_{stage}_{value}"
    rule = {"start": FINE_START, "lag_s": lag_s, "end": FINE_END}
    return Candidate(name, partial(weigh, **rule), stage, **rule, contrast=contrast)


def soft_weights(case: Case, *, shape: str, onset_s: float, width_s: float) -> FloatArray:
    """Weigh fixations by their time relative to the first mention of each mention sentence.

    The weight leaves zero `onset_s` from the mention, negative before it, and comes back after
    `width_s`; `shape` is how. What counts is its integral over each fixation, in seconds, shape
    (sentences, fixations). Not bounded by the previous sentence, as the paper's windows are.
    """
    begin_s = np.array([spoken.first_s for spoken in case.spoken])[:, None] + onset_s
    until_onset, until_offset = (
        _integral(np.clip((case.gaussians[edge] - begin_s) / width_s, 0, 1), shape)
        for edge in ("onset_s", "offset_s")
    )
    seconds: FloatArray = np.maximum(until_offset - until_onset, 0) * width_s
    return seconds


def _integral(part: FloatArray, shape: str) -> FloatArray:
    """Area, up to a part of its width, of a shape of width 1 and area 1."""
    if shape == "triangle":
        return np.where(part < 0.5, 2 * part**2, 1 - 2 * (1 - part) ** 2)
    if shape == "hann":
        return part - np.sin(2 * np.pi * part) / (2 * np.pi)
    return part


def context_weights(case: Case, *, start: str, lag_s: float, end: str, weight: float) -> FloatArray:
    """Add gaze of the sentences before and after, each with its own lagged window.

    `start`, `lag_s` and `end` are the window of the mention sentence itself; that of a neighbour
    ends with the neighbour. A second there counts `weight`; a negative one takes gaze away that
    fits a neighbour as well.
    """
    n = len(case.sentences["onset_s"])
    at_mention = window_weights(case, start=start, lag_s=lag_s, end=end)
    around = np.zeros_like(at_mention)
    for row, spoken in enumerate(case.spoken):
        for sentence in (spoken.sentence - 1, spoken.sentence + 1):
            if 0 <= sentence < n:
                offset_s = float(case.sentences["offset_s"][sentence])
                bounds_s = sentence_window(
                    start,
                    "endofsentence",
                    lag_s,
                    sentence=sentence,
                    sentences=case.sentences,
                    first_mention_s=offset_s,  # it mentions nothing: its end stands for that
                    last_mention_s=offset_s,
                )
                around[row] += overlap(case, np.array([bounds_s]))[0]
    seconds: FloatArray = np.maximum(at_mention + weight * around, 0)
    return seconds
