"""A dictation as EGD's transcript.json: phrases of one or more words with glued punctuation.

Source: spec EGD 6 (form), 10 (defects), 11 (rates).
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.demo.readings import Reading

MULTI_WORD_RATE = 0.05  # of phrases
PERIOD_INSIDE_RATE = 0.10  # of sentences
LEADING_BLANK_RATE = 0.8  # of full_text
SORTED_RATE = 0.5  # of files, as the authors' correction tool left them
GLUED = (".", ",")


@dataclass(frozen=True)
class Phrase:
    """Tokens [first, last] of a report, timed together."""

    first: int
    last: int


def spoken_text(reading: Reading) -> str:
    """Give the report with a capital at the start of each sentence; character places stay."""
    text = list(reading.report.text)
    spans = reading.report.char_spans
    for sentence in reading.report.sentences:
        start = spans[sentence.first_token][0]
        text[start] = text[start].upper()
    return "".join(text)


def transcript_json(rng: np.random.Generator, reading: Reading, defects: frozenset[str]) -> str:
    """Write a transcript.

    Parameters
    ----------
    rng : numpy.random.Generator
        The only source of chance.
    reading : Reading
        What was said, and when.
    defects : frozenset of str
        Of `no times`, `no final period`, `two periods`, `edited full text`, `opens at zero`.

    Returns
    -------
    str
        The phrases joined by blanks are `spoken_text`, but for a lost last period.
    """
    text = spoken_text(reading)
    spans = reading.report.char_spans
    phrases = _phrases(rng, reading, two_periods="two periods" in defects)
    entries: list[dict[str, Any]] = [
        {
            "phrase": text[spans[phrase.first][0] : spans[phrase.last][1]],
            "begin_time": _recogniser_time(reading.onset_s[phrase.first]),
            "end_time": _recogniser_time(_end_s(reading, phrase)),
        }
        for phrase in phrases
    ]
    full_text = text
    if "no final period" in defects:
        full_text = text.removesuffix(".")
        entries[-1]["phrase"] = entries[-1]["phrase"].removesuffix(".")
    if "opens at zero" in defects:
        entries[0]["begin_time"] = 0.0
    if "edited full text" in defects:
        full_text = full_text.partition(" ")[2]
    if "no times" in defects:
        entries = []
    blank = " " if rng.random() < LEADING_BLANK_RATE else ""
    content = {"full_text": blank + full_text, "time_stamped_text": entries}
    if rng.random() < SORTED_RATE:
        return json.dumps(content, sort_keys=True, indent=2) + "\n"
    return json.dumps(content)


def _phrases(rng: np.random.Generator, reading: Reading, *, two_periods: bool) -> list[Phrase]:
    tokens = reading.report.tokens
    words = [number for number, token in enumerate(tokens) if token not in GLUED]
    lasts = [*[word - 1 for word in words[1:]], len(tokens) - 1]
    together = np.zeros(len(words), bool)  # with the word after
    closes = np.array([tokens[last] == "." for last in lasts])
    inside = rng.random(len(words))
    together[~closes] = inside[~closes] < MULTI_WORD_RATE
    together[closes] = inside[closes] < PERIOD_INSIDE_RATE
    together[-1:] = False
    if two_periods:
        together |= _around_shortest(closes)
    phrases: list[Phrase] = []
    first = 0
    for number, last in enumerate(lasts):
        if not together[number]:
            phrases.append(Phrase(words[first], last))
            first = number + 1
    return phrases


def _around_shortest(closes: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Join the shortest sentence but the first to the last word of the sentence before it."""
    ends = np.flatnonzero(closes)
    joined = np.zeros(closes.size, bool)
    if ends.size > 1:
        shortest = int(np.argmin(np.diff(ends)))
        joined[ends[shortest] : ends[shortest + 1]] = True
    return joined


def _end_s(reading: Reading, phrase: Phrase) -> float:
    """Give when the last word ends; punctuation is the recogniser's own and takes no time."""
    last = phrase.last
    while last > phrase.first and reading.report.tokens[last] in GLUED:
        last -= 1
    return float(max(reading.offset_s[last], reading.onset_s[phrase.first]))


def _recogniser_time(time_s: float) -> float:
    """Print a time as the recogniser did: seconds plus nanoseconds, in floats."""
    tenths = round(time_s * 10)
    return tenths // 10 + tenths % 10 * 100_000_000 * 1e-9
