"""Which readings of REFLACX to make: ids, images, and edge cases that a program must survive.

Each edge case is given to a stated share of the readings. Header-only ellipses, negative
coordinates, quoted commas and five readers an image come of themselves.
Source: spec REFLACX A2, A3, A16 and D2.9.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gazescribe.pipeline.demo.cases import Film
from gazescribe.pipeline.demo.gaze import Gaze
from gazescribe.pipeline.demo.population import READERS, RELEASE_READINGS, Population
from gazescribe.pipeline.demo.readings import PUNCTUATION, Reading
from gazescribe.pipeline.demo.settings import Demo

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


@dataclass(frozen=True)
class ReadingPlan:
    """One reading to make; all that a worker needs."""

    reading_id: str
    number: int
    phase: int
    case: Film
    edge_cases: frozenset[str]
    with_samples: bool


def plan_readings(
    population: Population, settings: Demo, *, with_samples: bool
) -> list[ReadingPlan]:
    """Give every reading its id, image and edge cases; some get `gaze.csv` if `with_samples`."""
    rng = np.random.default_rng([settings.seed, 2])
    readings = [
        (phase, f"P{phase}{place + 3 - first:02d}R" if phase < 3 else "P300R", case)
        for phase, first in ((1, 1), (2, 2), (3, 0))
        for place, case in enumerate(population.phases[phase])
        for _ in range(READERS if phase < 3 else 1)
    ]
    digits = rng.choice(1_000_000, len(readings), replace=False)
    edge_cases = assign_edge_cases(
        settings.seed, [(phase, case) for phase, _, case in readings], settings.edge_case_rate
    )
    sampled = [k for k, names in enumerate(edge_cases) if "discarded" not in names]
    sampled = sampled[: settings.gaze_readings] if with_samples else []
    return [
        ReadingPlan(f"{prefix}{digits[k]:06d}", k, phase, case, edge_cases[k], k in sampled)
        for k, (phase, prefix, case) in enumerate(readings)
    ]


def assign_edge_cases(
    seed: int, readings: Sequence[tuple[int, Film]], rate: float
) -> list[frozenset[str]]:
    """Draw which readings, each with its phase and image, have which of `EDGE_CASES`.

    `rate` is a share of the readings that can have it; at least one gets it. A discarded reading
    has no other.
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


def _has(case: Film, finding: str | None) -> bool:
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
    *sentences, last = report.sentences
    shorter = replace(last, end_token=last.end_token - 1)
    changed = replace(report, tokens=report.tokens[:-1], sentences=(*sentences, shorter))
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
    outside[0] = True  # no reading is without a fixation
    return gaze.where(outside)


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
