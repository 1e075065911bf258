"""What a reader of REFLACX must survive, given to a stated share of the synthetic readings.

Source: spec REFLACX A16 and D2.9. Header-only ellipses, negative coordinates, quoted commas and
five readers an image come of themselves.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gazescribe.pipeline.demo.cases import Case
from gazescribe.pipeline.demo.gaze import Gaze
from gazescribe.pipeline.demo.population import RELEASE_READINGS
from gazescribe.pipeline.demo.readings import Reading
from gazescribe.pipeline.demo.reports import Report, Sentence
from gazescribe.pipeline.demo.speech import PUNCTUATION

DISCARDED_RATE = 20 / RELEASE_READINGS  # A3; all in phases 1 and 2


@dataclass(frozen=True)
class EdgeCase:
    """Which readings can have it: phases, and a finding of the image (any = any but devices)."""

    phases: tuple[int, ...] = (1, 2, 3)
    finding: str | None = None


EDGE_CASES: dict[str, EdgeCase] = {
    "discarded": EdgeCase((1, 2)),
    "chest box outside": EdgeCase(),
    "ellipse outside": EdgeCase((3,), "any"),
    "other list": EdgeCase(),
    "other comma": EdgeCase(),
    "device ellipse": EdgeCase((3,), "support devices"),
    "left-over certainty": EdgeCase((1,)),
    "coarse word times": EdgeCase((1,)),
    "no final period": EdgeCase(),
    "sentence without fixation": EdgeCase((3,), "any"),
    "words without length": EdgeCase(),
    "gaze before audio": EdgeCase(),
    "window in exponent form": EdgeCase(),
}


def assign_edge_cases(
    seed: int, readings: Sequence[tuple[int, Case]], rate: float
) -> list[frozenset[str]]:
    """Draw which readings have which edge case.

    Parameters
    ----------
    seed : int
        Of the data set.
    readings : sequence of tuple of int and Case
        Phase and image of each reading.
    rate : float
        Share of the readings that can have it; at least one of them.

    Returns
    -------
    list of frozenset of str
        Keys of `EDGE_CASES` per reading; a discarded reading has no other.
    """
    rng = np.random.default_rng([seed, 3])
    cases_of_readings: list[set[str]] = [set() for _ in readings]
    for name, edge in EDGE_CASES.items():
        able = [
            number
            for number, (phase, case) in enumerate(readings)
            if phase in edge.phases
            and _has(case, edge.finding)
            and "discarded" not in cases_of_readings[number]
        ]
        count = rate * len(able) if name != "discarded" else DISCARDED_RATE * len(readings)
        for place in rng.permutation(len(able))[: max(1, round(count))]:
            cases_of_readings[able[place]].add(name)
    return [frozenset(names) for names in cases_of_readings]


def _has(case: Case, finding: str | None) -> bool:
    findings = {lesion.finding for lesion in case.lesions}
    if finding == "any":
        return bool(findings - {"support devices"})
    return finding is None or finding in findings


def apply_to_reading(
    rng: np.random.Generator, reading: Reading, edge_cases: frozenset[str]
) -> Reading:
    """Change what is said and looked at; the truth stays that of the changed reading."""
    if "no final period" in edge_cases:
        reading = _without_final_period(reading)
    if "words without length" in edge_cases:
        reading = _with_untimed_words(rng, reading)
    if "sentence without fixation" in edge_cases and reading.visits:
        reading = replace(reading, gaze=_blinded(reading))
    if "gaze before audio" in edge_cases:
        reading = replace(reading, gaze=_earlier(rng, reading.gaze))
    return reading


def _without_final_period(reading: Reading) -> Reading:
    report = reading.report
    last = report.sentences[-1]
    shorter = Sentence(last.first_token, last.end_token - 1, last.lesions, last.structure)
    changed = Report(report.tokens[:-1], (*report.sentences[:-1], shorter), report.mentions)
    return replace(
        reading, report=changed, onset_s=reading.onset_s[:-1], offset_s=reading.offset_s[:-1]
    )


def _with_untimed_words(rng: np.random.Generator, reading: Reading) -> Reading:
    """Two words that a corrector put in where the recogniser had heard none."""
    firsts = {sentence.first_token for sentence in reading.report.sentences}
    inner = [
        number
        for number, token in enumerate(reading.report.tokens)
        if number not in firsts and token not in PUNCTUATION
    ]
    onset_s, offset_s = reading.onset_s.copy(), reading.offset_s.copy()
    for place in rng.permutation(len(inner))[:2]:
        number = inner[place]
        onset_s[number] = offset_s[number] = offset_s[number - 1]
    return replace(reading, onset_s=onset_s, offset_s=offset_s)


def _blinded(reading: Reading) -> Gaze:
    """Lose the eyes during the last sentence about a place, and for 6 s before it."""
    visit = reading.visits[-1]
    sentence = reading.report.sentences[visit.sentence]
    begin = float(reading.onset_s[sentence.first_token]) - 6.0
    end = float(reading.offset_s[sentence.end_token - 1])
    gaze = reading.gaze
    outside = (gaze.offset_s < begin) | (gaze.onset_s > end)
    outside[0] = True
    return Gaze(
        gaze.onset_s[outside],
        gaze.offset_s[outside],
        gaze.x_px[outside],
        gaze.y_px[outside],
        gaze.visit[outside],
    )


def _earlier(rng: np.random.Generator, gaze: Gaze) -> Gaze:
    """Two fixations before the audio begins."""
    begins = np.array([-0.738, -0.204])
    return Gaze(
        np.append(begins, gaze.onset_s),
        np.append(begins + np.array([0.452, 0.213]), gaze.offset_s),
        np.append(gaze.x_px[0] + rng.normal(0, 10, 2), gaze.x_px),
        np.append(gaze.y_px[0] + rng.normal(0, 10, 2), gaze.y_px),
        np.append([-1, -1], gaze.visit),
    )
