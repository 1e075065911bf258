"""EGD's readings, with the defects of spec EGD 10: gaze, transcript.json, and what was planted.

Source: spec EGD 6 (form of a transcript), 10 and 11 (rates).
"""

import json
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gazescribe.pipeline.demo import tracker
from gazescribe.pipeline.demo.cases import Film
from gazescribe.pipeline.demo.drawn import FILM, Drawn, Row
from gazescribe.pipeline.demo.gaze import Gaze, Pace
from gazescribe.pipeline.demo.population import draw_film
from gazescribe.pipeline.demo.readings import Reading, read_case, truth
from gazescribe.pipeline.demo.settings import Demo
from gazescribe.pipeline.demo.tracker import display_of

# Spec EGD 11. A gap is one sample; a longer one is a blink.
PACE = Pace(
    median_s=0.30, log_sd=0.65, longest_s=4.0, gap_s=(0.0162, 0.0163), blink_rate=0.08,
    blink_s=(0.1, 0.3),
)  # fmt: skip
SEARCH_S = 3.0  # median of the silence before the dictation

GAZE_DEFECTS = (
    "all gaze outside",
    "one fixation",
    "gaze after the first mention",
    "gaze stops early",
    "long fixation",
)
TIME_DEFECTS = ("begins before the picture", "first fixation is not 1")
SPEECH_DEFECTS = ("no times", "no final period", "two periods", "edited full text", "opens at zero")
RATES = {"no times": 0.003, "no final period": 0.01}  # spec EGD 11; the others: edge_case_rate
SPOIL_TRUTH = frozenset((*GAZE_DEFECTS, "no times", "opens at zero"))
MULTI_WORD_RATE = 0.05  # of phrases
PERIOD_INSIDE_RATE = 0.10  # of sentences
LEADING_BLANK_RATE = 0.8  # of full_text
SORTED_RATE = 0.5  # of files, as the authors' correction tool left them
GLUED = (".", ",")


@dataclass(frozen=True)
class EgdReading:
    """A case, how it was read, and what is wrong with its files."""

    case: Film
    reading: Reading
    defects: frozenset[str]


READING = np.dtype([("film", FILM), ("defects", "u2")])  # a bit each
DEFECTS = (*GAZE_DEFECTS, *TIME_DEFECTS, *SPEECH_DEFECTS)


def read_all(cases: Drawn[Film], settings: Demo) -> Drawn[EgdReading]:
    """Let the one radiologist of EGD read all cases; the same seed gives the same readings."""
    rng = np.random.default_rng([settings.seed, 24])
    rows = np.zeros(len(cases), READING)
    rows["film"] = cases.rows
    rows["defects"] = _assign_defects(len(cases), settings.edge_case_rate, rng)
    quick = settings.model_copy(update={"search_s": min(settings.search_s, SEARCH_S)})
    return Drawn(rows, partial(_draw_reading, settings=quick))


def _draw_reading(row: Row, *, settings: Demo) -> EgdReading:
    case = draw_film(row["film"], seed=settings.seed)
    names = frozenset(name for k, name in enumerate(DEFECTS) if row["defects"] >> k & 1)
    return _read(case, settings, names, np.random.default_rng([settings.seed, 22, case.study_id]))


def _assign_defects(n: int, rate: float, rng: np.random.Generator) -> NDArray[np.uint16]:
    """Give each defect to its share of readings, one at least; one defect of a kind a reading."""
    defects = np.zeros(n, np.uint16)
    for kinds in ((*GAZE_DEFECTS, *TIME_DEFECTS), SPEECH_DEFECTS):
        more = [kind for kind in kinds for _ in range(round(n * RATES.get(kind, rate)) - 1)]
        for place, kind in zip(rng.permutation(n).tolist(), [*kinds, *more], strict=False):
            defects[place] |= 1 << DEFECTS.index(kind)
    return defects


def _read(
    case: Film, settings: Demo, defects: frozenset[str], rng: np.random.Generator
) -> EgdReading:
    display = display_of(case.width_px, case.height_px)
    reading = read_case(
        rng,
        case,
        case.lesions,
        settings,
        px_per_deg=tracker.SCREEN_PX_PER_DEG * display.scale[0],
        grid_s=0.1,
        pace=PACE,
    )
    gaze = reading.gaze
    for defect in sorted(defects & {*GAZE_DEFECTS, *TIME_DEFECTS}):
        gaze = _disturb(gaze, defect, case, reading)
    return EgdReading(case, replace(reading, gaze=gaze), defects)


