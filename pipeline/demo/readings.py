"""One reader reading one image: what is seen, said, and looked at when.

Source of the times of words: spec REFLACX A8 and A14: about 2 to 3 tokens a second, dictated
punctuation of 0.3 to 0.6 s, pauses between sentences, words that a corrector inserted without
length.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from gazescribe.pipeline.demo.cases import Film, Lesion
from gazescribe.pipeline.demo.gaze import (
    REFLACX_PACE,
    Floats,
    Gaze,
    Pace,
    Visit,
    draw_lags,
    look,
    plan_visits,
)
from gazescribe.pipeline.demo.reports import Report, draw_report
from gazescribe.pipeline.demo.settings import Demo

PUNCTUATION = frozenset(".,/")
UNTIMED_RATE = 0.01  # of words, inserted by a corrector between two that touch


@dataclass(frozen=True)
class Reading:
    """Everything that a data set's files say of a reading, and the truth behind it.

    Attributes
    ----------
    lesions : tuple of Lesion
        As this reader saw them; `report.sentences` count in this list.
    report : Report
        The dictation.
    onset_s, offset_s : ndarray of float64, shape (n tokens,)
        Times of its tokens.
    visits : tuple of Visit
        When the eyes were on what; `gaze.visit` counts in this list.
    gaze : Gaze
        Fixations in pixels of the image.
    """

    lesions: tuple[Lesion, ...]
    report: Report
    onset_s: Floats
    offset_s: Floats
    visits: tuple[Visit, ...]
    gaze: Gaze


def read_case(
    rng: np.random.Generator,
    case: Film,
    lesions: Sequence[Lesion],
    settings: Demo,
    *,
    px_per_deg: float,
    grid_s: float = 0.01,
    pace: Pace = REFLACX_PACE,
    quality_issue: bool = False,
) -> Reading:
    """Let a reader look at an image and dictate; times count from the start of the audio.

    `lesions` are what this reader sees of the image: `case.lesions`, or `seen_lesions` of them.
    `px_per_deg` holds in full view, `grid_s` is the grid of word times, and with `quality_issue`
    the reader complains about the image.
    """
    report = draw_report(rng, lesions, quality_issue=quality_issue)
    lags = draw_lags(rng, len(report.sentences), settings)
    gaze_start = round(float(rng.uniform(0.1, 1.0)), 3)
    search = settings.search_s * float(rng.lognormal(0, 0.35))
    start = gaze_start + max(search, float(lags[0]) + 1.0)
    onset_s, offset_s = speak(rng, report, start_s=start, lead_s=list(lags + 0.6), grid_s=grid_s)
    visits = plan_visits(report, lesions, case.anatomy, (onset_s, offset_s), lags, settings)
    end = float(offset_s[-1]) + float(rng.uniform(1.0, 5.0))
    gaze = look(
        rng,
        case.anatomy,
        (case.width_px, case.height_px),
        visits,
        (gaze_start, end),
        settings=settings,
        px_per_deg=px_per_deg,
        pace=pace,
    )
    return Reading(tuple(lesions), report, onset_s, offset_s, visits, gaze)


def speak(
    rng: np.random.Generator,
    report: Report,
    *,
    start_s: float,
    lead_s: Sequence[float],
    grid_s: float = 0.01,
) -> tuple[Floats, Floats]:
    """Give onset and offset of every token of a report, in seconds, in order, without overlap.

    The first word begins at `start_s`. A sentence begins at least its `lead_s` after the one before
    it began: time to find the next finding before naming it. Times are multiples of `grid_s`: 0.01
    in REFLACX, 0.1 in EGD and some of REFLACX's phase 1. Some words have no length.
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


def seen_lesions(
    rng: np.random.Generator, lesions: Sequence[Lesion], settings: Demo
) -> tuple[Lesion, ...]:
    """Give what one of several readers sees: some findings missed, ellipses a bit off.

    A finding is missed as a whole. Findings that share an ellipse go on sharing it.
    """
    names = sorted({lesion.finding for lesion in lesions})
    missed = {name for name in names if rng.random() < settings.miss_rate}
    moved: dict[tuple[float, float], Floats] = {}
    changed: dict[tuple[float, float], int] = {}
    seen = []
    for lesion in lesions:
        place = (lesion.x, lesion.y)
        if place not in moved:
            moved[place] = rng.normal(0, settings.ellipse_spread, 4)
            changed[place] = int(rng.choice((-1, 0, 0, 0, 1)))
        dx, dy, wider, higher = moved[place]
        if lesion.finding not in missed:
            seen.append(
                replace(
                    lesion,
                    x=lesion.x + float(dx) * lesion.rx,
                    y=lesion.y + float(dy) * lesion.ry,
                    rx=lesion.rx * float(np.exp(wider)),
                    ry=lesion.ry * float(np.exp(higher)),
                    certainty=min(max(lesion.certainty + changed[place], 1), 5),
                )
            )
    return tuple(seen)


def truth(dataset: str, reading_id: str, case: Film, reading: Reading) -> dict[str, Any]:
    """One line of `ground_truth.jsonl`: what was planted in a reading. No reader reads it."""
    report = reading.report
    return {
        "dataset": dataset,
        "reading_id": reading_id,
        "dicom_id": case.dicom_id,
        "diagnosis": case.diagnosis,
        "text": report.text,
        "mentions": [asdict(mention) for mention in report.mentions],
        "lesions": [_true_lesion(lesion, case) for lesion in reading.lesions],
        "visits": [
            {
                "sentence": visit.sentence,
                "lesions": list(report.sentences[visit.sentence].lesions),
                "lag_s": visit.lag_s,
                "onset_s": visit.onset_s,
                "offset_s": visit.offset_s,
                "fixations": np.flatnonzero(reading.gaze.visit == number).tolist(),
            }
            for number, visit in enumerate(reading.visits)
        ],
    }


def _true_lesion(lesion: Lesion, case: Film) -> dict[str, Any]:
    xmin, ymin, xmax, ymax = lesion.box_px(case.width_px, case.height_px).round(1).tolist()
    return {
        "finding": lesion.finding,
        "side": lesion.side,
        "certainty": lesion.certainty,
        "xmin_px": xmin,
        "ymin_px": ymin,
        "xmax_px": xmax,
        "ymax_px": ymax,
    }
