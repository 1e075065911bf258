"""When each word of a report is spoken.

Source: spec REFLACX A8 and A14: about 2 to 3 tokens a second, dictated punctuation of 0.3 to 0.6 s,
pauses between sentences, words that a corrector inserted without length.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.demo.reports import Report

PUNCTUATION = frozenset(".,/")
UNTIMED_RATE = 0.01  # of words, inserted by a corrector between two that touch


def speak(
    rng: np.random.Generator,
    report: Report,
    *,
    start_s: float,
    lead_s: Sequence[float],
    grid_s: float = 0.01,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Time every token of a report.

    Parameters
    ----------
    rng : numpy.random.Generator
        The only source of chance.
    report : Report
        What is said.
    start_s : float
        When the first word begins.
    lead_s : sequence of float, one per sentence
        A sentence begins at least this long after the one before it began: time to find the next
        finding before naming it.
    grid_s : float
        Times are multiples of it: 0.01 in REFLACX, 0.1 in EGD and some of REFLACX's phase 1.

    Returns
    -------
    onset_s, offset_s : ndarray of float64, shape (n tokens,)
        In order, without overlap; some words have no length.
    """
    dictated = [token in PUNCTUATION for token in report.tokens]
    length = np.array([len(token) for token in report.tokens])
    durations = np.where(
        dictated, rng.uniform(0.3, 0.6, length.size), 0.06 + 0.05 * length
    ) * rng.uniform(0.8, 1.25, length.size)
    durations[(rng.random(length.size) < UNTIMED_RATE) & ~np.array(dictated)] = 0.0
    pauses = np.where(rng.random(length.size) < 0.2, rng.uniform(0.05, 0.6, length.size), 0.0)
    firsts = [sentence.first_token for sentence in report.sentences]
    pauses[firsts] = rng.uniform(0.6, 3.2, len(firsts))
    durations[firsts] = np.maximum(durations[firsts], 0.1)
    begin = offset = start_s
    onsets = np.empty(length.size)
    for number, sentence in enumerate(report.sentences):
        tokens = slice(sentence.first_token, sentence.end_token)
        if number:
            begin = max(offset + pauses[tokens][0], begin + lead_s[number])
        steps = durations[tokens] + pauses[tokens]
        steps[0] = durations[tokens][0]
        ends = begin + np.cumsum(steps)
        onsets[tokens] = ends - durations[tokens]
        offset = ends[-1]
    decimals = 2 if grid_s < 0.1 else 1
    return (
        np.round(np.round(onsets / grid_s) * grid_s, decimals),
        np.round(np.round((onsets + durations) / grid_s) * grid_s, decimals),
    )
