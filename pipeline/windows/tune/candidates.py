"""What the search compares: rules that say how much each fixation counts for a mention sentence.

The paper's windows, and beyond them soft windows, contrast against all gaze, context of the
sentence, and shares that a model learns: each is off unless section `tune` switches it on, and is
then ranked with the rest.
Source: Lanfredi et al. 2023, Section 2.8; `spec/mil.md` sections 1.4 and 1.5. What is beyond is
ours; they ask for other ways of alignment in their last paragraph.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import product

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.windows.learned.settings import Learned
from gazescribe.pipeline.windows.learned.timing import support_s
from gazescribe.pipeline.windows.learned.weights import weigh
from gazescribe.pipeline.windows.tune.cases import Case
from gazescribe.pipeline.windows.tune.settings import Tune
from gazescribe.pipeline.windows.windows import LAGGED_STARTS, sentence_window

FloatArray = NDArray[np.float64]

PLAIN_STARTS = ("allsentences", "double", "andpause", "single", "all")
SEARCH_ENDS = ("startofsentence", "endofsentence", "firstmention", "lastmention")
COARSE_LAGS_S = (2.5, 5.0, 7.5)  # first stage
FINE_LAGS_S = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0)  # second stage
LEARNED = "learned"  # stage of the rules whose shares a model learns
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
    exponent: float | None = None  # of a rule that learns, as in section `learned`
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


def beyond(params: Tune, learned: Learned | None = None) -> list[Candidate]:
    """List what section `tune` switches on beyond the paper's rules.

    `learned` are the settings by which the shares of the cases were learnt, if they were.
    """
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
    if learned is not None:
        for exponent in params.learned.exponents:
            settings = learned.model_copy(update={"exponent": exponent})
            by_share = partial(learned_weights, params=settings)
            name = f"learned_{exponent}"
            candidates.append(Candidate(name, by_share, LEARNED, exponent=exponent))
    return candidates


def _fine(
    stage: str, value: float, weigh: Callable[..., FloatArray], lag_s: float, contrast: float = 0.0
) -> Candidate:
    """Vary the paper's window at one of the fine delays."""
    name = f"{window_name(FINE_START, lag_s, FINE_END)}_{stage}_{value}"
    weigh = partial(weigh, start=FINE_START, lag_s=lag_s, end=FINE_END)
    window = Candidate(name, weigh, stage, start=FINE_START, lag_s=lag_s, end=FINE_END)
    return replace(window, contrast=contrast)


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


def learned_weights(case: Case, *, params: Learned) -> FloatArray:
    """Seconds in reach of each sentence, by the share of each fixation that is the sentence's."""
    if case.share is None:
        raise ValueError(f"case {case.reading_id} has no shares")
    bounds_s = [support_s(spoken.sentence, case.sentences, params) for spoken in case.spoken]
    return weigh(overlap(case, np.array(bounds_s).reshape(-1, 2)), case.share, params)


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