def _disturb(gaze: Gaze, defect: str, case: Film, reading: Reading) -> Gaze:
    """Put one defect into a reading's fixations."""
    if defect == "all gaze outside":
        return replace(gaze, x_px=-0.1 * case.width_px - np.abs(gaze.x_px) / 2)
    if defect == "begins before the picture":
        return replace(gaze, onset_s=np.concatenate([[-0.05], gaze.onset_s[1:]]))
    if defect == "long fixation":
        first, last = gaze.onset_s.size // 3, gaze.onset_s.size // 3 + 10
        offset = gaze.offset_s.copy()
        offset[first] = offset[first : last + 1].max()
        number = np.arange(offset.size)
        return _only(replace(gaze, offset_s=offset), (number <= first) | (number > last))
    return _only(gaze, _tracked(gaze, defect, reading))


def _tracked(gaze: Gaze, defect: str, reading: Reading) -> NDArray[np.bool_]:
    """Say which fixations a defect of the recording leaves."""
    tracked = np.ones(gaze.onset_s.size, bool)
    if defect == "one fixation":
        tracked[:] = np.arange(tracked.size) == tracked.size // 2
    elif defect == "gaze after the first mention":
        first = reading.report.sentences[0]
        tracked[:] = gaze.onset_s > reading.offset_s[first.end_token - 1]
    elif defect == "gaze stops early":
        tracked[:] = gaze.offset_s < (reading.onset_s[0] + reading.offset_s[-1]) / 2
    return tracked


def _only(gaze: Gaze, mask: NDArray[np.bool_]) -> Gaze:
    """Keep some fixations, the last one at least."""
    mask = mask.copy()
    mask[-1] |= not mask.any()
    return gaze.where(mask)


def spoken_text(reading: Reading) -> str:
    """Give the report with a capital at the start of each sentence; character places stay."""
    text = list(reading.report.text)
    spans = reading.report.char_spans
    for sentence in reading.report.sentences:
        start = spans[sentence.first_token][0]
        text[start] = text[start].upper()
    return "".join(text)


def transcript_json(rng: np.random.Generator, reading: Reading, defects: frozenset[str]) -> str:
    """Write phrases of one or more words with glued punctuation, timed.

    `defects` are of `SPEECH_DEFECTS`. Joined by blanks, the phrases are `spoken_text`, but for a
    lost last period.
    """
    text = spoken_text(reading)
    spans = reading.report.char_spans
    phrases = _phrases(rng, reading, two_periods="two periods" in defects)
    entries: list[dict[str, Any]] = [
        {
            "phrase": text[spans[first][0] : spans[last][1]],
            "begin_time": _recogniser_time(reading.onset_s[first]),
            "end_time": _recogniser_time(_end_s(reading, first, last)),
        }
        for first, last in phrases
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


def _phrases(
    rng: np.random.Generator, reading: Reading, *, two_periods: bool
) -> list[tuple[int, int]]:
    """Give the first and last token of each phrase."""
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
    phrases = []
    first = 0
    for number, last in enumerate(lasts):
        if not together[number]:
            phrases.append((words[first], last))
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


def _end_s(reading: Reading, first: int, last: int) -> float:
    """Give when the last word ends; punctuation is the recogniser's own and takes no time."""
    while last > first and reading.report.tokens[last] in GLUED:
        last -= 1
    return float(max(reading.offset_s[last], reading.onset_s[first]))


def _recogniser_time(time_s: float) -> float:
    """Print a time as the recogniser did: seconds plus nanoseconds, in floats."""
    tenths = round(time_s * 10)
    return tenths // 10 + tenths % 10 * 100_000_000 * 1e-9


def planted(reading: EgdReading) -> dict[str, Any]:
    """Give the line of ground_truth.jsonl; no visits where a defect has spoilt the lags."""
    row = truth("egd", reading.case.dicom_id, reading.case, reading.reading)
    row["text"] = spoken_text(reading.reading)
    if "no final period" in reading.defects:
        row["text"] = row["text"].removesuffix(".")
    if reading.defects & SPOIL_TRUTH:
        row["visits"] = []
    return {**row, "defects": sorted(reading.defects)}
